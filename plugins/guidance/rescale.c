/*
 * Guidance without increased contrast (Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps Are Flawed,
 * equations 15 and 16, applied to velocities): phi v std(v_y) / std(v) + (1 - phi) v, with standard deviations over the
 * elements of a sample, guided velocity v and conditional velocity v_y.
 */
#include <neap/sampling.h>

#define TINY 1e-12 /* a variance: bounds the scale of a constant velocity */

typedef struct config {
    const neap_instance *of;
    double phi;
} config;

/* Variance of each sample, [B, 1, 1, 1]. */
static neap_tensor *variance(neap_tensor *v)
{
    const int elements[] = {1, 2, 3};
    return neap_affine(neap_variance(v, elements, 3, true), 1, TINY);
}

static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    neap_tensor *plain = NULL;
    neap_tensor *v = neap_guided_velocity(c->of, field, x, t, &plain);
    if (conditional)
        *conditional = plain;
    if (v == plain || c->phi == 0)
        return v;
    neap_tensor *ratio = neap_sqrt(neap_div(variance(plain), variance(v)));
    /* Samples that the guidance did not change stay exact: their ratio is 1, and phi + (1 - phi) rounds to 1 in f32. */
    return neap_mul(v, neap_affine(ratio, c->phi, 1 - c->phi));
}

static bool uses_null(const void *settings)
{
    return neap_guidance_uses_null(((const config *)settings)->of);
}

static const neap_guidance functions = {sizeof functions, velocity, uses_null};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "guidance", "Guidance to rescale; nil: none."),
    NEAP_REAL(config, phi, 0.7, 0, 1, "Share of the rescaled velocity; 0 is off."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(rescale) = NEAP_ONE_COMPONENT("rescale", "1.0.0", "MIT",
                                          "Another guidance, with the conditional contrast.", "guidance/2",
                                          config, params, functions);
