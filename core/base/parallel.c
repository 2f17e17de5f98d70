/* The one thread pool: OpenMP's, which OpenBLAS shares. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/parallel.h>

#define MOST_THREADS 1024

static int chosen; /* 0: not asked yet */

static int allowed_cores(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

int neap_threads_set(int threads)
{
    if (threads < 0 || threads > MOST_THREADS)
        return neap_fail("threads: expected 0 (all cores) to %d, got %d", MOST_THREADS, threads);
    chosen = threads ? threads : allowed_cores();
    return 0;
}

int neap_threads(void)
{
    if (!chosen)
        chosen = allowed_cores();
    return chosen;
}

/* Messages belong to a thread: the first one recorded on a worker is handed to the caller. */
typedef struct worker_error {
    bool set;
    char text[1024];
} worker_error;

static void collect(worker_error *error)
{
    if (omp_get_thread_num() == 0 || !neap_failed())
        return;
#pragma omp critical(neap_worker_error)
    if (!error->set) {
        error->set = true;
        snprintf(error->text, sizeof error->text, "%s", neap_error_message());
    }
    neap_error_clear();
}

void neap_parallel(int64_t count, int64_t grain, neap_range_fn *body, void *user)
{
    if (count <= 0)
        return;
    if (grain < 1)
        grain = 1;
    int64_t units = count / grain + (count % grain != 0), parts = neap_threads();
    if (parts > units)
        parts = units;
    if (parts <= 1 || omp_in_parallel()) {
        body(user, 0, count);
        return;
    }
    worker_error error = {0};
#pragma omp parallel for num_threads((int)parts) schedule(static, 1)
    for (int64_t p = 0; p < parts; p++) {
        int64_t begin = units * p / parts * grain, end = units * (p + 1) / parts * grain;
        body(user, begin, end < count ? end : count);
        collect(&error);
    }
    if (error.set)
        neap_fail("%s", error.text);
}
