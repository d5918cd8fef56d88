// Compiles KERNEL_FILE, as each_width.h does, for words of two bfloat16 (bfloat16.h): functions whose names end in bfloat16.
// What the file takes for a product and a sum is vdpbf16ps, which adds both products of a word to a sum of float32.
#include "bfloat16.h"

BFLOAT16_TARGET static inline __attribute__((always_inline)) __m512 add_products(__m512 a, __m512 b, __m512 sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

#undef KERNEL
#undef TARGET
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef STORE
#undef SPLAT
#undef FMA
#undef FACTORS

#define KERNEL(name) name##_bfloat16
#define TARGET BFLOAT16_TARGET
#define VECTOR __m512
#define WIDTH 16
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPLAT _mm512_set1_ps
#define FMA add_products
#define FACTORS 2
#include KERNEL_FILE
