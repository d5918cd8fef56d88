#include <immintrin.h>

#include "CKernels.h"

float decant_largest_magnitude(const float *x, long n) {
    float largest = 0;
    for (long i = 0; i < n; i++) {
        const float magnitude = __builtin_fabsf(x[i]);
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

void decant_int8_round(const float *x, long stride, long rows, long columns, int8_t *codes, float *scales) {
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * stride;
        const float quotient = decant_largest_magnitude(row, columns) / 127.0f;
        const float scale = quotient > 0 ? quotient : 1;
        for (long c = 0; c < columns; c++) {
            // A NaN becomes −127: every comparison with it is false.
            float value = row[c] / scale;
            value = value > -127 ? value : -127;
            value = value < 127 ? value : 127;
            codes[r * columns + c] = (int8_t)__builtin_rintf(value);
        }
        scales[r] = scale;
    }
}

// Sums of integers are exact in any order.
static int32_t dot(const int8_t *x, const int8_t *w, long n) {
    __m256i sum = _mm256_setzero_si256();
    long i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x + i)));
        const __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + i)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    }
    int32_t parts[8], total = 0;
    _mm256_storeu_si256((__m256i *)parts, sum);
    for (int p = 0; p < 8; p++) total += parts[p];
    for (; i < n; i++) total += (int32_t)x[i] * w[i];
    return total;
}

void decant_int8_product(const int8_t *x, const float *x_scales, long rows, const int8_t *w, const float *w_scales, long outputs,
                         long columns, float *y, long y_stride, int adding) {
    for (long r = 0; r < rows; r++)
        for (long o = 0; o < outputs; o++) {
            const float value = (float)dot(x + r * columns, w + o * columns, columns) * (x_scales[r] * w_scales[o]);
            float *target = y + r * y_stride + o;
            *target = adding ? *target + value : value;
        }
}
