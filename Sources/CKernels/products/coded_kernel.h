// Rows times panels of codes, for each width of vectors (each_width.h).
// A weight is its code as a float times its group's scale, rounded. Sums equal those of panel_kernel.h with these floats, so
// that both give equal bits.

typedef uint32_t KERNEL(words) __attribute__((vector_size(4 * WIDTH)));

// The code at a place of each word, as a float.
TARGET static inline __attribute__((always_inline)) VECTOR KERNEL(value)(KERNEL(words) w, int place, decant_codes codes) {
    switch (codes) {
        // The code becomes the low bits of 2²³ + code, from which 2²³ is subtracted; or it indexes a vector of floats.
        case decant_codes_int4:
#if WIDTH == 16
            return _mm512_permutexvar_ps((__m512i)(w >> 4 * place), _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3,
                                                                                   4, 5, 6, 7));
#else
            return (VECTOR)((w >> 4 * place & 15) | 0x4B000000) - SPLAT(0x1p23f + 8);
#endif
        case decant_codes_int8: return (VECTOR)((w >> 8 * place & 255) | 0x4B000000) - SPLAT(0x1p23f + 128);
        // The code becomes a float with the same exponent field, which is 2¹²⁰ times too small.
        case decant_codes_float8: {
            KERNEL(words) top = w << (24 - 8 * place);
            return (VECTOR)((top & 0x80000000) | (top >> 4 & 0x07F00000)) * SPLAT(0x1p120f);
        }
        case decant_codes_bfloat16: return (VECTOR)(place == 0 ? w << 16 : w & 0xFFFF0000);
    }
    return SPLAT(0);
}

// c[rows, vectors·WIDTH] (+)= a·w for inputs `start` to `end`; w and scales start at a panel and continue in the next ones.
TARGET static inline __attribute__((always_inline)) void KERNEL(coded_tile)(const float *a, long a_stride,
                                                                           decant_coded_panels w, long start, long end,
                                                                           float *c, long c_stride, int rows, int vectors,
                                                                           int adding, decant_codes codes) {
    const int per_panel = panel_width / WIDTH, per_word = codes_per_word(codes);
    const long next_words = word_count(codes, w.depth) * panel_width, next_scales = w.depth / w.group * panel_width;
    VECTOR sums[4][4], scales[4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sums[r][v] = SPLAT(0);
    for (long i = start; i < end;) {
        const long group = i / w.group, group_end = (group + 1) * w.group < end ? (group + 1) * w.group : end;
        if (codes != decant_codes_bfloat16)
            for (int v = 0; v < vectors; v++)
                scales[v] = LOAD(w.scales + v / per_panel * next_scales + group * panel_width + v % per_panel * WIDTH);
        while (i < group_end) {
            KERNEL(words) words[4];
            for (int v = 0; v < vectors; v++) {
                const uint32_t *place = w.words + v / per_panel * next_words + i / per_word * panel_width + v % per_panel * WIDTH;
                words[v] = (KERNEL(words))LOAD((const float *)place);
                // Each line takes so long to use that the hardware would prefetch too few.
                __builtin_prefetch(place + prefetched_words);
            }
#define STEP(place)                                                                        \
    for (int v = 0; v < vectors; v++) {                                                    \
        VECTOR weight = KERNEL(value)(words[v], place, codes);                             \
        if (codes != decant_codes_bfloat16) weight *= scales[v];                           \
        for (int r = 0; r < rows; r++) sums[r][v] = FMA(SPLAT(a[r * a_stride + i]), weight, sums[r][v]); \
    }
            if (i % per_word == 0 && i + per_word <= group_end) {
                // Places are constants to the compiler.
                for (int place = 0; place < per_word; place++, i++) STEP(place)
            } else {
                // The last word of a row, which codes may not fill; groups are whole words.
                do { STEP((int)(i % per_word)) } while (++i < group_end);
            }
#undef STEP
        }
    }
    for (int r = 0; r < rows; r++, c += c_stride)
        for (int v = 0; v < vectors; v++) STORE(c + v * WIDTH, adding ? LOAD(c + v * WIDTH) + sums[r][v] : sums[r][v]);
}

enum { KERNEL(most_coded_rows) = WIDTH == 16 ? 4 : 2 };

// The whole depth of one panel, or of the two that one row leaves registers for.
TARGET static inline __attribute__((always_inline)) void KERNEL(coded_strip)(const float *a, long a_stride,
                                                                            decant_coded_panels w, float *c, long c_stride,
                                                                            long rows, int vectors, int adding,
                                                                            decant_codes codes) {
    for (long start = 0; start < w.depth; start += most_depth) {
        const long end = start + most_depth < w.depth ? start + most_depth : w.depth;
        const int add = adding || start > 0;
#define TILE(r, v) KERNEL(coded_tile)(a, a_stride, w, start, end, c, c_stride, r, v, add, codes)
        // Counts are constants to the compiler, so that the sums stay in registers.
        if (vectors == 4) {
            if (rows == 1) TILE(1, 4); else TILE(2, 4);
        } else {
            switch (rows) { case 1: TILE(1, 2); break; case 2: TILE(2, 2); break;
                            case 3: TILE(3, 2); break; case 4: TILE(4, 2); break; }
        }
#undef TILE
    }
}

TARGET static inline __attribute__((always_inline)) void KERNEL(coded_columns)(const float *a, long a_stride,
                                                                              decant_coded_panels w, float *c, long c_stride,
                                                                              long rows, long columns, int adding,
                                                                              decant_codes codes) {
    for (long column = 0; column < columns;) {
        const long width = columns - column;
        const int panels = WIDTH == 16 && rows == 1 && width >= 2 * panel_width ? 2 : 1;
        const int vectors = panels * panel_width / WIDTH;
        const decant_coded_panels strip = from_panel(w, column / panel_width);
        if (width >= panel_width) {
            KERNEL(coded_strip)(a, a_stride, strip, c + column, c_stride, rows, vectors, adding, codes);
        } else {
            // Through memory: the panel is wider than what is left of c.
            float edge[4 * panel_width];
            const size_t bytes = (size_t)width * sizeof(float);
            for (long r = 0; r < rows; r++) memcpy(edge + r * panel_width, c + r * c_stride + column, bytes);
            KERNEL(coded_strip)(a, a_stride, strip, edge, panel_width, rows, vectors, adding, codes);
            for (long r = 0; r < rows; r++) memcpy(c + r * c_stride + column, edge + r * panel_width, bytes);
        }
        column += panels * panel_width;
    }
}

// `rows` are at most most_coded_rows.
TARGET static void KERNEL(coded_product)(const float *a, long a_stride, decant_coded_panels w, float *c, long c_stride,
                                         long rows, long columns, int adding) {
    switch (w.codes) {
#define CASE(codes) case codes: KERNEL(coded_columns)(a, a_stride, w, c, c_stride, rows, columns, adding, codes); break;
        CASE(decant_codes_int4) CASE(decant_codes_int8) CASE(decant_codes_float8) CASE(decant_codes_bfloat16)
#undef CASE
    }
}

// One panel as floats [depth, 32].
TARGET static void KERNEL(unpack)(decant_coded_panels w, float *panel) {
    const int per_word = codes_per_word(w.codes);
    for (long i = 0; i < w.depth; i++)
        for (int v = 0; v < panel_width; v += WIDTH) {
            const KERNEL(words) words = (KERNEL(words))LOAD((const float *)w.words + i / per_word * panel_width + v);
            VECTOR weight = KERNEL(value)(words, (int)(i % per_word), w.codes);
            if (w.codes != decant_codes_bfloat16) weight *= LOAD(w.scales + i / w.group * panel_width + v);
            STORE(panel + i * panel_width + v, weight);
        }
}
