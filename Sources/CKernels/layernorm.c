#include "CKernels.h"
#include "vector.h"

// Σ (x − mean)²
static float squared_deviations(const float *x, float mean, long columns) {
    f8 means = splat8(mean), squares = {0};
    long i = 0;
    for (; i + 8 <= columns; i += 8) {
        f8 v = load8(x + i) - means;
        squares = fma8(v, v, squares);
    }
    float last[8] = {0};
    for (long l = 0; i < columns; i++, l++) last[l] = x[i] - mean;
    return sum8(fma8(load8(last), load8(last), squares));
}

void decant_layernorm(const float *x, const float *w, const float *b, float *y, long rows, long columns, float epsilon) {
    for (long r = 0; r < rows; r++, x += columns, y += columns) {
        float mean = decant_sum(x, columns) / (float)columns;
        float variance = squared_deviations(x, mean, columns) / (float)columns;
        float inverse = 1.0f / __builtin_sqrtf(variance + epsilon);
        for (long c = 0; c < columns; c++) y[c] = __builtin_fmaf((x[c] - mean) * inverse, w[c], b[c]);
    }
}
