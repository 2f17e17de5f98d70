/*
 * Heun's method for the reverse SDE dx = (v - w s) dt + sqrt(2 w) dW with s = -(x + (1 - t) v) / t and w = strength
 * t; sampling.h derives it. The drift is the mean of the drifts at both ends of a step; the second end includes the
 * noise of the step. Since the noise depends on t alone, this is the weak scheme of order 2 (Kloeden and Platen 1992,
 * 15.1), with the exact variance over the step, 2 strength (t^2 - next^2) / 2, in place of that at one end. Two
 * evaluations a step. The last step is an Euler step without noise (Ma et al. 2024, SiT). At strength 0 this is
 * Heun's method; heun.c explains its last step.
 */
#include <neap/sampling.h>

typedef struct config {
    neap_grid grid;
    double strength;
} config;

static neap_tensor *noise_of(const config *c, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    const double variance = c->strength * (step.t * step.t - step.next * step.next);
    return neap_reverse_noise(field, x, step, variance);
}

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    const config *c = self;
    const double h = step.t - step.next;
    if (neap_reverse_check(step, "heun_sde") < 0)
        return NULL;
    neap_tensor *drift = neap_reverse_drift(field, x, step.t, c->strength);
    if (step.next == 0)
        return neap_add(x, neap_affine(drift, -h, 0));
    neap_tensor *noisy = step.index + 1 == step.count ? x : neap_add(x, noise_of(c, field, x, step));
    neap_tensor *end = neap_add(noisy, neap_affine(drift, -h, 0));
    neap_tensor *end_drift = neap_reverse_drift(field, end, step.next, c->strength);
    return neap_add(noisy, neap_affine(neap_add(drift, end_drift), -h / 2, 0));
}

static const neap_param params[] = {
    NEAP_GRID_PARAMS(config, 125),
    NEAP_REAL(config, strength, 1, 0, 100, "The diffusion coefficient w at time t is strength t; 0: no noise."),
    NEAP_PARAMS_END,
};
NEAP_STEP_SAMPLER(functions, "velocity", config, advance);
NEAP_PLUGIN(heun_sde) = NEAP_ONE_COMPONENT("heun_sde", "1.0.0", "MIT",
                                           "Heun's method for the reverse SDE: weak order 2.", "sampler/2",
                                           config, params, functions);
