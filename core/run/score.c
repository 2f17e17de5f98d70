/* Scores: a metric on evidence, and the deviation of each score over resampled rows. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/run.h>

#include "plugin/call.h"

#define NORMAL_95 1.959963984540054 /* mean +- this many standard deviations: 95% of a normal distribution */

/* --- Checks --------------------------------------------------------------------------------------------------------- */

static int check_part(const char *side, const char *name, neap_tensor *x, neap_dtype dtype, int rank, int64_t *rows)
{
    char got[NEAP_SHAPE_TEXT];
    if (!x)
        return 0;
    if (neap_dtype_of(x) != dtype || neap_rank(x) != rank)
        return neap_fail("%s of %s: expected %s of rank %d, got %s %s", name, side, neap_dtype_name(dtype), rank,
                         neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
    if (*rows >= 0 && neap_dim(x, 0) != *rows)
        return neap_fail("%s of %s: expected %" PRId64 " rows as before, got %" PRId64, name, side, *rows,
                         neap_dim(x, 0));
    *rows = neap_dim(x, 0);
    return 0;
}

static int check_condition(const char *side, const neap_condition *c, int64_t rows)
{
    if (!c || neap_condition_rows(c) == rows)
        return 0;
    return neap_fail("condition of %s: expected %" PRId64 " rows as before, got %" PRId64, side, rows, neap_condition_rows(c));
}

/* Sets *rows to the number of rows, or to -1 when the side has no tensor. */
static int check_side(const char *side, const neap_evidence *e, int64_t *rows)
{
    *rows = -1;
    if (check_part(side, "features", e->features, NEAP_F32, 2, rows) < 0 ||
        check_part(side, "logits", e->logits, NEAP_F32, 2, rows) < 0 ||
        check_part(side, "labels", e->labels, NEAP_I32, 1, rows) < 0 ||
        check_part(side, "pictures", NEAP_MEMBER(e, pictures), NEAP_F32, 4, rows) < 0)
        return -1;
    return *rows < 0 ? 0 : check_condition(side, NEAP_MEMBER(e, condition), *rows);
}

static bool have_same_parts(const neap_evidence *a, const neap_evidence *b)
{
    return !a->features == !b->features && !a->logits == !b->logits && !a->labels == !b->labels &&
           !a->pictures == !NEAP_MEMBER(b, pictures) && !a->condition == !NEAP_MEMBER(b, condition);
}

static neap_tensor *contiguous_or_null(neap_tensor *x)
{
    return x ? neap_contiguous(x) : NULL;
}

/* Metrics read contiguous rows. */
static int make_contiguous(neap_evidence *to, const neap_evidence *from)
{
    *to = (neap_evidence){sizeof *to, contiguous_or_null(from->features), contiguous_or_null(from->logits),
                          contiguous_or_null(from->labels), contiguous_or_null(NEAP_MEMBER(from, pictures)),
                          NEAP_MEMBER(from, condition)};
    return have_same_parts(to, from) ? 0 : -1;
}

/* --- One evaluation ------------------------------------------------------------------------------------------------- */

typedef struct task {
    neap_instance *metric;
    const neap_metric *functions;
    neap_evidence samples, reference;
    int64_t rows;
} task;

static int score_once(const task *t, const neap_evidence *samples, int count, double *values)
{
    if (neap_check_cancel() < 0)
        return -1;
    for (int i = 0; i < count; i++)
        values[i] = NAN;
    const neap_component *c = neap_instance_component(t->metric);
    if (NEAP_CALL(c, "score", t->functions->score(neap_instance_config(t->metric), samples, &t->reference, values)) < 0)
        return neap_call_fail(c, "score", "failed without a message");
    if (neap_failed())
        return -1;
    for (int i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return neap_fail("%s: expected a finite score, got %g", t->functions->scores[i], values[i]);
    return 0;
}

/* --- The bootstrap (Efron 1979): as many rows, drawn with replacement ----------------------------------------------- */

static neap_tensor *rows_of(neap_tensor *x, const int64_t *indices, int64_t rows)
{
    if (!x)
        return NULL;
    const size_t row = (size_t)(neap_size(x) / rows) * neap_dtype_size(neap_dtype_of(x));
    neap_tensor *result = neap_empty(neap_dtype_of(x), neap_shape_of(x));
    char *to = neap_data(result);
    const char *from = neap_data(x);
    for (int64_t i = 0; to && from && i < rows; i++)
        memcpy(to + (size_t)i * row, from + (size_t)indices[i] * row, row);
    return result;
}

static const neap_condition *condition_of(const neap_condition *c, const int64_t *indices, int64_t rows)
{
    neap_tensor *taken = c ? neap_empty(NEAP_I32, neap_dims(rows)) : NULL;
    int32_t *to = neap_data(taken);
    for (int64_t i = 0; to && i < rows; i++)
        to[i] = (int32_t)indices[i];
    return to ? neap_condition_take(c, taken) : NULL;
}

static int resample(const task *t, const int64_t *indices, neap_evidence *to)
{
    const neap_evidence *from = &t->samples;
    *to = (neap_evidence){sizeof *to, rows_of(from->features, indices, t->rows), rows_of(from->logits, indices, t->rows),
                          rows_of(from->labels, indices, t->rows), rows_of(from->pictures, indices, t->rows),
                          condition_of(from->condition, indices, t->rows)};
    return have_same_parts(to, from) ? 0 : -1;
}

static int score_resampled(const task *t, neap_random random, int64_t *indices, int count, double *values)
{
    neap_evidence resampled;
    neap_scope scope = neap_scope_open();
    for (int64_t i = 0; i < t->rows; i++)
        indices[i] = neap_random_below(random, (uint64_t)i, (uint64_t)t->rows);
    int status = resample(t, indices, &resampled) < 0 ? -1 : score_once(t, &resampled, count, values);
    neap_scope_close(scope);
    return status;
}

/* Running means and sums of squares (Welford 1962), which are exact for scores that are large and close together. */
static int measure_deviations(const task *t, neap_scored *scored, int64_t resamples, uint64_t seed)
{
    const neap_random root = neap_random_fork((neap_random){seed, 0}, "bootstrap");
    double values[NEAP_SCORES], means[NEAP_SCORES] = {0}, squares[NEAP_SCORES] = {0};
    int64_t *indices = neap_calloc((size_t)t->rows, sizeof *indices);
    int status = indices ? 0 : -1;
    for (int64_t r = 0; status == 0 && r < resamples; r++) {
        status = score_resampled(t, neap_random_at(root, (uint64_t)r), indices, scored->count, values);
        for (int i = 0; status == 0 && i < scored->count; i++) {
            double difference = values[i] - means[i];
            means[i] += difference / (double)(r + 1);
            squares[i] += difference * (values[i] - means[i]);
        }
    }
    for (int i = 0; i < scored->count; i++)
        scored->score[i].deviation = sqrt(squares[i] / (double)(resamples - 1));
    neap_free(indices);
    return status;
}

/* --- All scores ----------------------------------------------------------------------------------------------------- */

static int count_scores(const neap_metric *functions)
{
    int count = 0;
    while (count <= NEAP_SCORES && functions->scores[count])
        count++;
    return count >= 1 && count <= NEAP_SCORES ? count : neap_fail("expected 1 to %d scores, got others", NEAP_SCORES);
}

static int score_all(task *t, int64_t resamples, uint64_t seed, neap_scored *scored)
{
    const char *const *better = NEAP_MEMBER(t->functions, better);
    double values[NEAP_SCORES];
    if (score_once(t, &t->samples, scored->count, values) < 0)
        return -1;
    for (int i = 0; i < scored->count; i++) {
        scored->score[i].name = t->functions->scores[i];
        scored->score[i].better = better ? better[i] : NULL;
        scored->score[i].value = values[i];
    }
    if (resamples > 0 && measure_deviations(t, scored, resamples, seed) < 0)
        return -1;
    for (int i = 0; i < scored->count; i++) {
        const double half = NORMAL_95 * scored->score[i].deviation;
        scored->score[i].low = scored->score[i].value - half;
        scored->score[i].high = scored->score[i].value + half;
    }
    return 0;
}

static int check(task *t, const neap_evidence *samples, const neap_evidence *reference, int64_t resamples)
{
    static const neap_evidence nothing = {.size = sizeof nothing};
    int64_t rows;
    if (neap_instance_check(t->metric) < 0)
        return -1;
    if (resamples < 0 || resamples == 1)
        return neap_fail("resamples: expected none or at least 2, got %" PRId64, resamples);
    if (check_side("the samples", samples, &t->rows) < 0)
        return -1;
    if (t->rows < 1 || t->rows > INT32_MAX)
        return neap_fail("the samples: expected rows, got %s", t->rows < 0 ? "no evidence" : "none or too many");
    reference = reference ? reference : &nothing;
    if (check_side("the reference", reference, &rows) < 0)
        return -1;
    return make_contiguous(&t->samples, samples) < 0 || make_contiguous(&t->reference, reference) < 0 ? -1 : 0;
}

int neap_score(neap_instance *metric, const neap_evidence *samples, const neap_evidence *reference, int64_t resamples,
               uint64_t seed, neap_scored *scored)
{
    task t = {.metric = metric, .functions = neap_instance_component(metric)->functions};
    const bool recording = neap_record(false);
    neap_scope scope = neap_scope_open();
    *scored = (neap_scored){.count = count_scores(t.functions)};
    int status = scored->count < 1 ? -1 : check(&t, samples, reference, resamples);
    if (status == 0)
        status = score_all(&t, resamples, seed, scored);
    neap_scope_close(scope);
    neap_record(recording);
    return status < 0 ? neap_fail_in(neap_instance_component(metric)->name) : 0;
}
