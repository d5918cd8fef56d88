// Causal attention of short packed sequences with grouped key/value heads. Eight queries at a time share every load of a
// key; keys and values of one head are copied to padded scratch first, so that no loop has a ragged edge.
#include "CKernels.h"
#include "vector.h"

enum { block = 8 };

// c[8, n] (+)= a[8, k]·b[k, n]; a(r, i) = a[r·a_row + i·a_column]; n is a multiple of 8.
static inline void multiply(const float *a, long a_row, long a_column, const float *b, long b_stride, long k, float *c,
                            long c_stride, long n) {
    for (long j = 0; j < n; j += 8) {
        f8 sums[block];
        for (int r = 0; r < block; r++) sums[r] = splat8(0);
        for (long i = 0; i < k; i++) {
            f8 values = load8(b + i * b_stride + j);
            for (int r = 0; r < block; r++) sums[r] = fma8(splat8(a[r * a_row + i * a_column]), values, sums[r]);
        }
        for (int r = 0; r < block; r++) store8(c + r * c_stride + j, sums[r]);
    }
}

static inline void add_product(const float *a, long a_row, long a_column, const float *b, long b_stride, long k, float *c,
                               long c_stride, long n) {
    for (long j = 0; j < n; j += 8) {
        f8 sums[block];
        for (int r = 0; r < block; r++) sums[r] = load8(c + r * c_stride + j);
        for (long i = 0; i < k; i++) {
            f8 values = load8(b + i * b_stride + j);
            for (int r = 0; r < block; r++) sums[r] = fma8(splat8(a[r * a_row + i * a_column]), values, sums[r]);
        }
        for (int r = 0; r < block; r++) store8(c + r * c_stride + j, sums[r]);
    }
}

// Copies `rows` rows into a zero-padded [padded_rows, padded] block, each value times `factor`.
static void pack(const float *x, long stride, long rows, long dimension, float factor, float *y, long padded_rows,
                 long padded) {
    memset(y, 0, (size_t)(padded_rows * padded) * sizeof(float));
    for (long r = 0; r < rows; r++)
        for (long i = 0; i < dimension; i++) y[r * padded + i] = x[r * stride + i] * factor;
}

static void transpose(const float *x, long rows, long columns, float *y) {
    for (long r = 0; r < rows; r++)
        for (long c = 0; c < columns; c++) y[c * rows + r] = x[r * columns + c];
}

typedef struct {
    long dimension, length; // padded to a multiple of eight
    float *keys, *keys_t, *values, *values_t, *dkeys, *dvalues; // [length, dimension] or transposed
    float *queries, *dy, *y, *dqueries;                         // [8, dimension]
    float *weights, *dweights;                                  // [8, length]
} workspace;

static workspace divide(float *scratch, long dimension, long length) {
    workspace s = {.dimension = rounded_up8(dimension), .length = rounded_up8(length)};
    long whole = s.dimension * s.length, rows = block * s.dimension;
    float **large[] = {&s.keys, &s.keys_t, &s.values, &s.values_t, &s.dkeys, &s.dvalues};
    float **small[] = {&s.queries, &s.dy, &s.y, &s.dqueries};
    for (int i = 0; i < 6; i++, scratch += whole) *large[i] = scratch;
    for (int i = 0; i < 4; i++, scratch += rows) *small[i] = scratch;
    s.weights = scratch;
    s.dweights = scratch + block * s.length;
    return s;
}

long decant_attention_scratch(decant_attention_shape shape, long longest) {
    long dimension = rounded_up8(shape.dimension), length = rounded_up8(longest);
    return 6 * dimension * length + 4 * block * dimension + 2 * block * length;
}

static float scale_of(decant_attention_shape shape) { return 1.0f / __builtin_sqrtf((float)shape.dimension); }

// Row r of the block sees keys 0…first+r. weights ← exp(score − largest)/sum, zero beyond.
static void causal_softmax(workspace s, long first, long rows, float *statistics, long heads) {
    for (long r = 0; r < rows; r++) {
        float *w = s.weights + r * s.length;
        long seen = first + r + 1;
        decant_softmax_statistics found = decant_softmax(w, w, 1, seen);
        for (long j = seen; j < s.length; j++) w[j] = 0;
        statistics[r * heads * 2] = found.largest;
        statistics[r * heads * 2 + 1] = 1.0f / found.sum;
    }
}

// qkv [T, (heads + 2·kv_heads)·d] → y [T, heads·d]; statistics [T, heads, 2] = (largest score, 1/sum of exponentials)
void decant_attention(const float *qkv, float *y, float *statistics, const int32_t *offsets, long sequences,
                      decant_attention_shape shape, float *scratch) {
    long d = shape.dimension, stride = (shape.heads + 2 * shape.kv_heads) * d, group = shape.heads / shape.kv_heads;
    for (long q = 0; q < sequences; q++) {
        long start = offsets[q], length = offsets[q + 1] - start;
        workspace s = divide(scratch, d, length);
        for (long g = 0; g < shape.kv_heads; g++) {
            const float *keys = qkv + start * stride + (shape.heads + g) * d;
            pack(keys, stride, length, d, 1, s.keys, s.length, s.dimension);
            transpose(s.keys, s.length, s.dimension, s.keys_t);
            pack(keys + shape.kv_heads * d, stride, length, d, 1, s.values, s.length, s.dimension);
            for (long h = g * group; h < (g + 1) * group; h++) {
                for (long first = 0; first < length; first += block) {
                    long rows = length - first < block ? length - first : block, seen = rounded_up8(first + rows);
                    long row = start + first;
                    pack(qkv + row * stride + h * d, stride, rows, d, scale_of(shape), s.queries, block, s.dimension);
                    multiply(s.queries, s.dimension, 1, s.keys_t, s.length, s.dimension, s.weights, s.length, seen);
                    causal_softmax(s, first, rows, statistics + (row * shape.heads + h) * 2, shape.heads);
                    multiply(s.weights, s.length, 1, s.values, s.dimension, first + rows, s.y, s.dimension, s.dimension);
                    for (long r = 0; r < rows; r++)
                        memcpy(y + ((row + r) * shape.heads + h) * d, s.y + r * s.dimension, (size_t)d * sizeof(float));
                }
            }
        }
    }
}

// The block's attention weights again, from the statistics of the forward pass.
static void causal_weights(workspace s, long first, long rows, const float *statistics, long heads) {
    for (long r = 0; r < block; r++) {
        float *w = s.weights + r * s.length;
        long seen = r < rows ? first + r + 1 : 0, end = rounded_up8(first + rows);
        if (seen) {
            f8 largest = splat8(statistics[r * heads * 2]), inverse = splat8(statistics[r * heads * 2 + 1]);
            for (long j = 0; j < seen; j += 8) store8(w + j, exp8(load8(w + j) - largest) * inverse);
        }
        for (long j = seen; j < end; j++) w[j] = 0;
    }
}

// dscores = weights·(dweights − dy·y)
static void softmax_backward(workspace s, long rows, long seen) {
    for (long r = 0; r < rows; r++) {
        f8 products = {0};
        for (long i = 0; i < s.dimension; i += 8)
            products = fma8(load8(s.dy + r * s.dimension + i), load8(s.y + r * s.dimension + i), products);
        f8 mean = splat8(sum8(products));
        float *dw = s.dweights + r * s.length;
        for (long j = 0; j < seen; j += 8) store8(dw + j, load8(s.weights + r * s.length + j) * (load8(dw + j) - mean));
    }
    for (long r = rows; r < block; r++) memset(s.dweights + r * s.length, 0, (size_t)seen * sizeof(float));
}

// Writes every element of dqkv.
void decant_attention_backward(const float *qkv, const float *y, const float *statistics, const float *dy, float *dqkv,
                               const int32_t *offsets, long sequences, decant_attention_shape shape, float *scratch) {
    long d = shape.dimension, stride = (shape.heads + 2 * shape.kv_heads) * d, group = shape.heads / shape.kv_heads;
    float scale = scale_of(shape);
    for (long q = 0; q < sequences; q++) {
        long start = offsets[q], length = offsets[q + 1] - start;
        workspace s = divide(scratch, d, length);
        size_t whole = (size_t)(s.length * s.dimension) * sizeof(float);
        for (long g = 0; g < shape.kv_heads; g++) {
            long key_column = (shape.heads + g) * d, value_column = key_column + shape.kv_heads * d;
            pack(qkv + start * stride + key_column, stride, length, d, 1, s.keys, s.length, s.dimension);
            transpose(s.keys, s.length, s.dimension, s.keys_t);
            pack(qkv + start * stride + value_column, stride, length, d, 1, s.values, s.length, s.dimension);
            transpose(s.values, s.length, s.dimension, s.values_t);
            memset(s.dkeys, 0, whole);
            memset(s.dvalues, 0, whole);
            for (long h = g * group; h < (g + 1) * group; h++) {
                for (long first = 0; first < length; first += block) {
                    long rows = length - first < block ? length - first : block, seen = rounded_up8(first + rows);
                    long row = start + first, out = (row * shape.heads + h) * d, out_stride = shape.heads * d;
                    pack(qkv + row * stride + h * d, stride, rows, d, scale, s.queries, block, s.dimension);
                    pack(dy + out, out_stride, rows, d, 1, s.dy, block, s.dimension);
                    pack(y + out, out_stride, rows, d, 1, s.y, block, s.dimension);
                    multiply(s.queries, s.dimension, 1, s.keys_t, s.length, s.dimension, s.weights, s.length, seen);
                    causal_weights(s, first, rows, statistics + (row * shape.heads + h) * 2, shape.heads);
                    multiply(s.dy, s.dimension, 1, s.values_t, s.length, s.dimension, s.dweights, s.length, seen);
                    softmax_backward(s, rows, seen);
                    multiply(s.dweights, s.length, 1, s.keys, s.dimension, first + rows, s.dqueries, s.dimension, s.dimension);
                    for (long j = 0; j < seen; j += block) {
                        long at = j * s.dimension;
                        add_product(s.weights + j, 1, s.length, s.dy, s.dimension, rows, s.dvalues + at, s.dimension, s.dimension);
                        add_product(s.dweights + j, 1, s.length, s.queries, s.dimension, rows, s.dkeys + at, s.dimension,
                                    s.dimension);
                    }
                    for (long r = 0; r < rows; r++)
                        for (long i = 0; i < d; i++)
                            dqkv[(row + r) * stride + h * d + i] = s.dqueries[r * s.dimension + i] * scale;
                }
            }
            for (long r = 0; r < length; r++) {
                float *target = dqkv + (start + r) * stride;
                memcpy(target + key_column, s.dkeys + r * s.dimension, (size_t)d * sizeof(float));
                memcpy(target + value_column, s.dvalues + r * s.dimension, (size_t)d * sizeof(float));
            }
        }
    }
}

static float dot(const float *x, const float *y, long n) {
    f8 sums = {0};
    long i = 0;
    for (; i + 8 <= n; i += 8) sums = fma8(load8(x + i), load8(y + i), sums);
    return sum8(fma8(load8_first(x + i, n - i), load8_first(y + i, n - i), sums));
}

// One new token: its queries in qkv, and the cached keys and values [length, kv_heads·d] (its own included) → y [heads·d].
// scratch holds `length` floats.
void decant_attention_cached(const float *qkv, const float *keys, const float *values, float *y, long length,
                             decant_attention_shape shape, float *scratch) {
    long d = shape.dimension, stride = shape.kv_heads * d, group = shape.heads / shape.kv_heads;
    for (long h = 0; h < shape.heads; h++) {
        const float *query = qkv + h * d;
        long column = h / group * d;
        for (long j = 0; j < length; j++) scratch[j] = dot(query, keys + j * stride + column, d) * scale_of(shape);
        decant_softmax(scratch, scratch, 1, length);
        memset(y + h * d, 0, (size_t)d * sizeof(float));
        for (long j = 0; j < length; j++) decant_add_scaled(y + h * d, values + j * stride + column, scratch[j], d);
    }
}
