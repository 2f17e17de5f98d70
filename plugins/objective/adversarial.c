/*
 * Adversarial training (Goodfellow et al. 2014, algorithm 1): each step updates the discriminator d_steps times, then
 * the generator once. The generator's update uses the fakes of the last discriminator update.
 */
#include <math.h>

#include "adversarial.h"
#include "augment.h"

enum { DISCRIMINATOR, GENERATOR };
enum { FAKE }; /* slot shared between the phases: fakes with the history that leads back to the generator */

/* --- Pictures ----------------------------------------------------------------------------------------------------- */

static neap_tensor *make_fakes(neap_network *network, neap_step *step)
{
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    const neap_shape latents = neap_dims(neap_dim(step->x, 0), spec.latent.channels);
    neap_tensor *z = neap_randn(neap_random_fork(step->random, "latent"), step->first, latents);
    return neap_network_generate(network, z, step->condition);
}

/* x without its history; if `wanted`, a leaf that requires gradients. */
static neap_tensor *leaf(neap_tensor *x, bool wanted)
{
    neap_tensor *alone = neap_detach(x);
    return alone && wanted && neap_require_grad(alone, true) < 0 ? NULL : alone;
}

/* Real pictures and fakes get the same augmentation before the discriminator sees them, so that it cannot memorise a
 * small data set (Karras et al. 2020, Training Generative Adversarial Networks with Limited Data: above a probability
 * of about 0.8 the generator learns to produce augmented pictures). */
static neap_tensor *augmented(const adversarial_config *c, const neap_step *step, const char *which, neap_tensor *x)
{
    const augmentation changes = {c->augment, c->flip, c->shift};
    return augment(&changes, neap_random_fork(step->random, which), step->first, x);
}

/* --- Metrics ------------------------------------------------------------------------------------------------------ */

#define SATURATED 20  /* absolute logit: the sigmoid is 2e-9 at -20, and so is the generator's gradient */
#define VANISHED 1e-8 /* norm of the generator's gradient: Adam would take full steps along rounding errors */

typedef struct statistics {
    double mean, positive; /* positive: the share above zero */
    double least;          /* -infinity where a logit is NaN */
} statistics;

static int measure(neap_tensor *logits, statistics *f)
{
    neap_tensor *flat = neap_contiguous(logits);
    const float *v = flat ? neap_data(flat) : NULL;
    const double n = flat ? (double)neap_size(flat) : 0;
    *f = (statistics){.least = HUGE_VAL};
    for (int64_t i = 0; v && i < neap_size(flat); i++) {
        f->mean += (double)v[i] / n;
        f->positive += v[i] > 0 ? 1 / n : 0;
        f->least = fmin(f->least, isnan(v[i]) ? -HUGE_VAL : (double)v[i]);
    }
    return v ? 0 : -1;
}

/* A relative loss is reported by pairs of pictures with the same label: a constant added to all logits of a class
 * does not change it. */
static int report_pairs(neap_step *step, neap_tensor *real, neap_tensor *fake)
{
    statistics pair;
    if (measure(neap_sub(real, fake), &pair) < 0)
        return -1;
    neap_step_report(step, "margin", pair.mean);
    neap_step_report(step, "pair_accuracy", pair.positive);
    return 0;
}

/* Reports accuracies and margins, because adversarial losses do not show progress. Fails when training has diverged. */
static int report(const adversarial_config *c, neap_step *step, neap_tensor *real, neap_tensor *fake)
{
    const adversarial_loss *losses = &adversarial_losses[c->loss];
    statistics on_real, on_fake; /* of logits whose sign is positive where the discriminator is right */
    if (losses->relative)
        return report_pairs(step, real, fake);
    if (measure(real, &on_real) < 0 || measure(neap_neg(fake), &on_fake) < 0)
        return -1;
    neap_step_report(step, "margin", on_real.mean + on_fake.mean);
    neap_step_report(step, "real_accuracy", on_real.positive);
    neap_step_report(step, "fake_accuracy", on_fake.positive);
    if (losses->saturates && on_real.least > SATURATED && on_fake.least > SATURATED)
        return neap_fail("diverged: the discriminator is saturated: each real logit is above %d and each fake one below "
                         "-%d, which leaves the generator no gradient", SATURATED, SATURATED);
    return 0;
}

/* --- Losses ------------------------------------------------------------------------------------------------------- */

static neap_tensor *discriminator_loss(const adversarial_config *c, neap_network *network, neap_step *step)
{
    const bool due = adversarial_penalty_due(c, step);
    neap_tensor *made = make_fakes(network, step);
    if (!made)
        return NULL;
    if (neap_step_share(step, FAKE, made) < 0)
        return NULL;
    neap_tensor *real = leaf(augmented(c, step, "real", step->x), due);
    neap_tensor *fake = leaf(augmented(c, step, "fake", made), due);
    neap_tensor *on_real = neap_network_discriminate(network, real, step->condition);
    neap_tensor *on_fake = neap_network_discriminate(network, fake, step->condition);
    neap_tensor *loss = adversarial_losses[c->loss].discriminator(on_real, on_fake);
    if (!loss || report(c, step, on_real, on_fake) < 0)
        return NULL;
    return due ? neap_add(loss, adversarial_penalty(c, network, step, real, on_real, fake, on_fake)) : loss;
}

static neap_tensor *unrecorded_logits(neap_network *network, neap_tensor *x, const neap_condition *condition)
{
    const bool was = neap_record(false);
    neap_tensor *logits = neap_network_discriminate(network, x, condition);
    neap_record(was);
    return logits;
}

static neap_tensor *generator_loss(const adversarial_config *c, neap_network *network, neap_step *step)
{
    const adversarial_loss *losses = &adversarial_losses[c->loss];
    neap_tensor *fake = augmented(c, step, "fake", neap_step_shared(step, FAKE)), *on_real = NULL;
    if (losses->both)
        on_real = unrecorded_logits(network, augmented(c, step, "real", step->x), step->condition);
    if (losses->both && !on_real)
        return NULL;
    return losses->generator(on_real, neap_network_discriminate(network, fake, step->condition));
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    return (phase == DISCRIMINATOR ? discriminator_loss : generator_loss)(settings, network, step);
}

static int64_t repeats(const void *settings, int phase)
{
    return phase == DISCRIMINATOR ? ((const adversarial_config *)settings)->d_steps : 1;
}

static const char *const needs[] = {"generate", "discriminate", NULL};
static const neap_phase phases[] = {
    [DISCRIMINATOR] = {"discriminator", "discriminator."}, [GENERATOR] = {"generator", "generator."}, {0},
};
static const double least[] = {[GENERATOR] = VANISHED};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss,
                                         .repeats = repeats, .least = least};

static const neap_param params[] = {
    NEAP_CHOICE(adversarial_config, loss, ADVERSARIAL_NON_SATURATING, adversarial_loss_names, "Adversarial loss."),
    NEAP_INT(adversarial_config, d_steps, 1, 1, 1000, "Updates of the discriminator per update of the generator."),
    NEAP_REAL(adversarial_config, r1, 0, 0, 1e6,
              "Weight of the gradient penalty at real pictures; 0: none. Batch norm distorts it."),
    NEAP_REAL(adversarial_config, r2, 0, 0, 1e6,
              "Weight of the gradient penalty at fakes; 0: none. Batch norm distorts it."),
    NEAP_REAL(adversarial_config, gradient_penalty, 0, 0, 1e6,
              "Weight of the penalty on gradient norms other than 1 between real and fake. Batch norm distorts it."),
    NEAP_INT(adversarial_config, every, 1, 1, 1000,
             "Steps from one penalty to the next; each is multiplied by this number."),
    NEAP_REAL(adversarial_config, augment, 0.5, 0, 1,
              "Probability of each augmentation; above about 0.8 the generator learns to produce them."),
    NEAP_FLAG(adversarial_config, flip, 0, "Augmentation: mirror left to right, with probability 1/2."),
    NEAP_INT(adversarial_config, shift, 0, 0, 1024, "Augmentation: move by up to this many pixels each way; 0: none."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(adversarial) = NEAP_ONE_COMPONENT("adversarial", "1.0.0", "MIT",
                                              "Adversarial training of a generator and a discriminator.", "objective/2",
                                              adversarial_config, params, functions);
