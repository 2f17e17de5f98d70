/* Steps by the mean velocity between their ends, x_r = x_t - (t - r) u(x_t, t, r); one is enough (Geng et al. 2025). */
#include <neap/error.h>
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    (void)self;
    neap_tensor *u = field->average(field->self, x, leg.t, leg.next);
    return neap_sub(x, neap_affine(u, leg.t - leg.next, 0));
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    (void)random;
    if (field->to > field->from)
        return neap_fail_null("mean: expected a way down to the data, for the mean velocity is known at a step's "
                              "noisier end; got one from %g up to %g",
                              field->from, field->to);
    return neap_walk(&c->grid, field, x, watch, advance, NULL);
}

static const char *const needs[] = {"average", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 1),
    NEAP_PARAMS_END,
};

static const neap_component mean_components[] = {
    {"sampler/1", "mean", "Steps by the mean velocity, for networks that know it: one or a few.", sizeof(config),
     params, &functions},
    {0},
};

NEAP_PLUGIN(mean) = {NEAP_ABI, sizeof(neap_plugin), "mean", "1.0.0", "MIT", "Steps by the mean velocity.",
                     mean_components};
