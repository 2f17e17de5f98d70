/*
 * Autoguidance (Karras et al. 2024, Guiding a Diffusion Model with a Bad Version of Itself): away from the velocity
 * of a worse network under the same condition, v = (1 + w) v_y - w v_worse. It needs no null condition and works for
 * unconditional networks, too.
 */
#include <neap/error.h>
#include <neap/sampling.h>

typedef struct config {
    double w;
    neap_network *worse;
} config;

static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    if (!c->worse)
        return neap_fail_null("autoguidance: expected a worse network: set worse to a run, a checkpoint or a model");
    neap_tensor *v = neap_guided_velocity(NULL, field, x, t, conditional);
    if (c->w == 0)
        return v;
    neap_tensor *worse = field->velocity(field, c->worse, x, t, field->condition);
    return neap_sub(neap_affine(v, 1 + c->w, 0), neap_affine(worse, c->w, 0));
}

static const neap_guidance functions = {.size = sizeof functions, .velocity = velocity};

static const neap_param params[] = {
    NEAP_REAL(config, w, 1, -1, 1000, "Weight of the guidance; 0 is off. The paper's scale is 1 + w."),
    NEAP_NETWORK(config, worse, "velocity", "A worse network, such as an earlier or a smaller one."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(autoguidance) = NEAP_ONE_COMPONENT("autoguidance", "1.0.0", "MIT", "Guidance away from a worse network.",
                                               "guidance/2", config, params, functions);
