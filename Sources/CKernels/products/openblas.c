// Products of float32 by the system's OpenBLAS, which is loaded at run time: programs are built and run without it.
//
// One thread computes a call. An element may depend on the whole shape of its call, so callers must not divide a product by the
// number of their threads.
#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

// The C interface: row-major, with integers of 32 bits.
enum { row_major = 101, as_stored = 111, transposed = 112 };
typedef void (*sgemm_function)(int order, int a_form, int b_form, int rows, int columns, int depth, float alpha, const float *a,
                               int a_stride, const float *b, int b_stride, float beta, float *c, int c_stride);

static sgemm_function sgemm;

// The first word of `text`, or the first from a digit on, in lower case; empty where it does not fit.
static void copy_word(const char *text, char *target, size_t size, int digits) {
    target[0] = 0;
    while (*text && (digits ? !isdigit((unsigned char)*text) : isspace((unsigned char)*text))) text++;
    size_t length = strcspn(text, " ");
    if (length >= size) return;
    for (size_t i = 0; i < length; i++) target[i] = (char)tolower((unsigned char)text[i]);
    target[length] = 0;
}

int decant_openblas_load(decant_openblas_build *build) {
    if (getenv("DECANT_VECTORS")) return 0;
    // The library starts threads and chooses a core as it is loaded: by itself its oldest, on models that are younger than it.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    const char *wide = decant_has_bfloat16() ? "Cooperlake" : "SkylakeX";
    setenv("OPENBLAS_CORETYPE", decant_vectors() == decant_vectors_avx512 ? wide : "Haswell", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    const char *(*configuration)(void) = (const char *(*)(void))dlsym(library, "openblas_get_config");
    const char *(*core)(void) = (const char *(*)(void))dlsym(library, "openblas_get_corename");
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    sgemm = (sgemm_function)dlsym(library, "cblas_sgemm");
    // Integers of 64 bits have another interface.
    if (!configuration || !core || !set_threads || !sgemm || strstr(configuration(), "USE64BITINT")) return 0;
    set_threads(1);
    copy_word(configuration(), build->version, sizeof build->version, 1);
    copy_word(core(), build->core, sizeof build->core, 0);
    return build->version[0] && build->core[0];
}

void decant_matmul_openblas(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                            long depth, int adding) {
    sgemm(row_major, a.transposed ? transposed : as_stored, b.transposed ? transposed : as_stored, (int)rows, (int)columns,
          (int)depth, 1, a.base, (int)a.stride, b.base, (int)b.stride, adding ? 1 : 0, c, (int)c_stride);
}
