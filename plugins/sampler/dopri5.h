/* One step of the Dormand-Prince method with its error. Part of the plugin dopri5. */
#ifndef NEAP_SAMPLER_DOPRI5_H
#define NEAP_SAMPLER_DOPRI5_H

#include <neap/sampling.h>

#define DOPRI5_EVALUATIONS 6 /* per step; the velocity at its end is the first of the next step */

typedef struct dopri5_tolerance {
    double rtol, atol;
} dopri5_tolerance;

/* One step for each of n samples, from its own t to its own next. Tensors belong to the scope. */
typedef struct dopri5_step {
    neap_tensor *rows;     /* i32 [n]: indices of the samples in the batch */
    neap_tensor *t, *next; /* f64 [n] */
    neap_tensor *x, *v;    /* [n, H, W, C]: points at t and their velocities */
    neap_tensor *y, *w;    /* the same at next */
    neap_tensor *errors;   /* f32 [n]: mean squared error in units of the tolerance; a step up to 1 is accepted */
} dopri5_step;

/* Fills in y, w and errors. Returns 0, or -1 with a message if the field fails. */
int dopri5_try(const neap_field *field, dopri5_tolerance tolerance, dopri5_step *step);

/* factor * x, f64 [n], as f32 [n, 1, 1, 1], which broadcasts over pictures. */
neap_tensor *dopri5_by_row(neap_tensor *x, double factor);

#endif
