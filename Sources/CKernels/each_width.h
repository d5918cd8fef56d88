// Compiles KERNEL_FILE for both widths of vectors, as functions whose names end in avx2 and avx512, and where KERNEL_BFLOAT16
// is set also for words of two bfloat16, as functions whose names end in bfloat16.
//
// The file writes its names as KERNEL(name), and its code with VECTOR, WIDTH (lanes), LOAD, STORE, SPLAT and FMA, in functions
// marked TARGET. FACTORS is the number of factors of a sum that a lane holds. KERNEL_FILE is a path from this folder.
#include <immintrin.h>

#define FACTORS 1

#define KERNEL(name) name##_avx2
#define TARGET
#define VECTOR __m256
#define WIDTH 8
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SPLAT _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#include KERNEL_FILE
#undef KERNEL
#undef TARGET
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef STORE
#undef SPLAT
#undef FMA

#define KERNEL(name) name##_avx512
#define TARGET __attribute__((target("avx512f")))
#define VECTOR __m512
#define WIDTH 16
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPLAT _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#include KERNEL_FILE

#ifdef KERNEL_BFLOAT16
#include "products/bfloat16.h"

// The product and sum of bfloat16 kernels: vdpbf16ps adds both products of a word to a float32 sum.
BFLOAT16_TARGET static inline __attribute__((always_inline)) __m512 add_products(__m512 a, __m512 b, __m512 sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

#undef KERNEL
#undef TARGET
#undef FMA
#undef FACTORS
#define KERNEL(name) name##_bfloat16
#define TARGET BFLOAT16_TARGET
#define FMA add_products
#define FACTORS 2
#include KERNEL_FILE
#endif
