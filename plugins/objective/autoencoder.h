/* Shared by the files of the objective vae_gan. Tensors that functions return belong to the innermost scope. */
#ifndef AUTOENCODER_H
#define AUTOENCODER_H

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/network.h>

typedef struct autoencoder_config {
    int distance, loss;
    int64_t scales, d_start, g_start, g_ramp;
    double kl, adversarial, adaptive_limit, features_weight, equivariance;
    bool adaptive;
    neap_network *features; /* or NULL */
} autoencoder_config;

/* --- autoencoder_latents.c ----------------------------------------------------------------------------------------------- */

/* The Gaussians of a batch of latents, [B, h, w, C] each. */
typedef struct autoencoder_latents {
    neap_tensor *z;          /* drawn from them */
    neap_tensor *divergence; /* from the standard normal distribution, by value, in nats */
} autoencoder_latents;

/* Encodes the pictures of the step. Returns 0, or -1 with a message, which names moments that are not finite. */
int autoencoder_encode(neap_network *network, const neap_step *step, autoencoder_latents *out);

/* Reports the divergence per value, of all and by channel. */
int autoencoder_report_latents(neap_step *step, const autoencoder_latents *q);

/* --- autoencoder_distance.c ---------------------------------------------------------------------------------------------- */

enum { AUTOENCODER_L1, AUTOENCODER_L2 };

/* Each picture of x [B, H, W, C] at half its size: means of 2 by 2 pixels. */
neap_tensor *autoencoder_halved(neap_tensor *x);

/* The mean distance of pictures, by c->distance: of all values, and over c->scales sizes, each half the one before. */
neap_tensor *autoencoder_distance(const autoencoder_config *c, neap_tensor *x, neap_tensor *y, int64_t scales);

/* The mean over rows of |f(x) - f(y)|^2 / |f(x)|^2, with the features f of c->features. */
neap_tensor *autoencoder_feature_distance(const autoencoder_config *c, neap_tensor *x, neap_tensor *y);

/* The distance of the pictures that the halved latents z are decoded to from the halved pictures x. */
neap_tensor *autoencoder_equivariance(const autoencoder_config *c, neap_network *network, neap_tensor *x, neap_tensor *z);

/* --- autoencoder_metrics.c ----------------------------------------------------------------------------------------------- */

int autoencoder_report_mean(neap_step *step, const char *name, neap_tensor *x);
/* Reports the mean psnr and ssim of pictures y against the originals x. */
int autoencoder_report_pictures(neap_step *step, neap_tensor *x, neap_tensor *y);

/* --- autoencoder_discriminator.c ----------------------------------------------------------------------------------------- */

/* The weighted adversarial loss of reconstructions y, 0 before step c->g_start. Reports loss and weight. `reconstruction` is
 * the reconstruction loss, which the adaptive weight needs. */
neap_tensor *autoencoder_adversarial(const autoencoder_config *c, neap_network *network, neap_step *step, neap_tensor *y,
                                     neap_tensor *reconstruction);

/* The loss of the discriminator for the step's pictures and the reconstructions y, and reports of its logits. */
neap_tensor *autoencoder_discriminator_loss(const autoencoder_config *c, neap_network *network, neap_step *step, neap_tensor *y);

/* The names of the losses that c->loss chooses from, ending with NULL; the first is hinge. */
extern const char *const autoencoder_losses[];

#endif
