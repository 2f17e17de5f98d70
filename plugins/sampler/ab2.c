/*
 * The two-step Adams-Bashforth method for steps of varying length: the line through the current and the previous
 * velocity is integrated over the step (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, III.5).
 * Order 2 with one evaluation a step. The first step is an Euler step: its single error of order h^2 keeps the order,
 * and near noise the paths of a flow are almost straight. So n steps take n evaluations.
 */
#include <neap/sampling.h>

/* The previous step. */
typedef struct history {
    neap_tensor *v; /* owned; NULL before the first step */
    double h;
} history;

static void store(history *last, neap_tensor *v, double h)
{
    neap_tensor *const old = last->v;
    *last = (history){neap_keep(v), h}; /* before the release: a field may return the same tensor twice */
    neap_release(old);
}

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    history *last = self;
    const double h = step.next - step.t;
    neap_tensor *v = neap_velocity_at(field, x, step.t), *mean = v;
    if (last->v) {
        const double share = h / (2 * last->h);
        mean = neap_sub(neap_affine(v, 1 + share, 0), neap_affine(last->v, share, 0));
    }
    neap_tensor *next = neap_add(x, neap_affine(mean, h, 0));
    store(last, v, h);
    return next;
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    const neap_grid_config *c = settings;
    history last = {0};
    neap_tensor *result = neap_integrate(&c->grid, field, x, random, watch, advance, &last);
    neap_release(last.v);
    return result;
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 50), NEAP_PARAMS_END};
NEAP_PLUGIN(ab2) = NEAP_ONE_COMPONENT("ab2", "1.0.0", "MIT",
                                      "Two-step Adams-Bashforth method: order 2, one evaluation a step.",
                                      "sampler/2", neap_grid_config, params, functions);
