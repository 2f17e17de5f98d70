/*
 * Walks up to three broadcast inputs alongside one contiguous output: neighbouring axes are joined where every input
 * allows it, then `segment` is called for runs of the last axis, in parallel.
 */
#ifndef NEAP_WALK_H
#define NEAP_WALK_H

#include "ops/op.h"

#define NEAP_WALK_INPUTS 3

typedef struct neap_walk neap_walk;
/* x[i]: the first element of input i in this run, `step[i]` elements apart; y: that of the output. */
typedef void neap_walk_fn(const neap_walk *walk, int64_t n, const char *const *x, char *y);

struct neap_walk {
    int inputs;
    neap_shape shape;
    int64_t stride[NEAP_WALK_INPUTS][NEAP_MAX_RANK];
    int64_t step[NEAP_WALK_INPUTS];
    size_t size[NEAP_WALK_INPUTS], out_size;
    const char *x[NEAP_WALK_INPUTS];
    char *y;
    neap_walk_fn *segment;
    const void *user;
};

void neap_walk_run(neap_tensor *y, neap_tensor *const *x, int inputs, neap_walk_fn *segment, const void *user);

#endif
