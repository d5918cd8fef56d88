// Compiled for the baseline processor, because it checks the processor before other code may run.
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

#define BASELINE __attribute__((target("arch=x86-64")))

BASELINE int decant_supports_portable_numerics(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int found = -1;

BASELINE decant_vector_width decant_vectors(void) {
    int width = __atomic_load_n(&found, __ATOMIC_RELAXED);
    if (width < 0) {
        const char *wish = getenv("DECANT_VECTORS");
        __builtin_cpu_init();
        int wide = __builtin_cpu_supports("avx512f") && !(wish && strcmp(wish, "avx2") == 0);
        width = wide ? decant_vectors_avx512 : decant_vectors_avx2;
        __atomic_store_n(&found, width, __ATOMIC_RELAXED);
    }
    return (decant_vector_width)width;
}

BASELINE void decant_limit_vectors(decant_vector_width widest) {
    __builtin_cpu_init();
    int wide = widest == decant_vectors_avx512 && __builtin_cpu_supports("avx512f");
    __atomic_store_n(&found, wide ? decant_vectors_avx512 : decant_vectors_avx2, __ATOMIC_RELAXED);
}

BASELINE int decant_has_bfloat16(void) {
    const char *wish = getenv("DECANT_VECTORS");
    return decant_vectors() == decant_vectors_avx512 && __builtin_cpu_supports("avx512bf16")
           && !(wish && strcmp(wish, "avx512") == 0);
}

BASELINE int decant_has_vnni(void) {
    return decant_vectors() == decant_vectors_avx512 && __builtin_cpu_supports("avx512vnni");
}
