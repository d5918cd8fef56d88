// Single-threaded matrix products of float32, with equal bits on AVX-512 and AVX2, and of operands that are rounded to bfloat16
// first, for processors with AVX512_BF16. An element depends only on its row of a and its column of b, and not on other rows.
#include "CKernels.h"
#include "packed_operand.h"
#include "../vector.h"

// The block of b that is packed at a time, and the rows that are rounded together. `most_depth` divides the sums, so results
// depend on it.
enum { most_depth = 384, most_columns = 512, rows_together = 48, most_words = most_depth / 2 };

#define KERNEL_FILE "products/matmul_kernel.h"
#define KERNEL_BFLOAT16
#include "../each_width.h"

// y[i·y_stride + r] = x[r·x_stride + i] for an 8 by 8 block
static void transpose_block(const float *x, long x_stride, float *y, long y_stride) {
    f8 rows[8];
    for (int r = 0; r < 8; r++) rows[r] = load8(x + r * x_stride);
    transpose8(rows);
    for (int i = 0; i < 8; i++) store8(y + i * y_stride, rows[i]);
}

// b(i, j) of [depth, columns] → panels of `panel` columns each, [depth, panel], zeros beyond the last column.
static void pack(const float *b, long stride, int transposed, long depth, long columns, long panel, float *packed) {
    for (long column = 0; column < columns; column += panel, packed += depth * panel) {
        long width = columns - column < panel ? columns - column : panel;
        if (width < panel) memset(packed, 0, (size_t)(depth * panel) * sizeof(float));
        if (!transposed) {
            for (long i = 0; i < depth; i++) {
                const float *source = b + i * stride + column;
                if (width == 32)
                    memcpy(packed + i * 32, source, 32 * sizeof(float));
                else
                    memcpy(packed + i * panel, source, (size_t)width * sizeof(float));
            }
            continue;
        }
        long j = 0, whole = depth & ~7L;
        for (; j + 8 <= width; j += 8) {
            const float *source = b + (column + j) * stride;
            for (long i = 0; i < whole; i += 8) transpose_block(source + i, stride, packed + i * panel + j, panel);
            for (long i = whole; i < depth; i++)
                for (long r = 0; r < 8; r++) packed[i * panel + j + r] = source[r * stride + i];
        }
        for (; j < width; j++)
            for (long i = 0; i < depth; i++) packed[i * panel + j] = b[(column + j) * stride + i];
    }
}

static long smaller(long a, long b) { return a < b ? a : b; }

static long whole_panels(long columns) { return (columns + 31) / 32 * 32; }

long packed_count(long columns, long depth) { return whole_panels(columns) * depth; }

void pack_matrix(int wide, const float *b, long stride, int transposed, long depth, long columns, float *packed) {
    long panel = wide ? 32 : 16;
    for (long start = 0; start < depth; start += most_depth)
        pack(b + start * (transposed ? 1 : stride), stride, transposed, smaller(depth - start, most_depth), columns, panel,
             packed + start * whole_panels(columns));
}

void multiply_packed(int wide, const float *a, long stride, int transposed, const float *packed, long packed_depth,
                     long packed_columns, long rows, long columns, long depth, float *c, long c_stride, int adding) {
    for (long start = 0; start < depth; start += most_depth) {
        long length = smaller(depth - start, most_depth), panel_depth = smaller(packed_depth - start, most_depth);
        (wide ? block_avx512 : block_avx2)(a + start * (transposed ? stride : 1), stride, transposed,
                                           packed + start * whole_panels(packed_columns), panel_depth, rows, columns, length,
                                           c, c_stride, adding || start > 0);
    }
}

void decant_matmul(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                   long depth, int adding) {
    int wide = decant_vectors() == decant_vectors_avx512;
    float *packed = decant_thread_scratch(decant_scratch_matmul,
                                          packed_count(smaller(columns, most_columns), smaller(depth, most_depth)));
    for (long first = 0; first < columns; first += most_columns) {
        long count = smaller(columns - first, most_columns);
        for (long start = 0; start < depth; start += most_depth) {
            long length = smaller(depth - start, most_depth);
            const float *right = b.base + (b.transposed ? first * b.stride + start : start * b.stride + first);
            pack_matrix(wide, right, b.stride, b.transposed, length, count, packed);
            multiply_packed(wide, a.base + start * (a.transposed ? a.stride : 1), a.stride, a.transposed, packed, length, count,
                            rows, count, length, c + first, c_stride, adding || start > 0);
        }
    }
}

// c[rows, columns] (+)= a·b for a b that is already rounded.
static void rounded_block(decant_matmul_operand a, const float *panels, float *c, long c_stride, long rows, long columns, long depth,
                  int adding) {
    float words[rows_together * most_words];
    // Rounding keeps the order in memory: words of a transposed a remain far apart along the depth.
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
                         length, count, panels, word_count(length));
            decant_matmul_operand left = {a.base + start * (a.transposed ? a.stride : 1), a.stride, a.transposed};
            rounded_block(left, panels, c + first, c_stride, rows, count, length, adding || start > 0);
        }
    }
}
