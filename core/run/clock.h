/* Seconds of a clock that never goes back, for durations. */
#ifndef NEAP_RUN_CLOCK_H
#define NEAP_RUN_CLOCK_H

#include <time.h>

static inline double neap_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
