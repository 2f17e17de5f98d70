/* Mean and deviation of the latents of an autoencoder, by channel. */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "run/network.h"

#define READ_AT_ONCE 64     /* examples */
#define LEAST_VARIANCE 1e-12 /* below it, a channel counts as constant */

typedef struct sums {
    int64_t channels;
    double count;         /* of values in each channel */
    double *sum, *square; /* by channel */
} sums;

static int add_latents(sums *s, neap_tensor *latents)
{
    neap_tensor *z = neap_contiguous(latents);
    const float *value = z ? neap_data(z) : NULL;
    for (int64_t i = 0; value && i < neap_size(z); i++) {
        s->sum[i % s->channels] += (double)value[i];
        s->square[i % s->channels] += (double)value[i] * (double)value[i];
    }
    s->count += value ? (double)(neap_size(z) / s->channels) : 0;
    return value ? 0 : -1;
}

static int add_batch(neap_network *a, neap_source *source, neap_random random, int64_t number, sums *s)
{
    neap_batch batch;
    neap_scope scope = neap_scope_open();
    const neap_batch_rows rows = {.count = READ_AT_ONCE};
    const neap_random noise = neap_random_fork(random, "latents");
    const uint64_t first = (uint64_t)(number * READ_AT_ONCE);
    int status = neap_source_batch(source, neap_random_fork(random, "order"), number, &rows, &batch);
    if (status == 0)
        status = add_latents(s, neap_latents_of(neap_network_encode(a, batch.x), &noise, first));
    neap_scope_close(scope);
    return status;
}

/* Turns sums into mean and deviation; returns the number of constant channels. They have no scale to divide by, so their
 * deviation is 1. */
static int finish(const neap_network *a, sums *s)
{
    int constant = 0;
    for (int64_t k = 0; k < s->channels; k++) {
        const double mean = s->sum[k] / s->count, variance = s->square[k] / s->count - mean * mean;
        if (!isfinite(variance))
            return neap_fail("%s: channel %lld of the latents has values that are not finite", neap_network_name(a),
                             (long long)k);
        constant += variance < LEAST_VARIANCE;
        s->sum[k] = mean;
        s->square[k] = variance < LEAST_VARIANCE ? 1 : sqrt(variance);
    }
    return constant;
}

static int write_statistics(neap_network *a, const sums *s)
{
    return neap_write(a->mean, NEAP_F64, s->sum) < 0 ? -1 : neap_write(a->deviation, NEAP_F64, s->square);
}

/* The state before any measurement. */
static void clear(neap_network *a)
{
    for (int64_t k = 0; k < neap_size(a->mean); k++) {
        ((float *)neap_data(a->mean))[k] = 0;
        ((float *)neap_data(a->deviation))[k] = 1;
    }
}

static int measure(neap_network *a, neap_source *source, int64_t examples, uint64_t seed, sums *s)
{
    neap_arena *arena = neap_arena_new(); /* all batches make the same requests */
    int status = arena ? 0 : -1;
    const bool recorded = neap_record(false), trained = neap_training_set(false);
    for (int64_t number = 1; status == 0 && (number == 1 || (number - 1) * READ_AT_ONCE < examples); number++) {
        status = neap_arena_begin(arena) < 0 ? -1 : add_batch(a, source, (neap_random){seed, 0}, number, s);
        neap_arena_end(arena);
    }
    neap_arena_free(arena);
    neap_record(recorded);
    neap_training_set(trained);
    return status < 0 ? -1 : finish(a, s);
}

int neap_autoencoder_measure(neap_network *a, neap_source *source, int64_t examples, uint64_t seed)
{
    if (neap_network_require(a, "an autoencoder", neap_autoencoder_needs) < 0)
        return -1;
    sums s = {.channels = a->spec.latent.channels};
    s.sum = neap_calloc((size_t)s.channels, sizeof *s.sum);
    s.square = neap_calloc((size_t)s.channels, sizeof *s.square);
    int constant = s.sum && s.square ? measure(a, source, examples, seed, &s) : -1;
    if (constant < 0)
        clear(a);
    else if (write_statistics(a, &s) < 0)
        constant = -1;
    neap_free(s.sum);
    neap_free(s.square);
    return constant;
}

bool neap_autoencoder_measured(const neap_network *a)
{
    for (int64_t k = 0; a->mean && k < neap_size(a->mean); k++)
        if (((const float *)neap_data(a->mean))[k] != 0 || ((const float *)neap_data(a->deviation))[k] != 1)
            return true;
    return false;
}
