/*
 * Rectified flow (Liu et al. 2022; Lipman et al. 2022): x_t = (1 - t) x + t z, v = z - x, loss = mean of (f(x_t, t) -
 * v)^2; by choice f predicts x or z in place of v. The loss may measure the error of another of the three than f
 * predicts (Li and He 2025, Back to Basics: Let Denoising Generative Models Denoise, table 1). `flow_matching` draws
 * the noise. `reflow` takes the noise from which a trained flow generated the example, so that the new paths are
 * straighter than the old ones.
 */
#include <neap/error.h>

#include "assign.h"
#include "flow.h"

typedef struct config {
    int prediction, loss, pairing;
    flow_times times;
    double clamp, label_dropout;
} config;

/* --- Predictions -------------------------------------------------------------------------------------------------- */

static neap_tensor *target_v(neap_tensor *x, neap_tensor *z, neap_tensor *v)
{
    (void)x, (void)z;
    return v;
}

static neap_tensor *target_x0(neap_tensor *x, neap_tensor *z, neap_tensor *v)
{
    (void)z, (void)v;
    return x;
}

static neap_tensor *target_noise(neap_tensor *x, neap_tensor *z, neap_tensor *v)
{
    (void)x, (void)v;
    return z;
}

/* The velocity is a quotient that becomes 0 / 0, at the data for x0 and at the noise for noise, where it would
 * amplify the network's error without bound. Noise of 0.01 is about one of 256 grey levels, and a step of 0.02, the
 * first of 50, at most doubles the error. */
#define MIN_DENOMINATOR 0.01

static neap_tensor *clamped(neap_tensor *t)
{
    return flow_per_picture(neap_maximum(t, neap_scalar(MIN_DENOMINATOR)));
}

static neap_tensor *from_v(neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    (void)x, (void)t;
    return output;
}

static neap_tensor *from_x0(neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    return neap_div(neap_sub(x, output), clamped(t));
}

static neap_tensor *from_noise(neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    return neap_div(neap_sub(output, x), clamped(neap_affine(t, -1, 1)));
}

static const char *const predictions[] = {"v", "x0", "noise", NULL};
static const char *const meanings[] = {"v=z-x", "x", "z"}; /* as stored in a checkpoint's metadata */

static const struct {
    neap_tensor *(*target)(neap_tensor *x, neap_tensor *z, neap_tensor *v);
    neap_tensor *(*velocity)(neap_tensor *output, neap_tensor *x, neap_tensor *t);
} kinds[] = {{target_v, from_v}, {target_x0, from_x0}, {target_noise, from_noise}};

static neap_tensor *velocity(const void *settings, neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    return kinds[((const config *)settings)->prediction].velocity(output, x, t);
}

static const char *predicts(const void *settings)
{
    return meanings[((const config *)settings)->prediction];
}

static double dropout(const void *settings)
{
    return ((const config *)settings)->label_dropout;
}

/* --- Pairing of noise and examples -------------------------------------------------------------------------------- */

enum { INDEPENDENT, OPTIMAL_TRANSPORT };
static const char *const pairings[] = {"independent", "optimal_transport", NULL};

/* The noise in the order that minimises the sum of squared distances to the examples (Pooladian et al. 2023; Tong et
 * al. 2023). |x - z|^2 = |x|^2 + |z|^2 - 2 x z, and the sum of the squares does not depend on the order. */
static neap_tensor *transported(neap_tensor *x, neap_tensor *z)
{
    const int64_t batch = neap_dim(x, 0);
    neap_tensor *rows = neap_reshape(z, neap_dims(batch, -1));
    neap_tensor *cost = neap_matmul_t(neap_neg(neap_reshape(x, neap_dims(batch, -1))), rows, false, true);
    neap_tensor *order = neap_empty(NEAP_I32, neap_dims(batch));
    if (!cost || !order || assign_rows(neap_data(cost), batch, neap_data(order)) < 0)
        return NULL;
    return neap_reshape(neap_embedding(rows, order), neap_shape_of(x));
}

static neap_tensor *draw_noise(const config *c, const neap_step *step)
{
    neap_tensor *z = flow_draw_noise(step);
    return z && c->pairing == OPTIMAL_TRANSPORT ? transported(step->x, z) : z;
}

/* --- The loss ----------------------------------------------------------------------------------------------------- */

enum { LOSS_OF_PREDICTION }; /* the others follow in the order of `predictions` */
static const char *const losses[] = {"prediction", "v", "x0", "noise", NULL};

/* How much an error of 1 in the velocity changes v, x and z at a given x_t: x_t = x + t v = z - (1 - t) v. */
static neap_tensor *change_by_velocity(int kind, neap_tensor *t)
{
    static const double slope[] = {0, 1, -1}, offset[] = {1, 0, 1};
    return neap_affine(t, slope[kind], offset[kind]);
}

/* A prediction, or its target, scaled so that its error is that of what the loss measures. */
static neap_tensor *scaled(const config *c, neap_tensor *y, neap_tensor *t)
{
    const int measured = c->loss - 1;
    if (c->loss == LOSS_OF_PREDICTION || measured == c->prediction)
        return y;
    neap_tensor *own = neap_maximum(change_by_velocity(c->prediction, t), neap_scalar(c->clamp));
    return neap_mul(y, flow_per_picture(neap_div(change_by_velocity(measured, t), own)));
}

static neap_tensor *loss_between(const config *c, neap_network *network, neap_step *step, neap_tensor *z)
{
    neap_tensor *t = flow_draw_times(&c->times, step, "time");
    neap_tensor *v = neap_sub(z, step->x), *xt = flow_between(step->x, v, t);
    neap_tensor *output = neap_network_velocity(network, xt, t, flow_drop(c->label_dropout, step));
    neap_tensor *target = scaled(c, kinds[c->prediction].target(step->x, z, v), t);
    output = scaled(c, output, t);
    if (flow_report(step, output, target, t) < 0)
        return NULL;
    return neap_mse(output, target);
}

static neap_tensor *flow_matching_loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    (void)phase;
    return loss_between(settings, network, step, draw_noise(settings, step));
}

static neap_tensor *reflow_loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    (void)phase;
    if (!step->noise)
        return neap_fail_null("reflow: the data set couples no noise with its examples; see neap.couple");
    return loss_between(settings, network, step, step->noise);
}

static const char *const needs[] = {"velocity", NULL};
static const neap_phase phases[] = {{"flow", ""}, {0}};
static const neap_objective flow_matching_functions = {.size = sizeof flow_matching_functions, .needs = needs,
                                                       .phases = phases, .loss = flow_matching_loss,
                                                       .velocity = velocity, .predicts = predicts,
                                                       .dropout = dropout};
static const neap_objective reflow_functions = {.size = sizeof reflow_functions, .needs = needs, .phases = phases,
                                                .loss = reflow_loss, .velocity = velocity, .predicts = predicts,
                                                .dropout = dropout};

#define SHARED_PARAMS                                                                                                 \
    NEAP_CHOICE(config, prediction, 0, predictions, "What the network predicts: velocity, picture or noise."),        \
        NEAP_CHOICE(config, loss, LOSS_OF_PREDICTION, losses,                                                         \
                    "Whose squared error is the loss: that of the prediction, or of the velocity, picture or noise "  \
                    "that follows from it."),                                                                         \
        NEAP_REAL(config, clamp, 0.05, 0.001, 1,                                                                      \
                  "Least t, or 1 - t, by which the loss divides where it measures something else than is predicted."), \
        FLOW_TIMES_PARAMS(config, FLOW_UNIFORM, 0), FLOW_DROPOUT_PARAM(config)

static const neap_param flow_matching_params[] = {
    SHARED_PARAMS,
    NEAP_CHOICE(config, pairing, INDEPENDENT, pairings,
                "Pairing of noise and examples in a batch: random, or by optimal transport, which ignores labels and "
                "takes a time that grows with the cube of the batch."),
    NEAP_PARAMS_END,
};
static const neap_param reflow_params[] = {SHARED_PARAMS, NEAP_PARAMS_END};

static const neap_component flow_matching_components[] = {
    {"objective/2", "flow_matching", "Rectified flow: the network learns the velocity from data to noise.",
     sizeof(config), flow_matching_params, &flow_matching_functions},
    {"objective/2", "reflow", "Rectified flow between the noise and the samples of a trained flow.",
     sizeof(config), reflow_params, &reflow_functions},
    {0},
};

NEAP_PLUGIN(flow_matching) = {NEAP_ABI, sizeof(neap_plugin), "flow_matching", "1.0.0", "MIT",
                              "Rectified flow matching.", flow_matching_components};
