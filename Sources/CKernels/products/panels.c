// Products with weights that were packed once into panels of 32 outputs, each [depth, 32]: one pass over a panel serves all
// rows and reads memory in order. Elements equal those of `decant_matmul` bit by bit: the same sums, divided at the same depth,
// for any number of rows.
#include "CKernels.h"

#include <immintrin.h>
#include <string.h>

enum { panel_width = decant_panel_columns, most_depth = decant_panel_depth };

#define KERNEL_FILE "products/panel_kernel.h"
#define KERNEL_BFLOAT16
#include "../each_width.h"

// w [columns, depth] with `stride` → panels, zeros beyond the last column.
void decant_panels_pack(const float *w, long stride, long columns, long depth, float *panels) {
    for (long first = 0; first < columns; first += panel_width, panels += depth * panel_width) {
        long width = columns - first < panel_width ? columns - first : panel_width;
        if (width < panel_width) memset(panels, 0, (size_t)(depth * panel_width) * sizeof(float));
        for (long start = 0; start < depth; start += 16) {
            long end = start + 16 < depth ? start + 16 : depth;
            for (long j = 0; j < width; j++)
                for (long i = start; i < end; i++) panels[i * panel_width + j] = w[(first + j) * stride + i];
        }
    }
}

void decant_panels_product(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                           long columns, long depth, int adding, decant_vector_width vectors) {
    int wide = vectors == decant_vectors_avx512;
    (wide ? product_avx512 : product_avx2)(a, a_stride, panels, c, c_stride, rows, columns, depth, adding);
}

void decant_panels_pack_bfloat16(const float *w, long stride, long columns, long depth, float *panels) {
    round_panels(w, stride, 1, depth, columns, panels, word_count(depth));
}

void decant_panels_product_bfloat16(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                                    long columns, long depth, int adding) {
    long stride = (word_count(depth) + 7) & ~7L;
    float *words = decant_thread_scratch(decant_scratch_matmul, rows * stride);
    round_rows(a, a_stride, rows, depth, words, stride);
    product_bfloat16(words, stride, panels, c, c_stride, rows, columns, word_count(depth), adding);
}
