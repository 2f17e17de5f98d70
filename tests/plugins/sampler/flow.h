/*
 * For tests of samplers: `flow`, an architecture on pictures of two numbers with a choice of velocities a(t) x +
 * b(t), and its exact solution in double precision.
 */
#ifndef NEAP_FLOW_H
#define NEAP_FLOW_H

#include "tests/core/run/run_test.h"

/* The distribution that the flow `gauss` generates. */
#define GAUSS_MEAN 0.5
#define GAUSS_DEVIATION 0.4

static inline double swing_rate(double t)
{
    return 1 + sin(3 * t);
}

static inline double swing_drift(double t)
{
    return t;
}

static inline double fall_rate(double t)
{
    (void)t;
    return 1.5;
}

static inline double flow_none(double t)
{
    (void)t;
    return 0;
}

/* E[z - x | x_t] for data N(m, s^2), with x_t = (1 - t) x + t z and independent normals x and z. */
static inline double gauss_rate(double t)
{
    const double data = (1 - t) * GAUSS_DEVIATION * GAUSS_DEVIATION;
    return (t - data) / ((1 - t) * data + t * t);
}

static inline double gauss_drift(double t)
{
    return -GAUSS_MEAN - gauss_rate(t) * (1 - t) * GAUSS_MEAN;
}

/* Its integral over [0, 1] is 1. */
static inline double quartic_drift(double t)
{
    return 5 * t * t * t * t;
}

/* NaN below t = 0.5, which stops every step there. */
static inline double wall_drift(double t)
{
    return t < 0.5 ? NAN : 1;
}

enum { FLOW_SWING, FLOW_FALL, FLOW_GAUSS, FLOW_QUARTIC, FLOW_WALL };
static const char *const flow_names[] = {"swing", "fall", "gauss", "quartic", "wall", NULL};
static const struct flow_law {
    double (*rate)(double t), (*drift)(double t);
} flow_laws[] = {{swing_rate, swing_drift}, {fall_rate, flow_none}, {gauss_rate, gauss_drift},
                 {flow_none, quartic_drift}, {flow_none, wall_drift}};

typedef struct flow_config {
    int law;
} flow_config;

static inline void *flow_build(const void *config, neap_model *model)
{
    flow_config *self = neap_calloc(1, sizeof *self);
    (void)model;
    if (self)
        *self = *(const flow_config *)config;
    return self;
}

static inline int flow_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 2, .channels = 1});
}

static int64_t flow_rows; /* rows evaluated so far, of all velocities */

static inline neap_tensor *flow_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const struct flow_law *law = &flow_laws[((const flow_config *)self)->law];
    flow_rows += neap_size(t);
    const neap_shape column = neap_dims(neap_size(t), 1, 1, 1);
    neap_tensor *rate = neap_empty(NEAP_F32, column), *drift = neap_empty(NEAP_F32, column);
    if (!rate || !drift)
        return NULL;
    for (int64_t i = 0; i < neap_size(t); i++) {
        const double time = (double)((const float *)neap_data(t))[i];
        ((float *)neap_data(rate))[i] = (float)law->rate(time);
        ((float *)neap_data(drift))[i] = (float)law->drift(time);
    }
    (void)condition;
    return neap_add(neap_mul(x, rate), drift);
}

static const neap_architecture flow_functions = {.size = sizeof flow_functions, .build = flow_build,
                                                 .destroy = neap_free, .spec = flow_spec, .velocity = flow_velocity};
static const neap_param flow_params[] = {
    NEAP_CHOICE(flow_config, law, 0, flow_names, "Which."),
    NEAP_PARAMS_END,
};
static const neap_component flow_components[] = {
    {"architecture/2", "flow", "A velocity a(t) x + b(t).", sizeof(flow_config), flow_params, &flow_functions},
    {0},
};
static const neap_plugin flow_plugin = {NEAP_ABI, sizeof flow_plugin, "flow", "1", "MIT", "For tests.",
                                        flow_components};

static inline void flow_open(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&flow_plugin, NULL));
}

/* From x at `from` to `to` by 4096 steps of the classical Runge-Kutta method, exact to ten digits. */
static inline double flow_solve(int law, double x, double from, double to)
{
    enum { STEPS = 4096 };
    const double h = (to - from) / STEPS;
    double (*const a)(double) = flow_laws[law].rate, (*const b)(double) = flow_laws[law].drift;
    for (int i = 0; i < STEPS; i++) {
        const double t = from + h * i, middle = t + h / 2, end = from + h * (i + 1);
        const double k1 = a(t) * x + b(t), k2 = a(middle) * (x + h / 2 * k1) + b(middle);
        const double k3 = a(middle) * (x + h / 2 * k2) + b(middle), k4 = a(end) * (x + h * k3) + b(end);
        x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
    return x;
}

#endif
