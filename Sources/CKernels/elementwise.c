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
