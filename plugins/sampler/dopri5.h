/* One step of Dormand and Prince's method, from which the sampler chooses the next. Part of this plugin and of nothing else. */
#ifndef NEAP_SAMPLER_DOPRI5_H
#define NEAP_SAMPLER_DOPRI5_H

#include <neap/sampling.h>

#define DOPRI5_EVALUATIONS 6 /* of a step; the velocity at its end is the first of the next */

typedef struct dopri5_tolerance {
    double rtol, atol;
} dopri5_tolerance;

/* A step of n samples, each from its own t to its own next. All tensors belong to the scope. */
typedef struct dopri5_step {
    neap_tensor *rows;     /* i32 [n]: which samples of the batch */
    neap_tensor *t, *next; /* f64 [n] */
    neap_tensor *x, *v;    /* [n, H, W, C]: the points at t, and the velocities there */
    neap_tensor *y, *w;    /* the same at next */
    neap_tensor *errors;   /* f32 [n]: mean squares in units of the tolerance; up to 1 a step may stand */
} dopri5_step;

/* Fills in y, w and errors; -1 with a message where the field fails. */
int dopri5_try(const neap_field *field, dopri5_tolerance tolerance, dopri5_step *step);

/* factor x of each row, f64 [n], as f32 that meets pictures, [n, 1, 1, 1]. */
neap_tensor *dopri5_by_row(neap_tensor *x, double factor);

#endif
