/*
 * Rectified flow (Liu et al. 2022; Lipman et al. 2022): x_t = (1 - t) x + t z, v = z - x, loss = mean (f(x_t, t) - v)^2.
 * Labels are dropped to the null class with a probability, so that guidance has an unconditional field to stand on.
 */
#include <neap/plugin.h>
#include <neap/run.h>

typedef struct config {
    double label_dropout;
} config;

static neap_tensor *drop_labels(const config *c, neap_network *network, const neap_step *step)
{
    double null = (double)neap_network_spec(network).classes;
    if (!step->labels || null == 0 || c->label_dropout == 0)
        return step->labels;
    neap_shape batch = neap_shape_of(step->labels);
    neap_tensor *draw = neap_rand(neap_random_fork(step->random, "drop"), 0, batch);
    neap_tensor *labels = neap_cast(step->labels, NEAP_F32);
    labels = neap_where(neap_lt(draw, neap_scalar(c->label_dropout)), neap_scalar(null), labels);
    return neap_cast(labels, NEAP_I32);
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    int64_t batch = neap_dim(step->x, 0);
    (void)phase;
    neap_tensor *z = neap_randn(neap_random_fork(step->random, "noise"), 0, neap_shape_of(step->x));
    neap_tensor *t = neap_rand(neap_random_fork(step->random, "time"), 0, neap_dims(batch));
    neap_tensor *v = neap_sub(z, step->x);
    neap_tensor *xt = neap_add(step->x, neap_mul(neap_reshape(t, neap_dims(batch, 1, 1, 1)), v));
    return neap_mse(neap_network_velocity(network, xt, t, drop_labels(settings, network, step)), v);
}

static const char *const needs[] = {"velocity", NULL};
static const neap_phase phases[] = {{"flow", ""}, {0}};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss};

static const neap_param params[] = {
    NEAP_REAL(config, label_dropout, 0.1, 0, 1, "Probability that a label is replaced by the null class."),
    NEAP_PARAMS_END,
};

static const neap_component flow_matching_components[] = {
    {"objective/1", "flow_matching", "Rectified flow: the velocity from data to noise.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(flow_matching) = {NEAP_ABI, sizeof(neap_plugin), "flow_matching", "1.0.0", "MIT",
                              "Rectified flow matching.", flow_matching_components};
