/* The machine's peak, measured: what a benchmark's rate is a share of. */
#include <time.h>

#include <neap/cpu.h>
#include <neap/parallel.h>

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
        double operations = kernels->fma_peak(ITERATIONS, m->bf16);
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
