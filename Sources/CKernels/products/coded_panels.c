// Products with weights that are kept as codes in 32-bit words, in panels of 32 outputs, each [words, 32]. Few rows read the
// codes; many rows share the floats of one panel at a time. Both equal, bit by bit, `decant_panels_product` with the floats that
// the codes stand for.
#include "CKernels.h"

#include <immintrin.h>
#include <string.h>

// Words are prefetched 2 KiB ahead, which was the fastest distance measured.
enum { panel_width = decant_panel_columns, most_depth = decant_panel_depth, prefetched_words = 512 };

static inline __attribute__((always_inline)) int codes_per_word(decant_codes codes) {
    switch (codes) {
        case decant_codes_int4: return 8;
        case decant_codes_bfloat16: return 2;
        default: return 4;
    }
}

static inline __attribute__((always_inline)) long word_count(decant_codes codes, long depth) {
    return (depth + codes_per_word(codes) - 1) / codes_per_word(codes);
}

static inline decant_coded_panels from_panel(decant_coded_panels w, long panel) {
    w.words += panel * word_count(w.codes, w.depth) * panel_width;
    if (w.scales) w.scales += panel * (w.depth / w.group) * panel_width;
    return w;
}

#define KERNEL_FILE "products/coded_kernel.h"
#include "../each_width.h"

void decant_coded_product(const float *a, long a_stride, decant_coded_panels w, long first_panel, float *c, long c_stride,
                          long rows, long columns, int adding, decant_vector_width vectors) {
    const int wide = vectors == decant_vectors_avx512;
    w = from_panel(w, first_panel);
    if (rows <= (wide ? most_coded_rows_avx512 : most_coded_rows_avx2))
        return (wide ? coded_product_avx512 : coded_product_avx2)(a, a_stride, w, c, c_stride, rows, columns, adding);
    float *panel = decant_thread_scratch(decant_scratch_codes, w.depth * panel_width);
    for (long column = 0; column < columns; column += panel_width) {
        const long width = columns - column < panel_width ? columns - column : panel_width;
        (wide ? unpack_avx512 : unpack_avx2)(from_panel(w, column / panel_width), panel);
        decant_panels_product(a, a_stride, panel, c + column, c_stride, rows, width, w.depth, adding, vectors);
    }
}

void decant_coded_rows(decant_coded_panels w, long first, long count, float *rows, decant_vector_width vectors) {
    float *panel = decant_thread_scratch(decant_scratch_codes, w.depth * panel_width);
    for (long row = first; row < first + count; row++) {
        const long column = row % panel_width;
        if (row == first || column == 0)
            (vectors == decant_vectors_avx512 ? unpack_avx512 : unpack_avx2)(from_panel(w, row / panel_width), panel);
        for (long i = 0; i < w.depth; i++) *rows++ = panel[i * panel_width + column];
    }
}
