/*
 * The pool of worker threads behind neap_parallel.
 */
#ifndef NEAP_WORKERS_H
#define NEAP_WORKERS_H

#include <stdbool.h>

#define NEAP_POOL_PARTS 1024 /* at most so many parts, and so many threads */

/* Runs part p of `parts` once for each p, by the caller and up to threads - 1 workers; returns when all are done. A worker
 * that the system does not let run delays nothing but the part that it has begun. False, with nothing done, where
 * another thread has the pool or the call comes from inside a part. */
typedef void neap_part_fn(void *user, int part);
bool neap_pool_run(int threads, int parts, neap_part_fn *run, void *user);

/* Whether the calling thread is a worker. */
bool neap_pool_is_worker(void);

#endif
