/*
 * Heun's steps along the reverse SDE dx = (v - w s) dt + sqrt(2 w) dW with s = -(x + (1 - t) v) / t and w = strength
 * t, as derived in sampling.h: the drift is the mean of both ends of a step, of which the second is reached with the
 * same noise. As the noise depends on t alone this is the weak scheme of order 2 (Kloeden and Platen 1992, 15.1); it
 * takes the noise of a whole step, of variance 2 strength (t^2 - next^2) / 2, in place of its value at one end. Two
 * evaluations a step, but for the last, which is the mean (Ma et al. 2024, SiT), by Euler's step. At strength 0 it is
 * Heun's method as in heun.c, which says why it ends so.
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

static neap_tensor *noise_of(const path *p, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    const double variance = p->config->strength * (leg.t * leg.t - leg.next * leg.next);
    return neap_reverse_noise(field, x, p->random, leg.step, variance);
}

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    const path *p = self;
    const double strength = p->config->strength, h = leg.t - leg.next;
    neap_tensor *here = neap_reverse_drift(field, x, leg.t, strength);
    if (leg.next == 0)
        return neap_add(x, neap_affine(here, -h, 0));
    neap_tensor *noisy = leg.step + 1 == leg.steps ? x : neap_add(x, noise_of(p, field, x, leg));
    neap_tensor *there = neap_reverse_drift(field, neap_add(noisy, neap_affine(here, -h, 0)), leg.next, strength);
    return neap_add(noisy, neap_affine(neap_add(here, there), -h / 2, 0));
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    path p = {c, random};
    return neap_reverse_check(field, "heun_sde") < 0 ? NULL : neap_walk(&c->grid, field, x, watch, advance, &p);
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 125),
    NEAP_REAL(config, strength, 1, 0, 100, "The noise taken up at time t is strength t; 0: none."),
    NEAP_PARAMS_END,
};

static const neap_component heun_sde_components[] = {
    {"sampler/1", "heun_sde", "Heun's steps along the reverse SDE: weak order 2.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(heun_sde) = {NEAP_ABI, sizeof(neap_plugin), "heun_sde", "1.0.0", "MIT",
                         "Heun's steps along the reverse SDE: weak order 2.", heun_sde_components};
