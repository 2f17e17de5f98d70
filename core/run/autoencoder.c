/* Networks in the latents of an autoencoder: pictures to latents normalised by channel, and back. */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "run/network.h"

static const char *const needs[] = {"encode", "decode", NULL};

/* Takes over an owner of the autoencoder. */
static int replace(neap_network *network, neap_network *autoencoder)
{
    if (!autoencoder || neap_network_freeze(autoencoder) < 0) {
        neap_network_release(autoencoder);
        return -1;
    }
    neap_network_release(network->autoencoder);
    network->autoencoder = autoencoder;
    return 0;
}

int neap_network_set_autoencoder(neap_network *network, neap_network *autoencoder)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const neap_spec *n = &network->spec;
    if (neap_network_require(autoencoder, "an autoencoder", needs) < 0)
        return -1;
    const neap_extent *e = &autoencoder->spec.latent;
    if (n->height != e->height || n->width != e->width || n->channels != e->channels)
        return neap_fail("%s works on %s; the latents of %s are %s", neap_network_name(network),
                         neap_shape_text(neap_dims(n->height, n->width, n->channels), want), neap_network_name(autoencoder),
                         neap_shape_text(neap_dims(e->height, e->width, e->channels), got));
    return replace(network, neap_network_without_extra(autoencoder));
}

neap_network *neap_network_autoencoder(const neap_network *network)
{
    return network->autoencoder;
}

/* --- Latents and pictures ------------------------------------------------------------------------------------------- */

#define LEAST_LOG_VARIANCE (-30)
#define MOST_LOG_VARIANCE 20

/* The means, or with `random` a draw: mean + exp(log variance / 2) noise (Kingma and Welling 2014, section 2.4). */
static neap_tensor *latents_of(neap_network *autoencoder, neap_tensor *x, const neap_random *random, uint64_t first)
{
    neap_tensor *part[2] = {NULL, NULL};
    if (neap_chunk(neap_network_encode(autoencoder, x), 2, part, 3) < 0)
        return NULL;
    if (!random)
        return part[0];
    neap_tensor *spread = neap_exp(neap_affine(neap_clamp(part[1], LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE), 0.5, 0));
    return neap_add(part[0], neap_mul(spread, neap_randn(*random, first, neap_shape_of(part[0]))));
}

neap_tensor *neap_network_to_latents(neap_network *network, neap_tensor *x, const neap_random *random, uint64_t first)
{
    neap_network *a = network->autoencoder;
    if (!a || !x)
        return x;
    const bool recorded = neap_record(false);
    neap_tensor *z = neap_div(neap_sub(latents_of(a, x, random, first), a->mean), a->deviation);
    neap_record(recorded);
    return z;
}

neap_tensor *neap_network_to_pictures(neap_network *network, neap_tensor *z)
{
    neap_network *a = network->autoencoder;
    if (!a || !z)
        return z;
    const bool recorded = neap_record(false);
    neap_tensor *x = neap_network_decode(a, neap_add(neap_mul(z, a->deviation), a->mean));
    neap_record(recorded);
    return x;
}

/* The value of each latent cell is the least of the pixels that it covers: it is kept when all of them are. */
static void keep_cells(const float *keep, int64_t height, int64_t width, const neap_spec *to, float *cell)
{
    for (int64_t k = 0; k < to->height * to->width; k++) {
        const int64_t row = k / to->width, column = k % to->width;
        cell[k] = 1;
        for (int64_t i = row * height / to->height; i < (row + 1) * height / to->height; i++)
            for (int64_t j = column * width / to->width; j < (column + 1) * width / to->width; j++)
                cell[k] = fminf(cell[k], keep[i * width + j]);
    }
}

neap_tensor *neap_latent_keep(neap_tensor *keep, const neap_spec *to)
{
    if (!keep || (neap_dim(keep, 1) == to->height && neap_dim(keep, 2) == to->width))
        return keep;
    const int64_t batch = neap_dim(keep, 0), height = neap_dim(keep, 1), width = neap_dim(keep, 2);
    neap_tensor *cells = neap_empty(NEAP_F32, neap_dims(batch, to->height, to->width, 1));
    const float *from = neap_data(keep);
    for (int64_t i = 0; cells && from && i < batch; i++)
        keep_cells(from + i * height * width, height, width, to, (float *)neap_data(cells) + i * to->height * to->width);
    return from ? cells : NULL;
}

/* --- Statistics ----------------------------------------------------------------------------------------------------- */

#define READ_AT_ONCE 64 /* examples */

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
    int status = neap_source_batch(source, neap_random_fork(random, "order"), number, &rows, &batch);
    if (status == 0)
        status = add_latents(s, latents_of(a, batch.x, &noise, (uint64_t)(number * READ_AT_ONCE)));
    neap_scope_close(scope);
    return status;
}

/* Turns sums into mean and deviation. A constant channel has no scale to divide by; its deviation stays 1. */
static int write_statistics(neap_network *a, const sums *s)
{
    for (int64_t k = 0; k < s->channels; k++) {
        const double mean = s->sum[k] / s->count, variance = s->square[k] / s->count - mean * mean;
        s->sum[k] = mean;
        s->square[k] = variance > 1e-12 ? sqrt(variance) : 1;
    }
    return neap_write(a->mean, NEAP_F64, s->sum) < 0 ? -1 : neap_write(a->deviation, NEAP_F64, s->square);
}

int neap_autoencoder_measure(neap_network *a, neap_source *source, int64_t examples, uint64_t seed)
{
    if (neap_network_require(a, "an autoencoder", needs) < 0)
        return -1;
    sums s = {.channels = a->spec.latent.channels};
    const bool recorded = neap_record(false), trained = neap_training_set(false);
    s.sum = neap_calloc((size_t)s.channels, sizeof *s.sum);
    s.square = neap_calloc((size_t)s.channels, sizeof *s.square);
    int status = s.sum && s.square ? 0 : -1;
    for (int64_t number = 1; status == 0 && (number - 1) * READ_AT_ONCE < examples; number++)
        status = add_batch(a, source, (neap_random){seed, 0}, number, &s);
    if (status == 0)
        status = write_statistics(a, &s);
    neap_free(s.sum);
    neap_free(s.square);
    neap_record(recorded);
    neap_training_set(trained);
    return status;
}

bool neap_autoencoder_measured(const neap_network *a)
{
    for (int64_t k = 0; a->mean && k < neap_size(a->mean); k++)
        if (((const float *)neap_data(a->mean))[k] != 0 || ((const float *)neap_data(a->deviation))[k] != 1)
            return true;
    return false;
}
