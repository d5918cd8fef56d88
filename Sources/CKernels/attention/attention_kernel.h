// Scores and outputs of a few queries for each width of vectors (each_width.h); see attention_blocks.c.

// Scores of `queries` queries with the keys of `blocks` blocks.
TARGET static inline __attribute__((always_inline)) void KERNEL(score_tile)(const query_group *g, long block, int queries,
                                                                           int blocks) {
    const int per_block = block_tokens / WIDTH;
    VECTOR sums[most_queries][8];
    for (int q = 0; q < queries; q++)
        for (int v = 0; v < blocks * per_block; v++) sums[q][v] = SPLAT(0);
    for (long i = 0; i < g->dimension; i++) {
        VECTOR keys[8];
        for (int v = 0; v < blocks * per_block; v++)
            keys[v] = LOAD(g->keys[block + v / per_block] + i * block_tokens + v % per_block * WIDTH);
        for (int q = 0; q < queries; q++) {
            VECTOR value = SPLAT(g->queries[q * g->dimension + i]);
            for (int v = 0; v < blocks * per_block; v++) sums[q][v] = FMA(value, keys[v], sums[q][v]);
        }
    }
    for (int q = 0; q < queries; q++)
        for (int v = 0; v < blocks * per_block; v++)
            STORE(g->scores + q * g->stride + block * block_tokens + v * WIDTH, sums[q][v]);
}

TARGET static inline __attribute__((always_inline)) void KERNEL(score_blocks)(const query_group *g, int queries, int at_once) {
    long count = (g->seen[queries - 1] + block_tokens - 1) / block_tokens, block = 0;
    for (; block + at_once <= count; block += at_once) KERNEL(score_tile)(g, block, queries, at_once);
    for (; block < count; block++) KERNEL(score_tile)(g, block, queries, 1);
}

TARGET static void KERNEL(scores)(const query_group *g) {
    // Enough independent sums to keep the multiply-adds busy.
    switch (g->count) {
        case 1: KERNEL(score_blocks)(g, 1, 64 / block_tokens); break;
        case 2: KERNEL(score_blocks)(g, 2, 2); break;
        case 3: KERNEL(score_blocks)(g, 3, WIDTH == 16 ? 2 : 1); break;
        default: KERNEL(score_blocks)(g, 4, WIDTH == 16 ? 2 : 1);
    }
}

// `vectors` vectors of the outputs, over the keys that all queries see.
TARGET static inline __attribute__((always_inline)) void KERNEL(output_tile)(const query_group *g, long column, int queries,
                                                                            int vectors) {
    long width = padded(g->dimension), common = g->seen[0];
    VECTOR sums[most_queries][4];
    for (int q = 0; q < queries; q++)
        for (int v = 0; v < vectors; v++) sums[q][v] = SPLAT(0);
    for (long block = 0; block * block_tokens < common; block++) {
        const float *values = g->values[block] + column, *weights = g->scores + block * block_tokens;
        long left = common - block * block_tokens, tokens = left < block_tokens ? left : block_tokens;
        for (long j = 0; j < tokens; j++, values += width) {
            VECTOR row[4];
            for (int v = 0; v < vectors; v++) row[v] = LOAD(values + v * WIDTH);
            for (int q = 0; q < queries; q++) {
                VECTOR weight = SPLAT(weights[q * g->stride + j]);
                for (int v = 0; v < vectors; v++) sums[q][v] = FMA(weight, row[v], sums[q][v]);
            }
        }
    }
    for (int q = 0; q < queries; q++) {
        // Keys that a later query sees and the first does not.
        for (long j = common; j < g->seen[q]; j++) {
            VECTOR weight = SPLAT(g->scores[q * g->stride + j]);
            const float *values = g->values[j / block_tokens] + j % block_tokens * width + column;
            for (int v = 0; v < vectors; v++) sums[q][v] = FMA(weight, LOAD(values + v * WIDTH), sums[q][v]);
        }
        for (int v = 0; v < vectors; v++) STORE(g->y + q * width + column + v * WIDTH, sums[q][v]);
    }
}

TARGET static inline __attribute__((always_inline)) void KERNEL(output_columns)(const query_group *g, int queries) {
    long width = padded(g->dimension), column = 0;
    const int most = WIDTH == 16 ? 4 : 2;
    for (; column + most * WIDTH <= width; column += most * WIDTH) KERNEL(output_tile)(g, column, queries, most);
    for (; column < width; column += WIDTH) KERNEL(output_tile)(g, column, queries, 1);
}

TARGET static void KERNEL(outputs)(const query_group *g) {
    switch (g->count) {
        case 1: KERNEL(output_columns)(g, 1); break;
        case 2: KERNEL(output_columns)(g, 2); break;
        case 3: KERNEL(output_columns)(g, 3); break;
        default: KERNEL(output_columns)(g, 4);
    }
}
