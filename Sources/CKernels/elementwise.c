#include "CKernels.h"
#include "vector.h"

void decant_exp(const float *x, float *y, long n) {
    long i = 0;
    for (; i + 8 <= n; i += 8) store8(y + i, exp8(load8(x + i)));
    if (i < n) store8_first(y + i, exp8(load8_first(x + i, n - i)), n - i);
}

void decant_add(float *y, const float *x, long n) {
    for (long i = 0; i < n; i++) y[i] += x[i];
}

void decant_scale(float *y, float factor, long n) {
    for (long i = 0; i < n; i++) y[i] *= factor;
}

void decant_add_bias(float *y, const float *bias, long rows, long columns) {
    for (long r = 0; r < rows; r++) decant_add(y + r * columns, bias, columns);
}

void decant_bias_backward(const float *dy, float *dbias, long rows, long columns) {
    decant_sum_rows(dy, dbias, rows, columns, 0);
}

void decant_sum_rows(const float *x, float *y, long rows, long columns, int adding) {
    if (!adding) memset(y, 0, (size_t)columns * sizeof(float));
    for (long r = 0; r < rows; r++) decant_add(y, x + r * columns, columns);
}

double decant_sum_of_squares(const float *x, long n) { return decant_dot(x, x, n); }

double decant_dot(const float *x, const float *y, long n) {
    double lanes[8] = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lanes[l] = __builtin_fma((double)x[i + l], (double)y[i + l], lanes[l]);
    for (int l = 0; i < n; i++, l++) lanes[l] = __builtin_fma((double)x[i], (double)y[i], lanes[l]);
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// Sixteen lanes hide the latency of fused multiply-adds; they are added in one fixed order.
double decant_dot_double(const double *x, const double *y, long n) {
    double lanes[16] = {0};
    long i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) lanes[l] = __builtin_fma(x[i + l], y[i + l], lanes[l]);
    for (int l = 0; i < n; i++, l++) lanes[l] = __builtin_fma(x[i], y[i], lanes[l]);
    for (int width = 8; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lanes[l] += lanes[l + width];
    return lanes[0];
}

void decant_add_scaled_double(double *y, double factor, const double *x, long n) {
    for (long i = 0; i < n; i++) y[i] = __builtin_fma(factor, x[i], y[i]);
}

void decant_add_absolute(const float *x, double *sums, long rows, long columns) {
    for (long r = 0; r < rows; r++)
        for (long c = 0; c < columns; c++) sums[c] += (double)__builtin_fabsf(x[r * columns + c]);
}

// AdamW: w ← w·(1 − lr·decay) − lr·m̂/(√v̂ + ε)
void decant_adamw(float *restrict w, const float *restrict gradient, float *restrict m, float *restrict v, long n,
                  decant_adamw_settings s) {
    float keep = 1.0f - s.learning_rate * s.weight_decay;
    float rate = s.learning_rate / s.correction1, inverse2 = 1.0f / s.correction2;
    for (long i = 0; i < n; i++) {
        float g = gradient[i] * s.gradient_scale;
        m[i] = __builtin_fmaf(s.beta1, m[i], (1.0f - s.beta1) * g);
        v[i] = __builtin_fmaf(s.beta2, v[i], (1.0f - s.beta2) * g * g);
        float deviation = __builtin_sqrtf(v[i] * inverse2) + s.epsilon;
        w[i] = __builtin_fmaf(-rate, m[i] / deviation, w[i] * keep);
    }
}

// Nesterov: momentum ← β·momentum + g; the update, in the gradient's place, is g + β·momentum.
void decant_momentum(float *restrict gradient, float gradient_scale, float *restrict momentum, float beta, long n) {
    for (long i = 0; i < n; i++) {
        float g = gradient[i] * gradient_scale;
        momentum[i] = __builtin_fmaf(beta, momentum[i], g);
        gradient[i] = __builtin_fmaf(beta, momentum[i], g);
    }
}

void decant_combine(float *restrict y, float own, const float *restrict x, float other, long n) {
    for (long i = 0; i < n; i++) y[i] = __builtin_fmaf(other, x[i], own * y[i]);
}

void decant_apply_update(float *restrict w, const float *restrict update, float rate, float decay, long n) {
    float keep = 1.0f - decay;
    for (long i = 0; i < n; i++) w[i] = __builtin_fmaf(-rate, update[i], w[i] * keep);
}
