#include "CKernels.h"

// Sixteen lanes hide the latency of a fused multiply-add; they are added up in one fixed order.
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
