/* The Dormand-Prince method of order 5(4): coefficients, one step per sample, and the error. */
#include <neap/error.h>

#include "dopri5.h"

#define STAGES (DOPRI5_EVALUATIONS + 1)

static const double nodes[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/* Row s: weights of the velocities before stage s. The last row is the step of order 5. */
static const double weights[STAGES][STAGES] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* The step of order 5 minus that of order 4. */
static const double differences[STAGES] = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525,
                                           -1.0 / 40};

neap_tensor *dopri5_by_row(neap_tensor *x, double factor)
{
    return neap_reshape(neap_cast(neap_affine(x, factor, 0), NEAP_F32), neap_dims(-1, 1, 1, 1));
}

/* h times the weighted sum of `count` velocities. */
static neap_tensor *weighted(neap_tensor *const *v, const double *weight, int count, neap_tensor *h)
{
    neap_tensor *sum = NULL;
    for (int i = 0; i < count; i++) {
        if (weight[i] == 0)
            continue;
        neap_tensor *term = neap_mul(v[i], dopri5_by_row(h, weight[i]));
        sum = i == 0 ? term : neap_add(sum, term);
    }
    return sum;
}

/* Mean squared error of each sample in units of the tolerance, f32 [n]. */
static neap_tensor *errors_of(dopri5_tolerance tolerance, neap_tensor *x, neap_tensor *y, neap_tensor *difference)
{
    const int elements[] = {1, 2, 3};
    neap_tensor *scale = neap_affine(neap_maximum(neap_abs(x), neap_abs(y)), tolerance.rtol, tolerance.atol);
    return neap_mean(neap_square(neap_div(difference, scale)), elements, 3, false);
}

int dopri5_try(const neap_field *field, dopri5_tolerance tolerance, dopri5_step *step)
{
    neap_tensor *v[STAGES] = {step->v}, *h = neap_sub(step->next, step->t);
    for (int stage = 1; stage < STAGES; stage++) {
        neap_tensor *t = nodes[stage] == 1 ? step->next : neap_add(step->t, neap_affine(h, nodes[stage], 0));
        step->y = neap_add(step->x, weighted(v, weights[stage], stage, h));
        v[stage] = step->y && t ? field->velocity(field->self, step->y, t, step->rows) : NULL;
    }
    step->w = v[STAGES - 1];
    step->errors = errors_of(tolerance, step->x, step->y, weighted(v, differences, STAGES, h));
    return step->y && step->w && step->errors ? 0 : -1;
}
