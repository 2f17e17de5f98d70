/*
 * Mean flows (Geng et al. 2025, Mean Flows for One-step Generative Modeling): the network predicts u(x_t, t, r), the
 * mean velocity between r and t, so one step from t = 1 to r = 0 draws a sample. Differentiating (t - r) u in t along
 * the path gives u = v - (t - r) du/dt (equation 6). The right side, without gradient, is the target.
 */
#include <neap/autograd.h>

#include "flow.h"

typedef struct config {
    flow_times times;
    double same, power, offset;
    double label_dropout;
} config;

/* --- Times -------------------------------------------------------------------------------------------------------- */

/* Draws two times from one distribution, r <= t. Only one is stratified: two from the same stratum would be close. */
static void draw_times(const config *c, const neap_step *step, neap_tensor **t, neap_tensor **r)
{
    flow_times plain = c->times;
    plain.stratified = false;
    neap_tensor *a = flow_draw_times(&c->times, step, "time");
    neap_tensor *b = flow_draw_times(&plain, step, "other time");
    const neap_shape batch = neap_dims(neap_dim(step->x, 0));
    neap_tensor *draw = neap_rand(neap_random_fork(step->random, "same"), step->first, batch);
    *t = neap_maximum(a, b);
    *r = neap_where(neap_lt(draw, neap_scalar(c->same)), *t, neap_minimum(a, b));
}

/* --- The derivative along the path -------------------------------------------------------------------------------- */

/* du/dt where dx/dt = v and r is constant. The gradient of seed * u, times the direction, is linear in the seed, and
 * its gradient by the seed is the directional derivative. That takes two backward passes and ops that can be
 * differentiated twice. The seed's value does not matter. */
static neap_tensor *along_path(neap_tensor *u, neap_tensor *x, neap_tensor *t, neap_tensor *v)
{
    neap_tensor *const from[] = {x, t};
    neap_tensor *seed = u ? neap_zeros(NEAP_F32, neap_shape_of(u)) : NULL, *gradient[2], *derivative;
    if (!seed || neap_require_grad(seed, true) < 0 ||
        neap_gradients(u, seed, from, 2, NEAP_CREATE_GRAPH, gradient) < 0)
        return NULL;
    neap_tensor *by_x = neap_sum(neap_mul(gradient[0], v), NULL, 0, false);
    neap_tensor *by_t = neap_sum(gradient[1], NULL, 0, false);
    neap_tensor *directional = neap_add(by_x, by_t);
    if (!directional || neap_gradients(directional, NULL, &seed, 1, NEAP_KEEP_GRAPH, &derivative) < 0)
        return NULL;
    return neap_detach(derivative);
}

/* --- The loss ----------------------------------------------------------------------------------------------------- */

/* Weights errors by (|e|^2 + offset)^-power, so that a few pictures do not dominate the batch; no gradient goes
 * through the weight. */
static neap_tensor *weighted(const config *c, neap_tensor *u, neap_tensor *target)
{
    neap_tensor *errors = neap_sum(neap_square(neap_sub(u, target)), (const int[]){1, 2, 3}, 3, false);
    neap_tensor *weights = neap_power(neap_affine(neap_detach(errors), 1, c->offset), -c->power);
    return neap_mean(neap_mul(weights, errors), NULL, 0, false);
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    const config *c = settings;
    neap_tensor *t, *r;
    (void)phase;
    draw_times(c, step, &t, &r);
    neap_tensor *z = flow_draw_noise(step);
    neap_tensor *v = neap_sub(z, step->x), *xt = flow_between(step->x, v, t);
    neap_tensor *gap = flow_per_picture(neap_sub(t, r));
    if (!gap || !xt || neap_require_grad(xt, true) < 0 || neap_require_grad(t, true) < 0)
        return NULL;
    neap_tensor *u = neap_network_average(network, xt, t, r, flow_drop(c->label_dropout, step));
    neap_tensor *target = neap_detach(neap_sub(v, neap_mul(gap, along_path(u, xt, t, v))));
    if (flow_report(step, u, target, t) < 0)
        return NULL;
    return weighted(c, u, target);
}

static double dropout(const void *settings)
{
    return ((const config *)settings)->label_dropout;
}

static const char *const needs[] = {"average", NULL};
static const neap_phase phases[] = {{"flow", ""}, {0}};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss,
                                         .dropout = dropout};

static const neap_param params[] = {
    FLOW_TIMES_PARAMS(config, FLOW_LOGIT_NORMAL, -0.4),
    NEAP_REAL(config, same, 0.75, 0, 1, "Share of the examples with equal times, where u is the velocity."),
    NEAP_REAL(config, power, 1, 0, 4,
              "Errors get the weight (error + offset)^-power; the larger, the less large errors count."),
    NEAP_REAL(config, offset, 0.01, 1e-8, 1000, "Added to the error in its weight; see power."),
    FLOW_DROPOUT_PARAM(config),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(mean_flow) = NEAP_ONE_COMPONENT("mean_flow", "1.0.0", "MIT",
                                            "Mean flow: the network learns the mean velocity between two times.",
                                            "objective/2", config, params, functions);
