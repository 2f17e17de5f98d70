/*
 * Loops over up to three broadcast inputs and one contiguous output: adjacent axes are merged if the strides of all
 * inputs permit, then `segment` is called for runs of the last axis, in parallel.
 */
#ifndef NEAP_BROADCAST_H
#define NEAP_BROADCAST_H

#include "ops/op.h"

#define NEAP_BROADCAST_INPUTS 3

typedef struct neap_broadcast neap_broadcast;
/* x[i]: the first element of input i in this run, `step[i]` elements apart; y: that of the output. */
typedef void neap_broadcast_fn(const neap_broadcast *loop, int64_t n, const char *const *x, char *y);

struct neap_broadcast {
    int inputs;
    neap_shape shape;
    int64_t stride[NEAP_BROADCAST_INPUTS][NEAP_MAX_RANK];
    int64_t step[NEAP_BROADCAST_INPUTS];
    size_t size[NEAP_BROADCAST_INPUTS], out_size;
    const char *x[NEAP_BROADCAST_INPUTS];
    char *y;
    neap_broadcast_fn *segment;
    const void *user;
};

void neap_broadcast_run(neap_tensor *y, neap_tensor *const *x, int inputs, neap_broadcast_fn *segment, const void *user);

#endif
