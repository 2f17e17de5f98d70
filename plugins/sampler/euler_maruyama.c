/*
 * The Euler-Maruyama method for the reverse SDE (Kloeden and Platen 1992, 10.2). With t = 1 at noise and v = z - x,
 * the SDE is dx = (v - w s) dt + sqrt(2 w) dW, s = -(x + (1 - t) v) / t, w = strength t; sampling.h derives it. A
 * step of h = t - next: x - h (v - w s) + sqrt(2 strength t h) noise; weak order 1. The last step adds no noise,
 * because no later step would remove it (Ma et al. 2024, SiT). At strength 0 this is Euler's method.
 */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
    double strength;
} config;

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    const config *c = self;
    const double h = step.t - step.next;
    if (neap_reverse_check(step, "euler_maruyama") < 0)
        return NULL;
    neap_tensor *next = neap_add(x, neap_affine(neap_reverse_drift(field, x, step.t, c->strength), -h, 0));
    if (step.index + 1 == step.count)
        return next;
    return neap_add(next, neap_reverse_noise(field, x, step, 2 * c->strength * step.t * h));
}

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 250),
    NEAP_REAL(config, strength, 1, 0, 100, "The diffusion coefficient w at time t is strength t; 0: no noise."),
    NEAP_PARAMS_END,
};
NEAP_STEP_SAMPLER(functions, "velocity", config, advance);
NEAP_PLUGIN(euler_maruyama) = NEAP_ONE_COMPONENT("euler_maruyama", "1.0.0", "MIT",
                                                 "Euler-Maruyama method for the reverse SDE.", "sampler/2",
                                                 config, params, functions);
