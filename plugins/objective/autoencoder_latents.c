/* Latents: the Gaussians that pictures are encoded to, draws from them, and their divergence from the prior. */
#include <math.h>

#include "autoencoder.h"

/* Moments [B, h, w, 2 C]: C means, then C log variances. The clamp would hide a NaN of the log variance. */
static int check_moments(neap_tensor *moments)
{
    neap_tensor *flat = neap_contiguous(moments);
    const float *v = flat ? neap_data(flat) : NULL;
    const int64_t channels = v ? neap_dim(moments, 3) : 0, each = v ? neap_size(flat) / neap_dim(flat, 0) : 0;
    for (int64_t i = 0; v && i < neap_size(flat); i++) {
        const bool mean = i % channels < channels / 2;
        if (mean ? !isfinite(v[i]) : isnan(v[i]))
            return neap_fail("diverged: the %s of the latents is %s in row %lld of the batch", mean ? "mean" : "log variance",
                             isnan(v[i]) ? "NaN" : "infinite", (long long)(i / each));
    }
    return v ? 0 : -1;
}

/* 1/2 (mean^2 + variance - 1 - log variance) (Kingma and Welling 2014, appendix B). */
static neap_tensor *divergence_of(neap_tensor *mean, neap_tensor *log_variance)
{
    neap_tensor *sum = neap_add(neap_square(mean), neap_sub(neap_exp(log_variance), log_variance));
    return neap_affine(sum, 0.5, -0.5);
}

int autoencoder_encode(neap_network *network, const neap_step *step, autoencoder_latents *out)
{
    neap_tensor *moments = neap_network_encode(network, step->x), *mean, *log_variance;
    if (!moments || check_moments(moments) < 0 || neap_moments_split(moments, &mean, &log_variance) < 0)
        return -1;
    out->z = neap_latents_draw(mean, log_variance, neap_random_fork(step->random, "latents"), step->first);
    out->divergence = divergence_of(mean, log_variance);
    return out->z && out->divergence ? 0 : -1;
}

/* --- Reports --------------------------------------------------------------------------------------------------------- */

#define DEAD 0.01 /* nats per value: a channel that hardly depends on the picture */
#define NAMED 16  /* channels that are reported one by one */

static const char *const names[NAMED] = {"kl_0", "kl_1", "kl_2",  "kl_3",  "kl_4",  "kl_5",  "kl_6",  "kl_7",
                                         "kl_8", "kl_9", "kl_10", "kl_11", "kl_12", "kl_13", "kl_14", "kl_15"};

static void report_channels(neap_step *step, const float *mean, int64_t channels)
{
    double sum = 0, least = HUGE_VAL, most = -HUGE_VAL, dead = 0;
    for (int64_t k = 0; k < channels; k++) {
        const double own = (double)mean[k];
        sum += own;
        least = fmin(least, own);
        most = fmax(most, own);
        dead += own < DEAD;
        if (channels <= NAMED)
            neap_step_report(step, names[k], own);
    }
    neap_step_report(step, "kl", sum / (double)channels);
    neap_step_report(step, "kl_least", least);
    neap_step_report(step, "kl_most", most);
    neap_step_report(step, "dead_channels", dead);
}

int autoencoder_report_latents(neap_step *step, const autoencoder_latents *q)
{
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false);
    neap_tensor *means = neap_contiguous(neap_mean(q->divergence, (int[]){0, 1, 2}, 3, false));
    if (means)
        report_channels(step, neap_data(means), neap_size(means));
    neap_record(recorded);
    neap_scope_close(scope);
    return means && !neap_failed() ? 0 : -1;
}
