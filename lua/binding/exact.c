/*
 * An architecture whose velocity is exact, to measure the errors of samplers: the data are Gaussian, x0 ~ N(m, s^2) in each
 * dimension, so x_t is N((1 - t) m, v(t)) with v(t) = (1 - t)^2 s^2 + t^2. The velocity E[z - x0 | x_t] is linear in x_t, and the
 * sampler that makes no error takes z at t = 1 to m + s z at t = 0. The mean m depends on the label.
 */
#include <math.h>

#include "binding.h"

#define DIMENSIONS 2
#define SPREAD 0.5 /* s */

typedef struct exact_config {
    int64_t classes;
} exact_config;

static void *build(const void *config, neap_model *model)
{
    (void)model;
    exact_config *self = neap_calloc(1, sizeof *self);
    if (self)
        *self = *(const exact_config *)config;
    return self;
}

static int spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = DIMENSIONS,
                                           .classes = ((const exact_config *)self)->classes});
}

static double variance(double t)
{
    return (1 - t) * (1 - t) * SPREAD * SPREAD + t * t;
}

static double mean_of(const exact_config *self, int32_t label)
{
    return label == self->classes ? 0.25 : 0.5 * label - 0.25;
}

/* The result of a row is scale x + shift. */
typedef struct line {
    double scale, shift;
} line;

typedef line line_fn(double t, double r, double m);

static line velocity_line(double t, double r, double m)
{
    (void)r;
    const double a = (t - (1 - t) * SPREAD * SPREAD) / variance(t);
    return (line){a, -a * (1 - t) * m - m};
}

/* The path through x_t has x_r = (1 - r) m + k (x_t - (1 - t) m), with k^2 = v(r) / v(t). */
static line average_line(double t, double r, double m)
{
    if (t == r)
        return velocity_line(t, r, m);
    const double k = sqrt(variance(r) / variance(t));
    return (line){(1 - k) / (t - r), -((1 - r) - k * (1 - t)) * m / (t - r)};
}

static line sample_line(double t, double r, double m)
{
    (void)t, (void)r;
    return (line){SPREAD, m};
}

/* t and r may be NULL. */
static neap_tensor *apply(const exact_config *self, line_fn *f, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                          const neap_condition *condition)
{
    const int64_t rows = neap_dim(x, 0);
    neap_tensor *labels = self->classes ? neap_contiguous(neap_condition_get(condition, NEAP_LABELS)) : NULL;
    neap_tensor *scale = neap_empty(NEAP_F32, neap_dims(rows, 1, 1, 1)), *shift = neap_empty(NEAP_F32, neap_dims(rows, 1, 1, 1));
    const float *from = t ? neap_data(neap_contiguous(t)) : NULL, *to = r ? neap_data(neap_contiguous(r)) : NULL;
    if (labels && neap_dtype_of(labels) != NEAP_I32)
        return neap_fail_null("expected labels, got weights of classes");
    const int32_t *label = labels ? neap_data(labels) : NULL;
    float *a = neap_data(scale), *b = neap_data(shift);
    for (int64_t i = 0; a && b && i < rows; i++) {
        const line l = f(from ? (double)from[i] : 0, to ? (double)to[i] : 0, label ? mean_of(self, label[i]) : 0.25);
        a[i] = (float)l.scale;
        b[i] = (float)l.shift;
    }
    return neap_add(neap_mul(x, scale), shift);
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    return apply(self, velocity_line, x, t, NULL, condition);
}

static neap_tensor *average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition)
{
    return apply(self, average_line, x, t, r, condition);
}

static neap_tensor *generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    return apply(self, sample_line, z, NULL, NULL, condition);
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = neap_free, .spec = spec,
                                            .velocity = velocity, .average = average, .generate = generate};
static const neap_param params[] = {
    NEAP_INT(exact_config, classes, 0, 0, 1000, "Number of classes; 0: unconditional."),
    NEAP_PARAMS_END,
};
static const neap_plugin plugin = NEAP_ONE_COMPONENT("exact_gaussian", NEAP_VERSION, "MIT",
                                                     "Gaussian data with their exact velocity.", "architecture/2", exact_config,
                                                     params, functions);

/* exact_register() -> the spread of the data: adds the architecture exact_gaussian. A label y has the mean 0.5 y - 0.25, no label
 * has 0.25. */
static int exact_register(lua_State *L)
{
    if (neap_registry_add(&plugin, "built in") < 0)
        return neap_lua_raise(L);
    lua_pushnumber(L, SPREAD);
    return 1;
}

void neap_lua_open_exact(lua_State *L)
{
    lua_pushcfunction(L, exact_register);
    lua_setfield(L, -2, "exact_register");
}
