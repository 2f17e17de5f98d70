/* Explicit Euler steps along the velocity field, from noise at t = 1 to data at t = 0 (Liu et al. 2022). */
#include <neap/error.h>
#include <neap/plugin.h>

typedef struct config {
    int64_t steps;
} config;

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *noise, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    neap_tensor *x = noise;
    (void)random;
    for (int64_t i = 0; i < c->steps; i++) {
        double t = 1 - (double)i / (double)c->steps;
        neap_scope scope = neap_scope_open();
        neap_tensor *v = field->velocity(field->self, x, t);
        x = neap_scope_return(scope, neap_add(x, neap_affine(v, -1 / (double)c->steps, 0)));
        if (!x || (watch && watch->step(watch->user, i + 1, c->steps, t - 1 / (double)c->steps, x)))
            return NULL;
    }
    return x;
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_INT(config, steps, 50, 1, 100000, "Steps, each one evaluation of the network."),
    NEAP_PARAMS_END,
};

static const neap_component euler_components[] = {
    {"sampler/1", "euler", "Explicit Euler steps along the velocity field.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(euler) = {NEAP_ABI, sizeof(neap_plugin), "euler", "1.0.0", "MIT",
                      "Explicit Euler steps along the velocity field.", euler_components};
