/*
 * Shared by the objectives that train flows. Distributions of times and the shift follow Esser et al. 2024 (Scaling
 * Rectified Flow Transformers), section 3.1; stratified times follow Kingma et al. 2021 (Variational Diffusion Models),
 * section I.1.
 */
#include <math.h>

#include "flow.h"

#define PI 3.14159265358979323846

/* --- Times -------------------------------------------------------------------------------------------------------- */

static double uniform_at(const flow_times *c, double u)
{
    (void)c;
    return u;
}

/* The quantile function of the normal distribution, by bisection: no table of coefficients, and fast enough for a
 * batch. The probability beyond nine standard deviations is below 10^-18, and uniforms are multiples of 2^-24. */
static double normal_quantile(double u)
{
    double low = -9, high = 9;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < u)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

static double logit_normal_at(const flow_times *c, double u)
{
    return 1 / (1 + exp(-(c->mean + c->deviation * normal_quantile(u))));
}

static double mode_at(const flow_times *c, double u)
{
    double cosine = cos(PI / 2 * u);
    return 1 - u - c->mode_scale * (cosine * cosine - 1 + u);
}

const char *const flow_laws[] = {"uniform", "logit_normal", "mode", NULL};

/* The quantile function of each distribution of times. */
static double (*const quantile[])(const flow_times *c, double u) = {uniform_at, logit_normal_at, mode_at};

/* Turns uniforms into times, in place. */
static neap_tensor *transform_times(neap_tensor *u, const flow_times *c, const neap_step *step)
{
    float *t = neap_data(u);
    for (int64_t i = 0; t && i < neap_size(u); i++) {
        const double row = (double)step->first + (double)i;
        double share = c->stratified ? (row + (double)t[i]) / (double)step->global : (double)t[i];
        t[i] = (float)fmin(1, fmax(0, quantile[c->law](c, share)));
    }
    return u;
}

neap_tensor *flow_draw_times(const flow_times *c, const neap_step *step, const char *purpose)
{
    const neap_shape shape = neap_dims(neap_dim(step->x, 0));
    const neap_random random = neap_random_fork(step->random, purpose);
    neap_tensor *t;
    if (c->law == FLOW_LOGIT_NORMAL && !c->stratified)
        t = neap_sigmoid(neap_affine(neap_randn(random, step->first, shape), c->deviation, c->mean));
    else
        t = transform_times(neap_rand(random, step->first, shape), c, step);
    if (c->shift != 1)
        t = neap_div(neap_affine(t, c->shift, 0), neap_affine(t, c->shift - 1, 1));
    return t;
}

/* --- Noise, conditions and pictures ------------------------------------------------------------------------------- */

neap_tensor *flow_draw_noise(const neap_step *step)
{
    return neap_randn(neap_random_fork(step->random, "noise"), step->first, neap_shape_of(step->x));
}

const neap_condition *flow_drop(double probability, const neap_step *step)
{
    if (!step->condition || probability == 0)
        return step->condition;
    return neap_condition_drop(step->condition, probability, neap_random_fork(step->random, "drop"), step->first);
}

neap_tensor *flow_per_picture(neap_tensor *t)
{
    return neap_reshape(t, neap_dims(-1, 1, 1, 1));
}

neap_tensor *flow_between(neap_tensor *x, neap_tensor *v, neap_tensor *t)
{
    return neap_add(x, neap_mul(flow_per_picture(t), v));
}

/* --- The loss by time --------------------------------------------------------------------------------------------- */

#define BINS 8
static const char *const bin_names[BINS] = {"loss_t0", "loss_t1", "loss_t2", "loss_t3",
                                            "loss_t4", "loss_t5", "loss_t6", "loss_t7"};

static void report_bins(neap_step *step, const float *errors, const float *t, int64_t batch)
{
    double sum[BINS] = {0};
    int64_t count[BINS] = {0};
    for (int64_t i = 0; i < batch; i++) {
        int bin = t[i] < 1 ? (int)(BINS * t[i]) : BINS - 1;
        sum[bin] += (double)errors[i];
        count[bin]++;
    }
    for (int k = 0; k < BINS; k++)
        if (count[k])
            neap_step_report(step, bin_names[k], sum[k] / (double)count[k]);
}

int flow_report(neap_step *step, neap_tensor *output, neap_tensor *target, neap_tensor *t)
{
    neap_scope scope = neap_scope_open();
    bool recorded = neap_record(false);
    neap_tensor *errors = neap_mean(neap_square(neap_sub(output, target)), (const int[]){1, 2, 3}, 3, false);
    if (errors)
        report_bins(step, neap_data(errors), neap_data(t), neap_size(errors));
    neap_record(recorded);
    neap_scope_close(scope);
    return errors ? 0 : -1;
}
