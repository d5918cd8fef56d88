#include "CKernels.h"
#include "../vector.h"

static inline f8 sigmoid8(f8 x) { return splat8(1) / (splat8(1) + exp8(-x)); }

// A gate opens by x·σ(a(x)): a(x) = x is SiLU, a(x) = 2·√(2/π)·(x + 0.044715·x³) is GELU in its form with tanh, because
// ½·(1 + tanh(u)) = σ(2·u).
typedef enum { silu, gelu } gate_kind;

static const float twice_root = 1.5957691216057308f;

static inline f8 argument8(f8 x, gate_kind kind) {
    return kind == silu ? x : x * fma8(x * x, splat8(twice_root * 0.044715f), splat8(twice_root));
}

// x·σ(a(x))·(1 − σ(a(x)))·a′(x) is what the slope has beside σ: `opened` is its x·σ(a(x)).
static inline f8 steepened8(f8 opened, f8 x, gate_kind kind) {
    return kind == silu ? opened : opened * fma8(x * x, splat8(3 * twice_root * 0.044715f), splat8(twice_root));
}

static inline f8 gated8(f8 gate, f8 up, gate_kind kind) { return gate * sigmoid8(argument8(gate, kind)) * up; }

static inline __attribute__((always_inline)) void gated(const float *gate_up, float *y, long rows, long columns, long first,
                                                        long count, gate_kind kind) {
    for (long r = 0; r < rows; r++) {
        const float *gate = gate_up + r * 2 * columns + first, *up = gate + columns;
        float *target = y + r * columns + first;
        long i = 0;
        for (; i + 8 <= count; i += 8) store8(target + i, gated8(load8(gate + i), load8(up + i), kind));
        long rest = count - i;
        if (rest) store8_first(target + i, gated8(load8_first(gate + i, rest), load8_first(up + i, rest), kind), rest);
    }
}

void decant_swiglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count) {
    gated(gate_up, y, rows, columns, first, count, silu);
}

void decant_geglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count) {
    gated(gate_up, y, rows, columns, first, count, gelu);
}

// gate, up and dy → their gradients and the layer's output
static inline void gated_backward8(f8 *gate, f8 *up, f8 *dy, gate_kind kind) {
    f8 sigmoid = sigmoid8(argument8(*gate, kind));
    f8 opened = *gate * sigmoid;
    f8 slope = fma8(steepened8(opened, *gate, kind), splat8(1) - sigmoid, sigmoid);
    f8 y = opened * *up;
    *gate = *dy * *up * slope;
    *up = *dy * opened;
    *dy = y;
}

static inline __attribute__((always_inline)) void gated_backward(float *gate_up, float *dy, long rows, long columns,
                                                                 gate_kind kind) {
    for (long r = 0; r < rows; r++, gate_up += 2 * columns, dy += columns) {
        float *gate = gate_up, *up = gate_up + columns;
        long i = 0;
        for (; i + 8 <= columns; i += 8) {
            f8 g = load8(gate + i), u = load8(up + i), d = load8(dy + i);
            gated_backward8(&g, &u, &d, kind);
            store8(gate + i, g);
            store8(up + i, u);
            store8(dy + i, d);
        }
        long rest = columns - i;
        if (rest == 0) continue;
        f8 g = load8_first(gate + i, rest), u = load8_first(up + i, rest), d = load8_first(dy + i, rest);
        gated_backward8(&g, &u, &d, kind);
        store8_first(gate + i, g, rest);
        store8_first(up + i, u, rest);
        store8_first(dy + i, d, rest);
    }
}

void decant_swiglu_backward(float *gate_up, float *dy, long rows, long columns) {
    gated_backward(gate_up, dy, rows, columns, silu);
}

void decant_geglu_backward(float *gate_up, float *dy, long rows, long columns) {
    gated_backward(gate_up, dy, rows, columns, gelu);
}

// x·Φ(x). Φ(−|x|) = ½·erfc(|x|/√2) by Abramowitz and Stegun 7.1.26, within 1e-7: a polynomial in t = 1/(1 + p·|x|/√2) times
// exp(−x²/2). So values far below zero lose no digits to a difference from 1.
//
// `bell` is exp(−x²/2).
static inline f8 normal8(f8 x, f8 bell) {
    f8 magnitude = max8(x, -x);
    f8 t = splat8(1.0f) / fma8(magnitude, splat8(0.3275911f * 0.70710678f), splat8(1.0f));
    f8 p = splat8(1.061405429f);
    p = fma8(p, t, splat8(-1.453152027f));
    p = fma8(p, t, splat8(1.421413741f));
    p = fma8(p, t, splat8(-0.284496736f));
    p = fma8(p, t, splat8(0.254829592f));
    f8 below = p * t * bell * splat8(0.5f);
    return (f8)_mm256_blendv_ps((__m256)(splat8(1.0f) - below), (__m256)below, (__m256)x);
}

static inline f8 bell8(f8 x) { return exp8(x * x * splat8(-0.5f)); }

static inline f8 gelu8(f8 x) { return x * normal8(x, bell8(x)); }

// Φ(x) + x·φ(x), φ(x) = exp(−x²/2)/√(2π)
static inline f8 gelu_slope8(f8 x) {
    f8 bell = bell8(x);
    return fma8(x * splat8(0.3989422804f), bell, normal8(x, bell));
}

void decant_gelu(float *x, long n) {
    long i = 0;
    for (; i + 8 <= n; i += 8) store8(x + i, gelu8(load8(x + i)));
    if (i < n) store8_first(x + i, gelu8(load8_first(x + i, n - i)), n - i);
}

void decant_gelu_backward(const float *x, float *dy, long n) {
    long i = 0;
    for (; i + 8 <= n; i += 8) store8(dy + i, load8(dy + i) * gelu_slope8(load8(x + i)));
    long rest = n - i;
    if (rest) store8_first(dy + i, load8_first(dy + i, rest) * gelu_slope8(load8_first(x + i, rest)), rest);
}
