// Activations rounded to INT8 for each token, and their products with INT8 weights: sums of integers, exact in any order.
#include <immintrin.h>
#include <string.h>

#include "CKernels.h"

enum { panel_width = decant_panel_columns, most_rows = 12 };

float decant_largest_magnitude(const float *x, long n) {
    float largest = 0;
    for (long i = 0; i < n; i++) {
        const float magnitude = __builtin_fabsf(x[i]);
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}

void decant_int8_round(const float *x, long stride, long rows, long columns, int8_t *codes, long codes_stride, float *scales) {
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * stride;
        int8_t *target = codes + r * codes_stride;
        const float quotient = decant_largest_magnitude(row, columns) / 127.0f;
        const float scale = quotient > 0 ? quotient : 1;
        for (long c = 0; c < columns; c++) {
            // A NaN becomes −127: every comparison with it is false.
            float value = row[c] / scale;
            value = value > -127 ? value : -127;
            value = value < 127 ? value : 127;
            target[c] = (int8_t)__builtin_rintf(value);
        }
        memset(target + columns, 0, (size_t)(codes_stride - columns));
        scales[r] = scale;
    }
}

static inline uint32_t word(const int8_t *codes, long i) {
    uint32_t value;
    memcpy(&value, codes + 4 * i, sizeof value);
    return value;
}

// Sums [rows, 32] of one panel. One factor of the instruction is unsigned: activations + 128; so sums start at −128·Σw.
__attribute__((target("avx512f,avx512vnni"))) static inline __attribute__((always_inline)) void sums_vnni_rows(
    const int8_t *x, long stride, const uint32_t *w, long words, const int32_t *offsets, int32_t *sums, const int rows) {
    __m512i total[most_rows][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++) total[r][v] = _mm512_loadu_si512(offsets + 16 * v);
    for (long i = 0; i < words; i++, w += panel_width) {
        const __m512i first = _mm512_loadu_si512(w), second = _mm512_loadu_si512(w + 16);
        for (int r = 0; r < rows; r++) {
            const __m512i value = _mm512_set1_epi32((int32_t)(word(x + r * stride, i) ^ 0x80808080));
            total[r][0] = _mm512_dpbusd_epi32(total[r][0], value, first);
            total[r][1] = _mm512_dpbusd_epi32(total[r][1], value, second);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++) _mm512_storeu_si512(sums + r * panel_width + 16 * v, total[r][v]);
}

__attribute__((target("avx512f,avx512vnni"))) static void sums_vnni(const int8_t *x, long stride, long rows, const uint32_t *w,
                                                                   long words, const int32_t *offsets, int32_t *sums) {
    switch (rows) {
#define ROWS(n) case n: sums_vnni_rows(x, stride, w, words, offsets, sums, n); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#undef ROWS
    }
}

// The same in words of 16 bits: a lane holds two products of an output, its neighbour the other two.
static void sums_avx2(const int8_t *x, long stride, long rows, const uint32_t *panel, long words, int32_t *sums) {
    for (long r = 0; r < rows; r++, x += stride, sums += panel_width) {
        const uint32_t *w = panel;
        __m256i total[8];
        for (int v = 0; v < 8; v++) total[v] = _mm256_setzero_si256();
        for (long i = 0; i < words; i++, w += panel_width) {
            const __m128i bytes = _mm_cvtsi32_si128((int32_t)word(x, i));
            const __m256i value = _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(bytes));
            for (int v = 0; v < 8; v++) {
                const __m256i four = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 4 * v)));
                total[v] = _mm256_add_epi32(total[v], _mm256_madd_epi16(four, value));
            }
        }
        for (int v = 0; v < 8; v += 2) {
            const __m256i pairs = _mm256_hadd_epi32(total[v], total[v + 1]); // outputs 0 1 4 5 | 2 3 6 7
            _mm256_storeu_si256((__m256i *)(sums + 4 * v), _mm256_permute4x64_epi64(pairs, 0xD8));
        }
    }
}

void decant_int8_offsets(const uint32_t *panels, long outputs, long words, int32_t *offsets) {
    for (long first = 0; first < outputs; first += panel_width)
        for (long j = 0; j < panel_width; j++) {
            int32_t sum = 0;
            for (long i = 0; i < 4 * words; i++)
                sum += ((const int8_t *)(panels + first * words + i / 4 * panel_width + j))[i % 4];
            offsets[first + j] = -128 * sum;
        }
}

void decant_int8_product(const int8_t *x, long x_stride, const float *x_scales, long rows, decant_int8_panels w,
                         long first_panel, long outputs, float *y, long y_stride, int adding, int vnni) {
    for (long panel = 0; panel * panel_width < outputs; panel++) {
        const long output = panel * panel_width, width = outputs - output < panel_width ? outputs - output : panel_width;
        const uint32_t *words = w.words + (first_panel + panel) * w.count * panel_width;
        const int32_t *offsets = w.offsets + (first_panel + panel) * panel_width;
        const float *scales = w.scales + (first_panel + panel) * panel_width;
        for (long row = 0; row < rows; row += most_rows) {
            const long height = rows - row < most_rows ? rows - row : most_rows;
            int32_t sums[most_rows * panel_width];
            if (vnni) sums_vnni(x + row * x_stride, x_stride, height, words, w.count, offsets, sums);
            else sums_avx2(x + row * x_stride, x_stride, height, words, w.count, sums);
            for (long r = 0; r < height; r++)
                for (long j = 0; j < width; j++) {
                    const float value = (float)sums[r * panel_width + j] * (x_scales[row + r] * scales[j]);
                    float *target = y + (row + r) * y_stride + output + j;
                    *target = adding ? *target + value : value;
                }
        }
    }
}
