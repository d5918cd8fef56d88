#include <immintrin.h>
#include <stddef.h>

#include "CKernels.h"

// Rows of weights that are processed together, a lane each: four vectors of four doubles.
enum { lanes = decant_rounding_lanes, vectors = lanes / 4 };

// A few columns of the tile at a time, which share the loads of e and hide the latency of multiply-adds.
static inline __attribute__((always_inline)) void subtract(double *w, const double *e, const double *m, const int32_t *rows,
                                                           long stride, long terms, const int columns) {
    __m256d sum[2][vectors];
    for (int c = 0; c < columns; c++)
        for (int v = 0; v < vectors; v++) sum[c][v] = _mm256_loadu_pd(w + c * lanes + 4 * v);
    for (long t = 0; t < terms; t++) {
        const double *row = m + rows[t] * stride;
        for (int v = 0; v < vectors; v++) {
            const __m256d error = _mm256_loadu_pd(e + t * lanes + 4 * v);
            for (int c = 0; c < columns; c++) sum[c][v] = _mm256_fnmadd_pd(error, _mm256_broadcast_sd(row + c), sum[c][v]);
        }
    }
    for (int c = 0; c < columns; c++)
        for (int v = 0; v < vectors; v++) _mm256_storeu_pd(w + c * lanes + 4 * v, sum[c][v]);
}

void decant_tile_subtract(double *w, const double *e, const double *m, const int32_t *rows, long stride, long terms, long count) {
    long j = 0;
    for (; j + 2 <= count; j += 2) subtract(w + j * lanes, e, m + j, rows, stride, terms, 2);
    if (j < count) subtract(w + j * lanes, e, m + j, rows, stride, terms, 1);
}

// Σ x·y in sixteen lanes, then over the lanes.
static double dot(const double *x, const double *y, long n) {
    __m256d sum[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    long i = 0;
    for (; i + 16 <= n; i += 16)
        for (int v = 0; v < 4; v++)
            sum[v] = _mm256_fmadd_pd(_mm256_loadu_pd(x + i + 4 * v), _mm256_loadu_pd(y + i + 4 * v), sum[v]);
    double parts[4];
    _mm256_storeu_pd(parts, _mm256_add_pd(_mm256_add_pd(sum[0], sum[2]), _mm256_add_pd(sum[1], sum[3])));
    double total = (parts[0] + parts[2]) + (parts[1] + parts[3]);
    for (; i < n; i++) total = __builtin_fma(x[i], y[i], total);
    return total;
}

void decant_cholesky_prepare(double *a, long n, long start, long count, long first, long end) {
    for (long i = first; i < end; i++)
        for (long j = start; j < start + count && j <= i; j++) a[i * n + j] -= dot(a + i * n, a + j * n, start);
}

int decant_cholesky_diagonal(double *a, long n, long start, long count) {
    for (long i = start; i < start + count; i++) {
        decant_cholesky_solve(a, n, start, i - start, i, i + 1);
        const double square = a[i * n + i] - dot(a + i * n + start, a + i * n + start, i - start);
        if (!(square > 0) || square > 1e300) return 0;
        a[i * n + i] = __builtin_sqrt(square);
    }
    return 1;
}

void decant_cholesky_solve(double *a, long n, long start, long count, long first, long end) {
    for (long i = first; i < end; i++)
        for (long j = start; j < start + count; j++)
            a[i * n + j] = (a[i * n + j] - dot(a + i * n + start, a + j * n + start, j - start)) / a[j * n + j];
}

void decant_triangle_inverse(const double *l, long n, long first, double *scratch, double *inverse) {
    const long count = n - first < lanes ? n - first : lanes;
    for (long i = first; i < n; i++) {
        double *x = scratch + (i - first) * lanes;
        for (long c = 0; c < lanes; c++) x[c] = i == first + c ? 1 : 0;
        __m256d sum[vectors];
        for (int v = 0; v < vectors; v++) sum[v] = _mm256_loadu_pd(x + 4 * v);
        for (long k = first; k < i; k++) {
            const __m256d factor = _mm256_broadcast_sd(l + i * n + k);
            for (int v = 0; v < vectors; v++)
                sum[v] = _mm256_fnmadd_pd(_mm256_loadu_pd(scratch + (k - first) * lanes + 4 * v), factor, sum[v]);
        }
        const __m256d diagonal = _mm256_broadcast_sd(l + i * n + i);
        for (int v = 0; v < vectors; v++) _mm256_storeu_pd(x + 4 * v, _mm256_div_pd(sum[v], diagonal));
        for (long c = 0; c < count && first + c <= i; c++) inverse[i * n + first + c] = x[c];
    }
}
