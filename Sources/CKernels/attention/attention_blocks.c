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

// What a call works with.
typedef struct {
    float *scaled; // of a group of queries: [most_queries, d], then its outputs and its scores
    const float **keys, **values; // by block, of one head
    float *restored; // floats of blocks that are kept as codes
} call_memory;

static call_memory memory_for(long count, long restored, decant_attention_shape shape) {
    long d = shape.dimension, floats = most_queries * (d + padded(d) + count * block_tokens);
    long pointers = 2 * count * (long)(sizeof(float *) / sizeof(float));
    float *scaled = decant_thread_scratch(decant_scratch_attention, floats + pointers + 1 + restored);
    // Pointers follow the floats, at an even place.
    const float **keys = (const float **)(scaled + (floats + 1) / 2 * 2);
    return (call_memory){.scaled = scaled, .keys = keys, .values = keys + count, .restored = (float *)(keys + 2 * count)};
}

static void attend(const float *queries, long query_stride, float *y, long y_stride, call_memory memory, long count, long first,
                   long rows, long head, decant_attention_shape shape, decant_vector_width vectors) {
    int wide = vectors == decant_vectors_avx512;
    long d = shape.dimension, group = shape.heads / shape.kv_heads;
    float *scaled = memory.scaled;
    query_group g = {.queries = scaled, .dimension = d, .stride = count * block_tokens};
    g.y = scaled + most_queries * d;
    g.scores = g.y + most_queries * padded(d);
    for (long start = 0; start < rows * group; start += most_queries) {
        g.count = (int)(rows * group - start < most_queries ? rows * group - start : most_queries);
        // Blocks before the window of the first query are not read.
        long skipped = keys_before_window(first + start / group + 1, shape.window) / block_tokens;
        g.keys = memory.keys + skipped;
        g.values = memory.values + skipped;
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

// Queries [rows, heads·d] of consecutive tokens of one sequence, the first at position `first`, for one key/value head →
// y [rows, heads·d]. The blocks hold keys and values up to the last row's own.
void decant_attention_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks, long first,
                             long rows, long head, decant_attention_shape shape, decant_vector_width vectors) {
    long count = blocks_for(first + rows);
    call_memory memory = memory_for(count, 0, shape);
    for (long b = 0; b < count; b++) {
        memory.keys[b] = keys_of(blocks[b], head, shape);
        memory.values[b] = values_of(blocks[b], head, shape);
    }
    attend(queries, query_stride, y, y_stride, memory, count, first, rows, head, shape, vectors);
}

// MARK: Blocks of codes

// One head of a block: keys [d, 16] and values [16, padded d] as codes, and a scale for each token's key and value.
typedef struct {
    int8_t *keys, *values;
    float *key_scales, *value_scales;
} head_codes;

static long code_head_size(decant_attention_shape shape) {
    return block_tokens * (shape.dimension + padded(shape.dimension)) / (long)sizeof(float) + 2 * block_tokens;
}

long decant_code_block_size(decant_attention_shape shape) { return shape.kv_heads * code_head_size(shape); }

static head_codes codes_of(float *block, long head, decant_attention_shape shape) {
    long size = code_head_size(shape);
    float *start = block + head * size, *scales = start + size - 2 * block_tokens;
    int8_t *keys = (int8_t *)start;
    return (head_codes){.keys = keys,
                        .values = keys + shape.dimension * block_tokens,
                        .key_scales = scales,
                        .value_scales = scales + block_tokens};
}

void decant_code_block_store(float *block, long place, const float *keys, const float *values, decant_attention_shape shape) {
    long d = shape.dimension;
    int8_t key[d];
    for (long h = 0; h < shape.kv_heads; h++) {
        head_codes codes = codes_of(block, h, shape);
        decant_int8_round(keys + h * d, d, 1, d, key, d, codes.key_scales + place);
        for (long i = 0; i < d; i++) codes.keys[i * block_tokens + place] = key[i];
        decant_int8_round(values + h * d, d, 1, d, codes.values + place * padded(d), padded(d), codes.value_scales + place);
    }
}

// Codes · scales → keys [d, 16] and values [16, padded d].
static void restore(head_codes codes, long d, float *restrict keys, float *restrict values) {
    long width = padded(d);
    for (long i = 0; i < d; i++)
        for (long j = 0; j < block_tokens; j++)
            keys[i * block_tokens + j] = (float)codes.keys[i * block_tokens + j] * codes.key_scales[j];
    for (long j = 0; j < block_tokens; j++)
        for (long i = 0; i < width; i++) values[j * width + i] = (float)codes.values[j * width + i] * codes.value_scales[j];
}

void decant_attention_code_blocks(const float *queries, long query_stride, float *y, long y_stride, float *const *blocks,
                                  long first, long rows, long head, decant_attention_shape shape, decant_vector_width vectors) {
    long d = shape.dimension, count = blocks_for(first + rows), size = block_tokens * (d + padded(d));
    // Blocks before the window of the first row are not read.
    long unread = keys_before_window(first + 1, shape.window) / block_tokens;
    call_memory memory = memory_for(count, (count - unread) * size, shape);
    for (long b = unread; b < count; b++) {
        float *keys = memory.restored + (b - unread) * size, *values = keys + d * block_tokens;
        restore(codes_of(blocks[b], head, shape), d, keys, values);
        memory.keys[b] = keys;
        memory.values[b] = values;
    }
    attend(queries, query_stride, y, y_stride, memory, count, first, rows, head, shape, vectors);
}
