/* Explicit Euler steps along the velocity field, from noise at t = 1 to data at t = 0 (Liu et al. 2022). */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    (void)self;
    neap_tensor *v = neap_velocity_at(field, x, leg.t);
    return neap_add(x, neap_affine(v, leg.next - leg.t, 0));
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
    NEAP_GRID_PARAMS(config, 50),
    NEAP_PARAMS_END,
};

static const neap_component euler_components[] = {
    {"sampler/1", "euler", "Explicit Euler steps along the velocity field.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(euler) = {NEAP_ABI, sizeof(neap_plugin), "euler", "1.0.0", "MIT",
                      "Explicit Euler steps along the velocity field.", euler_components};
