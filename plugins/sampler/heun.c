/*
 * Heun's method, the explicit trapezoid: an Euler step, then the mean of the velocities at both ends. Order 2, two
 * evaluations a step. Karras et al. 2022 leave the last step to Euler, because their derivative divides by a noise
 * level that is 0 there; a velocity field is defined at t = 0, so here all steps are alike.
 */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    (void)self;
    const double h = leg.next - leg.t;
    neap_tensor *v = field->velocity(field->self, x, leg.t);
    neap_tensor *w = field->velocity(field->self, neap_add(x, neap_affine(v, h, 0)), leg.next);
    return neap_add(x, neap_affine(neap_add(v, w), h / 2, 0));
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

static const neap_component heun_components[] = {
    {"sampler/1", "heun", "Heun's method: order 2, two evaluations a step.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(heun) = {NEAP_ABI, sizeof(neap_plugin), "heun", "1.0.0", "MIT",
                     "Heun's method: order 2, two evaluations a step.", heun_components};
