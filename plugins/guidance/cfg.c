/*
 * Classifier-free guidance (Ho and Salimans 2022): v = (1 + w) v_y - w v_0. One call with twice the rows evaluates both
 * velocities.
 */
#include <neap/error.h>
#include <neap/sampling.h>

typedef struct config {
    double w;
} config;

static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    neap_tensor *v[2];
    if (!field->condition)
        return neap_fail_null("cfg: needs a conditional network; this one takes no condition");
    if (c->w == 0)
        return neap_guided_velocity(NULL, field, x, t, conditional);
    neap_tensor *rows = neap_concat((neap_tensor *[]){x, x}, 2, 0);
    neap_condition *both = neap_condition_join(field->condition, neap_condition_null(field->condition));
    if (!both)
        return NULL;
    neap_chunk(field->velocity(field, NULL, rows, neap_concat((neap_tensor *[]){t, t}, 2, 0), both), 2, v, 0);
    if (conditional)
        *conditional = v[0];
    return neap_sub(neap_affine(v[0], 1 + c->w, 0), neap_affine(v[1], c->w, 0));
}

static bool uses_null(const void *settings)
{
    return ((const config *)settings)->w != 0;
}

static const neap_guidance functions = {sizeof functions, velocity, uses_null};

static const neap_param params[] = {
    NEAP_REAL(config, w, 1.5, -1, 1000, "Weight of the guidance; 0 is off. The other common scale is s = 1 + w."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(cfg) = NEAP_ONE_COMPONENT("cfg", "1.0.0", "MIT", "Classifier-free guidance.", "guidance/2", config, params,
                                      functions);
