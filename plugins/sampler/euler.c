/* Explicit Euler steps along the velocity field, from noise at t = 1 to data at t = 0 (Liu et al. 2022). */
#include <neap/error.h>
#include <neap/plugin.h>

typedef struct config {
    int64_t steps;
} config;

/* x - v / steps, owned by the caller: scopes would keep every x of the path until the end. */
static neap_tensor *advance(const neap_field *field, neap_tensor *x, double t, int64_t steps)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *v = field->velocity(field->self, x, t);
    neap_tensor *next = neap_keep(neap_add(x, neap_affine(v, -1 / (double)steps, 0)));
    neap_scope_close(scope);
    return next;
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *noise, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    neap_tensor *x = neap_keep(noise);
    bool whole = x != NULL;
    (void)random;
    for (int64_t i = 0; whole && i < c->steps; i++) {
        double t = 1 - (double)i / (double)c->steps;
        neap_tensor *next = advance(field, x, t, c->steps);
        neap_release(x);
        x = next;
        whole = x && !(watch && watch->step(watch->user, i + 1, c->steps, t - 1 / (double)c->steps, x));
    }
    neap_scope scope = neap_scope_open();
    neap_tensor *result = neap_scope_return(scope, whole ? x : NULL); /* owned by the caller's scope, too */
    neap_release(x);
    return result;
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
