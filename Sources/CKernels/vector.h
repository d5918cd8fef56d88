// Vectors of eight floats and reductions in a fixed order. Every sum of a product is one explicit fused multiply-add, so that
// results do not depend on the compiler.
#ifndef DECANT_VECTOR_H
#define DECANT_VECTOR_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

typedef float f8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));

static inline f8 load8(const float *p) {
    f8 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store8(float *p, f8 v) { memcpy(p, &v, sizeof v); }

// The first n of eight floats; the other lanes hold zero.
static inline f8 load8_first(const float *p, long n) {
    f8 v = {0};
    memcpy(&v, p, (size_t)n * sizeof(float));
    return v;
}

static inline void store8_first(float *p, f8 v, long n) { memcpy(p, &v, (size_t)n * sizeof(float)); }

static inline f8 splat8(float x) { return (f8){x, x, x, x, x, x, x, x}; }

static inline f8 fma8(f8 a, f8 b, f8 c) { return __builtin_elementwise_fma(a, b, c); }

// The larger of both; where one is not a number, the second.
static inline f8 max8(f8 a, f8 b) { return (f8)_mm256_max_ps((__m256)a, (__m256)b); }

static inline f8 min8(f8 a, f8 b) { return (f8)_mm256_min_ps((__m256)a, (__m256)b); }

// ((0+4)+(2+6)) + ((1+5)+(3+7))
static inline float sum8(f8 v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

static inline float largest8(f8 v) {
    float m = v[0];
    for (int i = 1; i < 8; i++) m = v[i] > m ? v[i] : m;
    return m;
}

// eˣ within 2 ulp on [−87, 88]; beyond, x is clamped to that range.
// x = n·ln2 + r with |r| ≤ ln2/2; eʳ by its series to r⁷; 2ⁿ is written into the exponent bits.
static inline f8 exp8(f8 x) {
    x = max8(splat8(-87.0f), min8(splat8(88.0f), x));
    const f8 magic = splat8(12582912.0f); // 1.5·2²³: adding it rounds to an integer
    f8 shifted = fma8(x, splat8(1.44269504088896341f), magic);
    f8 n = shifted - magic;
    f8 r = fma8(n, splat8(-0.693145751953125f), x);
    r = fma8(n, splat8(-1.42860682030941723212e-6f), r);
    f8 p = splat8(1.0f / 5040);
    p = fma8(p, r, splat8(1.0f / 720));
    p = fma8(p, r, splat8(1.0f / 120));
    p = fma8(p, r, splat8(1.0f / 24));
    p = fma8(p, r, splat8(1.0f / 6));
    p = fma8(p, r, splat8(0.5f));
    p = fma8(p, r, splat8(1.0f));
    p = fma8(p, r, splat8(1.0f));
    i8 bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4B400000 + 127) << 23;
    f8 scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

static inline long rounded_up8(long n) { return (n + 7) & ~7L; }

// Transposition of eight vectors of eight 32-bit words, whatever the words hold.

static inline f8 low(f8 a, f8 b, int step) {
    return step == 0   ? __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
           : step == 1 ? __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
                       : __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
}

static inline f8 high(f8 a, f8 b, int step) {
    return step == 0   ? __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
           : step == 1 ? __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
                       : __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}

// Exchanges rows and columns of the 8 by 8 words.
static inline __attribute__((always_inline)) void transpose8(f8 rows[8]) {
    f8 a[8], b[8];
    for (int r = 0; r < 8; r++) a[r] = rows[r];
    for (int p = 0; p < 4; p++) {
        b[2 * p] = low(a[2 * p], a[2 * p + 1], 0);
        b[2 * p + 1] = high(a[2 * p], a[2 * p + 1], 0);
    }
    for (int q = 0; q < 2; q++) {
        a[4 * q] = low(b[4 * q], b[4 * q + 2], 1);
        a[4 * q + 1] = high(b[4 * q], b[4 * q + 2], 1);
        a[4 * q + 2] = low(b[4 * q + 1], b[4 * q + 3], 1);
        a[4 * q + 3] = high(b[4 * q + 1], b[4 * q + 3], 1);
    }
    for (int i = 0; i < 4; i++) {
        rows[i] = low(a[i], a[i + 4], 2);
        rows[i + 4] = high(a[i], a[i + 4], 2);
    }
}

#endif
