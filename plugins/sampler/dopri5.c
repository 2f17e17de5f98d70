/*
 * The Dormand-Prince method of order 5(4) with adaptive steps (Dormand and Prince 1980; Hairer, Norsett, Wanner,
 * Solving Ordinary Differential Equations I, II.4 and II.5). The last velocity of a step is the first of the next, so
 * a step takes six evaluations, and the first step one more.
 *
 * Each sample chooses its own steps, so that it does not depend on its batch. In a round every unfinished sample
 * tries one step from its own time. Finished samples are no longer evaluated.
 *
 * The error of a sample is the root mean square of its elements' errors, each in units of atol + rtol |x|. Pictures
 * lie in [-1, 1], where one level of 8 bits is 0.008; with atol = rtol = 0.001 the error of a step is at most a
 * fourth of that. A smaller atol would only be stricter for elements near 0, where the difference is invisible.
 *
 * A sample that needs more than max_evaluations, or steps below MIN_STEP, is finished by one Euler step, with a
 * warning. The result is a rough picture; without that step it would still contain noise.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "dopri5.h"

#define FIRST_STEP 0.05 /* of the whole interval: a guess that is too long costs one rejected step */
#define MIN_STEP 1e-6   /* the network sees t in f32 */
#define SAFETY 0.9
#define MIN_FACTOR 0.2
#define MAX_FACTOR 5.0

typedef struct config {
    double rtol, atol;
    int64_t max_evaluations;
} config;

/* The progress of one sample. */
typedef struct path {
    double t, h;   /* h: length of the next step to try, positive */
    bool rejected; /* was the last step? Then the next one does not grow */
    bool finished;
} path;

/* Why a sample is finished by an Euler step. */
enum { EVALUATIONS, STEP_SIZE, REASONS };
static const char *const reasons[REASONS] = {"the evaluations are used up", "steps become too short"};

typedef struct state {
    const config *config;
    const neap_field *field;
    int64_t batch;
    path *path;             /* [batch]: owned */
    neap_tensor *x, *v;     /* owned: the current points of all samples, and the velocities there */
    int64_t evaluations;    /* per unfinished sample: each of them tries a step in every round */
    int64_t steps;          /* rounds in which a sample moved */
    int64_t cut[REASONS];   /* samples finished by an Euler step */
    double cut_at[REASONS]; /* the time of those that is farthest from the end */
} state;

static double remainder_of(const state *s, const path *p)
{
    return s->field->to - p->t;
}

/* --- Rows -------------------------------------------------------------------------------------------------------- */

static bool unfinished(const path *p)
{
    return !p->finished;
}

static bool too_short(const path *p)
{
    return !p->finished && p->h < MIN_STEP;
}

static int64_t count_paths(const state *s, bool (*wanted)(const path *p))
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

/* The end of a sample's next step. A remainder of less than 1% of the step is included. */
static double next_of(const state *s, const path *p)
{
    const double remainder = remainder_of(s, p);
    return 1.01 * p->h >= fabs(remainder) ? s->field->to : p->t + copysign(p->h, remainder);
}

static double time_of(const state *s, const path *p)
{
    (void)s;
    return p->t;
}

/* number() of each of the rows, f64 [n]. */
static neap_tensor *numbers_of(const state *s, neap_tensor *rows, double (*number)(const state *s, const path *p))
{
    neap_tensor *all = neap_empty(NEAP_F64, neap_shape_of(rows));
    double *value = all ? neap_data(all) : NULL;
    const int32_t *row = neap_data(rows);
    for (int64_t i = 0; value && i < neap_size(rows); i++)
        value[i] = number(s, &s->path[row[i]]);
    return all;
}

/* Replaces row i of x, which is owned, by row index[i] of the concatenation of x and y. */
static int replace(neap_tensor **x, neap_tensor *y, neap_tensor *index)
{
    neap_tensor *next = neap_keep(neap_rows(neap_concat((neap_tensor *[]){*x, y}, 2, 0), index));
    if (!next)
        return -1;
    neap_release(*x);
    *x = next;
    return 0;
}

/* The index for `replace` that changes nothing. */
static neap_tensor *unchanged(const state *s)
{
    return neap_contiguous(neap_arange(NEAP_I32, 0, 1, s->batch));
}

/* --- A round ------------------------------------------------------------------------------------------------------ */

/* The factor for the next step's length. NaN counts as a large error: fmax then returns its other argument. */
static double factor_of(double error)
{
    return fmin(MAX_FACTOR, fmax(MIN_FACTOR, SAFETY * pow(error, -0.2)));
}

/* Accepts or rejects the step from p->t to `next`, and sets the length of the next one. */
static bool judge(const state *s, path *p, double next, double error)
{
    const bool accepted = error <= 1;
    p->h = fabs(next - p->t) * (p->rejected ? fmin(1, factor_of(error)) : factor_of(error));
    p->rejected = !accepted;
    if (accepted)
        p->t = next;
    p->finished = accepted && next == s->field->to;
    return accepted;
}

/* Moves the samples whose steps are accepted; returns their number, or -1. */
static int64_t accept_steps(state *s, const dopri5_step *step)
{
    const int32_t *row = neap_data(step->rows);
    const double *next = neap_data(step->next);
    const float *squares = neap_data(step->errors);
    neap_tensor *index = unchanged(s);
    int32_t *place = index ? neap_data(index) : NULL;
    int64_t moved = 0;
    if (!row || !next || !squares || !place)
        return -1;
    for (int64_t i = 0; i < neap_size(step->rows); i++) {
        if (!judge(s, &s->path[row[i]], next[i], sqrt((double)squares[i])))
            continue;
        place[row[i]] = (int32_t)(s->batch + i);
        moved++;
    }
    return moved && (replace(&s->x, step->y, index) < 0 || replace(&s->v, step->w, index) < 0) ? -1 : moved;
}

/* Each of these samples tries one step. Returns the number of samples that moved, or -1. */
static int64_t try_steps(state *s, neap_tensor *rows)
{
    const dopri5_tolerance tolerance = {s->config->rtol, s->config->atol};
    dopri5_step step = {.rows = rows, .t = numbers_of(s, rows, time_of), .next = numbers_of(s, rows, next_of),
                        .x = neap_rows(s->x, rows), .v = neap_rows(s->v, rows)};
    s->evaluations += DOPRI5_EVALUATIONS;
    return dopri5_try(s->field, tolerance, &step) < 0 ? -1 : accept_steps(s, &step);
}

/* Finishes each of the `count` wanted samples by one Euler step. */
static int finish_by_euler(state *s, bool (*wanted)(const path *p), int64_t count, int reason)
{
    neap_tensor *rows = rows_of(s, wanted, count), *index = unchanged(s);
    if (!rows || !index)
        return -1;
    neap_tensor *remainder = dopri5_by_row(numbers_of(s, rows, remainder_of), 1);
    neap_tensor *y = neap_add(neap_rows(s->x, rows), neap_mul(neap_rows(s->v, rows), remainder));
    const int32_t *row = neap_data(rows);
    int32_t *place = neap_data(index);
    for (int64_t i = 0; i < count; i++) {
        path *p = &s->path[row[i]];
        if (!s->cut[reason]++ || fabs(remainder_of(s, p)) > fabs(s->field->to - s->cut_at[reason]))
            s->cut_at[reason] = p->t;
        place[row[i]] = (int32_t)(s->batch + i);
        p->t = s->field->to;
        p->finished = true;
    }
    return replace(&s->x, y, index);
}

/* The number of samples that moved, or -1. */
static int64_t one_round(state *s)
{
    const int64_t active = count_paths(s, unfinished), stuck = count_paths(s, too_short);
    if (s->evaluations + DOPRI5_EVALUATIONS > s->config->max_evaluations)
        return finish_by_euler(s, unfinished, active, EVALUATIONS) < 0 ? -1 : active;
    if (stuck && finish_by_euler(s, too_short, stuck, STEP_SIZE) < 0)
        return -1;
    if (stuck == active)
        return active;
    neap_tensor *rows = rows_of(s, unfinished, active - stuck);
    const int64_t moved = rows ? try_steps(s, rows) : -1;
    return moved < 0 ? -1 : moved + stuck;
}

/* --- Sampling ----------------------------------------------------------------------------------------------------- */

static int report(const state *s, const neap_watch *watch)
{
    double t = s->field->to;
    for (int64_t i = 0; i < s->batch; i++)
        t = fabs(remainder_of(s, &s->path[i])) > fabs(s->field->to - t) ? s->path[i].t : t;
    return watch ? watch->step(watch->user, s->steps, 0, t, s->x) : 0;
}

static int run(state *s, const neap_watch *watch)
{
    int status = s->x && s->v ? 0 : -1;
    while (status == 0 && count_paths(s, unfinished)) {
        const neap_scope scope = neap_scope_open();
        const int64_t moved = one_round(s);
        s->steps += moved > 0;
        status = moved < 0 || (moved && report(s, watch)) ? -1 : 0;
        neap_scope_close(scope);
    }
    return status;
}

static void warn(const state *s)
{
    for (int i = 0; i < REASONS; i++)
        if (s->cut[i])
            neap_warn("dopri5: %s at t = %.4g with tolerances rtol %g, atol %g; one Euler step finishes %lld of %lld "
                      "samples",
                      reasons[i], s->cut_at[i], s->config->rtol, s->config->atol, (long long)s->cut[i],
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
    const int status = begin(&s, x) < 0 || run(&s, watch) < 0 ? -1 : 0;
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
    NEAP_REAL(config, rtol, 1e-3, 0, 1, "Relative tolerance: error allowed in a step, as a fraction of x."),
    NEAP_REAL(config, atol, 1e-3, 1e-6, 1, "Absolute tolerance, added to the relative one; pictures lie in [-1, 1]."),
    NEAP_INT(config, max_evaluations, 1000, DOPRI5_EVALUATIONS + 1, 1000000,
             "A sample that needs more is finished by one Euler step, with a warning."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(dopri5) = NEAP_ONE_COMPONENT("dopri5", "1.0.0", "MIT",
                                         "Dormand-Prince method of order 5, steps chosen by tolerance.", "sampler/2",
                                         config, params, functions);
