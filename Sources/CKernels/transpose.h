// Eight vectors of eight words of 32 bits, whatever the words hold.
#ifndef DECANT_TRANSPOSE_H
#define DECANT_TRANSPOSE_H

#include "vector.h"

static inline f8 low(f8 a, f8 b, int step) {
    return step == 0   ? __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
           : step == 1 ? __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
                       : __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
}

static inline f8 high(f8 a, f8 b, int step) {
    return step == 0   ? __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
           : step == 1 ? __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
                       : __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}

// Exchanges rows and columns of the 8 by 8 words.
static inline __attribute__((always_inline)) void transpose8(f8 rows[8]) {
    f8 a[8], b[8];
    for (int r = 0; r < 8; r++) a[r] = rows[r];
    for (int p = 0; p < 4; p++) {
        b[2 * p] = low(a[2 * p], a[2 * p + 1], 0);
        b[2 * p + 1] = high(a[2 * p], a[2 * p + 1], 0);
    }
    for (int q = 0; q < 2; q++) {
        a[4 * q] = low(b[4 * q], b[4 * q + 2], 1);
        a[4 * q + 1] = high(b[4 * q], b[4 * q + 2], 1);
        a[4 * q + 2] = low(b[4 * q + 1], b[4 * q + 3], 1);
        a[4 * q + 3] = high(b[4 * q + 1], b[4 * q + 3], 1);
    }
    for (int i = 0; i < 4; i++) {
        rows[i] = low(a[i], a[i + 4], 2);
        rows[i + 4] = high(a[i], a[i + 4], 2);
    }
}

#endif
