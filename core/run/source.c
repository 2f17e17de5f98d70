/* Sources: open data sets, and batches from endless shuffled passes over them. */
#include <math.h>
#include <stdio.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>
#include <neap/run.h>

#include "plugin/call.h"

#define READ_AT_ONCE 4096 /* examples between two checks for cancellation */

struct neap_source {
    neap_instance *instance;
    const neap_dataset *functions;
    void *self;
    neap_spec spec;
};

static const neap_component *component_of(const neap_source *source)
{
    return neap_instance_component(source->instance);
}

static const char *name_of(const neap_source *source)
{
    return component_of(source)->name;
}

static int check_opened(neap_source *source)
{
    neap_spec *s = &source->spec;
    s->size = sizeof *s;
    if (NEAP_CALL(component_of(source), "spec", source->functions->spec(source->self, s)) < 0)
        return neap_call_fail(component_of(source), "spec", "failed without a message");
    if (s->size != sizeof *s)
        return neap_fail("spec: changed the member size; end it with neap_spec_fill");
    if (s->height < 1 || s->width < 1 || s->channels < 1 || s->classes < 0 || s->text < 0)
        return neap_fail("expected sizes from 1, got [%lld, %lld, %lld]", (long long)s->height, (long long)s->width,
                         (long long)s->channels);
    if (s->latent.channels && (s->height != s->latent.height || s->width != s->latent.width ||
                               s->channels != 2 * s->latent.channels))
        return neap_fail("spec: expected moments of latents [%lld, %lld, %lld], got [%lld, %lld, %lld]",
                         (long long)s->latent.height, (long long)s->latent.width, (long long)s->latent.channels,
                         (long long)s->height, (long long)s->width, (long long)s->channels);
    return neap_source_count(source) < 1 ? neap_fail("expected at least one example") : 0;
}

neap_source *neap_source_open(neap_instance *dataset)
{
    if (!dataset || neap_instance_check(dataset) < 0)
        return NULL;
    neap_source *source = neap_calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->instance = neap_instance_keep(dataset);
    source->functions = neap_instance_component(dataset)->functions;
    source->self = NEAP_CALL(component_of(source), "open", source->functions->open(neap_instance_config(dataset)));
    if (!source->self || neap_failed() || check_opened(source) < 0) {
        neap_call_fail(component_of(source), "open", "returned NULL without a message");
        neap_fail_in(name_of(source));
        neap_source_close(source);
        return NULL;
    }
    return source;
}

void neap_source_close(neap_source *source)
{
    if (!source)
        return;
    if (source->self)
        NEAP_CALL_VOID(component_of(source), "close", source->functions->close(source->self));
    neap_instance_release(source->instance);
    neap_free(source);
}

neap_instance *neap_source_instance(const neap_source *source)
{
    return source->instance;
}

void neap_source_spec(const neap_source *source, neap_spec *out)
{
    neap_spec_fill(out, source->spec);
}

int64_t neap_source_count(const neap_source *source)
{
    return NEAP_CALL(component_of(source), "count", source->functions->count(source->self));
}

const char *neap_source_label_name(const neap_source *source, int64_t label)
{
    const char *(*name)(const void *, int64_t) = NEAP_MEMBER(source->functions, label_name);
    const bool has = name && label >= 0 && label < source->spec.classes;
    return has ? NEAP_CALL(component_of(source), "label_name", name(source->self, label)) : NULL;
}

bool neap_source_couples_noise(const neap_source *source)
{
    return NEAP_MEMBER(source->functions, noise) != NULL;
}

const char *neap_source_encoded_by(const neap_source *source)
{
    const char *(*get)(const void *) = NEAP_MEMBER(source->functions, encoded_by);
    return get ? get(source->self) : NULL;
}

const char *neap_source_encoded_from(const neap_source *source)
{
    const char *(*get)(const void *) = NEAP_MEMBER(source->functions, encoded_from);
    return get ? get(source->self) : NULL;
}

/* --- Parts for training and testing --------------------------------------------------------------------------------- */

neap_instance *neap_source_part(neap_instance *dataset, neap_part part, int64_t draw, int64_t count, bool *drawn)
{
    const char *name = neap_instance_component(dataset)->name;
    const neap_dataset *functions = neap_instance_component(dataset)->functions;
    int (*choose)(neap_instance *, neap_part, int64_t, int64_t) = NEAP_MEMBER(functions, part);
    if (!choose)
        return neap_fail_null("%s: the data set has no part for testing", name);
    neap_instance *copy = neap_instance_copy(dataset);
    const neap_component *c = neap_instance_component(dataset);
    const int status = copy ? NEAP_CALL(c, "part", choose(copy, part, draw, count)) : -1;
    if (status < 0) {
        neap_call_fail(c, "part", "failed without a message");
        neap_fail_in(name);
        neap_instance_release(copy);
        return NULL;
    }
    *drawn = status == 1;
    return copy;
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

/* One range of examples, read in parallel into the arrays of a batch; NULL for parts that the data set does not provide. */
typedef struct read_job {
    const neap_source *source;
    const int64_t *indices;
    neap_example out;      /* of the first example */
    int64_t size, picture; /* elements of x and of the condition's picture in one example */
    int64_t failed;        /* atomic: the lowest position that could not be read; the number of examples when none */
} read_job;

/* Where example i goes. */
static neap_example example_at(const read_job *job, int64_t i)
{
    neap_example e = job->out;
    e.x += i * job->size;
    e.label = e.label ? e.label + i : NULL;
    e.text = e.text ? e.text + i * job->source->spec.text : NULL;
    e.length = e.length ? e.length + i : NULL;
    e.picture = e.picture ? e.picture + i * job->picture : NULL;
    return e;
}

static int check_label(const read_job *job, const neap_example *e)
{
    const int64_t classes = job->source->spec.classes;
    if (!e->label || (*e->label >= -1 && *e->label < classes))
        return 0;
    return neap_fail("expected a label of 0 to %lld, or -1 for none, got %d", (long long)classes - 1, *e->label);
}

static int check_text(const read_job *job, const neap_example *e)
{
    const int64_t most = job->source->spec.text;
    if (!e->length)
        return 0;
    if (*e->length < 0 || *e->length > most)
        return neap_fail("expected a text of 0 to %lld bytes, got %d", (long long)most, *e->length);
    return neap_string_check((neap_string){(const char *)e->text, (size_t)*e->length}) == 0 ? 0 : neap_fail_in("text");
}

/* A NaN would be blamed on the first op that meets it. */
static int check_finite(const char *what, const float *values, int64_t count)
{
    for (int64_t i = 0; values && i < count; i++)
        if (!isfinite(values[i]))
            return neap_fail("%sexpected finite values, got %g at %lld", what, fabs((double)values[i]), (long long)i);
    return 0;
}

static int check_values(const read_job *job, const neap_example *e)
{
    return check_finite("", e->x, job->size) < 0 ? -1 : check_finite("picture: ", e->picture, job->picture);
}

static int read_one(const read_job *job, int64_t i)
{
    const neap_source *source = job->source;
    const neap_example e = example_at(job, i);
    const neap_component *c = component_of(source);
    if (NEAP_CALL(c, "read", source->functions->read(source->self, job->indices[i], &e)) < 0)
        return neap_call_fail(c, "read", "failed without a message");
    if (neap_failed())
        return -1;
    return check_values(job, &e) < 0 || check_label(job, &e) < 0 || check_text(job, &e) < 0 ? -1 : 0;
}

static void record_failure(read_job *job, int64_t i)
{
    int64_t lowest = __atomic_load_n(&job->failed, __ATOMIC_RELAXED);
    while (i < lowest && !__atomic_compare_exchange_n(&job->failed, &lowest, i, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* Threads fail in any order. Only the lowest position is recorded; fail_read reads it again on the calling thread to get
 * its message. */
static void read_range(void *user, int64_t begin, int64_t end)
{
    read_job *job = user;
    for (int64_t i = begin; i < end; i++)
        if (read_one(job, i) < 0) {
            neap_error_clear();
            record_failure(job, i);
            return;
        }
}

static int fail_read(const read_job *job)
{
    char which[48];
    snprintf(which, sizeof which, "example %lld", (long long)job->indices[job->failed]);
    read_one(job, job->failed);
    neap_fail("could not be read");
    neap_fail_in(which);
    return neap_fail_in(name_of(job->source));
}

static int check_indices(const neap_source *source, const int64_t *indices, int64_t count)
{
    int64_t total = neap_source_count(source);
    if (count < 1)
        return neap_fail("%s: expected at least one index", name_of(source));
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= total)
            return neap_fail("%s: index: expected 0 to %lld, got %lld", name_of(source), (long long)total - 1,
                             (long long)indices[i]);
    return 0;
}

static int read_all(read_job job, int64_t count)
{
    for (int64_t first = 0; first < count; first += READ_AT_ONCE) {
        const int64_t some = count - first < READ_AT_ONCE ? count - first : READ_AT_ONCE;
        read_job piece = job;
        piece.indices += first;
        piece.out = example_at(&job, first);
        piece.failed = some;
        if (neap_check_cancel() < 0)
            return -1;
        neap_parallel(some, 16, read_range, &piece);
        if (piece.failed < some)
            return fail_read(&piece);
    }
    return 0;
}

/* Makes the tensors of the condition that the data set provides, and points *out to their elements. */
static int make_parts(const neap_spec *s, int64_t count, neap_tensor *part[NEAP_CONDITION_KINDS], neap_example *out)
{
    if (s->classes)
        out->label = neap_data(part[NEAP_LABELS] = neap_zeros(NEAP_I32, neap_dims(count)));
    if (s->text) {
        out->text = neap_data(part[NEAP_TEXT] = neap_zeros(NEAP_U8, neap_dims(count, s->text)));
        out->length = neap_data(part[NEAP_LENGTHS] = neap_zeros(NEAP_I32, neap_dims(count)));
    }
    if (s->picture.channels)
        out->picture = neap_data(part[NEAP_PICTURE] = neap_zeros(NEAP_F32, neap_dims(count, s->picture.height,
                                                                                    s->picture.width, s->picture.channels)));
    return neap_failed() ? -1 : 0;
}

static neap_condition *condition_of(neap_tensor *const part[NEAP_CONDITION_KINDS], int64_t count)
{
    neap_condition *c = NULL;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (part[kind])
            c = neap_condition_with(c ? c : neap_condition_new(count), kind, part[kind]);
    return c;
}

int neap_source_read(neap_source *source, const int64_t *indices, int64_t count, neap_batch *batch)
{
    const neap_spec *s = &source->spec;
    neap_tensor *part[NEAP_CONDITION_KINDS] = {NULL};
    *batch = (neap_batch){0};
    if (check_indices(source, indices, count) < 0)
        return -1;
    read_job job = {.source = source, .indices = indices, .size = s->height * s->width * s->channels,
                    .picture = s->picture.height * s->picture.width * s->picture.channels, .out = {.size = sizeof job.out}};
    neap_tensor *x = neap_empty(NEAP_F32, neap_dims(count, s->height, s->width, s->channels));
    job.out.x = x ? neap_data(x) : NULL;
    if (!x || make_parts(s, count, part, &job.out) < 0 || read_all(job, count) < 0)
        return -1;
    *batch = (neap_batch){.x = x, .condition = condition_of(part, count)};
    return neap_failed() ? -1 : 0;
}

/* --- Batches -------------------------------------------------------------------------------------------------------- */

/* The indices of batch `step`; free them with neap_free. Positions are unsigned: step times batch may overflow. */
static int64_t *batch_indices(const neap_source *source, neap_random random, int64_t step, const neap_batch_rows *rows)
{
    const uint64_t count = (uint64_t)neap_source_count(source), global = (uint64_t)(rows->global ? rows->global : rows->count);
    if (step < 1 || rows->count < 1)
        return neap_fail_null("%s: expected a step and a batch from 1, got %lld and %lld", name_of(source),
                              (long long)step, (long long)rows->count);
    int64_t *indices = neap_calloc((size_t)rows->count, sizeof *indices);
    for (int64_t i = 0; indices && i < rows->count; i++) {
        uint64_t position = (uint64_t)(step - 1) * global + (uint64_t)(rows->first + i);
        neap_random epoch = neap_random_at(random, position / count);
        indices[i] = neap_random_permuted(epoch, (int64_t)count, (int64_t)(position % count));
    }
    return indices;
}

static neap_tensor *read_noise(const neap_source *source, const int64_t *indices, int64_t count)
{
    int (*noise)(const void *, int64_t, float *) = NEAP_MEMBER(source->functions, noise);
    const neap_spec *s = &source->spec;
    neap_tensor *z = neap_empty(NEAP_F32, neap_dims(count, s->height, s->width, s->channels));
    float *out = neap_data(z);
    for (int64_t i = 0; out && i < count; i++)
        if (NEAP_CALL(component_of(source), "noise",
                      noise(source->self, indices[i], out + i * s->height * s->width * s->channels)) < 0) {
            neap_call_fail(component_of(source), "noise", "failed without a message");
            neap_fail_in(name_of(source));
            return NULL;
        }
    return z;
}

int neap_source_batch(neap_source *source, neap_random random, int64_t step, const neap_batch_rows *rows, neap_batch *batch)
{
    *batch = (neap_batch){0};
    int64_t *indices = batch_indices(source, random, step, rows);
    int status = indices ? neap_source_read(source, indices, rows->count, batch) : -1;
    if (status == 0 && neap_source_couples_noise(source))
        status = (batch->noise = read_noise(source, indices, rows->count)) ? 0 : -1;
    neap_free(indices);
    return status;
}
