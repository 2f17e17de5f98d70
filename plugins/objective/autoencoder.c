/*
 * Autoencoders whose latents a flow can learn: variational (Kingma and Welling 2014), with a discriminator of reconstructions
 * beside them (Larsen et al. 2016; Esser et al. 2021; Rombach et al. 2022, appendix G). Phase `autoencoder` minimises
 *
 *   reconstruction + kl KL / (H W C) + features_weight features + equivariance scaled + weight adversarial
 *
 * with KL the divergence of a picture's latents from N(0, 1), summed over them, and means over pictures. The reconstruction
 * is a mean over the H W C values of a picture, where the papers sum over them; the same sums divided by H W C give the same
 * balance, so their kl keeps its value.
 *
 * Phase `discriminator` begins at step d_start. The adversarial loss is added to that of the autoencoder from g_start on: an
 * untrained discriminator would ruin the reconstructions. With adversarial 0 there is no such phase.
 */
#include "autoencoder.h"

enum { AUTOENCODER, DISCRIMINATOR };
enum { RECONSTRUCTIONS }; /* slot shared between the phases: detached reconstructions */

/* --- Losses ---------------------------------------------------------------------------------------------------------- */

/* Adds weight times a term, which is reported as `name`. */
static neap_tensor *add_term(neap_tensor *sum, neap_step *step, const char *name, double weight, neap_tensor *term)
{
    if (!term || neap_step_report(step, name, neap_item(term)) < 0)
        return NULL;
    return neap_add(sum, neap_affine(term, weight, 0));
}

/* All terms but the adversarial one, for reconstructions y. *reconstruction: the terms that compare pictures. */
static neap_tensor *vae_loss(const autoencoder_config *c, neap_network *network, neap_step *step, const autoencoder_latents *q,
                             neap_tensor *y, neap_tensor **reconstruction)
{
    neap_tensor *loss = autoencoder_distance(c, step->x, y, c->scales);
    if (!loss || neap_step_report(step, "reconstruction", neap_item(loss)) < 0)
        return NULL;
    if (c->features && c->features_weight > 0)
        loss = add_term(loss, step, "features", c->features_weight, autoencoder_feature_distance(c, step->x, y));
    *reconstruction = loss;
    const double share = c->kl / (double)neap_size(step->x);
    if (share > 0)
        loss = neap_add(loss, neap_affine(neap_sum(q->divergence, NULL, 0, false), share, 0));
    if (c->equivariance > 0)
        loss = add_term(loss, step, "equivariance", c->equivariance, autoencoder_equivariance(c, network, step->x, q->z));
    return loss;
}

static neap_tensor *autoencoder_loss(const autoencoder_config *c, neap_network *network, neap_step *step)
{
    autoencoder_latents q;
    neap_tensor *reconstruction = NULL;
    neap_tensor *y = autoencoder_encode(network, step, &q) < 0 ? NULL : neap_network_decode(network, q.z);
    if (!y)
        return NULL;
    neap_tensor *loss = vae_loss(c, network, step, &q, y, &reconstruction);
    if (!loss || autoencoder_report_pictures(step, step->x, y) < 0 || autoencoder_report_latents(step, &q) < 0)
        return NULL;
    if (!(c->adversarial > 0))
        return loss;
    if (neap_step_share(step, RECONSTRUCTIONS, neap_detach(y)) < 0)
        return NULL;
    return neap_add(loss, autoencoder_adversarial(c, network, step, y, reconstruction));
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    if (phase == AUTOENCODER)
        return autoencoder_loss(settings, network, step);
    return autoencoder_discriminator_loss(settings, network, step, neap_step_shared(step, RECONSTRUCTIONS));
}

/* --- Checks ---------------------------------------------------------------------------------------------------------- */

static int check_discriminator(const autoencoder_config *c, const neap_network *network)
{
    if (!(c->adversarial > 0))
        return 0;
    if (!neap_network_offers(network, "discriminate"))
        return neap_fail("adversarial: expected 0 for a network without a discriminator, got %g", c->adversarial);
    if (c->g_start < c->d_start)
        return neap_fail("g_start: expected at least d_start, %lld, so that the discriminator learns first; got %lld",
                         (long long)c->d_start, (long long)c->g_start);
    return 0;
}

static int check_features(const autoencoder_config *c, const neap_spec *own)
{
    neap_spec f = {.size = sizeof f};
    if (!c->features)
        return 0;
    neap_network_spec(c->features, &f);
    if (f.height == own->height && f.width == own->width && f.channels == own->channels)
        return 0;
    return neap_fail("features: expected a network for pictures [%lld, %lld, %lld], got one for [%lld, %lld, %lld]",
                     (long long)own->height, (long long)own->width, (long long)own->channels, (long long)f.height,
                     (long long)f.width, (long long)f.channels);
}

static int check_sizes(const autoencoder_config *c, const neap_spec *s)
{
    const int64_t part = (int64_t)1 << (c->scales - 1);
    if (s->height % part || s->width % part)
        return neap_fail("scales: %lld scales halve a picture %lld times; expected sides that are multiples of %lld, got %lld "
                         "by %lld", (long long)c->scales, (long long)c->scales - 1, (long long)part, (long long)s->height,
                         (long long)s->width);
    if (!(c->equivariance > 0))
        return 0;
    if (!s->scales)
        return neap_fail("equivariance: expected 0 for a network that decodes latents of one size only, got %g",
                         c->equivariance);
    if (s->latent.height % 2 || s->latent.width % 2)
        return neap_fail("equivariance: expected latents of even sides, which can be halved, got %lld by %lld",
                         (long long)s->latent.height, (long long)s->latent.width);
    return 0;
}

static int check(const void *settings, neap_network *network)
{
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    if (check_discriminator(settings, network) < 0 || check_features(settings, &spec) < 0)
        return -1;
    return check_sizes(settings, &spec);
}

static int64_t begins(const void *settings, int phase)
{
    const autoencoder_config *c = settings;
    return phase == AUTOENCODER ? 1 : c->adversarial > 0 ? c->d_start : 0;
}

/* --- The plugin ------------------------------------------------------------------------------------------------------ */

static const char *const needs[] = {"encode", "decode", NULL};
static const neap_phase phases[] = {
    [AUTOENCODER] = {"autoencoder", "encoder. decoder. quant_conv. post_quant_conv."},
    [DISCRIMINATOR] = {"discriminator", "discriminator."},
    {0},
};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss,
                                         .check = check, .begins = begins, .guard = "reconstruction"};

static const char *const distances[] = {[AUTOENCODER_L1] = "l1", [AUTOENCODER_L2] = "l2", NULL};
#define MOST_STEPS 1000000000
static const neap_param params[] = {
    NEAP_CHOICE(autoencoder_config, distance, AUTOENCODER_L1, distances,
                "Reconstruction: mean absolute or mean squared difference of the values of pictures."),
    NEAP_INT(autoencoder_config, scales, 1, 1, 4, "Sizes at which pictures are compared, each half the one before."),
    NEAP_REAL(autoencoder_config, kl, 1e-6, 0, 1e6,
              "Weight of the KL divergence, summed over a picture's latents and divided by its number of values, so that the "
              "usual 1e-6 keeps its meaning; 0: a plain autoencoder, which may learn a variance near 0."),
    NEAP_NETWORK(autoencoder_config, features, "features", "A trained classifier: a perceptual loss on its features."),
    NEAP_REAL(autoencoder_config, features_weight, 1, 0, 1e6, "Weight of the perceptual loss, a relative squared distance."),
    NEAP_REAL(autoencoder_config, equivariance, 0, 0, 1e6,
              "Weight of scale equivariance: the distance of decoded halved latents from the halved picture."),
    NEAP_REAL(autoencoder_config, adversarial, 0.02, 0, 1e6,
              "Weight of the adversarial loss of the decoder; 0: no discriminator, a VAE."),
    NEAP_CHOICE(autoencoder_config, loss, 0, autoencoder_losses, "Adversarial loss."),
    NEAP_INT(autoencoder_config, d_start, 1, 1, MOST_STEPS, "Step at which the discriminator begins to learn."),
    NEAP_INT(autoencoder_config, g_start, 1000, 1, MOST_STEPS, "Step from which the adversarial loss trains the decoder."),
    NEAP_INT(autoencoder_config, g_ramp, 1000, 0, MOST_STEPS, "Steps over which its weight then rises to `adversarial`."),
    NEAP_FLAG(autoencoder_config, adaptive, 0,
              "Multiply the weight by the ratio of the gradient norms of reconstruction loss and adversarial loss."),
    NEAP_REAL(autoencoder_config, adaptive_limit, 10, 0, 1e6, "Largest such ratio."),
    NEAP_PARAMS_END,
};

/* Objects of plugins are installed in one folder, where vae_gan.so is the architecture. */
static const neap_component components[] = {
    {"objective/2", "vae_gan", "An autoencoder: variational, with a discriminator, or plain.", sizeof(autoencoder_config),
     params, &functions},
    {0},
};

NEAP_PLUGIN(autoencoder) = {NEAP_ABI, sizeof(neap_plugin), "autoencoder", "1.0.0", "MIT", "Training of autoencoders.",
                            components};
