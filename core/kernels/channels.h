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
    int64_t ahead; /* from x to the elements that neap_channel_apply brings into the cache meanwhile */
    bool stream; /* results are too large for the caches, so that stores should pass them by */
} channel_map;

/* Each channel's mean over the rows, and the sum of squared distances from it. */
void NEAP_VARIANT(neap_channel_moments)(int64_t rows, int64_t n, const real *x, real *mean, real *squares);

/* y = the map of x. */
void NEAP_VARIANT(neap_channel_apply)(int64_t rows, int64_t n, const real *x, const channel_map *map, real *y);

/* With g the gradient that arrives at s: the sums over the rows of g, and of g (x - mean). `kept` may be NULL; otherwise, if
 * silu, it gets g, [rows, n], which is expensive to compute. */
void NEAP_VARIANT(neap_channel_sums)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                     real *sum, real *product, real *kept);

/* gx = scale g + b (x - mean) + c; `kept` as neap_channel_sums left it, and gy is read if it is NULL. */
void NEAP_VARIANT(neap_channel_gradient)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                         const real *b, const real *c, const real *kept, real *gx);

#endif
