// Causal attention of one sequence, for the query heads of one key/value head. Queries are computed in blocks, each with all the
// keys that it sees, so that scores exist for one block at a time. The products are those of matmul.c, with keys and values that
// are packed once for all blocks.
#include "CKernels.h"
#include "../products/packed_operand.h"
#include "../vector.h"
#include "window.h"

enum { block = 48 };

static long width_of(decant_attention_shape shape) { return (shape.heads + 2 * shape.kv_heads) * shape.dimension; }

static long smaller(long a, long b) { return a < b ? a : b; }

// Rows of scores are not a power of two apart, where they would share lines of the cache.
static long score_stride(long length) { return (length + 31) / 32 * 32 + 16; }

// Row r of the block sees the keys of its window up to first+r. scores ← exp(scale·(score − largest))/sum, zero elsewhere.
static void causal_softmax(float *scores, long stride, long first, long rows, float *statistics, decant_attention_shape shape) {
    for (long r = 0; r < rows; r++, scores += stride, statistics += shape.heads * 2) {
        long seen = first + r + 1, hidden = keys_before_window(seen, shape.window);
        decant_softmax_statistics found = decant_softmax(scores + hidden, scores + hidden, 1.0f / shape.scale, seen - hidden);
        memset(scores, 0, (size_t)hidden * sizeof(float));
        memset(scores + seen, 0, (size_t)(rows - r - 1) * sizeof(float));
        statistics[0] = found.largest;
        statistics[1] = 1.0f / found.sum;
    }
}

void decant_attention(const float *qkv, float *y, float *statistics, long first_query, long end_query,
                      long kv_head, decant_attention_shape shape) {
    long d = shape.dimension, width = width_of(shape), group = shape.heads / shape.kv_heads;
    // The sequence begins where the first query's window does.
    long skipped = keys_before_window(first_query + 1, shape.window);
    qkv += skipped * width, y += skipped * shape.heads * d, statistics += skipped * shape.heads * 2;
    first_query -= skipped, end_query -= skipped;
    long stride = score_stride(end_query);
    long packed_keys = packed_count(end_query, d), packed_values = packed_count(d, end_query);
    float *keys = decant_thread_scratch(decant_scratch_attention, packed_keys + packed_values + block * stride);
    float *values = keys + packed_keys, *scores = values + packed_values;
    const float *key = qkv + (shape.heads + kv_head) * d, *value = key + shape.kv_heads * d;
    int wide = decant_vectors() == decant_vectors_avx512;
    pack_matrix(wide, key, width, 1, d, end_query, keys);
    pack_matrix(wide, value, width, 0, end_query, d, values);
    for (long head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (long first = first_query; first < end_query; first += block) {
            long rows = smaller(block, end_query - first), seen = first + rows;
            multiply_packed(wide, qkv + first * width + head * d, width, 0, keys, d, end_query, rows, seen, d, scores, stride,
                            0);
            causal_softmax(scores, stride, first, rows, statistics + (first * shape.heads + head) * 2, shape);
            multiply_packed(wide, scores, stride, 0, values, end_query, d, rows, d, seen, y + (first * shape.heads + head) * d,
                            shape.heads * d, 0);
        }
    }
}

// Computes the attention weights of a block again, from the statistics of the forward pass.
static void causal_weights(float *scores, long stride, long first, long rows, const float *statistics,
                           decant_attention_shape shape) {
    for (long r = 0; r < rows; r++, scores += stride, statistics += shape.heads * 2) {
        long seen = first + r + 1, hidden = keys_before_window(seen, shape.window);
        f8 largest = splat8(statistics[0]), inverse = splat8(statistics[1]), scales = splat8(shape.scale);
        for (long j = hidden & ~7L; j < seen; j += 8)
            store8(scores + j, exp8((load8(scores + j) - largest) * scales) * inverse);
        memset(scores, 0, (size_t)hidden * sizeof(float));
        for (long j = seen; j < first + rows; j++) scores[j] = 0;
    }
}

// dscores = scale·weights·(dweights − dy·y), in the place of dweights
static void softmax_backward(const float *weights, float *dweights, long stride, const float *dy, const float *y,
                             long y_stride, long rows, long seen, float scale, long d) {
    for (long r = 0; r < rows; r++, weights += stride, dweights += stride, dy += y_stride, y += y_stride) {
        f8 mean = splat8((float)decant_dot(dy, y, d)), scales = splat8(scale);
        for (long j = 0; j < seen; j += 8)
            store8(dweights + j, load8(weights + j) * (load8(dweights + j) - mean) * scales);
    }
}

void decant_attention_backward(const float *qkv, const float *y, const float *statistics, const float *dy, float *dqkv,
                               long length, long kv_head, decant_attention_shape shape) {
    long d = shape.dimension, width = width_of(shape), group = shape.heads / shape.kv_heads, stride = score_stride(length);
    long across = packed_count(length, d), along = packed_count(d, length), few = packed_count(d, block);
    float *keys_across = decant_thread_scratch(decant_scratch_attention, 2 * across + along + few + 2 * block * stride);
    float *values_across = keys_across + across, *keys_along = values_across + across, *rows_packed = keys_along + along;
    float *weights = rows_packed + few, *dweights = weights + block * stride;
    long key_column = (shape.heads + kv_head) * d, value_column = key_column + shape.kv_heads * d;
    int wide = decant_vectors() == decant_vectors_avx512;
    pack_matrix(wide, qkv + key_column, width, 1, d, length, keys_across);
    pack_matrix(wide, qkv + value_column, width, 1, d, length, values_across);
    pack_matrix(wide, qkv + key_column, width, 0, length, d, keys_along);
    for (long r = 0; r < length; r++) {
        memset(dqkv + r * width + key_column, 0, (size_t)d * sizeof(float));
        memset(dqkv + r * width + value_column, 0, (size_t)d * sizeof(float));
    }
    for (long head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (long first = 0; first < length; first += block) {
            long rows = smaller(block, length - first), seen = first + rows;
            const float *query = qkv + first * width + head * d;
            const float *dy_block = dy + (first * shape.heads + head) * d, *y_block = y + (first * shape.heads + head) * d;
            long y_stride = shape.heads * d;
            multiply_packed(wide, query, width, 0, keys_across, d, length, rows, seen, d, weights, stride, 0);
            causal_weights(weights, stride, first, rows, statistics + (first * shape.heads + head) * 2, shape);
            multiply_packed(wide, dy_block, y_stride, 0, values_across, d, length, rows, seen, d, dweights, stride, 0);
            pack_matrix(wide, dy_block, y_stride, 0, rows, d, rows_packed);
            multiply_packed(wide, weights, stride, 1, rows_packed, rows, d, seen, d, rows, dqkv + value_column, width, 1);
            softmax_backward(weights, dweights, stride, dy_block, y_block, y_stride, rows, seen, shape.scale, d);
            multiply_packed(wide, dweights, stride, 0, keys_along, length, d, rows, d, seen, dqkv + first * width + head * d,
                            width, 0);
            pack_matrix(wide, query, width, 0, rows, d, rows_packed);
            multiply_packed(wide, dweights, stride, 1, rows_packed, rows, d, seen, d, rows, dqkv + key_column, width, 1);
        }
    }
}
