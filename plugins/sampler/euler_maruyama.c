/*
 * Euler and Maruyama's steps along the reverse SDE (Kloeden and Platen 1992, 10.2). Of our direction, t = 1 noise and
 * v = z - x, it is dx = (v - w s) dt + sqrt(2 w) dW with s = -(x + (1 - t) v) / t and w = strength t, as derived in
 * sampling.h. A step down by h = t - next: x - h (v - w s) + sqrt(2 strength t h) noise; weak order 1. The last step is
 * the mean, without noise that no later step would take away (Ma et al. 2024, SiT). At strength 0 it is Euler's method.
 */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
    double strength;
} config;

typedef struct path {
    const config *config;
    neap_random random;
} path;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    const path *p = self;
    const double strength = p->config->strength, h = leg.t - leg.next;
    neap_tensor *next = neap_add(x, neap_affine(neap_reverse_drift(field, x, leg.t, strength), -h, 0));
    if (leg.step + 1 == leg.steps)
        return next;
    return neap_add(next, neap_reverse_noise(field, x, p->random, leg.step, 2 * strength * leg.t * h));
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    path p = {c, random};
    return neap_reverse_check(field, "euler_maruyama") < 0 ? NULL : neap_walk(&c->grid, field, x, watch, advance, &p);
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 250),
    NEAP_REAL(config, strength, 1, 0, 100, "The noise taken up at time t is strength t; 0: none."),
    NEAP_PARAMS_END,
};

static const neap_component euler_maruyama_components[] = {
    {"sampler/1", "euler_maruyama", "Euler and Maruyama's steps along the reverse SDE.", sizeof(config), params,
     &functions},
    {0},
};

NEAP_PLUGIN(euler_maruyama) = {NEAP_ABI, sizeof(neap_plugin), "euler_maruyama", "1.0.0", "MIT",
                               "Euler and Maruyama's steps along the reverse SDE.", euler_maruyama_components};
