/* The explicit midpoint method: half an Euler step, then a whole one with the velocity found there. Order 2. */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    (void)self;
    const double h = leg.next - leg.t;
    neap_tensor *v = neap_velocity_at(field, x, leg.t);
    neap_tensor *middle = neap_velocity_at(field, neap_add(x, neap_affine(v, h / 2, 0)), leg.t + h / 2);
    return neap_add(x, neap_affine(middle, h, 0));
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    (void)random;
    return neap_walk(&c->grid, field, x, watch, advance, NULL);
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 25),
    NEAP_PARAMS_END,
};

static const neap_component midpoint_components[] = {
    {"sampler/1", "midpoint", "The midpoint method: order 2, two evaluations a step.", sizeof(config), params,
     &functions},
    {0},
};

NEAP_PLUGIN(midpoint) = {NEAP_ABI, sizeof(neap_plugin), "midpoint", "1.0.0", "MIT",
                         "The midpoint method: order 2, two evaluations a step.", midpoint_components};
