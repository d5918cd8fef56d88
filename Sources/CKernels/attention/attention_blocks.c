// Causal attention of new tokens over a cache in blocks of 16 tokens. The order of operations is the same for every row, however
// its sequence was divided into calls: a score is Σ_i q_i·k_i in rising i, an output Σ_j w_j·v_j in rising j, one fused multiply-add
// each, and between them the softmax over the keys that the row sees.
#include "CKernels.h"
#include "window.h"

#include <immintrin.h>
#include <string.h>

enum { block_tokens = decant_block_tokens, most_queries = 4 };

static long padded(long dimension) { return (dimension + 15) & ~15L; }

long decant_block_size(decant_attention_shape shape) {
    return shape.kv_heads * block_tokens * (shape.dimension + padded(shape.dimension));
}

// Keys of a head [d, 16], values of a head [16, padded d]; the keys of all heads come first.
static float *keys_of(float *block, long head, decant_attention_shape shape) {
    return block + head * shape.dimension * block_tokens;
}

static float *values_of(float *block, long head, decant_attention_shape shape) {
    return block + (shape.kv_heads * shape.dimension + head * padded(shape.dimension)) * block_tokens;
}

void decant_block_store(float *block, long place, const float *keys, const float *values, decant_attention_shape shape) {
    long d = shape.dimension;
    for (long h = 0; h < shape.kv_heads; h++) {
        float *k = keys_of(block, h, shape) + place;
        for (long i = 0; i < d; i++) k[i * block_tokens] = keys[h * d + i];
        memcpy(values_of(block, h, shape) + place * padded(d), values + h * d, (size_t)d * sizeof(float));
    }
}

// A few queries of one key/value head, and the number of keys that each of them sees.
typedef struct {
    int count;
    const float *queries; // [count, d], scaled
    const float *const *keys, *const *values; // of this head, by block
    long seen[most_queries], dimension;
    float *scores; // [count, stride]
    long stride;
    float *y; // [count, padded d]
} query_group;

#define KERNEL_FILE "attention/attention_kernel.h"
#include "../each_width.h"

static long blocks_for(long tokens) { return (tokens + block_tokens - 1) / block_tokens; }

// Queries [rows, heads·d] of consecutive tokens of one sequence, the first at position `first`, for one key/value head →
// y [rows, heads·d]. The blocks hold keys and values up to the last row's own.
void decant_attention_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks, long first,
                             long rows, long head, decant_attention_shape shape, decant_vector_width vectors) {
    int wide = vectors == decant_vectors_avx512;
    long d = shape.dimension, group = shape.heads / shape.kv_heads, count = blocks_for(first + rows);
    long floats = most_queries * (d + padded(d) + count * block_tokens);
    long pointers = 2 * count * (long)(sizeof(float *) / sizeof(float));
    float *scaled = decant_thread_scratch(decant_scratch_attention, floats + pointers + 1);
    // Pointers follow the floats, at an even place.
    const float **keys = (const float **)(scaled + (floats + 1) / 2 * 2), **values = keys + count;
    for (long b = 0; b < count; b++) {
        keys[b] = keys_of(blocks[b], head, shape);
        values[b] = values_of(blocks[b], head, shape);
    }
    query_group g = {.queries = scaled, .keys = keys, .values = values, .dimension = d, .stride = count * block_tokens};
    g.y = scaled + most_queries * d;
    g.scores = g.y + most_queries * padded(d);
    for (long start = 0; start < rows * group; start += most_queries) {
        g.count = (int)(rows * group - start < most_queries ? rows * group - start : most_queries);
        // Blocks before the window of the first query are not read.
        long skipped = keys_before_window(first + start / group + 1, shape.window) / block_tokens;
        g.keys = keys + skipped;
        g.values = values + skipped;
        for (int q = 0; q < g.count; q++) {
            long row = (start + q) / group, column = (head * group + (start + q) % group) * d;
            for (long i = 0; i < d; i++) scaled[q * d + i] = queries[row * query_stride + column + i] * shape.scale;
            g.seen[q] = first + row + 1 - skipped * block_tokens;
        }
        (wide ? scores_avx512 : scores_avx2)(&g);
        for (int q = 0; q < g.count; q++) {
            float *scores = g.scores + q * g.stride;
            long hidden = keys_before_window(g.seen[q], shape.window);
            decant_softmax(scores + hidden, scores + hidden, 1, g.seen[q] - hidden);
            memset(scores, 0, (size_t)hidden * sizeof(float));
        }
        (wide ? outputs_avx512 : outputs_avx2)(&g);
        for (int q = 0; q < g.count; q++) {
            long row = (start + q) / group, column = (head * group + (start + q) % group) * d;
            memcpy(y + row * y_stride + column, g.y + q * padded(d), (size_t)d * sizeof(float));
        }
    }
}
