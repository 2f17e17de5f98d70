/* Networks in the latents of an autoencoder: pictures to latents normalised by channel, and back. */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "run/network.h"

const char *const neap_autoencoder_needs[] = {"encode", "decode", NULL};

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

/* Latents are divided by the deviation. */
static int check_statistics(const neap_network *a)
{
    const float *mean = neap_data(a->mean), *deviation = neap_data(a->deviation);
    for (int64_t k = 0; k < neap_size(a->mean); k++) {
        if (!isfinite(mean[k]))
            return neap_fail("%s: latents.mean: expected finite numbers, got %g for channel %lld", neap_network_name(a),
                             (double)mean[k], (long long)k);
        if (!(deviation[k] > 0) || !isfinite(deviation[k]))
            return neap_fail("%s: latents.deviation: expected finite numbers above 0, got %g for channel %lld",
                             neap_network_name(a), (double)deviation[k], (long long)k);
    }
    return 0;
}

int neap_network_set_autoencoder(neap_network *network, neap_network *autoencoder)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const neap_spec *n = &network->spec;
    if (neap_network_require(autoencoder, "an autoencoder", neap_autoencoder_needs) < 0)
        return -1;
    const neap_extent *e = &autoencoder->spec.latent;
    if (n->height != e->height || n->width != e->width || n->channels != e->channels)
        return neap_fail("%s works on %s; the latents of %s are %s", neap_network_name(network),
                         neap_shape_text(neap_dims(n->height, n->width, n->channels), want), neap_network_name(autoencoder),
                         neap_shape_text(neap_dims(e->height, e->width, e->channels), got));
    return check_statistics(autoencoder) < 0 ? -1 : replace(network, neap_network_without_extra(autoencoder));
}

neap_network *neap_network_autoencoder(const neap_network *network)
{
    return network->autoencoder;
}

/* --- Latents and pictures ------------------------------------------------------------------------------------------- */

neap_tensor *neap_latents_of(neap_tensor *moments, const neap_random *random, uint64_t first)
{
    neap_tensor *mean, *log_variance;
    if (neap_moments_split(moments, &mean, &log_variance) < 0)
        return NULL;
    return random ? neap_latents_draw(mean, log_variance, *random, first) : mean;
}

neap_tensor *neap_network_from_moments(neap_network *network, neap_tensor *moments, const neap_random *random,
                                       uint64_t first)
{
    const neap_network *a = network->autoencoder;
    const bool recorded = neap_record(false);
    neap_tensor *z = neap_div(neap_sub(neap_latents_of(moments, random, first), a->mean), a->deviation);
    neap_record(recorded);
    return z;
}

neap_tensor *neap_network_to_latents(neap_network *network, neap_tensor *x, const neap_random *random, uint64_t first)
{
    neap_network *a = network->autoencoder;
    if (!a || !x)
        return x;
    const bool recorded = neap_record(false);
    neap_tensor *moments = neap_network_encode(a, x);
    neap_record(recorded);
    return neap_network_from_moments(network, moments, random, first);
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
