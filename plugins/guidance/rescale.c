/*
 * Guidance without its gain in contrast (Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps Are
 * Flawed, equations 15 and 16, of velocities): with the standard deviations of a sample's elements in the guided
 * velocity v and in the conditional one v_y, phi v std(v_y) / std(v) + (1 - phi) v.
 */
#include <neap/sampling.h>

#define TINY 1e-12 /* a variance: a velocity without spread is not scaled up without bound */

typedef struct config {
    const neap_instance *of;
    double phi;
} config;

/* Of each sample, [B, 1, 1, 1]. */
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
    /* Samples that the guidance left as they are stay so: their ratio is 1, and phi + (1 - phi) rounds to 1 in f32. */
    return neap_mul(v, neap_affine(ratio, c->phi, 1 - c->phi));
}

static bool uses_null(const void *settings)
{
    return neap_guidance_uses_null(((const config *)settings)->of);
}

static const neap_guidance functions = {sizeof functions, velocity, uses_null};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "guidance", "What is rescaled; nil: nothing is."),
    NEAP_REAL(config, phi, 0.7, 0, 1, "How much of the rescaled velocity is mixed in; 0 is off."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(rescale) = NEAP_ONE_COMPONENT("rescale", "1.0.0", "MIT",
                                          "Another guidance, at the conditional field's contrast.", "guidance/2",
                                          config, params, functions);
