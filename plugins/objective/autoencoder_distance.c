/* Distances of reconstructions from pictures: of their values, on several scales, of features, and of scaled latents. */
#include "autoencoder.h"

neap_tensor *autoencoder_halved(neap_tensor *x)
{
    return neap_average_pool(x, 2, 2, 0);
}

static neap_tensor *mean(neap_tensor *x)
{
    return neap_mean(x, NULL, 0, false);
}

static neap_tensor *l1(neap_tensor *x, neap_tensor *y)
{
    return mean(neap_abs(neap_sub(x, y)));
}

static neap_tensor *(*const distances[])(neap_tensor *x, neap_tensor *y) = {[AUTOENCODER_L1] = l1, [AUTOENCODER_L2] = neap_mse};

neap_tensor *autoencoder_distance(const autoencoder_config *c, neap_tensor *x, neap_tensor *y, int64_t scales)
{
    neap_tensor *sum = distances[c->distance](x, y);
    for (int64_t i = 1; i < scales; i++) {
        x = autoencoder_halved(x);
        y = autoencoder_halved(y);
        sum = neap_add(sum, distances[c->distance](x, y));
    }
    return scales > 1 ? neap_affine(sum, 1 / (double)scales, 0) : sum;
}

/* |x|^2 of each row. */
static neap_tensor *squares(neap_tensor *x)
{
    return neap_sum(neap_square(x), (int[]){1}, 1, false);
}

#define LEAST_SQUARE 1e-8 /* features of 0 have no scale */

neap_tensor *autoencoder_feature_distance(const autoencoder_config *c, neap_tensor *x, neap_tensor *y)
{
    const bool recorded = neap_record(false);
    neap_tensor *wanted = neap_network_features(c->features, x);
    neap_record(recorded);
    neap_tensor *apart = squares(neap_sub(neap_network_features(c->features, y), wanted));
    return mean(neap_div(apart, neap_affine(squares(wanted), 1, LEAST_SQUARE)));
}

neap_tensor *autoencoder_equivariance(const autoencoder_config *c, neap_network *network, neap_tensor *x, neap_tensor *z)
{
    return autoencoder_distance(c, autoencoder_halved(x), neap_network_decode(network, autoencoder_halved(z)), 1);
}
