/* Sources: open data sets, and endless shuffled batches of them. */
#include <stdio.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>
#include <neap/run.h>

#define READ_AT_ONCE 4096 /* examples, between questions whether to go on */

struct neap_source {
    neap_instance *instance;
    const neap_dataset *functions;
    void *self;
};

static const char *name_of(const neap_source *source)
{
    return neap_instance_component(source->instance)->name;
}

static int check_opened(const neap_source *source)
{
    neap_spec s = neap_source_spec(source);
    if (s.height < 1 || s.width < 1 || s.channels < 1 || s.classes < 0)
        return neap_fail("expected sizes from 1, got [%lld, %lld, %lld]", (long long)s.height, (long long)s.width,
                         (long long)s.channels);
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
    source->self = source->functions->open(neap_instance_config(dataset));
    if (!source->self || check_opened(source) < 0) {
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
        source->functions->close(source->self);
    neap_instance_release(source->instance);
    neap_free(source);
}

neap_instance *neap_source_instance(const neap_source *source)
{
    return source->instance;
}

neap_spec neap_source_spec(const neap_source *source)
{
    return source->functions->spec(source->self);
}

int64_t neap_source_count(const neap_source *source)
{
    return source->functions->count(source->self);
}

const char *neap_source_label_name(const neap_source *source, int64_t label)
{
    if (!source->functions->label_name || label < 0 || label >= neap_source_spec(source).classes)
        return NULL;
    return source->functions->label_name(source->self, label);
}

typedef struct read_job {
    const neap_source *source;
    const int64_t *indices;
    int64_t size;
    float *x;
    int32_t *labels;
    int64_t failed; /* atomic: the lowest position that could not be read, or the number of them all */
} read_job;

static int read_one(const read_job *job, int64_t i)
{
    const neap_source *source = job->source;
    return source->functions->read(source->self, job->indices[i], job->x + i * job->size, job->labels + i);
}

static void note_failure(read_job *job, int64_t i)
{
    int64_t lowest = __atomic_load_n(&job->failed, __ATOMIC_RELAXED);
    while (i < lowest && !__atomic_compare_exchange_n(&job->failed, &lowest, i, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* Which thread fails first is chance, so failures are noted by position, and the lowest one is asked once more why. */
static void read_range(void *user, int64_t begin, int64_t end)
{
    read_job *job = user;
    for (int64_t i = begin; i < end; i++)
        if (read_one(job, i) < 0) {
            neap_error_clear();
            note_failure(job, i);
            return;
        }
}

static int tell_failure(const read_job *job)
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
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= total)
            return neap_fail("%s: index: expected 0 to %lld, got %lld", name_of(source), (long long)total - 1, (long long)indices[i]);
    return 0;
}

static int read_all(const neap_source *source, const int64_t *indices, int64_t count, float *x, int32_t *labels)
{
    const neap_spec s = neap_source_spec(source);
    const int64_t size = s.height * s.width * s.channels;
    for (int64_t first = 0; first < count; first += READ_AT_ONCE) {
        const int64_t some = count - first < READ_AT_ONCE ? count - first : READ_AT_ONCE;
        read_job job = {source, indices + first, size, x + first * size, labels + first, some};
        if (neap_check_cancel() < 0)
            return -1;
        neap_parallel(some, 16, read_range, &job);
        if (job.failed < some)
            return tell_failure(&job);
    }
    return 0;
}

int neap_source_read(neap_source *source, const int64_t *indices, int64_t count, neap_tensor **x, neap_tensor **labels)
{
    neap_spec s = neap_source_spec(source);
    *x = *labels = NULL;
    if (count < 1 || check_indices(source, indices, count) < 0)
        return count < 1 ? neap_fail("%s: expected at least one index", name_of(source)) : -1;
    neap_tensor *pictures = neap_empty(NEAP_F32, neap_dims(count, s.height, s.width, s.channels));
    neap_tensor *classes = neap_empty(NEAP_I32, neap_dims(count));
    if (!pictures || !classes)
        return -1;
    if (read_all(source, indices, count, neap_data(pictures), neap_data(classes)) < 0)
        return -1;
    *x = pictures;
    *labels = s.classes ? classes : NULL;
    return 0;
}

/* The places of batch `step`, owned by the caller. */
static int64_t *batch_indices(const neap_source *source, neap_random random, int64_t step, int64_t batch)
{
    uint64_t count = (uint64_t)neap_source_count(source); /* positions wrap where steps times batch do */
    if (step < 1 || batch < 1)
        return neap_fail_null("%s: expected a step and a batch from 1, got %lld and %lld", name_of(source),
                              (long long)step, (long long)batch);
    int64_t *indices = neap_calloc((size_t)batch, sizeof *indices);
    for (int64_t i = 0; indices && i < batch; i++) {
        uint64_t position = (uint64_t)(step - 1) * (uint64_t)batch + (uint64_t)i;
        neap_random epoch = neap_random_at(random, position / count);
        indices[i] = neap_random_permuted(epoch, (int64_t)count, (int64_t)(position % count));
    }
    return indices;
}

int neap_source_batch(neap_source *source, neap_random random, int64_t step, int64_t batch, neap_tensor **x,
                      neap_tensor **labels)
{
    *x = *labels = NULL;
    int64_t *indices = batch_indices(source, random, step, batch);
    int status = indices ? neap_source_read(source, indices, batch, x, labels) : -1;
    neap_free(indices);
    return status;
}

static neap_tensor *read_noise(const neap_source *source, const int64_t *indices, int64_t batch)
{
    neap_spec s = neap_source_spec(source);
    neap_tensor *z = neap_empty(NEAP_F32, neap_dims(batch, s.height, s.width, s.channels));
    float *out = neap_data(z);
    for (int64_t i = 0; out && i < batch; i++)
        if (source->functions->noise(source->self, indices[i], out + i * s.height * s.width * s.channels) < 0) {
            neap_fail_in(name_of(source));
            return NULL;
        }
    return z;
}

int neap_source_noise(neap_source *source, neap_random random, int64_t step, int64_t batch, neap_tensor **z)
{
    *z = NULL;
    if (!source->functions->noise)
        return 0;
    int64_t *indices = batch_indices(source, random, step, batch);
    *z = indices ? read_noise(source, indices, batch) : NULL;
    neap_free(indices);
    return *z ? 0 : -1;
}
