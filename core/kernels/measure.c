/* Measured speeds of the machine: the peaks with which a benchmark compares its rate, and bf16 compared with fp32. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <neap/cpu.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "base/allocate.h"
#include "kernels.h"

#define ITERATIONS 2000000 /* some ten milliseconds */
#define ROUNDS 5

typedef struct measurement {
    bool bf16;
    double operations; /* of one thread */
} measurement;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run(void *user, int64_t begin, int64_t end)
{
    measurement *m = user;
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    for (int64_t i = begin; i < end; i++) {
        double operations = m->bf16 ? kernels->bf16_peak(ITERATIONS) : kernels->fma_peak(ITERATIONS);
        if (i == 0)
            m->operations = operations;
    }
}

double neap_fma_peak(bool bf16)
{
    measurement m = {bf16, 0};
    int threads = neap_threads();
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        neap_parallel(threads, 1, run, &m);
        double rate = m.operations * threads / (now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* --- Memory -------------------------------------------------------------------------------------------------------- */

#define PIECE ((size_t)64 << 10)

typedef struct copy_job {
    const char *from;
    char *to;
    size_t bytes;
} copy_job;

static void copy_pieces(void *user, int64_t begin, int64_t end)
{
    const copy_job *job = user;
    const size_t first = (size_t)begin * PIECE, last = (size_t)end * PIECE;
    memcpy(job->to + first, job->from + first, (last < job->bytes ? last : job->bytes) - first);
}

double neap_copy_rate(size_t bytes)
{
    char *from = bytes ? neap_block_new(bytes) : NULL, *to = from ? neap_block_new(bytes) : NULL;
    copy_job job = {from, to, bytes};
    double seconds = 0;
    if (to)
        memset(from, 1, bytes);
    for (int i = 0; to && i < 2; i++) { /* the first copy touches the pages */
        const double start = now();
        neap_parallel((int64_t)((bytes + PIECE - 1) / PIECE), 1, copy_pieces, &job);
        seconds = now() - start;
    }
    if (from)
        neap_block_free(from, bytes);
    if (to)
        neap_block_free(to, bytes);
    return to ? 2 * (double)bytes / seconds : neap_fail("memory: no room to measure copies of %zu bytes", bytes);
}

/* --- bf16 and fp32 ------------------------------------------------------------------------------------------------ */

/* A product of a small transformer: 256 tokens, from 384 to 512 features. */
enum { TOKENS = 256, FEATURES = 384, OUTPUTS = 512 };
#define PRODUCTS 8 /* of each precision, in turn, so that a disturbance affects both; the fastest counts */

/* Seconds of one product, or infinity where it fails. */
static double time_product(const neap_gemm *g)
{
    const double start = now();
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    return kernels->gemm(kernels, g) < 0 ? INFINITY : now() - start;
}

static double compare_products(float *a, float *b, float *c)
{
    neap_gemm g = {.m = TOKENS, .n = OUTPUTS, .k = FEATURES, .a = a, .a_row = FEATURES, .a_col = 1, .b = b, .b_row = 1,
                   .b_col = FEATURES, .c = c, .c_row = OUTPUTS};
    double best[2] = {INFINITY, INFINITY};
    for (int i = 0; i < 2 * PRODUCTS; i++) {
        g.bf16 = i % 2;
        best[i % 2] = fmin(best[i % 2], time_product(&g));
    }
    return best[1] < INFINITY ? best[0] / best[1] : -1;
}

static double measure_bf16(void)
{
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    if (!kernels || kernels->product[NEAP_PRODUCT_bf16]->reals == 1)
        return kernels ? 0 : -1;
    const size_t left = TOKENS * FEATURES, right = FEATURES * OUTPUTS, result = TOKENS * OUTPUTS;
    float *room = neap_calloc(left + right + result, sizeof *room);
    const double speed = room ? compare_products(room, room + left, room + left + right) : -1;
    neap_free(room);
    return speed;
}

double neap_bf16_speed(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static double known = -1; /* not measured yet, or the measurement failed */
    pthread_mutex_lock(&lock);
    if (known < 0)
        known = measure_bf16();
    const double speed = known;
    pthread_mutex_unlock(&lock);
    return speed;
}
