// Operands of products, rounded to bfloat16: to the nearest, ties to even, subnormal numbers to zero.
//
// A word of 32 bits holds two adjacent values along the depth, the first in its lower half; the last value of an odd depth is
// paired with zero. Words are stored as floats, which kernels move unchanged and never compute with.
#ifndef DECANT_BFLOAT16_H
#define DECANT_BFLOAT16_H

#include <immintrin.h>

#define BFLOAT16_TARGET __attribute__((target("avx512f,avx512bf16")))

static inline long word_count(long depth) { return (depth + 1) / 2; }

// x(r, i) = x[r·stride + i] → words [rows, words_stride], a multiple of 8 that is at least word_count(depth)
void round_rows(const float *x, long stride, long rows, long depth, float *words, long words_stride);

// x(i, j) = x[i·stride + j] → words [word_count(depth), words_stride], zeros beyond the last column; words_stride is a
// multiple of 16
void round_columns(const float *x, long stride, long depth, long columns, float *words, long words_stride);

// The same for x(r, i) = x[i·stride + r]
void round_rows_transposed(const float *x, long stride, long rows, long depth, float *words, long words_stride);

// b(i, j) = b[i·stride + j], or b[j·stride + i] where it is transposed → panels of 32 columns, each [panel_words, 32], zeros
// from word_count(depth) on
void round_panels(const float *b, long stride, int transposed, long depth, long columns, float *panels, long panel_words);

#endif
