// Rows times packed panels, for each width of vectors and for words of two bfloat16 (each_width.h); `depth` then counts words.
// A lane is Σ_i a(r, i)·w(i, j) in rising i, one fused multiply-add each, so that both widths give equal bits.

// c[rows, vectors·WIDTH] (+)= a·w for one range of depth; w starts at a vector of a panel and continues in the next panels, which
// are `next` floats apart.
TARGET static inline __attribute__((always_inline)) void KERNEL(tile)(const float *a, long a_stride, const float *w, long next,
                                                                     long depth, float *c, long c_stride, int rows,
                                                                     int vectors, int adding) {
    const int per_panel = panel_width / WIDTH;
    VECTOR sums[12][8];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sums[r][v] = SPLAT(0);
    for (long i = 0; i < depth; i++, w += panel_width) {
        VECTOR weights[8];
        for (int v = 0; v < vectors; v++) weights[v] = LOAD(w + v / per_panel * next + v % per_panel * WIDTH);
        for (int r = 0; r < rows; r++) {
            VECTOR value = SPLAT(a[r * a_stride + i]);
            for (int v = 0; v < vectors; v++) sums[r][v] = FMA(value, weights[v], sums[r][v]);
        }
    }
    for (int r = 0; r < rows; r++, c += c_stride)
        for (int v = 0; v < vectors; v++) STORE(c + v * WIDTH, adding ? LOAD(c + v * WIDTH) + sums[r][v] : sums[r][v]);
}

// The whole depth of `panels` panels for up to 12 rows.
TARGET static void KERNEL(strip)(const float *a, long a_stride, const float *w, long depth, float *c, long c_stride, long rows,
                                 int panels, int adding) {
    const long cut = most_depth / FACTORS, next = depth * panel_width;
    for (long start = 0; start < depth; start += cut) {
        long length = depth - start < cut ? depth - start : cut;
        const float *left = a + start, *right = w + start * panel_width;
        int add = adding || start > 0;
#define TILE(r, v, column) \
    KERNEL(tile)(left, a_stride, right + (column), next, length, c + (column), c_stride, r, v, add)
        // Counts are constants to the compiler, so that the sums stay in registers.
#if WIDTH == 16
#define ROWS(n) case n: TILE(n, 2, 0); break;
        if (panels == 4) {
            if (rows == 1) TILE(1, 8, 0); else TILE(2, 8, 0);
        } else if (panels == 2) {
            switch (rows) { case 3: TILE(3, 4, 0); break; case 4: TILE(4, 4, 0); break;
                            case 5: TILE(5, 4, 0); break; case 6: TILE(6, 4, 0); break; }
        } else {
            switch (rows) {
                ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
            }
        }
#undef ROWS
#else
#define ROWS(n) case n: TILE(n, 2, 0); TILE(n, 2, 16); break;
        if (panels == 2) {
            TILE(1, 8, 0);
        } else {
            switch (rows) {
                case 1: TILE(1, 4, 0); break;
                case 2: TILE(2, 4, 0); break;
                ROWS(3) ROWS(4) ROWS(5) ROWS(6)
            }
        }
#undef ROWS
#endif
#undef TILE
    }
}

// Panels that so many rows are multiplied by at a time, as registers allow.
static inline int KERNEL(panels_at_once)(long rows) {
#if WIDTH == 16
    return rows <= 2 ? 4 : rows <= 6 ? 2 : 1;
#else
    return rows == 1 ? 2 : 1;
#endif
}

TARGET static void KERNEL(product)(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                                   long columns, long depth, int adding) {
    const long most_rows = WIDTH == 16 ? 12 : 6;
    long at_once = KERNEL(panels_at_once)(rows < most_rows ? rows : most_rows);
    for (long column = 0; column < columns;) {
        long whole = (columns - column) / panel_width;
        long count = whole >= at_once ? at_once : 1;
        const float *w = panels + column * depth;
        for (long row = 0; row < rows; row += most_rows) {
            long height = rows - row < most_rows ? rows - row : most_rows;
            const float *top = a + row * a_stride;
            float *target = c + row * c_stride + column;
            if (whole > 0) {
                KERNEL(strip)(top, a_stride, w, depth, target, c_stride, height, (int)count, adding);
                continue;
            }
            // Through memory: the panel is wider than what is left of c.
            float edge[12 * panel_width];
            size_t bytes = (size_t)(columns - column) * sizeof(float);
            for (long r = 0; r < height; r++) memcpy(edge + r * panel_width, target + r * c_stride, bytes);
            KERNEL(strip)(top, a_stride, w, depth, edge, panel_width, height, 1, adding);
            for (long r = 0; r < height; r++) memcpy(target + r * c_stride, edge + r * panel_width, bytes);
        }
        column += count * panel_width;
    }
}
