/*
 * The discriminator of reconstructions, and what the decoder learns from it (Larsen et al. 2016, Autoencoding beyond Pixels;
 * Esser et al. 2021, Taming Transformers, equations 6 and 7).
 */
#include <math.h>

#include "adversarial_loss.h"
#include "autoencoder.h"

const char *const autoencoder_losses[] = {"hinge", "non_saturating", NULL};

static const adversarial_loss *loss_of(const autoencoder_config *c)
{
    static const int known[] = {ADVERSARIAL_HINGE, ADVERSARIAL_NON_SATURATING};
    return &adversarial_losses[known[c->loss]];
}

/* --- The weight ------------------------------------------------------------------------------------------------------ */

/* The factor from 0 to 1 of the adversarial loss at a step: it rises over g_ramp steps, the first of which is g_start. */
static double ramp(const autoencoder_config *c, int64_t number)
{
    if (number < c->g_start)
        return 0;
    return c->g_ramp ? fmin(1, (double)(number - c->g_start + 1) / (double)c->g_ramp) : 1;
}

/* |d loss / d y|; NaN with a message. */
static double gradient_norm(neap_tensor *loss, neap_tensor *y)
{
    neap_tensor *gradient;
    if (!loss || neap_gradients(loss, NULL, &y, 1, NEAP_KEEP_GRAPH, &gradient) < 0)
        return (double)NAN;
    neap_tensor *square = neap_sum(neap_square(gradient), NULL, 0, false);
    return square ? sqrt(neap_item(square)) : (double)NAN;
}

/* The ratio of both gradients' norms, in [0, adaptive_limit]. With this weight both gradients are equally large. The paper
 * takes the gradients of the decoder's last layer; those of its output need one backward pass of the discriminator and none
 * of the decoder. Where the discriminator has no gradient, the quotient is infinite or NaN, and the result is the limit. */
static double adaptive_weight(const autoencoder_config *c, neap_tensor *y, neap_tensor *reconstruction, neap_tensor *adversarial)
{
    return fmin(c->adaptive_limit, gradient_norm(reconstruction, y) / gradient_norm(adversarial, y));
}

/* --- Losses ---------------------------------------------------------------------------------------------------------- */

neap_tensor *autoencoder_adversarial(const autoencoder_config *c, neap_network *network, neap_step *step, neap_tensor *y,
                                     neap_tensor *reconstruction)
{
    const double share = ramp(c, step->number);
    if (share == 0)
        return neap_step_report(step, "adversarial_weight", 0) < 0 ? NULL : neap_scalar(0);
    neap_tensor *loss = loss_of(c)->generator(NULL, neap_network_discriminate(network, y, step->condition));
    if (!loss)
        return NULL;
    const double balance = c->adaptive ? adaptive_weight(c, y, reconstruction, loss) : 1;
    if (neap_failed())
        return NULL;
    const double weight = c->adversarial * share * balance;
    neap_step_report(step, "adversarial", neap_item(loss));
    neap_step_report(step, "adversarial_weight", weight);
    return neap_affine(loss, weight, 0);
}

neap_tensor *autoencoder_discriminator_loss(const autoencoder_config *c, neap_network *network, neap_step *step, neap_tensor *y)
{
    neap_tensor *real = neap_network_discriminate(network, step->x, step->condition);
    neap_tensor *fake = neap_network_discriminate(network, y, step->condition);
    neap_tensor *loss = loss_of(c)->discriminator(real, fake);
    if (!loss || autoencoder_report_mean(step, "real_logit", real) < 0 || autoencoder_report_mean(step, "fake_logit", fake) < 0)
        return NULL;
    return loss;
}
