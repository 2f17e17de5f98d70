/*
 * Loops over rows of channels, where each channel has coefficients of its own: what normalisation over pixels is made of.
 */
#ifndef NEAP_KERNELS_CHANNELS_H
#define NEAP_KERNELS_CHANNELS_H

#include "vmath.h"

/* How channels are taken in: s = scale (x - mean) + shift; y = s sigmoid(s) if silu, else s where s > 0 and slope s elsewhere. */
typedef struct channel_map {
    const real *mean, *scale, *shift;
    real slope;
    bool silu;
} channel_map;

/* Each channel's mean over the rows, and the sum of squared distances from it. */
void NEAP_VARIANT(neap_channel_moments)(int64_t rows, int64_t n, const real *x, real *mean, real *squares);

/* y = the map of x. */
void NEAP_VARIANT(neap_channel_apply)(int64_t rows, int64_t n, const real *x, const channel_map *map, real *y);

/* With g the gradient that arrives at s: the sums over the rows of g, and of g (x - mean). */
void NEAP_VARIANT(neap_channel_sums)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                     real *sum, real *product);

/* gx = scale g + b (x - mean) + c. */
void NEAP_VARIANT(neap_channel_gradient)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                         const real *b, const real *c, real *gx);

#endif
