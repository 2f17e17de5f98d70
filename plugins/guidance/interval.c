/*
 * Guidance in a part of the way (Kynkaanniemi et al. 2024): inside [low, high] the guidance that is given, outside the
 * conditional field. Near noise guidance narrows what is drawn, and near the picture it does nothing but cost.
 */
#include <neap/error.h>
#include <neap/sampling.h>

typedef struct config {
    const neap_instance *of;
    double low, high;
} config;

static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, double t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    if (c->low > c->high)
        return neap_fail_null("interval: expected low up to high, got %g and %g", c->low, c->high);
    const bool inside = t >= c->low && t <= c->high;
    return neap_guided_velocity(inside ? c->of : NULL, field, x, t, conditional);
}

static const neap_guidance functions = {sizeof functions, velocity};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "guidance", "What is on inside; nil: nothing is."),
    NEAP_REAL(config, low, 0, 0, 1, "The time next to the picture from which it is on."),
    NEAP_REAL(config, high, 0.7, 0, 1, "The time next to the noise up to which it is on."),
    NEAP_PARAMS_END,
};

static const neap_component interval_components[] = {
    {"guidance/1", "interval", "Another guidance between two times, none outside.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(interval) = {NEAP_ABI, sizeof(neap_plugin), "interval", "1.0.0", "MIT",
                         "Another guidance between two times, none outside.", interval_components};
