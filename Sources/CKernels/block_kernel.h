// A block of the output for any number of rows, compiled for each width of vectors (each_width.h).
#include "matmul_kernel.h"

#define TILES_TOGETHER (48 / MOST_ROWS)

// The rows of a few tiles of a transposed a → [tile, depth, MOST_ROWS]
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

// c[rows, columns] (+)= a·b; a(r, i) = a[r·stride + i], or a[i·stride + r] where it is transposed. Of a transposed one, the
// rows of a tile are copied together: far apart in memory they would push each other out of the cache.
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
