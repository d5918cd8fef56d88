// Products of blocks for each width of vectors and for words of two bfloat16 (each_width.h). Lane j of a row is
// Σ_i a(r, i)·b(i, j) in rising i, with one fused multiply-add each, so that both widths give equal bits.

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

#if FACTORS == 1
#define TILES_TOGETHER (48 / MOST_ROWS)

// Copies the rows of a few tiles of a transposed a → [tile, depth, MOST_ROWS].
static inline void KERNEL(gather)(const float *a, long stride, long rows, long depth, float *together) {
    long whole = rows / MOST_ROWS < TILES_TOGETHER ? rows / MOST_ROWS : TILES_TOGETHER;
    long rest = whole < TILES_TOGETHER ? rows - whole * MOST_ROWS : 0;
    for (long i = 0; i < depth; i++) {
        const float *source = a + i * stride;
        float *target = together + i * MOST_ROWS;
        for (long t = 0; t < whole; t++, source += MOST_ROWS, target += MOST_ROWS * depth)
            memcpy(target, source, MOST_ROWS * sizeof(float));
        for (long r = 0; r < rest; r++) target[r] = source[r];
    }
}

// c[rows, columns] (+)= a·b for any number of rows; a(r, i) = a[r·stride + i], or a[i·stride + r] where it is transposed. The
// rows of a tile of a transposed a are copied first: far apart in memory, they would displace each other in the cache.
TARGET static void KERNEL(block)(const float *a, long stride, int transposed, const float *panels, long panel_depth,
                                 long rows, long columns, long depth, float *c, long c_stride, int adding) {
    float together[TILES_TOGETHER * MOST_ROWS * most_depth];
    for (long row = 0; row < rows; row += MOST_ROWS) {
        long left = rows - row < MOST_ROWS ? rows - row : MOST_ROWS;
        long tile = row / MOST_ROWS % TILES_TOGETHER;
        if (transposed && tile == 0) KERNEL(gather)(a + row, stride, rows - row, depth, together);
        const float *top = transposed ? together + tile * MOST_ROWS * depth : a + row * stride;
        KERNEL(strip)(top, transposed ? 1 : stride, transposed ? MOST_ROWS : 1, panels, panel_depth, left, columns, depth,
                      c + row * c_stride, c_stride, adding);
    }
}
#endif
