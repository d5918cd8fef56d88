#include "CKernels.h"
#include "vector.h"

// x·Φ(x). Φ(−|x|) = ½·erfc(|x|/√2) by Abramowitz and Stegun 7.1.26, within 1e-7: a polynomial in t = 1/(1 + p·|x|/√2) times
// exp(−x²/2). What is far below zero loses no digits to a difference from 1.
static inline f8 gelu8(f8 x) {
    f8 magnitude = max8(x, -x);
    f8 t = splat8(1.0f) / fma8(magnitude, splat8(0.3275911f * 0.70710678f), splat8(1.0f));
    f8 p = splat8(1.061405429f);
    p = fma8(p, t, splat8(-1.453152027f));
    p = fma8(p, t, splat8(1.421413741f));
    p = fma8(p, t, splat8(-0.284496736f));
    p = fma8(p, t, splat8(0.254829592f));
    f8 below = p * t * exp8(x * x * splat8(-0.5f)) * splat8(0.5f);
    f8 share = (f8)_mm256_blendv_ps((__m256)(splat8(1.0f) - below), (__m256)below, (__m256)x);
    return x * share;
}

void decant_gelu(float *x, long n) {
    long i = 0;
    for (; i + 8 <= n; i += 8) store8(x + i, gelu8(load8(x + i)));
    if (i < n) store8_first(x + i, gelu8(load8_first(x + i, n - i)), n - i);
}
