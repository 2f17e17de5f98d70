/*
 * Heun's method, the explicit trapezoid: an Euler step, then the mean of the velocities at both ends. Order 2, two
 * evaluations a step, but for the last, which is Euler's (Karras et al. 2022, algorithm 1): at t = 0 there is no noise
 * in x by which a network could tell the z of its velocity z - x, and half of what the last step has to take away would
 * stay. One such step has an error of h^2, so the order stands, and n steps take 2 n - 1 evaluations.
 */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    (void)self;
    const double h = leg.next - leg.t;
    neap_tensor *v = neap_velocity_at(field, x, leg.t), *there = neap_add(x, neap_affine(v, h, 0));
    if (leg.next == 0)
        return there;
    neap_tensor *w = neap_velocity_at(field, there, leg.next);
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
    NEAP_GRID_PARAMS(config, 13),
    NEAP_PARAMS_END,
};

static const neap_component heun_components[] = {
    {"sampler/1", "heun", "Heun's method: order 2, two evaluations a step.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(heun) = {NEAP_ABI, sizeof(neap_plugin), "heun", "1.0.0", "MIT",
                     "Heun's method: order 2, two evaluations a step.", heun_components};
