// The inner loops of the engine that need SIMD types. All arrays are row-major float32; `stride` is in floats.
// Every function is a pure function of its arguments with one fixed order of operations.
#ifndef DECANT_CKERNELS_H
#define DECANT_CKERNELS_H

#include <stdint.h>

// processor.c
int decant_supports_portable_numerics(void);

// elementwise.c
void decant_exp(const float *x, float *y, long n);
void decant_add(float *y, const float *x, long n);                                 // y += x
void decant_scale(float *y, float factor, long n);                                 // y *= factor
void decant_add_bias(float *y, const float *bias, long rows, long columns);        // y[r] += bias
void decant_bias_backward(const float *dy, float *dbias, long rows, long columns); // dbias += Σ_r dy[r]
double decant_sum_of_squares(const float *x, long n);
double decant_dot(const float *x, const float *y, long n);

// matmul.c
typedef struct {
    const float *base;
    long stride;
    int transposed; // stored with rows and columns exchanged
} decant_matmul_operand;
typedef enum { decant_matmul_widest, decant_matmul_avx2 } decant_matmul_width;
long decant_matmul_scratch(long columns, long depth);
// c[rows, columns] (+)= a[rows, depth]·b[depth, columns]
void decant_matmul(decant_matmul_operand a, decant_matmul_operand b, float *c, long c_stride, long rows, long columns,
                   long depth, int adding, decant_matmul_width width, float *scratch);

// panels.c: weights packed once for inference
enum { decant_panel_columns = 32, decant_panel_depth = 384 };
// w [columns, depth] → panels of 32 columns, each [depth, 32], padded with zeros
void decant_panels_pack(const float *w, long stride, long columns, long depth, float *panels);
// c[rows, columns] (+)= a[rows, depth]·panels, with the bits of decant_matmul; columns from a panel's first on
void decant_panels_product(const float *a, long a_stride, const float *panels, float *c, long c_stride, long rows,
                           long columns, long depth, int adding, decant_matmul_width width);

// rmsnorm.c
void decant_rmsnorm(const float *x, const float *w, float *y, float *inverse_rms, long rows, long columns, float epsilon);
void decant_rmsnorm_backward(const float *x, const float *w, const float *inverse_rms, const float *dy, float *dx, float *dw,
                             long rows, long columns);

// rope.c
void decant_rope(float *x, const int32_t *positions, const float *cosines, const float *sines, long rows, long stride,
                 long heads, long dimension);
void decant_rope_backward(float *dx, const int32_t *positions, const float *cosines, const float *sines, long rows,
                          long stride, long heads, long dimension);

// swiglu.c
void decant_swiglu(const float *gate_up, float *y, long rows, long columns);
// The columns `first`..<`first + count` of the same.
void decant_swiglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count);
void decant_swiglu_backward(const float *gate_up, const float *dy, float *dgate_up, long rows, long columns);

// attention.c
typedef struct {
    long heads, kv_heads, dimension;
} decant_attention_shape;
long decant_attention_scratch(decant_attention_shape shape, long longest);
void decant_attention(const float *qkv, float *y, float *statistics, const int32_t *offsets, long sequences,
                      decant_attention_shape shape, float *scratch);
void decant_attention_backward(const float *qkv, const float *y, const float *statistics, const float *dy, float *dqkv,
                               const int32_t *offsets, long sequences, decant_attention_shape shape, float *scratch);
void decant_attention_cached(const float *qkv, const float *keys, const float *values, float *y, long length,
                             decant_attention_shape shape, float *scratch);

// attention_blocks.c: a cache in blocks of 16 tokens
enum { decant_block_tokens = 16 };
long decant_block_size(decant_attention_shape shape); // floats of a block for one layer
void decant_block_store(float *block, long place, const float *keys, const float *values, decant_attention_shape shape);
long decant_attention_blocks_scratch(decant_attention_shape shape, long tokens);
void decant_attention_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks, long first,
                             long rows, long head, decant_attention_shape shape, decant_matmul_width width, float *scratch);

// softmax.c
typedef struct {
    float largest; // of the row
    float sum;     // Σ exp((x − largest)/temperature)
} decant_softmax_statistics;
decant_softmax_statistics decant_softmax(const float *x, float *y, float temperature, long n);
decant_softmax_statistics decant_exponential_sum(const float *x, float temperature, long n);
long decant_largest_place(const float *x, long n);
float decant_sum(const float *x, long n);
void decant_add_scaled(float *y, const float *x, float factor, long n); // y += factor·x

// optimizers.c
typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    float correction1, correction2; // 1 − βᵗ
    float gradient_scale;           // of clipping
} decant_adamw_settings;
void decant_adamw(float *w, const float *gradient, float *m, float *v, long n, decant_adamw_settings settings);
void decant_momentum(float *gradient, float gradient_scale, float *momentum, float beta, long n); // gradient becomes the update
void decant_combine(float *y, float own, const float *x, float other, long n);                    // y ← own·y + other·x
void decant_apply_update(float *w, const float *update, float rate, float decay, long n);         // w ← w·(1 − decay) − rate·update
void decant_sum_buffers(float *const *sources, long count, float *y, long begin, long end);

#endif
