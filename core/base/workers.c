/*
 * Worker threads that claim the parts of one job at a time.
 *
 * Parts are claimed, not assigned: on a shared machine a worker may be descheduled for milliseconds, and other threads
 * then do its share. Each thread starts at a different part, so that on an idle machine it finds the same rows in its
 * cache in every job.
 *
 * Waiting threads spin for some microseconds, because the next job of a training step follows at once, and then sleep,
 * so that they take no core from a working thread.
 */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#define SPINS 2000

static struct {
    pthread_mutex_t busy; /* held by the thread whose job it is */
    int workers;
    bool full; /* the system refused another thread */

    /* The job. It stays valid for a thread until the part that it claimed is done. */
    neap_part_fn *run;
    void *user;
    _Atomic int threads, parts, left;
    _Atomic uint64_t number;
    _Atomic uint64_t claim[NEAP_POOL_PARTS]; /* twice the job's number: free; and one: taken */

    pthread_mutex_t lock; /* of the conditions */
    pthread_cond_t begun, done;
    _Atomic int sleepers;
    _Atomic bool waiting;
} pool = {.busy = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .begun = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static _Thread_local bool is_worker, has_job;

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* --- Parts ------------------------------------------------------------------------------------------------------- */

static void part_done(void)
{
    if (atomic_fetch_sub(&pool.left, 1) > 1 || !atomic_load(&pool.waiting))
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_signal(&pool.done);
    pthread_mutex_unlock(&pool.lock);
}

/* A late worker with the number of a finished job finds no part to claim. */
static void work(uint64_t number, int index)
{
    const int threads = atomic_load(&pool.threads), parts = atomic_load(&pool.parts);
    for (int i = 0; index < threads && i < parts; i++) {
        const int part = (index * parts / threads + i) % parts;
        uint64_t claim = 2 * number;
        if (atomic_compare_exchange_strong(&pool.claim[part], &claim, claim + 1)) {
            pool.run(pool.user, part);
            part_done();
        }
    }
}

/* --- Workers ----------------------------------------------------------------------------------------------------- */

static uint64_t next_number(uint64_t seen)
{
    for (int i = 0; i < SPINS && atomic_load(&pool.number) == seen; i++)
        relax();
    if (atomic_load(&pool.number) != seen)
        return atomic_load(&pool.number);
    atomic_fetch_add(&pool.sleepers, 1);
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.number) == seen)
        pthread_cond_wait(&pool.begun, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    atomic_fetch_sub(&pool.sleepers, 1);
    return atomic_load(&pool.number);
}

static void *live(void *index)
{
    is_worker = true;
    for (uint64_t number = 0;;) {
        number = next_number(number);
        work(number, (int)(intptr_t)index);
    }
    return NULL;
}

/* A forked child has no workers of its parent. */
static void forget_workers(void)
{
    pool.workers = 0;
    pool.full = false;
    pthread_mutex_init(&pool.busy, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.begun, NULL);
    pthread_cond_init(&pool.done, NULL);
    atomic_store(&pool.sleepers, 0);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_workers);
}

/* Workers block all signals: the program's own threads handle them. */
static bool add_worker(void)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&thread, NULL, live, (void *)(intptr_t)(pool.workers + 1)) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!made)
        return false;
    pthread_detach(thread);
    pool.workers++;
    return true;
}

/* Fewer workers than requested still do all the work. After a refusal no more are started: each job would be refused
 * again. */
static void ensure_workers(int count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    while (pool.workers < count && !pool.full)
        pool.full = !add_worker();
}

/* --- The caller -------------------------------------------------------------------------------------------------- */

static uint64_t publish(int threads, int parts, neap_part_fn *run, void *user)
{
    const uint64_t number = atomic_load(&pool.number) + 1;
    pool.run = run;
    pool.user = user;
    atomic_store(&pool.threads, threads);
    atomic_store(&pool.parts, parts);
    atomic_store(&pool.left, parts);
    for (int part = 0; part < parts; part++)
        atomic_store(&pool.claim[part], 2 * number);
    atomic_store(&pool.number, number);
    if (atomic_load(&pool.sleepers)) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.begun);
        pthread_mutex_unlock(&pool.lock);
    }
    return number;
}

static void wait_for_all(void)
{
    for (int i = 0; i < SPINS && atomic_load(&pool.left) > 0; i++)
        relax();
    if (atomic_load(&pool.left) == 0)
        return;
    atomic_store(&pool.waiting, true);
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.left) > 0)
        pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    atomic_store(&pool.waiting, false);
}

bool neap_pool_is_worker(void)
{
    return is_worker;
}

bool neap_pool_run(int threads, int parts, neap_part_fn *run, void *user)
{
    if (is_worker || has_job || parts > NEAP_POOL_PARTS || pthread_mutex_trylock(&pool.busy) != 0)
        return false;
    has_job = true;
    ensure_workers(threads - 1);
    work(publish(threads, parts, run, user), 0);
    wait_for_all();
    has_job = false;
    pthread_mutex_unlock(&pool.busy);
    return true;
}
