// Matrix products whose operands are rounded to bfloat16 and whose sums are float32, for processors with AVX512_BF16.
// As in matmul.c, an element's value depends on its row of a, its column of b and nothing else.
#include "CKernels.h"
#include "bfloat16.h"

// Rows that are rounded together, and the blocks of b. `most_depth` cuts the sums, so it is part of the result.
enum { rows_together = 48, most_depth = 384, most_columns = 512, most_words = most_depth / 2 };

#define KERNEL_FILE "matmul_kernel.h"
#include "bfloat16_width.h"

static long smaller(long a, long b) { return a < b ? a : b; }

// c[rows, columns] (+)= a·b for a b that is rounded already.
static void block(decant_matmul_operand a, const float *panels, float *c, long c_stride, long rows, long columns, long depth,
                  int adding) {
    float words[rows_together * most_words];
    // Rounding keeps the order in memory: words of a transposed a stay far apart along the depth.
    long a_row = a.transposed ? 1 : most_words, a_column = a.transposed ? rows_together : 1;
    for (long first = 0; first < rows; first += rows_together) {
        long count = smaller(rows - first, rows_together);
        if (a.transposed)
            round_columns(a.base + first, a.stride, depth, count, words, rows_together);
        else
            round_rows(a.base + first * a.stride, a.stride, count, depth, words, most_words);
        for (long row = 0; row < count; row += MOST_ROWS)
            strip_bfloat16(words + row * a_row, a_row, a_column, panels, word_count(depth), smaller(count - row, MOST_ROWS),
                           columns, word_count(depth), c + (first + row) * c_stride, c_stride, adding);
    }
}

void decant_matmul_bfloat16(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                            long depth, int adding) {
    long widest = (smaller(columns, most_columns) + PANEL - 1) / PANEL * PANEL;
    float *panels = decant_thread_scratch(decant_scratch_matmul, widest * word_count(smaller(depth, most_depth)));
    for (long first = 0; first < columns; first += most_columns) {
        long count = smaller(columns - first, most_columns);
        for (long start = 0; start < depth; start += most_depth) {
            long length = smaller(depth - start, most_depth);
            round_panels(b.base + (b.transposed ? first * b.stride + start : start * b.stride + first), b.stride, b.transposed,
                         length, count, panels);
            decant_matmul_operand left = {a.base + start * (a.transposed ? a.stride : 1), a.stride, a.transposed};
            block(left, panels, c + first, c_stride, rows, count, length, adding || start > 0);
        }
    }
}
