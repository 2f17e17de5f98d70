/* Moments of latents: the Gaussians that an autoencoder encodes pictures into (Kingma and Welling 2014, section 2.4). */
#include "run/network.h"

/* Beyond these, exp overflows or the deviation is 0; AutoencoderKL has the same limits. */
#define LEAST_LOG_VARIANCE (-30)
#define MOST_LOG_VARIANCE 20

int neap_moments_split(neap_tensor *moments, neap_tensor **mean, neap_tensor **log_variance)
{
    neap_tensor *part[2] = {NULL, NULL};
    if (neap_chunk(moments, 2, part, 3) < 0)
        return -1;
    *mean = part[0];
    *log_variance = neap_clamp(part[1], LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE);
    return *log_variance ? 0 : -1;
}

neap_tensor *neap_latents_draw(neap_tensor *mean, neap_tensor *log_variance, neap_random random, uint64_t first)
{
    neap_tensor *deviation = neap_exp(neap_affine(log_variance, 0.5, 0));
    return mean ? neap_add(mean, neap_mul(deviation, neap_randn(random, first, neap_shape_of(mean)))) : NULL;
}
