/*
 * Threads. One pool serves the whole process. Work is split over outputs, never over the terms of a sum, so results do
 * not depend on the number of threads.
 */
#ifndef NEAP_PARALLEL_H
#define NEAP_PARALLEL_H

#include <stdint.h>

/* Sets the number of threads, 1 to 1024, or 0 for the number of cores that this process may use; fails for others. */
int neap_threads_set(int threads);
int neap_threads(void);

/* Calls body on disjoint ranges that cover [0, count). The length of each but the last is a multiple of `grain`. Runs
 * on the calling thread for one range or one thread, inside another neap_parallel, and while another thread uses the
 * pool. */
typedef void neap_range_fn(void *user, int64_t begin, int64_t end);
void neap_parallel(int64_t count, int64_t grain, neap_range_fn *body, void *user);

#endif
