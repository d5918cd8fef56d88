// Compiled for the baseline processor, because it checks the processor before other code may run.
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

BASELINE static int is_wish(const char *name) {
    const char *wish = getenv("DECANT_VECTORS");
    return wish && strcmp(wish, name) == 0;
}

BASELINE int decant_has_bfloat16(void) {
    return decant_vectors() == decant_vectors_avx512 && __builtin_cpu_supports("avx512bf16") && !is_wish("avx512");
}

// Linux lends the tiles' registers to a process that asks: ARCH_REQ_XCOMP_PERM for the component XTILEDATA.
BASELINE static int may_use_tiles(void) {
    static int permitted = -1;
    int known = __atomic_load_n(&permitted, __ATOMIC_RELAXED);
    if (known < 0) {
        known = syscall(SYS_arch_prctl, 0x1023, 18) == 0;
        __atomic_store_n(&permitted, known, __ATOMIC_RELAXED);
    }
    return known;
}

BASELINE int decant_has_amx(void) {
    unsigned a, b, c, d;
    if (!decant_has_bfloat16() || is_wish("avx512-bf16") || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    const unsigned bfloat16 = 1u << 22, tiles = 1u << 24;
    return (d & bfloat16) && (d & tiles) && may_use_tiles();
}

// CPUID's leaves 0 and 1: a family of 15 continues in the extended field, and so does a model of the families 6 and 15.
BASELINE decant_processor_model decant_this_processor(void) {
    decant_processor_model found = {"", 0, 0};
    unsigned a, b, c, d;
    if (!__get_cpuid(0, &a, &b, &c, &d)) return found;
    memcpy(found.vendor, &b, 4);
    memcpy(found.vendor + 4, &d, 4);
    memcpy(found.vendor + 8, &c, 4);
    if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
    found.family = a >> 8 & 15;
    found.model = a >> 4 & 15;
    if (found.family == 6 || found.family == 15) found.model += (a >> 16 & 15) << 4;
    if (found.family == 15) found.family += a >> 20 & 255;
    return found;
}

BASELINE int decant_has_vnni(void) {
    return decant_vectors() == decant_vectors_avx512 && __builtin_cpu_supports("avx512vnni");
}
