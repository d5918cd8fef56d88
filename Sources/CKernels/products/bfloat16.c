// Rounds operands to words of two bfloat16, in the order in which kernels read them.
#include "bfloat16.h"

#include "CKernels.h"
#include "../vector.h"

enum { panel_width = 32 };

// The first n of sixteen floats; the other lanes hold zero.
BFLOAT16_TARGET static inline __m512 load_first(const float *x, long n) {
    return _mm512_maskz_loadu_ps(n >= 16 ? 0xffff : n > 0 ? (1u << n) - 1 : 0, x);
}

// Sixteen adjacent floats along the depth → eight words
BFLOAT16_TARGET static inline __m256i round_along(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

// Sixteen floats at one depth, and sixteen at the next → sixteen words
BFLOAT16_TARGET static inline __m512i round_across(__m512 first, __m512 second) {
    __m512i lower = _mm512_cvtepu16_epi32(round_along(first)), upper = _mm512_cvtepu16_epi32(round_along(second));
    return _mm512_or_si512(lower, _mm512_slli_epi32(upper, 16));
}

BFLOAT16_TARGET void round_rows(const float *x, long stride, long rows, long depth, float *words, long words_stride) {
    for (long r = 0; r < rows; r++, x += stride, words += words_stride)
        for (long i = 0; i < depth; i += 16)
            _mm256_storeu_si256((__m256i *)(words + i / 2), round_along(load_first(x + i, depth - i)));
}

BFLOAT16_TARGET void round_columns(const float *x, long stride, long depth, long columns, float *words, long words_stride) {
    for (long i = 0; i < depth; i += 2, x += 2 * stride, words += words_stride)
        for (long j = 0; j < words_stride; j += 16) {
            __m512 second = i + 1 < depth ? load_first(x + stride + j, columns - j) : _mm512_setzero_ps();
            _mm512_storeu_si512(words + j, round_across(load_first(x + j, columns - j), second));
        }
}

BFLOAT16_TARGET void round_rows_transposed(const float *x, long stride, long rows, long depth, float *words,
                                           long words_stride) {
    for (long i = 0; i < depth; i += 16)
        for (long r = 0; r < rows; r += 16) {
            f8 first[8], second[8]; // of rows r to r + 7, and r + 8 to r + 15
            for (int w = 0; w < 8; w++) {
                const long place = i + 2 * w, left = rows - r;
                __m512 lower = place < depth ? load_first(x + place * stride + r, left) : _mm512_setzero_ps();
                __m512 upper = place + 1 < depth ? load_first(x + (place + 1) * stride + r, left) : _mm512_setzero_ps();
                __m512i across = round_across(lower, upper);
                first[w] = (f8)_mm512_castsi512_si256(across);
                second[w] = (f8)_mm512_extracti64x4_epi64(across, 1);
            }
            transpose8(first);
            transpose8(second);
            float *target = words + r * words_stride + i / 2;
            for (int j = 0; j < 8 && r + j < rows; j++) store8(target + j * words_stride, first[j]);
            for (int j = 0; j < 8 && r + 8 + j < rows; j++) store8(target + (8 + j) * words_stride, second[j]);
        }
}

// Up to eight rows of b become eight columns of a panel.
BFLOAT16_TARGET static void round_transposed(const float *b, long stride, long depth, long rows, float *panel) {
    for (long start = 0; start < depth; start += 16, panel += 8 * panel_width) {
        f8 words[8];
        for (int r = 0; r < 8; r++)
            words[r] = r < rows ? (f8)round_along(load_first(b + r * stride + start, depth - start)) : splat8(0);
        transpose8(words);
        for (int i = 0; i < 8; i++)
            if (start + 2 * i < depth) store8(panel + i * panel_width, words[i]);
    }
}

void round_panels(const float *b, long stride, int transposed, long depth, long columns, float *panels, long panel_words) {
    const long rest = (panel_words - word_count(depth)) * panel_width;
    for (long column = 0; column < columns; column += panel_width, panels += panel_words * panel_width) {
        memset(panels + word_count(depth) * panel_width, 0, (size_t)rest * sizeof(float));
        if (!transposed) {
            round_columns(b + column, stride, depth, columns - column, panels, panel_width);
            continue;
        }
        for (long j = 0; j < panel_width; j += 8)
            round_transposed(b + (column + j) * stride, stride, depth, columns - column - j, panels + j);
    }
}
