/* Splits ranges of work into parts for the pool. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/parallel.h>

#include "call.h"
#include "limits.h"
#include "workers.h"

#define MOST_THREADS NEAP_POOL_PARTS
#define PARTS_A_THREAD 2 /* so that other threads can take over from a late one */

static int chosen; /* 0: not read yet */

static int cores_by_affinity(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

/* A container's share is a quota of processor time; more threads than the quota would be throttled together. */
static int allowed_cores(void)
{
    const int cores = cores_by_affinity(), share = neap_thread_limit();
    return share > 0 && share < cores ? share : cores;
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

/* Messages belong to a thread: the caller gets the first one that a worker records. */
typedef struct range_job {
    neap_range_fn *body;
    void *user;
    int64_t count, grain, units, parts;
    const void *call; /* of the caller */
    pthread_mutex_t lock; /* of the message */
    bool failed;
    char message[1024];
} range_job;

static void collect(range_job *job)
{
    if (!neap_pool_is_worker() || !neap_failed())
        return;
    pthread_mutex_lock(&job->lock);
    if (!job->failed) {
        job->failed = true;
        snprintf(job->message, sizeof job->message, "%s", neap_error_message());
    }
    pthread_mutex_unlock(&job->lock);
    neap_error_clear();
}

static void run_part(void *user, int part)
{
    range_job *job = user;
    int64_t begin = job->units * part / job->parts * job->grain, end = job->units * (part + 1) / job->parts * job->grain;
    const void *before = neap_call_now;
    neap_call_now = job->call;
    job->body(job->user, begin, end < job->count ? end : job->count);
    neap_call_now = before;
    collect(job);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void neap_parallel(int64_t count, int64_t grain, neap_range_fn *body, void *user)
{
    if (count <= 0)
        return;
    if (grain < 1)
        grain = 1;
    range_job job = {.body = body, .user = user, .count = count, .grain = grain, .call = neap_call_now,
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .units = count / grain + (count % grain != 0)};
    const int64_t threads = least(neap_threads(), job.units);
    job.parts = least(least(threads * PARTS_A_THREAD, job.units), NEAP_POOL_PARTS);
    if (threads <= 1 || !neap_pool_run((int)threads, (int)job.parts, run_part, &job))
        body(user, 0, count);
    if (job.failed)
        neap_fail("%s", job.message);
}
