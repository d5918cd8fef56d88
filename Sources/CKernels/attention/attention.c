// Causal attention of one sequence, for the query heads of one key/value head. Queries are computed in blocks, each with all the
// keys that it sees, so that scores exist for one block at a time. The products are those of matmul.c, with keys and values that
// are packed once for all blocks. A sequence may begin with rows of other sequences; only its last stretch has queries.
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

// Rows of a block that begins at position `first`: blocks end at multiples of their size, wherever the queries begin.
static long rows_of_block(long first, long end) { return smaller(block - first % block, end - first); }

// The queries' positions are those of the last stretch: its row of position p is p + this.
static long row_of_position_zero(const decant_stretch *stretches, long count) {
    long before = 0;
    for (long s = 0; s < count - 1; s++) before += stretches[s].count;
    return stretches[count - 1].first_row - before;
}

typedef struct {
    const float *keys, *values; // of one head, by position
    long stride;
} seen_tokens;

static long copied_count(long stretches, long positions, long d) { return stretches > 1 ? 2 * positions * d : 0; }

// Keys and values at the positions from `first` to `end`: where they lie, or one after the other in `copies` where they are of
// several stretches.
static seen_tokens tokens_at(const float *qkv, const decant_stretch *stretch, long first, long end, long kv_head,
                             decant_attention_shape shape, float *copies) {
    long d = shape.dimension, width = width_of(shape), start = 0;
    const float *keys = qkv + (shape.heads + kv_head) * d, *values = keys + shape.kv_heads * d;
    while (start + stretch->count <= first) start += stretch++->count;
    long row = stretch->first_row + first - start;
    if (start + stretch->count >= end) return (seen_tokens){keys + row * width, values + row * width, width};
    for (long position = first; position < end; position++) {
        while (start + stretch->count <= position) start += stretch++->count;
        row = stretch->first_row + position - start;
        float *copy = copies + (position - first) * 2 * d;
        memcpy(copy, keys + row * width, (size_t)d * sizeof(float));
        memcpy(copy + d, values + row * width, (size_t)d * sizeof(float));
    }
    return (seen_tokens){copies, copies + d, 2 * d};
}

void decant_attention(const float *qkv, float *y, float *statistics, const decant_stretch *stretches, long stretch_count,
                      long first_query, long end_query, long kv_head, decant_attention_shape shape) {
    long d = shape.dimension, width = width_of(shape), group = shape.heads / shape.kv_heads;
    // The sequence begins where the window of the first query of the range does. Sums are cut from there on, so that it is the
    // same place for all queries of a range.
    long range = first_query / decant_query_range * decant_query_range;
    long skipped = keys_before_window(range + 1, shape.window), count = end_query - skipped;
    long row = row_of_position_zero(stretches, stretch_count);
    long stride = score_stride(count);
    long packed_keys = packed_count(count, d), packed_values = packed_count(d, count);
    float *keys = decant_thread_scratch(decant_scratch_attention, packed_keys + packed_values + block * stride +
                                                                      copied_count(stretch_count, count, d));
    float *values = keys + packed_keys, *scores = values + packed_values;
    seen_tokens tokens = tokens_at(qkv, stretches, skipped, end_query, kv_head, shape, scores + block * stride);
    int wide = decant_vectors() == decant_vectors_avx512;
    pack_matrix(wide, tokens.keys, tokens.stride, 1, d, count, keys);
    pack_matrix(wide, tokens.values, tokens.stride, 0, count, d, values);
    for (long head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (long first = first_query, rows; first < end_query; first += rows) {
            rows = rows_of_block(first, end_query);
            long seen = first + rows - skipped, at = row + first;
            multiply_packed(wide, qkv + at * width + head * d, width, 0, keys, d, count, rows, seen, d, scores, stride, 0);
            causal_softmax(scores, stride, first - skipped, rows, statistics + (at * shape.heads + head) * 2, shape);
            multiply_packed(wide, scores, stride, 0, values, count, d, rows, d, seen, y + (at * shape.heads + head) * d,
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

// dkeys, or dvalues, at the positions up to `seen` += weightsᵀ·x for a block of x [rows, d], one stretch after the other.
static void add_to_tokens(int wide, const float *weights, long stride, const float *x, long rows, long seen, float *column,
                          const decant_stretch *stretch, decant_attention_shape shape) {
    long d = shape.dimension, width = width_of(shape);
    for (long start = 0; start < seen; start += stretch++->count)
        multiply_packed(wide, weights + start, stride, 1, x, rows, d, smaller(stretch->count, seen - start), d, rows,
                        column + stretch->first_row * width, width, 1);
}

void decant_attention_backward(const float *qkv, const float *y, const float *statistics, const float *dy, float *dqkv,
                               const decant_stretch *stretches, long stretch_count, long kv_head,
                               decant_attention_shape shape) {
    decant_stretch own = stretches[stretch_count - 1];
    if (own.count == 0) return;
    long d = shape.dimension, width = width_of(shape), group = shape.heads / shape.kv_heads;
    long row = row_of_position_zero(stretches, stretch_count);
    long first_query = own.first_row - row, length = first_query + own.count, stride = score_stride(length);
    long across = packed_count(length, d), along = packed_count(d, length), few = packed_count(d, block);
    long copied = copied_count(stretch_count, length, d);
    float *keys_across = decant_thread_scratch(decant_scratch_attention,
                                               2 * across + along + few + 2 * block * stride + copied);
    float *values_across = keys_across + across, *keys_along = values_across + across, *rows_packed = keys_along + along;
    float *weights = rows_packed + few, *dweights = weights + block * stride;
    long key_column = (shape.heads + kv_head) * d, value_column = key_column + shape.kv_heads * d;
    int wide = decant_vectors() == decant_vectors_avx512;
    seen_tokens tokens = tokens_at(qkv, stretches, 0, length, kv_head, shape, dweights + block * stride);
    pack_matrix(wide, tokens.keys, tokens.stride, 1, d, length, keys_across);
    pack_matrix(wide, tokens.values, tokens.stride, 1, d, length, values_across);
    pack_matrix(wide, tokens.keys, tokens.stride, 0, length, d, keys_along);
    for (long r = own.first_row; r < own.first_row + own.count; r++) {
        memset(dqkv + r * width + key_column, 0, (size_t)d * sizeof(float));
        memset(dqkv + r * width + value_column, 0, (size_t)d * sizeof(float));
    }
    for (long head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (long first = first_query, rows; first < length; first += rows) {
            rows = rows_of_block(first, length);
            long seen = first + rows, at = row + first;
            const float *query = qkv + at * width + head * d;
            const float *dy_block = dy + (at * shape.heads + head) * d, *y_block = y + (at * shape.heads + head) * d;
            long y_stride = shape.heads * d;
            multiply_packed(wide, query, width, 0, keys_across, d, length, rows, seen, d, weights, stride, 0);
            causal_weights(weights, stride, first, rows, statistics + (at * shape.heads + head) * 2, shape);
            multiply_packed(wide, dy_block, y_stride, 0, values_across, d, length, rows, seen, d, dweights, stride, 0);
            pack_matrix(wide, dy_block, y_stride, 0, rows, d, rows_packed);
            add_to_tokens(wide, weights, stride, rows_packed, rows, seen, dqkv + value_column, stretches, shape);
            softmax_backward(weights, dweights, stride, dy_block, y_block, y_stride, rows, seen, shape.scale, d);
            multiply_packed(wide, dweights, stride, 0, keys_along, length, d, rows, d, seen, dqkv + at * width + head * d,
                            width, 0);
            pack_matrix(wide, query, width, 0, rows, d, rows_packed);
            add_to_tokens(wide, dweights, stride, rows_packed, rows, seen, dqkv + key_column, stretches, shape);
        }
    }
}
