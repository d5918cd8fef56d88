// The inner loops of the engine that need SIMD types. Arrays are row-major float32; strides are in floats.
// Every function is a pure function of its arguments, with one fixed order of operations.
#ifndef DECANT_CKERNELS_H
#define DECANT_CKERNELS_H

#include <stdint.h>

// processor.c
int decant_supports_portable_numerics(void);
typedef enum { decant_vectors_avx2, decant_vectors_avx512 } decant_vector_width;
// The widest vectors that may be used on this processor. No result depends on them.
decant_vector_width decant_vectors(void);
void decant_limit_vectors(decant_vector_width widest); // for tests; DECANT_VECTORS=avx2 does the same for a process
// Whether the functions of bfloat16 may be used: AVX512_BF16, unless the vectors are limited, or DECANT_VECTORS=avx512.
int decant_has_bfloat16(void);
// Whether the functions of AMX may be used: AMX_BF16, where the system lends its tiles to this process, unless the vectors are
// limited, or DECANT_VECTORS=avx512 or avx512-bf16.
int decant_has_amx(void);
// Whether products of bytes may use AVX512_VNNI: unless the vectors are limited. No result depends on it.
int decant_has_vnni(void);
typedef struct {
    char vendor[13]; // GenuineIntel, AuthenticAMD
    int family, model;
} decant_processor_model;
decant_processor_model decant_this_processor(void);
static inline void decant_pause(void) { __builtin_ia32_pause(); }

// scratch.c
typedef enum {
    decant_scratch_matmul,
    decant_scratch_attention,
    decant_scratch_optimizer,
    decant_scratch_codes,
    decant_scratch_count
} decant_scratch_use;
// Memory of the calling thread, aligned to cache lines, valid until the thread ends or asks for more; contents are undefined.
float *decant_thread_scratch(decant_scratch_use use, long count);

// elementwise.c
void decant_exp(const float *x, float *y, long n);
void decant_add(float *y, const float *x, long n);                                 // y += x
void decant_scale(float *y, float factor, long n);                                 // y *= factor
void decant_add_bias(float *y, const float *bias, long rows, long columns);        // y[r] += bias
void decant_bias_backward(const float *dy, float *dbias, long rows, long columns); // dbias = Σ_r dy[r]
void decant_sum_rows(const float *x, float *y, long rows, long columns, int adding);  // y (+)= Σ_r x[r]
double decant_sum_of_squares(const float *x, long n);
double decant_dot(const float *x, const float *y, long n);
double decant_dot_double(const double *x, const double *y, long n);
void decant_add_scaled_double(double *y, double factor, const double *x, long n);     // y += factor·x
void decant_add_absolute(const float *x, double *sums, long rows, long columns);      // sums += Σ_r |x[r]|
// Optimizers: each element alone
typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    float correction1, correction2; // 1 − βᵗ
    float gradient_scale;           // of clipping
} decant_adamw_settings;
void decant_adamw(float *w, const float *gradient, float *m, float *v, long n, decant_adamw_settings settings);
void decant_momentum(float *gradient, float gradient_scale, float *momentum, float beta, long n); // gradient becomes the update
void decant_combine(float *y, float own, const float *x, float other, long n);                    // y ← own·y + other·x
// w ← w·(1 − decay) − rate·update
void decant_apply_update(float *w, const float *update, float rate, float decay, long n);

// products/matmul.c
typedef struct {
    const float *base;
    long stride;
    int transposed; // stored with rows and columns exchanged
} decant_matmul_operand;
// c[rows, columns] (+)= a[rows, depth]·b[depth, columns]
void decant_matmul(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                   long depth, int adding);
// The same with operands that are rounded to bfloat16 first; sums are float32.
void decant_matmul_bfloat16(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                            long depth, int adding);

// products/amx.c: the same, where decant_has_amx; sums grow by steps of 32 along the depth
void decant_matmul_amx(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                       long depth, int adding);

// products/openblas.c: the system's OpenBLAS, loaded at run time
typedef struct {
    char core[24], version[24]; // haswell, 0.3.21
} decant_openblas_build;
// Whether the library is there, and which it is. It changes the environment, so one thread asks once, before others start.
int decant_openblas_load(decant_openblas_build *build);
// decant_matmul by a library that was loaded. An element may depend on the whole shape of the call.
void decant_matmul_openblas(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                            long depth, int adding);

// products/panels.c: weights packed once for inference
enum { decant_panel_columns = 32, decant_panel_depth = 384 };
// w [columns, depth] → panels of 32 columns, each [depth, 32], padded with zeros
void decant_panels_pack(const float *w, long stride, long columns, long depth, float *panels);
// c[rows, columns] (+)= a[rows, depth]·panels, with the bits of decant_matmul; columns from a panel's first on
void decant_panels_product(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                           long columns, long depth, int adding, decant_vector_width vectors);
// The same for panels of words, [(depth + 1)/2, 32] each, with the bits of decant_matmul_bfloat16
void decant_panels_pack_bfloat16(const float *w, long stride, long columns, long depth, float *panels);
void decant_panels_product_bfloat16(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                                    long columns, long depth, int adding);
// The same for panels of decant_amx_words(depth) words, with the bits of decant_matmul_amx; in products/amx.c
long decant_amx_words(long depth);
void decant_panels_pack_amx(const float *w, long stride, long columns, long depth, float *panels);
void decant_panels_product_amx(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                               long columns, long depth, int adding);

// products/coded_panels.c: weights kept as codes in 32-bit words, the first code in the lowest bits
typedef enum {
    decant_codes_int4,    // eight of a word, code + 8
    decant_codes_int8,    // four of a word, code + 128
    decant_codes_float8,  // four of a word, E4M3
    decant_codes_bfloat16 // two of a word, without scales
} decant_codes;
typedef struct {
    decant_codes codes;
    const uint32_t *words; // panels of 32 outputs, each [words of an output, 32], as decant_panels_pack makes them
    const float *scales;   // for each panel [depth / group, 32]
    long depth;            // inputs
    long group;            // inputs that share a scale; they divide the depth
} decant_coded_panels;
// c[rows, columns] (+)= a[rows, depth]·w from a panel on, with the bits of decant_panels_product over code·scale
void decant_coded_product(const float *a, long a_stride, decant_coded_panels w, long first_panel, float *c, long c_stride,
                          long rows, long columns, int adding, decant_vector_width vectors);
// The weights of `count` outputs as rows [count, depth]
void decant_coded_rows(decant_coded_panels w, long first, long count, float *rows, decant_vector_width vectors);

// layers/norms.c
// y = x·(w + shift)/rms(x); y may be x. `_add` adds it to y.
void decant_rmsnorm(const float *x, const float *w, float shift, float *y, float *inverse_rms, long rows, long columns,
                    float epsilon);
void decant_rmsnorm_add(const float *x, const float *w, float shift, float *y, float *inverse_rms, long rows, long columns,
                        float epsilon);
void decant_rmsnorm_again(const float *x, const float *w, float shift, const float *inverse_rms, float *y, long rows,
                          long columns);
// Adds to dx; dw is the sum over these rows.
void decant_rmsnorm_backward(const float *x, const float *w, float shift, const float *inverse_rms, const float *dy, float *dx,
                             float *dw, long rows, long columns);
// y = (x − mean)·w/√(variance + ε) + b for each row; x and y may be the same.
void decant_layernorm(const float *x, const float *w, const float *b, float *y, long rows, long columns, float epsilon);
// dx from x and dy, which may be the same as dx; adds the sums over these rows to dw and db.
void decant_layernorm_backward(const float *x, const float *w, const float *dy, float *dx, float *dw, float *db, long rows,
                               long columns, float epsilon);

// layers/rope.c: the first `turned` channels of each head
void decant_rope(float *x, const int32_t *positions, const float *cosines, const float *sines, long rows, long stride,
                 long heads, long dimension, long turned);
void decant_rope_backward(float *dx, const int32_t *positions, const float *cosines, const float *sines, long rows,
                          long stride, long heads, long dimension, long turned);

// layers/activations.c
void decant_gelu(float *x, long n); // x ← x·Φ(x), Φ the normal distribution function, within 1e-6
void decant_gelu_backward(const float *x, float *dy, long n); // dy ← dy·(Φ(x) + x·φ(x)), φ the normal density
// gate_up [rows, 2·columns] → the columns `first`..<`first + count` of y [rows, columns] = SiLU(gate)·up
void decant_swiglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count);
// gate_up → its gradient, dy → the layer's output again, both in place
void decant_swiglu_backward(float *gate_up, float *dy, long rows, long columns);
// The same with GELU, in its form with tanh, for SiLU
void decant_geglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count);
void decant_geglu_backward(float *gate_up, float *dy, long rows, long columns);

// attention/attention.c
typedef struct {
    long heads, kv_heads, dimension;
    long window; // keys that a query sees, its own included
    float scale; // of the scores
} decant_attention_shape;
// Positions of a sequence whose rows of a batch follow each other
typedef struct {
    long first_row, count;
} decant_stretch;
// Queries that are computed together: ranges begin at its multiples, or where the sequence's own rows do.
enum { decant_query_range = 480 };
// One sequence of a batch, as stretches of its rows, and the query heads of one key/value head; queries from `first_query` to
// `end_query`, positions in the last stretch. The other stretches are of earlier sequences that begin alike.
// qkv [T, (heads + 2·kv_heads)·d] → y [T, heads·d]; statistics [T, heads, 2] = (largest score, 1/sum of exponentials)
void decant_attention(const float *qkv, float *y, float *statistics, const decant_stretch *stretches, long stretch_count,
                      long first_query, long end_query, long kv_head, decant_attention_shape shape);
// All queries of the last stretch. Writes every element of its dqkv of the key/value head and its query heads, and adds to the
// keys and values of the other stretches.
void decant_attention_backward(const float *qkv, const float *y, const float *statistics, const float *dy, float *dqkv,
                               const decant_stretch *stretches, long stretch_count, long kv_head,
                               decant_attention_shape shape);

// attention/attention_blocks.c: a cache in blocks of 16 tokens
enum { decant_block_tokens = 16 };
long decant_block_size(decant_attention_shape shape); // floats of a block for one layer
void decant_block_store(float *block, long place, const float *keys, const float *values, decant_attention_shape shape);
void decant_attention_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks, long first,
                             long rows, long head, decant_attention_shape shape, decant_vector_width vectors);
// The same with keys and values rounded to INT8, each of a token and head by its own scale
long decant_code_block_size(decant_attention_shape shape);
void decant_code_block_store(float *block, long place, const float *keys, const float *values, decant_attention_shape shape);
void decant_attention_code_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks,
                                  long first, long rows, long head, decant_attention_shape shape, decant_vector_width vectors);

// layers/softmax.c
typedef struct {
    float largest; // of the row
    float sum;     // Σ exp((x − largest)/temperature)
} decant_softmax_statistics;
decant_softmax_statistics decant_softmax(const float *x, float *y, float temperature, long n);
// p = softmax(x/temperature) → dp becomes dx = p·(dp − Σ p·dp)/temperature, for each row
void decant_softmax_backward(const float *p, float *dp, float temperature, long rows, long columns);
long decant_largest_place(const float *x, long n);
float decant_sum(const float *x, long n);
float decant_largest(const float *x, long n);
float decant_sum_of_exponentials(const float *x, float largest, float inverse_temperature, long n); // Σ exp((x − largest)/τ)
// x ← a·exp(x − largest) + b·exp((x − largest)/τ)
void decant_add_exponentials(float *x, float largest, float a, float b, float inverse_temperature, long n);

// products/int8.c
float decant_largest_magnitude(const float *x, long n);
// codes = x / scale to nearest, scale = max|x| / 127 of each row; codes from −127 to 127, zeros up to the stride
void decant_int8_round(const float *x, long stride, long rows, long columns, int8_t *codes, long codes_stride, float *scales);
typedef struct {
    const uint32_t *words;  // panels [count, 32] of four codes each
    const int32_t *offsets; // −128·Σ codes of each output
    const float *scales;    // of each output
    long count;             // words of an output
} decant_int8_panels;
// offsets of whole panels of 32 outputs
void decant_int8_offsets(const uint32_t *panels, long outputs, long words, int32_t *offsets);
// y[rows, outputs] (+)= x·wᵀ from a panel on, each row and output times its scale; x's rows are whole words.
// `vnni` is what decant_has_vnni says.
void decant_int8_product(const int8_t *x, long x_stride, const float *x_scales, long rows, decant_int8_panels w,
                         long first_panel, long outputs, float *y, long y_stride, int adding, int vnni);

// quantization.c: double precision, sums in one fixed order
enum { decant_rounding_lanes = 16 }; // rows of weights side by side
// w[j] −= Σ_t e[t]·m[rows[t]·stride + j] for j < count; w [count, 16], e [terms, 16]
void decant_tile_subtract(double *w, const double *e, const double *m, const int32_t *rows, long stride, long terms, long count);
// The Cholesky factor L of a [n, n], in its lower triangle and in place, `count` columns from `start` on at a time: `prepare`
// for all rows from `start` on, then `diagonal`, then `solve` for the rows below. Rows are independent of each other.
void decant_cholesky_prepare(double *a, long n, long start, long count, long first_row, long end_row);
int decant_cholesky_diagonal(double *a, long n, long start, long count); // 0 where a is not positive definite
void decant_cholesky_solve(double *a, long n, long start, long count, long first_row, long end_row);
// Sixteen columns of L⁻¹, into the lower triangle of `inverse` [n, n]; scratch [n − first, 16]
void decant_triangle_inverse(const double *l, long n, long first_column, double *scratch, double *inverse);

#endif
