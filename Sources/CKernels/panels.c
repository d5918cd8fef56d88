// Products with weights that were packed once: panels of 32 outputs, each [depth, 32], so that one pass over a panel serves
// all rows and few rows stream it from memory in order. Elements have the bits of `decant_matmul`: the same sums, cut at
// the same depth, whatever the number of rows.
#include "CKernels.h"

#include <immintrin.h>
#include <string.h>

enum { panel_width = decant_panel_columns, most_depth = decant_panel_depth };

#define NAMED_(width, name) name##_##width
#define NAMED(width, name) NAMED_(width, name)

#define KERNEL(name) NAMED(avx2, name)
#define TARGET
#define VECTOR __m256
#define WIDTH 8
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SPLAT _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#include "panel_kernel.h"
#undef KERNEL
#undef TARGET
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef STORE
#undef SPLAT
#undef FMA

#define KERNEL(name) NAMED(avx512, name)
#define TARGET __attribute__((target("avx512f")))
#define VECTOR __m512
#define WIDTH 16
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SPLAT _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#include "panel_kernel.h"

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
