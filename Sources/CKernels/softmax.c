#include "CKernels.h"
#include "vector.h"

static float largest(const float *x, long n) {
    float m = x[0];
    long i = 0;
    if (n >= 8) {
        f8 lanes = load8(x);
        for (i = 8; i + 8 <= n; i += 8) lanes = max8(load8(x + i), lanes);
        m = largest8(lanes);
    }
    for (; i < n; i++) m = x[i] > m ? x[i] : m;
    return m;
}

float decant_sum(const float *x, long n) {
    f8 lanes = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8) lanes += load8(x + i);
    return sum8(lanes + load8_first(x + i, n - i));
}

// y = softmax(x/temperature); x and y may be the same row.
decant_softmax_statistics decant_softmax(const float *x, float *y, float temperature, long n) {
    float top = largest(x, n);
    float inverse = 1.0f / temperature;
    f8 tops = splat8(top), inverses = splat8(inverse), sums = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8) {
        f8 e = exp8((load8(x + i) - tops) * inverses);
        sums += e;
        store8(y + i, e);
    }
    float sum = sum8(sums);
    if (i < n) {
        float last[8];
        store8(last, exp8((load8_first(x + i, n - i) - tops) * inverses));
        for (long l = 0; i < n; i++, l++) {
            y[i] = last[l];
            sum += last[l];
        }
    }
    float scale = 1.0f / sum;
    for (long j = 0; j < n; j++) y[j] *= scale;
    return (decant_softmax_statistics){top, sum};
}

void decant_add_scaled(float *y, const float *x, float factor, long n) {
    for (long i = 0; i < n; i++) y[i] = __builtin_fmaf(factor, x[i], y[i]);
}

// What decant_softmax finds, without writing it.
decant_softmax_statistics decant_exponential_sum(const float *x, float temperature, long n) {
    float top = largest(x, n);
    float inverse = 1.0f / temperature;
    f8 tops = splat8(top), inverses = splat8(inverse), sums = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8) sums += exp8((load8(x + i) - tops) * inverses);
    float sum = sum8(sums);
    if (i < n) {
        f8 last = exp8((load8_first(x + i, n - i) - tops) * inverses);
        for (long l = 0; i < n; i++, l++) sum += last[l];
    }
    return (decant_softmax_statistics){top, sum};
}

// The first place of the largest value; 0 where there is none.
long decant_largest_place(const float *x, long n) {
    float top = largest(x, n);
    for (long i = 0; i < n; i++)
        if (x[i] == top) return i;
    return 0;
}
