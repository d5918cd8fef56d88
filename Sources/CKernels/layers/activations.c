#include "CKernels.h"
#include "../vector.h"

static inline f8 sigmoid8(f8 x) { return splat8(1) / (splat8(1) + exp8(-x)); }

static inline f8 swiglu8(f8 gate, f8 up) { return gate * sigmoid8(gate) * up; }

// gate_up [rows, 2·columns] → y [rows, columns] = gate·σ(gate)·up
void decant_swiglu(const float *gate_up, float *y, long rows, long columns) {
    decant_swiglu_columns(gate_up, y, rows, columns, 0, columns);
}

void decant_swiglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count) {
    for (long r = 0; r < rows; r++) {
        const float *gate = gate_up + r * 2 * columns + first, *up = gate + columns;
        float *target = y + r * columns + first;
        long i = 0;
        for (; i + 8 <= count; i += 8) store8(target + i, swiglu8(load8(gate + i), load8(up + i)));
        long rest = count - i;
        if (rest) store8_first(target + i, swiglu8(load8_first(gate + i, rest), load8_first(up + i, rest)), rest);
    }
}

// gate, up and dy → their gradients and silu(gate)·up
static inline void swiglu_backward8(f8 *gate, f8 *up, f8 *dy) {
    f8 sigmoid = sigmoid8(*gate);
    f8 silu = *gate * sigmoid;
    f8 slope = fma8(silu, splat8(1) - sigmoid, sigmoid); // σ + gate·σ·(1 − σ)
    f8 y = silu * *up;
    *gate = *dy * *up * slope;
    *up = *dy * silu;
    *dy = y;
}

void decant_swiglu_backward(float *gate_up, float *dy, long rows, long columns) {
    for (long r = 0; r < rows; r++, gate_up += 2 * columns, dy += columns) {
        float *gate = gate_up, *up = gate_up + columns;
        long i = 0;
        for (; i + 8 <= columns; i += 8) {
            f8 g = load8(gate + i), u = load8(up + i), d = load8(dy + i);
            swiglu_backward8(&g, &u, &d);
            store8(gate + i, g);
            store8(up + i, u);
            store8(dy + i, d);
        }
        long rest = columns - i;
        if (rest == 0) continue;
        f8 g = load8_first(gate + i, rest), u = load8_first(up + i, rest), d = load8_first(dy + i, rest);
        swiglu_backward8(&g, &u, &d);
        store8_first(gate + i, g, rest);
        store8_first(up + i, u, rest);
        store8_first(dy + i, d, rest);
    }
}

// x·Φ(x). Φ(−|x|) = ½·erfc(|x|/√2) by Abramowitz and Stegun 7.1.26, within 1e-7: a polynomial in t = 1/(1 + p·|x|/√2) times
// exp(−x²/2). So values far below zero lose no digits to a difference from 1.
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
