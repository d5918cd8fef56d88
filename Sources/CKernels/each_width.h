// Compiles KERNEL_FILE for both widths of vectors, as functions whose names end in avx2 and avx512. The file writes its names
// as KERNEL(name), and its code in VECTOR, WIDTH (lanes), LOAD, STORE, SPLAT and FMA, in functions marked TARGET. FACTORS is
// how many factors of a sum a lane holds.
#include <immintrin.h>

#define FACTORS 1

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
#include KERNEL_FILE
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
#include KERNEL_FILE
