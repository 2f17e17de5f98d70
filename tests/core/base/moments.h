/* For tests of random numbers as they are used: the mean and the variance of a sample, against what they should be. */
#ifndef NEAP_MOMENTS_H
#define NEAP_MOMENTS_H

#include <check.h>
#include <math.h>
#include <stdint.h>

/* Within five standard errors of the distribution's mean and variance; `fourth` is its fourth central moment. */
static inline void check_moments(const char *what, const double *x, int64_t count, double mean, double variance,
                                 double fourth)
{
    const double n = (double)count, spread = sqrt((fourth - variance * variance) / n);
    double m = 0, v = 0;
    for (int64_t i = 0; i < count; i++) {
        m += x[i] / n;
        v += (x[i] - mean) * (x[i] - mean) / n;
    }
    ck_assert_msg(fabs(m - mean) < 5 * sqrt(variance / n), "%s: mean %g, expected %g", what, m, mean);
    ck_assert_msg(fabs(v - variance) < 5 * spread, "%s: variance %g, expected %g", what, v, variance);
}

#endif
