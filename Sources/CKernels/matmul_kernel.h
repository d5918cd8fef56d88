// The inner product of blocks, written once and compiled for each width of vectors (each_width.h), and for words of two
// bfloat16 (bfloat16_width.h). Lane j of a row is Σ_i a(r, i)·b(i, j) in rising i, one fused multiply-add each, so that both
// widths give equal bits.

// Rows whose sums fit the registers.
#define MOST_ROWS (WIDTH == 16 ? 12 : 6)
#define PANEL (2 * WIDTH)

// c[rows, columns] (+)= a·b for one panel of b, which is [depth, PANEL] and padded with zeros.
TARGET static inline __attribute__((always_inline)) void KERNEL(tile)(const float *a, long a_row, long a_column,
                                                                     const float *b, long depth, float *c, long c_stride,
                                                                     int rows, long columns, int adding) {
    VECTOR sums[MOST_ROWS][2];
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = SPLAT(0);
    for (int r = 0; r < rows; r++) {
        __builtin_prefetch(c + r * c_stride, 1);
        __builtin_prefetch(c + r * c_stride + PANEL - 1, 1);
    }
    for (long i = 0; i < depth; i++, b += PANEL, a += a_column) {
        VECTOR left = LOAD(b), right = LOAD(b + WIDTH);
        for (int r = 0; r < rows; r++) {
            VECTOR value = SPLAT(a[r * a_row]);
            sums[r][0] = FMA(value, left, sums[r][0]);
            sums[r][1] = FMA(value, right, sums[r][1]);
        }
    }
    for (int r = 0; r < rows; r++, c += c_stride) {
        float row[PANEL];
        if (columns < PANEL) { // Through memory: the panel is wider than what is left of c.
            STORE(row, sums[r][0]);
            STORE(row + WIDTH, sums[r][1]);
            for (long j = 0; j < columns; j++) c[j] = adding ? c[j] + row[j] : row[j];
        } else {
            STORE(c, adding ? LOAD(c) + sums[r][0] : sums[r][0]);
            STORE(c + WIDTH, adding ? LOAD(c + WIDTH) + sums[r][1] : sums[r][1]);
        }
    }
}

// c[rows, columns] (+)= a·b for at most MOST_ROWS rows and all panels of b; a(r, i) = a[r·a_row + i·a_column].
TARGET static void KERNEL(strip)(const float *a, long a_row, long a_column, const float *panels, long panel_depth, long rows,
                                 long columns, long depth, float *c, long c_stride, int adding) {
    for (long column = 0; column < columns; column += PANEL) {
        const float *panel = panels + column * panel_depth;
        long width = columns - column < PANEL ? columns - column : PANEL;
        // Row counts are constants to the compiler, so that the sums stay in registers.
        switch (rows) {
#define ROWS(n) \
    case n: KERNEL(tile)(a, a_row, a_column, panel, depth, c + column, c_stride, n, width, adding); break;
            ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#if MOST_ROWS > 6
            ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#endif
#undef ROWS
        }
    }
}
