// Products of operands that are rounded to bfloat16, for processors with AMX: one instruction multiplies sixteen rows of
// sixteen words by sixteen columns. The words are those of bfloat16.h, with zeros up to a multiple of sixteen.
//
// An element grows by steps of 32 along the depth, from zero or from what it is added to: by the sum of the even products plus
// the sum of the odd ones, each of fused multiply-adds in rising order. So neither a cut of the depth nor other rows and columns
// matter.
#include "CKernels.h"

#include <immintrin.h>
#include <string.h>

#include "bfloat16.h"

#define TILES __attribute__((target("amx-tile,amx-bf16,avx512f")))

// A packed b of 384 words and 1024 columns fits the second cache beside 128 rounded rows of a.
enum { panel = decant_panel_columns, side = 16, most_words = 384, most_columns = 1024, rows_together = 128 };

static long smaller(long a, long b) { return a < b ? a : b; }

long decant_amx_words(long depth) { return (word_count(depth) + side - 1) / side * side; }

// What a processor's tiles hold, as LDTILECFG reads it.
typedef struct {
    uint8_t palette, first_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

// Sums in tiles 0 to 3, rows of a in 4 and 5, columns of b in 6 and 7; of the upper half `upper` rows, of the lower `lower`.
TILES static void shape_tiles(long upper, long lower) {
    tile_shapes shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) shapes.row_bytes[t] = 64;
    shapes.rows[0] = shapes.rows[1] = shapes.rows[4] = (uint8_t)upper;
    shapes.rows[2] = shapes.rows[3] = shapes.rows[5] = (uint8_t)(lower > 0 ? lower : 1);
    shapes.rows[6] = shapes.rows[7] = side;
    _tile_loadconfig(&shapes);
}

// c[up to 32 rows, 32] ← c + a·b, or a·b, for one panel of b.
TILES static inline __attribute__((always_inline)) void multiply(const float *a, long a_stride, const float *b, long words,
                                                                 float *c, long c_stride, const int both, int adding) {
    const long a_bytes = a_stride * 4, b_bytes = panel * 4, c_bytes = c_stride * 4;
    float *lower = c + side * c_stride;
    if (adding) {
        _tile_loadd(0, c, c_bytes);
        _tile_loadd(1, c + side, c_bytes);
        if (both) _tile_loadd(2, lower, c_bytes);
        if (both) _tile_loadd(3, lower + side, c_bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        if (both) _tile_zero(2);
        if (both) _tile_zero(3);
    }
    for (long i = 0, row = 0; i < words; i += side, a += side, b += side * panel) {
        // Two rows of c a step are fetched for the stores at the end, which would wait for memory longer than the tiles work.
        for (long end = smaller(row + 2, both ? 2 * side : side); row < end; row++) {
            __builtin_prefetch(c + row * c_stride, 1);
            __builtin_prefetch(c + row * c_stride + side, 1);
            __builtin_prefetch(c + row * c_stride + panel - 1, 1);
        }
        _tile_loadd(6, b, b_bytes);
        _tile_loadd(4, a, a_bytes);
        _tile_loadd(7, b + side, b_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (both) _tile_loadd(5, a + side * a_stride, a_bytes);
        _tile_dpbf16ps(1, 4, 7);
        if (both) _tile_dpbf16ps(2, 5, 6);
        if (both) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_bytes);
    _tile_stored(1, c + side, c_bytes);
    if (both) _tile_stored(2, lower, c_bytes);
    if (both) _tile_stored(3, lower + side, c_bytes);
}

// c[rows, columns] (+)= a·b for rounded operands of whole steps; panels of b are `panel_words` words deep.
TILES static void product(const float *a, long a_stride, const float *panels, long panel_words, float *c, long c_stride,
                          long rows, long columns, long words, int adding) {
    long shaped = 0;
    for (long row = 0; row < rows; row += 2 * side) {
        const long count = smaller(rows - row, 2 * side), upper = smaller(count, side), lower = count - upper;
        if (count != shaped) shape_tiles(upper, lower);
        shaped = count;
        for (long column = 0; column < columns; column += panel) {
            const float *left = a + row * a_stride, *right = panels + column * panel_words;
            float *target = c + row * c_stride + column;
            const long width = smaller(columns - column, panel);
            float edge[2 * side * panel]; // the panel is wider than what is left of c
            float *sums = width < panel ? edge : target;
            const long stride = width < panel ? panel : c_stride;
            if (width < panel && adding)
                for (long r = 0; r < count; r++) memcpy(edge + r * panel, target + r * c_stride, (size_t)width * sizeof(float));
            if (lower > 0)
                multiply(left, a_stride, right, words, sums, stride, 1, adding);
            else
                multiply(left, a_stride, right, words, sums, stride, 0, adding);
            if (width < panel)
                for (long r = 0; r < count; r++) memcpy(target + r * c_stride, edge + r * panel, (size_t)width * sizeof(float));
        }
    }
}

// a → words [rows, words_stride] of whole steps
static void round_left(decant_matmul_operand a, long rows, long depth, float *words, long words_stride) {
    if (a.transposed)
        round_rows_transposed(a.base, a.stride, rows, depth, words, words_stride);
    else
        round_rows(a.base, a.stride, rows, depth, words, words_stride);
    const long rounded = (depth + 15) / 16 * 8, end = decant_amx_words(depth);
    for (long r = 0; r < rows && rounded < end; r++)
        memset(words + r * words_stride + rounded, 0, (size_t)(end - rounded) * sizeof(float));
}

TILES void decant_matmul_amx(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                             long depth, int adding) {
    const long most_depth = 2 * most_words, deepest = decant_amx_words(smaller(depth, most_depth));
    // Rounded rows are not a power of two apart, where they would share lines of the cache.
    const long left_stride = deepest + side, left_words = smaller(rows, rows_together) * left_stride;
    const long panel_columns = (smaller(columns, most_columns) + panel - 1) / panel * panel;
    float *left = decant_thread_scratch(decant_scratch_matmul, left_words + panel_columns * deepest);
    float *panels = left + left_words;
    for (long first = 0; first < columns; first += most_columns) {
        const long width = smaller(columns - first, most_columns);
        for (long start = 0; start < depth; start += most_depth) {
            const long length = smaller(depth - start, most_depth), words = decant_amx_words(length);
            round_panels(b.base + (b.transposed ? first * b.stride + start : start * b.stride + first), b.stride, b.transposed,
                         length, width, panels, words);
            for (long row = 0; row < rows; row += rows_together) {
                const long count = smaller(rows - row, rows_together);
                const float *top = a.base + (a.transposed ? start * a.stride + row : row * a.stride + start);
                round_left((decant_matmul_operand){top, a.stride, a.transposed}, count, length, left, left_stride);
                product(left, left_stride, panels, words, c + row * c_stride + first, c_stride, count, width, words,
                        adding || start > 0);
            }
        }
    }
    _tile_release();
}

void decant_panels_pack_amx(const float *w, long stride, long columns, long depth, float *panels) {
    round_panels(w, stride, 1, depth, columns, panels, decant_amx_words(depth));
}

TILES void decant_panels_product_amx(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                                     long columns, long depth, int adding) {
    const long words = decant_amx_words(depth), left_stride = words + side;
    float *left = decant_thread_scratch(decant_scratch_matmul, smaller(rows, rows_together) * left_stride);
    for (long row = 0; row < rows; row += rows_together) {
        const long count = smaller(rows - row, rows_together);
        round_left((decant_matmul_operand){a + row * a_stride, a_stride, 0}, count, depth, left, left_stride);
        product(left, left_stride, panels, words, c + row * c_stride, c_stride, count, columns, words, adding);
    }
    _tile_release();
}
