/*
 * The pool of worker threads behind neap_parallel.
 */
#ifndef NEAP_WORKERS_H
#define NEAP_WORKERS_H

#include <stdbool.h>

#define NEAP_POOL_PARTS 1024 /* the largest number of parts, and of threads */

/* Runs part p of `parts` once for each p, by the caller and up to threads - 1 workers; returns when all are done. A
 * descheduled worker delays only the part that it has begun. False, without running any, if another thread uses the
 * pool or the call comes from inside a part. */
typedef void neap_part_fn(void *user, int part);
bool neap_pool_run(int threads, int parts, neap_part_fn *run, void *user);

/* Whether the calling thread is a worker. */
bool neap_pool_is_worker(void);

#endif
