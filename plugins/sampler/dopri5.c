/*
 * Dormand and Prince's method of order 5(4) with steps chosen by its own error (Dormand and Prince 1980; Hairer,
 * Norsett, Wanner, Solving Ordinary Differential Equations I, II.4 and II.5). The last velocity of a step is the
 * first of the next, so a step takes six evaluations and the first one more.
 *
 * The error of a sample is the root mean square of its elements' errors, each in units of atol + rtol |x|, and the
 * worst sample of a batch decides: a picture depends on its batch, but within the tolerance alone. Pictures lie in
 * [-1, 1] and a step of their 8 bits is 0.008 there; at atol = rtol = 0.001 a step errs by a fourth of that at most.
 * A smaller atol would only be strict with elements near 0, which no eye tells from others.
 *
 * A way that takes more than max_evaluations, or steps below MIN_STEP, is ended by one Euler step and a warning: that
 * is a picture, if a rough one, where the point reached is a noisy one.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/sampling.h>

#define STAGES 7
#define FIRST_STEP 0.05 /* of the whole way: a guess that is too long costs one refused step */
#define MIN_STEP 1e-6   /* the network sees t in f32 */
#define SAFETY 0.9
#define MIN_FACTOR 0.2
#define MAX_FACTOR 5.0

static const double nodes[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/* Row s: weights of the velocities before stage s. The last row gives the step itself. */
static const double weights[STAGES][STAGES] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* The step of order 5 minus that of order 4. */
static const double differences[STAGES] = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525,
                                           -1.0 / 40};

typedef struct config {
    double rtol, atol;
    int64_t max_evaluations;
} config;

typedef struct state {
    const config *config;
    const neap_field *field;
    neap_tensor *x, *v; /* owned: the point reached, and the velocity there */
    double t, h;        /* h: the length of the next step to try, without a sign */
    int64_t evaluations, steps;
} state;

static neap_tensor *velocity(state *s, neap_tensor *x, double t)
{
    s->evaluations++;
    return s->field->velocity(s->field->self, x, t);
}

/* h times the weighted sum of `count` velocities. */
static neap_tensor *weighted(neap_tensor *const *v, const double *weight, int count, double h)
{
    neap_tensor *sum = NULL;
    for (int i = 0; i < count; i++) {
        if (weight[i] == 0)
            continue;
        neap_tensor *term = neap_affine(v[i], h * weight[i], 0);
        sum = i == 0 ? term : neap_add(sum, term);
    }
    return sum;
}

/* Of the worst sample, in units of the tolerance: below 1 the step may stand. */
static double error_of(const config *c, neap_tensor *x, neap_tensor *y, neap_tensor *difference)
{
    const int elements[] = {1, 2, 3};
    neap_tensor *scale = neap_affine(neap_maximum(neap_abs(x), neap_abs(y)), c->rtol, c->atol);
    neap_tensor *mean = neap_mean(neap_square(neap_div(difference, scale)), elements, 3, false);
    return sqrt(neap_item(neap_max(mean, NULL, 0, false)));
}

/* The factor of the next step. An error that is no number is a large one: fmax then gives its other argument. */
static double factor_of(double error)
{
    return fmin(MAX_FACTOR, fmax(MIN_FACTOR, SAFETY * pow(error, -0.2)));
}

/* Either may be the one that is there, so the new ones are kept before the old ones go. */
static void accept(state *s, neap_tensor *y, neap_tensor *v, double t)
{
    neap_tensor *const x_before = s->x, *const v_before = s->v;
    s->x = neap_keep(y);
    s->v = neap_keep(v);
    s->t = t;
    s->steps++;
    neap_release(x_before);
    neap_release(v_before);
}

/* Tries one step; 1: it stands, 0: it was too long, -1: failed. After a refusal no step is made longer. */
static int try_step(state *s, double next, bool *refused)
{
    neap_tensor *v[STAGES] = {s->v}, *y = s->x;
    const double h = next - s->t;
    for (int stage = 1; stage < STAGES; stage++) {
        y = neap_add(s->x, weighted(v, weights[stage], stage, h));
        v[stage] = velocity(s, y, nodes[stage] == 1 ? next : s->t + nodes[stage] * h);
    }
    const double error = error_of(s->config, s->x, y, weighted(v, differences, STAGES, h));
    if (neap_failed())
        return -1;
    const bool stands = error <= 1;
    s->h = fabs(h) * (*refused ? fmin(1, factor_of(error)) : factor_of(error));
    *refused = !stands;
    if (stands)
        accept(s, y, v[STAGES - 1], next);
    return stands;
}

static void warn(const state *s, const char *why)
{
    neap_warn("dopri5: %s at t = %.4g with tolerances rtol %g, atol %g; one Euler step takes the rest", why, s->t,
              s->config->rtol, s->config->atol);
}

/* Why no further step is to be tried; NULL: one is. */
static const char *end_of_means(const state *s)
{
    if (s->evaluations + STAGES - 1 > s->config->max_evaluations)
        return "the evaluations are used up";
    return s->h < MIN_STEP ? "steps become too short" : NULL;
}

static int told(const state *s, const neap_watch *watch)
{
    return watch ? watch->step(watch->user, s->steps, 0, s->t, s->x) : 0;
}

/* 1: at the end; 0: on the way; -1: failed. */
static int proceed(state *s, const neap_watch *watch, bool *refused)
{
    const double to = s->field->to, rest = to - s->t;
    const char *why = end_of_means(s);
    if (why) {
        warn(s, why);
        accept(s, neap_add(s->x, neap_affine(s->v, rest, 0)), s->v, to);
        return s->x && !told(s, watch) ? 1 : -1;
    }
    /* A rest that is hardly longer than the step is taken with it. */
    const bool last = 1.01 * s->h >= fabs(rest);
    const int status = try_step(s, last ? to : s->t + copysign(s->h, rest), refused);
    if (status < 0 || (status == 1 && told(s, watch)))
        return -1;
    return last && status == 1;
}

static int walk(state *s, const neap_watch *watch)
{
    bool refused = false;
    int status = s->x && s->v ? 0 : -1;
    while (status == 0) {
        const neap_scope scope = neap_scope_open();
        status = proceed(s, watch, &refused);
        neap_scope_close(scope);
    }
    return status;
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    state s = {.config = settings, .field = field, .t = field->from, .h = FIRST_STEP * fabs(field->to - field->from)};
    const neap_scope scope = neap_scope_open();
    (void)random;
    s.x = neap_keep(x);
    s.v = neap_keep(velocity(&s, x, s.t));
    const int status = walk(&s, watch);
    neap_tensor *result = neap_scope_return(scope, status < 0 ? NULL : s.x);
    neap_release(s.x);
    neap_release(s.v);
    return result;
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_REAL(config, rtol, 1e-3, 0, 1, "Error allowed in a step, as a part of x."),
    NEAP_REAL(config, atol, 1e-3, 1e-6, 1, "Error allowed in a step besides; pictures lie in [-1, 1]."),
    NEAP_INT(config, max_evaluations, 1000, STAGES, 1000000,
             "Where the tolerances take more, one Euler step ends it with a warning."),
    NEAP_PARAMS_END,
};

static const neap_component dopri5_components[] = {
    {"sampler/1", "dopri5", "Dormand and Prince's method of order 5, steps chosen by tolerance.", sizeof(config),
     params, &functions},
    {0},
};

NEAP_PLUGIN(dopri5) = {NEAP_ABI, sizeof(neap_plugin), "dopri5", "1.0.0", "MIT",
                       "Dormand and Prince's method of order 5, steps chosen by tolerance.", dopri5_components};
