#include "CKernels.h"
#include "../vector.h"

// 1/rms(x), rms(x) = √(mean x² + ε)
static inline float inverse_rms_of(const float *x, long columns, float epsilon) {
    f8 squares = {0};
    long i = 0;
    for (; i + 8 <= columns; i += 8) {
        f8 v = load8(x + i);
        squares = fma8(v, v, squares);
    }
    f8 last = load8_first(x + i, columns - i);
    squares = fma8(last, last, squares);
    return 1.0f / __builtin_sqrtf(sum8(squares) / (float)columns + epsilon);
}

void decant_rmsnorm(const float *x, const float *w, float shift, float *y, float *inverse_rms, long rows, long columns,
                    float epsilon) {
    for (long r = 0; r < rows; r++, x += columns, y += columns) {
        float inverse = inverse_rms_of(x, columns, epsilon);
        inverse_rms[r] = inverse;
        for (long c = 0; c < columns; c++) y[c] = x[c] * inverse * (w[c] + shift);
    }
}

void decant_rmsnorm_again(const float *x, const float *w, float shift, const float *inverse_rms, float *y, long rows,
                          long columns) {
    for (long r = 0; r < rows; r++, x += columns, y += columns)
        for (long c = 0; c < columns; c++) y[c] = x[c] * inverse_rms[r] * (w[c] + shift);
}

void decant_rmsnorm_add(const float *x, const float *w, float shift, float *y, float *inverse_rms, long rows, long columns,
                        float epsilon) {
    for (long r = 0; r < rows; r++, x += columns, y += columns) {
        float inverse = inverse_rms_of(x, columns, epsilon);
        inverse_rms[r] = inverse;
        for (long c = 0; c < columns; c++) y[c] += x[c] * inverse * (w[c] + shift);
    }
}

// With x̂ = x/rms and v = w + shift: dw = Σ dy·x̂ and dx += (dy·v − x̂·mean(dy·v·x̂))/rms.
void decant_rmsnorm_backward(const float *x, const float *w, float shift, const float *inverse_rms, const float *dy, float *dx,
                             float *dw, long rows, long columns) {
    memset(dw, 0, (size_t)columns * sizeof(float));
    for (long r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        float inverse = inverse_rms[r];
        f8 products = {0}, shifts = splat8(shift);
        long i = 0;
        for (; i + 8 <= columns; i += 8) products = fma8(load8(dy + i) * (load8(w + i) + shifts), load8(x + i), products);
        long rest = columns - i;
        products = fma8(load8_first(dy + i, rest) * (load8_first(w + i, rest) + shifts), load8_first(x + i, rest), products);
        float mean = sum8(products) * inverse / (float)columns;
        for (long c = 0; c < columns; c++) {
            float normalized = x[c] * inverse;
            dw[c] = __builtin_fmaf(dy[c], normalized, dw[c]);
            float along = __builtin_fmaf(-normalized, mean, dy[c] * (w[c] + shift));
            dx[c] = __builtin_fmaf(along, inverse, dx[c]);
        }
    }
}

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

// With x̂ = (x − mean)/σ and g = dy·w: dw += Σ dy·x̂, db += Σ dy and dx = (g − mean(g) − x̂·mean(g·x̂))/σ.
void decant_layernorm_backward(const float *x, const float *w, const float *dy, float *dx, float *dw, float *db, long rows,
                               long columns, float epsilon) {
    for (long r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        float mean = decant_sum(x, columns) / (float)columns;
        float variance = squared_deviations(x, mean, columns) / (float)columns;
        float inverse = 1.0f / __builtin_sqrtf(variance + epsilon);
        f8 means = splat8(mean), sums = {0}, products = {0};
        long i = 0;
        for (; i + 8 <= columns; i += 8) {
            f8 g = load8(dy + i) * load8(w + i);
            sums += g;
            products = fma8(g, load8(x + i) - means, products);
        }
        // Beyond the row's end the gradient is zero, whatever the deviation.
        long rest = columns - i;
        f8 g = load8_first(dy + i, rest) * load8_first(w + i, rest);
        sums += g;
        products = fma8(g, load8_first(x + i, rest) - means, products);
        float middle = sum8(sums) / (float)columns;
        float along = sum8(products) * inverse / (float)columns;
        for (long c = 0; c < columns; c++) {
            float normalized = (x[c] - mean) * inverse, gradient = dy[c];
            dw[c] = __builtin_fmaf(gradient, normalized, dw[c]);
            db[c] += gradient;
            dx[c] = __builtin_fmaf(-normalized, along, __builtin_fmaf(gradient, w[c], -middle)) * inverse;
        }
    }
}
