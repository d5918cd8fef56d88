#include "CKernels.h"

// Turns the pairs (x[i], x[i + turned/2]) of every head by the row's angles; `sign` gives the direction.
static inline void turn(float *x, const int32_t *positions, const float *cosines, const float *sines, long rows, long stride,
                        long heads, long dimension, long turned, float sign) {
    long half = turned / 2;
    for (long r = 0; r < rows; r++) {
        const float *cosine = cosines + positions[r] * half;
        const float *sine = sines + positions[r] * half;
        for (long h = 0; h < heads; h++) {
            float *restrict first = x + r * stride + h * dimension;
            float *restrict second = first + half;
            for (long i = 0; i < half; i++) {
                float a = first[i], b = second[i], s = sign * sine[i];
                first[i] = __builtin_fmaf(a, cosine[i], -(b * s));
                second[i] = __builtin_fmaf(b, cosine[i], a * s);
            }
        }
    }
}

void decant_rope(float *x, const int32_t *positions, const float *cosines, const float *sines, long rows, long stride,
                 long heads, long dimension, long turned) {
    turn(x, positions, cosines, sines, rows, stride, heads, dimension, turned, 1);
}

// A rotation's transpose is the rotation back.
void decant_rope_backward(float *dx, const int32_t *positions, const float *cosines, const float *sines, long rows,
                          long stride, long heads, long dimension, long turned) {
    turn(dx, positions, cosines, sines, rows, stride, heads, dimension, turned, -1);
}
