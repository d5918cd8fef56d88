#include <pthread.h>
#include <stdlib.h>

#include "CKernels.h"

typedef struct {
    float *base;
    long count;
} area;

static _Thread_local area areas[decant_scratch_count];
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_areas(void *of_thread) {
    for (int use = 0; use < decant_scratch_count; use++) free(((area *)of_thread)[use].base);
}

static void make_key(void) { pthread_key_create(&at_end, free_areas); }

float *decant_thread_scratch(decant_scratch_use use, long count) {
    area *own = &areas[use];
    if (count <= own->count) return own->base;
    pthread_once(&once, make_key);
    pthread_setspecific(at_end, areas);
    free(own->base);
    own->base = aligned_alloc(64, ((size_t)count * sizeof(float) + 63) & ~(size_t)63);
    if (own->base == NULL) abort();
    own->count = count;
    return own->base;
}
