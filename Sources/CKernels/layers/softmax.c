#include "CKernels.h"
#include "../vector.h"

float decant_largest(const float *x, long n) {
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
    float top = decant_largest(x, n);
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

void decant_softmax_backward(const float *p, float *dp, float temperature, long rows, long columns) {
    float inverse = 1.0f / temperature;
    for (long r = 0; r < rows; r++, p += columns, dp += columns) {
        f8 products = {0};
        long i = 0;
        for (; i + 8 <= columns; i += 8) products = fma8(load8(p + i), load8(dp + i), products);
        products = fma8(load8_first(p + i, columns - i), load8_first(dp + i, columns - i), products);
        float mean = sum8(products);
        for (long c = 0; c < columns; c++) dp[c] = p[c] * (dp[c] - mean) * inverse;
    }
}

float decant_sum_of_exponentials(const float *x, float largest, float inverse_temperature, long n) {
    f8 tops = splat8(largest), inverses = splat8(inverse_temperature), sums = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8) sums += exp8((load8(x + i) - tops) * inverses);
    float sum = sum8(sums), last[8];
    store8(last, exp8((load8_first(x + i, n - i) - tops) * inverses));
    for (long l = 0; i < n; i++, l++) sum += last[l];
    return sum;
}

static inline f8 exponentials8(f8 x, f8 a, f8 b, f8 inverse, int mixed) {
    f8 plain = a * exp8(x);
    return mixed ? fma8(b, exp8(x * inverse), plain) : plain;
}

void decant_add_exponentials(float *x, float largest, float a, float b, float inverse_temperature, long n) {
    // At one temperature, or with one term alone, there is one exponential.
    int mixed = inverse_temperature != 1 && a != 0 && b != 0, tempered = a == 0;
    f8 tops = splat8(largest), factors = splat8(mixed ? a : a + b), others = splat8(b), inverses = splat8(inverse_temperature);
    f8 shrinks = splat8(tempered ? inverse_temperature : 1);
    long i = 0;
    for (; i + 8 <= n; i += 8)
        store8(x + i, exponentials8((load8(x + i) - tops) * shrinks, factors, others, inverses, mixed));
    if (i < n)
        store8_first(x + i, exponentials8((load8_first(x + i, n - i) - tops) * shrinks, factors, others, inverses, mixed),
                     n - i);
}

// The first place of the largest value; 0 where there is none.
long decant_largest_place(const float *x, long n) {
    float top = decant_largest(x, n);
    for (long i = 0; i < n; i++)
        if (x[i] == top) return i;
    return 0;
}
