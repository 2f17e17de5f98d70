/*
 * Dormand and Prince's method of order 5(4) with steps chosen by its own error (Dormand and Prince 1980; Hairer,
 * Norsett, Wanner, Solving Ordinary Differential Equations I, II.4 and II.5). The last velocity of a step is the
 * first of the next, so a step takes six evaluations and the first one more.
 *
 * Each sample takes steps of its own, so that it does not depend on its batch: in a round all samples that are on their
 * way try one step each, from their own times. Those that have arrived are no longer evaluated.
 *
 * The error of a sample is the root mean square of its elements' errors, each in units of atol + rtol |x|. Pictures lie in
 * [-1, 1] and a step of their 8 bits is 0.008 there; at atol = rtol = 0.001 a step errs by a fourth of that at most.
 * A smaller atol would only be strict with elements near 0, which no eye tells from others.
 *
 * A sample that takes more than max_evaluations, or steps below MIN_STEP, is ended by one Euler step and a warning: that
 * is a picture, if a rough one, where the point reached is a noisy one.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "dopri5.h"

#define FIRST_STEP 0.05 /* of the whole way: a guess that is too long costs one refused step */
#define MIN_STEP 1e-6   /* the network sees t in f32 */
#define SAFETY 0.9
#define MIN_FACTOR 0.2
#define MAX_FACTOR 5.0

typedef struct config {
    double rtol, atol;
    int64_t max_evaluations;
} config;

/* One sample on its way. */
typedef struct path {
    double t, h;  /* h: the length of the next step to try, without a sign */
    bool refused; /* the last step: the next is made no longer then */
    bool arrived;
} path;

/* Why samples are ended by an Euler step. */
enum { SPENT, SHORT, REASONS };
static const char *const reasons[REASONS] = {"the evaluations are used up", "steps become too short"};

typedef struct state {
    const config *config;
    const neap_field *field;
    int64_t batch;
    path *path;         /* [batch]: owned */
    neap_tensor *x, *v; /* owned: the points reached by all samples, and the velocities there */
    int64_t evaluations; /* of each sample that is on its way: those try a step in every round */
    int64_t steps;      /* rounds in which a sample moved */
    int64_t ended[REASONS];
    double ended_at[REASONS]; /* the time farthest from the end */
} state;

static double rest_of(const state *s, const path *p)
{
    return s->field->to - p->t;
}

/* --- Rows -------------------------------------------------------------------------------------------------------- */

static bool on_its_way(const path *p)
{
    return !p->arrived;
}

static bool too_short(const path *p)
{
    return !p->arrived && p->h < MIN_STEP;
}

static int64_t count_of(const state *s, bool (*wanted)(const path *p))
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->batch; i++)
        count += wanted(&s->path[i]);
    return count;
}

/* The numbers of `count` samples, i32 [count]. */
static neap_tensor *rows_of(const state *s, bool (*wanted)(const path *p), int64_t count)
{
    neap_tensor *rows = neap_empty(NEAP_I32, neap_dims(count));
    int32_t *row = rows ? neap_data(rows) : NULL;
    for (int64_t i = 0; row && i < s->batch; i++)
        if (wanted(&s->path[i]))
            *row++ = (int32_t)i;
    return rows;
}

/* Where the next step of a sample leads; a rest that is hardly longer than the step is taken with it. */
static double next_of(const state *s, const path *p)
{
    const double rest = rest_of(s, p);
    return 1.01 * p->h >= fabs(rest) ? s->field->to : p->t + copysign(p->h, rest);
}

static double time_of(const state *s, const path *p)
{
    (void)s;
    return p->t;
}

/* A number for each of the rows, f64 [n]. */
static neap_tensor *numbers_of(const state *s, neap_tensor *rows, double (*number)(const state *s, const path *p))
{
    neap_tensor *all = neap_empty(NEAP_F64, neap_shape_of(rows));
    double *value = all ? neap_data(all) : NULL;
    const int32_t *row = neap_data(rows);
    for (int64_t i = 0; value && i < neap_size(rows); i++)
        value[i] = number(s, &s->path[row[i]]);
    return all;
}

/* Row index[i] of x and y after each other takes the place of row i of x, which is owned. */
static int replace(neap_tensor **x, neap_tensor *y, neap_tensor *index)
{
    neap_tensor *next = neap_keep(neap_rows(neap_concat((neap_tensor *[]){*x, y}, 2, 0), index));
    if (!next)
        return -1;
    neap_release(*x);
    *x = next;
    return 0;
}

/* For `replace`: all rows as they are. */
static neap_tensor *unchanged(const state *s)
{
    return neap_contiguous(neap_arange(NEAP_I32, 0, 1, s->batch));
}

/* --- A round ------------------------------------------------------------------------------------------------------ */

/* The factor of the next step. A NaN is a large error: fmax then gives its other argument. */
static double factor_of(double error)
{
    return fmin(MAX_FACTOR, fmax(MIN_FACTOR, SAFETY * pow(error, -0.2)));
}

/* Whether the step from p->t to `next` stands. */
static bool judge(const state *s, path *p, double next, double error)
{
    const bool stands = error <= 1;
    p->h = fabs(next - p->t) * (p->refused ? fmin(1, factor_of(error)) : factor_of(error));
    p->refused = !stands;
    if (stands)
        p->t = next;
    p->arrived = stands && next == s->field->to;
    return stands;
}

/* Moves the samples whose steps stand; gives their number, or -1. */
static int64_t settle(state *s, const dopri5_step *step)
{
    const int32_t *row = neap_data(step->rows);
    const double *next = neap_data(step->next);
    const float *square = neap_data(step->errors);
    neap_tensor *index = unchanged(s);
    int32_t *place = index ? neap_data(index) : NULL;
    int64_t moved = 0;
    if (!row || !next || !square || !place)
        return -1;
    for (int64_t i = 0; i < neap_size(step->rows); i++) {
        if (!judge(s, &s->path[row[i]], next[i], sqrt((double)square[i])))
            continue;
        place[row[i]] = (int32_t)(s->batch + i);
        moved++;
    }
    return moved && (replace(&s->x, step->y, index) < 0 || replace(&s->v, step->w, index) < 0) ? -1 : moved;
}

/* Each of these samples tries a step of its own; gives the number of those that moved, or -1. */
static int64_t try_steps(state *s, neap_tensor *rows)
{
    const dopri5_tolerance tolerance = {s->config->rtol, s->config->atol};
    dopri5_step step = {.rows = rows, .t = numbers_of(s, rows, time_of), .next = numbers_of(s, rows, next_of),
                        .x = neap_rows(s->x, rows), .v = neap_rows(s->v, rows)};
    s->evaluations += DOPRI5_EVALUATIONS;
    return dopri5_try(s->field, tolerance, &step) < 0 ? -1 : settle(s, &step);
}

/* One Euler step to the end for each of `count` samples. */
static int end_by_euler(state *s, bool (*wanted)(const path *p), int64_t count, int reason)
{
    neap_tensor *rows = rows_of(s, wanted, count), *index = unchanged(s);
    if (!rows || !index)
        return -1;
    neap_tensor *rest = dopri5_by_row(numbers_of(s, rows, rest_of), 1);
    neap_tensor *y = neap_add(neap_rows(s->x, rows), neap_mul(neap_rows(s->v, rows), rest));
    const int32_t *row = neap_data(rows);
    int32_t *place = neap_data(index);
    for (int64_t i = 0; i < count; i++) {
        path *p = &s->path[row[i]];
        if (!s->ended[reason]++ || fabs(rest_of(s, p)) > fabs(s->field->to - s->ended_at[reason]))
            s->ended_at[reason] = p->t;
        place[row[i]] = (int32_t)(s->batch + i);
        p->t = s->field->to;
        p->arrived = true;
    }
    return replace(&s->x, y, index);
}

/* The number of samples that moved, or -1. */
static int64_t one_round(state *s)
{
    const int64_t left = count_of(s, on_its_way), brief = count_of(s, too_short);
    if (s->evaluations + DOPRI5_EVALUATIONS > s->config->max_evaluations)
        return end_by_euler(s, on_its_way, left, SPENT) < 0 ? -1 : left;
    if (brief && end_by_euler(s, too_short, brief, SHORT) < 0)
        return -1;
    if (brief == left)
        return left;
    neap_tensor *rows = rows_of(s, on_its_way, left - brief);
    const int64_t moved = rows ? try_steps(s, rows) : -1;
    return moved < 0 ? -1 : moved + brief;
}

/* --- The way ------------------------------------------------------------------------------------------------------ */

static int tell(const state *s, const neap_watch *watch)
{
    double t = s->field->to;
    for (int64_t i = 0; i < s->batch; i++)
        t = fabs(rest_of(s, &s->path[i])) > fabs(s->field->to - t) ? s->path[i].t : t;
    return watch ? watch->step(watch->user, s->steps, 0, t, s->x) : 0;
}

static int walk(state *s, const neap_watch *watch)
{
    int status = s->x && s->v ? 0 : -1;
    while (status == 0 && count_of(s, on_its_way)) {
        const neap_scope scope = neap_scope_open();
        const int64_t moved = one_round(s);
        s->steps += moved > 0;
        status = moved < 0 || (moved && tell(s, watch)) ? -1 : 0;
        neap_scope_close(scope);
    }
    return status;
}

static void warn(const state *s)
{
    for (int i = 0; i < REASONS; i++)
        if (s->ended[i])
            neap_warn("dopri5: %s at t = %.4g with tolerances rtol %g, atol %g; one Euler step takes the rest of %lld of "
                      "%lld samples",
                      reasons[i], s->ended_at[i], s->config->rtol, s->config->atol, (long long)s->ended[i],
                      (long long)s->batch);
}

static int begin(state *s, neap_tensor *x)
{
    s->path = neap_calloc((size_t)s->batch, sizeof *s->path);
    if (!s->path)
        return -1;
    for (int64_t i = 0; i < s->batch; i++)
        s->path[i] = (path){.t = s->field->from, .h = FIRST_STEP * fabs(s->field->to - s->field->from)};
    s->x = neap_keep(x);
    s->v = neap_keep(neap_velocity_at(s->field, x, s->field->from));
    s->evaluations = 1;
    return 0;
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch)
{
    state s = {.config = settings, .field = field, .batch = neap_dim(x, 0)};
    const neap_scope scope = neap_scope_open();
    (void)random;
    const int status = begin(&s, x) < 0 || walk(&s, watch) < 0 ? -1 : 0;
    if (status == 0)
        warn(&s);
    neap_tensor *result = neap_scope_return(scope, status < 0 ? NULL : s.x);
    neap_release(s.x);
    neap_release(s.v);
    neap_free(s.path);
    return result;
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_REAL(config, rtol, 1e-3, 0, 1, "Error allowed in a step, as a part of x."),
    NEAP_REAL(config, atol, 1e-3, 1e-6, 1, "Error allowed in a step besides; pictures lie in [-1, 1]."),
    NEAP_INT(config, max_evaluations, 1000, DOPRI5_EVALUATIONS + 1, 1000000,
             "Where the tolerances take more, one Euler step ends it with a warning."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(dopri5) = NEAP_ONE_COMPONENT("dopri5", "1.0.0", "MIT",
                                         "Dormand and Prince's method of order 5, steps chosen by tolerance.", "sampler/2",
                                         config, params, functions);
