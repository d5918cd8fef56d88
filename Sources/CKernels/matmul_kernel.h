// The inner product of blocks, written once and compiled for two vector widths; the including file defines
//   KERNEL (name), TARGET (function attribute), VECTOR, WIDTH (lanes), MOST_ROWS, LOAD, STORE, SPLAT, FMA.
// Lane j of a row is Σ_i a(r, i)·b(i, j) in rising i, one fused multiply-add each, so that both widths give equal bits.

#define PANEL (2 * WIDTH)

// c[rows, columns] (+)= a·b for one panel of b, which is [depth, PANEL] and padded with zeros.
TARGET static inline __attribute__((always_inline)) void KERNEL(tile)(const float *a, long a_row, long a_column,
                                                                     const float *b, long depth, float *c, long c_stride,
                                                                     int rows, long columns, int adding) {
    VECTOR sums[MOST_ROWS][2];
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = SPLAT(0);
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

TARGET static void KERNEL(block)(const float *a, long a_row, long a_column, const float *panels, long rows, long columns,
                                 long depth, float *c, long c_stride, int adding) {
    for (long row = 0; row < rows; row += MOST_ROWS) {
        long left = rows - row < MOST_ROWS ? rows - row : MOST_ROWS;
        for (long column = 0; column < columns; column += PANEL) {
            const float *top = a + row * a_row, *panel = panels + column * depth;
            float *target = c + row * c_stride + column;
            long width = columns - column < PANEL ? columns - column : PANEL;
            // Row counts are constants to the compiler, so that the sums stay in registers.
            switch (left) {
#define ROWS(n) \
    case n: KERNEL(tile)(top, a_row, a_column, panel, depth, target, c_stride, n, width, adding); break;
                ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#if MOST_ROWS > 6
                ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#endif
#undef ROWS
            }
        }
    }
}
