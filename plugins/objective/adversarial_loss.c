/* Adversarial losses, which discriminator and generator minimise. Logits are inputs of the sigmoid s. */
#include "adversarial_loss.h"

static neap_tensor *mean(neap_tensor *x)
{
    return neap_mean(x, NULL, 0, false);
}

/* V = E log s(real) + E log(1 - s(fake)) (Goodfellow et al. 2014, equation 1): D maximises it, G minimises it. */
static neap_tensor *minimax_discriminator(neap_tensor *real, neap_tensor *fake)
{
    return neap_add(mean(neap_softplus(neap_neg(real))), mean(neap_softplus(fake)));
}

static neap_tensor *minimax_generator(neap_tensor *real, neap_tensor *fake)
{
    (void)real;
    return neap_neg(mean(neap_softplus(fake)));
}

/* G maximises E log s(fake), which has a gradient where D is confident (same paper, section 3). */
static neap_tensor *non_saturating_generator(neap_tensor *real, neap_tensor *fake)
{
    (void)real;
    return mean(neap_softplus(neap_neg(fake)));
}

/* Lim and Ye 2017, Geometric GAN. */
static neap_tensor *hinge_discriminator(neap_tensor *real, neap_tensor *fake)
{
    return neap_add(mean(neap_relu(neap_affine(real, -1, 1))), mean(neap_relu(neap_affine(fake, 1, 1))));
}

static neap_tensor *linear_generator(neap_tensor *real, neap_tensor *fake)
{
    (void)real;
    return neap_neg(mean(fake));
}

/* Arjovsky et al. 2017, Wasserstein GAN. */
static neap_tensor *wasserstein_discriminator(neap_tensor *real, neap_tensor *fake)
{
    return neap_sub(mean(fake), mean(real));
}

/* Pairs of a real picture and a fake (Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2). */
static neap_tensor *relativistic_discriminator(neap_tensor *real, neap_tensor *fake)
{
    return mean(neap_softplus(neap_sub(fake, real)));
}

static neap_tensor *relativistic_generator(neap_tensor *real, neap_tensor *fake)
{
    return mean(neap_softplus(neap_sub(real, fake)));
}

const char *const adversarial_loss_names[] = {
    [ADVERSARIAL_MINIMAX] = "minimax", [ADVERSARIAL_NON_SATURATING] = "non_saturating", [ADVERSARIAL_HINGE] = "hinge",
    [ADVERSARIAL_WASSERSTEIN] = "wasserstein", [ADVERSARIAL_RELATIVISTIC] = "relativistic", NULL,
};

const adversarial_loss adversarial_losses[] = {
    [ADVERSARIAL_MINIMAX] = {minimax_discriminator, minimax_generator, .saturates = true},
    [ADVERSARIAL_NON_SATURATING] = {minimax_discriminator, non_saturating_generator},
    [ADVERSARIAL_HINGE] = {hinge_discriminator, linear_generator},
    [ADVERSARIAL_WASSERSTEIN] = {wasserstein_discriminator, linear_generator, .relative = true},
    [ADVERSARIAL_RELATIVISTIC] = {relativistic_discriminator, relativistic_generator, .both = true, .relative = true},
};
