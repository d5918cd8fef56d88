// Compiled for the baseline processor: this asks before anything else may run.
#include "CKernels.h"

__attribute__((target("arch=x86-64"))) int decant_supports_portable_numerics(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
