/*
 * Penalties on the discriminator's gradients at pictures: R1 on real ones and R2 on fakes (Mescheder et al. 2018,
 * Which Training Methods for GANs do actually Converge?, equations 9 and 10), and on pictures between the two
 * (Gulrajani et al. 2017, Improved Training of Wasserstein GANs). Regularisation is lazy: every k-th step, multiplied
 * by k (Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, appendix B).
 */
#include "adversarial.h"

bool adversarial_penalty_due(const adversarial_config *c, const neap_step *step)
{
    return (c->r1 > 0 || c->r2 > 0 || c->gradient_penalty > 0) && (step->number - 1) % c->every == 0;
}

/* |d logits / d x|^2 of each picture, [B]. */
static neap_tensor *squared_gradient(neap_tensor *logits, neap_tensor *x)
{
    neap_tensor *gradient;
    if (!logits || !x || neap_gradients(neap_sum(logits, NULL, 0, false), NULL, &x, 1, NEAP_CREATE_GRAPH, &gradient) < 0)
        return NULL;
    return neap_sum(neap_square(gradient), (int[]){1, 2, 3}, 3, false);
}

/* weight / 2 times the mean squared gradient, which is reported as `name`. */
static neap_tensor *centred_at_zero(double weight, neap_tensor *logits, neap_tensor *x, neap_step *step, const char *name)
{
    neap_tensor *mean = neap_mean(squared_gradient(logits, x), NULL, 0, false);
    if (!mean)
        return NULL;
    neap_step_report(step, name, neap_item(mean));
    return neap_affine(mean, weight / 2, 0);
}

/* weight times the mean of (|gradient| - 1)^2 at random points between real pictures and fakes. */
static neap_tensor *centred_at_one(double weight, neap_network *network, neap_step *step, neap_tensor *real,
                                   neap_tensor *fake)
{
    const neap_shape shape = neap_dims(neap_dim(real, 0), 1, 1, 1);
    neap_tensor *share = neap_rand(neap_random_fork(step->random, "between"), step->first, shape);
    neap_tensor *x = neap_detach(neap_add(real, neap_mul(share, neap_sub(fake, real))));
    if (!x || neap_require_grad(x, true) < 0)
        return NULL;
    neap_tensor *logits = neap_network_discriminate(network, x, step->condition);
    neap_tensor *norm = neap_sqrt(neap_affine(squared_gradient(logits, x), 1, 1e-12));
    neap_tensor *mean = neap_mean(neap_square(neap_affine(norm, 1, -1)), NULL, 0, false);
    if (!mean)
        return NULL;
    neap_step_report(step, "gradient_penalty", neap_item(mean));
    return neap_affine(mean, weight, 0);
}

neap_tensor *adversarial_penalty(const adversarial_config *c, neap_network *network, neap_step *step, neap_tensor *real,
                                 neap_tensor *real_logits, neap_tensor *fake, neap_tensor *fake_logits)
{
    neap_tensor *sum = neap_scalar(0);
    if (c->r1 > 0)
        sum = neap_add(sum, centred_at_zero(c->r1, real_logits, real, step, "r1"));
    if (c->r2 > 0)
        sum = neap_add(sum, centred_at_zero(c->r2, fake_logits, fake, step, "r2"));
    if (c->gradient_penalty > 0)
        sum = neap_add(sum, centred_at_one(c->gradient_penalty, network, step, real, fake));
    return neap_affine(sum, (double)c->every, 0);
}
