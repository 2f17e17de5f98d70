/*
 * A game between a network's discriminator and its generator (Goodfellow et al. 2014, algorithm 1): in each step d_steps
 * updates of the one, then one of the other. The fakes of the last discriminator's update serve the generator's, too.
 */
#include <math.h>

#include "adversarial.h"
#include "augment.h"

enum { DISCRIMINATOR, GENERATOR };
enum { FAKE }; /* shared between the phases: with the history that leads back to the generator */

/* --- Pictures ------------------------------------------------------------------------------------------------------ */

static neap_tensor *make_fakes(neap_network *network, neap_step *step)
{
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    const neap_shape latents = neap_dims(neap_dim(step->x, 0), spec.latent.channels);
    neap_tensor *z = neap_randn(neap_random_fork(step->random, "latent"), step->first, latents);
    return neap_network_generate(network, z, step->condition);
}

/* A leaf of its own, so that gradients can be asked for there. */
static neap_tensor *leaf(neap_tensor *x, bool wanted)
{
    neap_tensor *alone = neap_detach(x);
    return alone && wanted && neap_require_grad(alone, true) < 0 ? NULL : alone;
}

/* Real pictures and fakes are changed alike before the discriminator sees them, so that it cannot learn a small data set by
 * heart (Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, which finds that the generator is
 * taught to make the changes where their probability is above some 0.8). */
static neap_tensor *changed(const adversarial_config *c, const neap_step *step, const char *which, neap_tensor *x)
{
    const augmentation changes = {c->augment, c->flip, c->shift};
    return augment(&changes, neap_random_fork(step->random, which), step->first, x);
}

/* --- Figures ------------------------------------------------------------------------------------------------------- */

#define SATURATED 20  /* logits: s(-20) is 2e-9, and so is the generator's gradient */
#define VANISHED 1e-8 /* norm of the generator's gradient: Adam would take whole steps along what is rounding error */

typedef struct figures {
    double mean, right; /* right: the share above zero */
    double least;       /* -infinity where one is no number */
} figures;

static int look(neap_tensor *logits, figures *f)
{
    neap_tensor *flat = neap_contiguous(logits);
    const float *v = flat ? neap_data(flat) : NULL;
    const double n = flat ? (double)neap_size(flat) : 0;
    *f = (figures){.least = HUGE_VAL};
    for (int64_t i = 0; v && i < neap_size(flat); i++) {
        f->mean += (double)v[i] / n;
        f->right += v[i] > 0 ? 1 / n : 0;
        f->least = fmin(f->least, isnan(v[i]) ? -HUGE_VAL : (double)v[i]);
    }
    return v ? 0 : -1;
}

/* Games of differences are told by pairs, whose pictures share a label: an offset of a class's logits means nothing there. */
static int report_pairs(neap_step *step, neap_tensor *real, neap_tensor *fake)
{
    figures pair;
    if (look(neap_sub(real, fake), &pair) < 0)
        return -1;
    neap_step_report(step, "margin", pair.mean);
    neap_step_report(step, "pair_accuracy", pair.right);
    return 0;
}

/* What there is to look at in a game without a curve of its own; fails where it is over. */
static int report(const adversarial_config *c, neap_step *step, neap_tensor *real, neap_tensor *fake)
{
    const adversarial_loss *game = &adversarial_losses[c->loss];
    figures on_real, on_fake; /* of logits that are positive where the discriminator is right */
    if (game->relative)
        return report_pairs(step, real, fake);
    if (look(real, &on_real) < 0 || look(neap_neg(fake), &on_fake) < 0)
        return -1;
    neap_step_report(step, "margin", on_real.mean + on_fake.mean);
    neap_step_report(step, "real_accuracy", on_real.right);
    neap_step_report(step, "fake_accuracy", on_fake.right);
    if (game->saturates && on_real.least > SATURATED && on_fake.least > SATURATED)
        return neap_fail("diverged: the discriminator is saturated: each real logit is above %d and each fake one below "
                         "-%d, which leaves the generator no gradient", SATURATED, SATURATED);
    return 0;
}

/* --- Losses -------------------------------------------------------------------------------------------------------- */

static neap_tensor *discriminator_loss(const adversarial_config *c, neap_network *network, neap_step *step)
{
    const bool due = adversarial_penalty_due(c, step);
    neap_tensor *made = make_fakes(network, step);
    if (!made)
        return NULL;
    if (neap_step_share(step, FAKE, made) < 0)
        return NULL;
    neap_tensor *real = leaf(changed(c, step, "real", step->x), due), *fake = leaf(changed(c, step, "fake", made), due);
    neap_tensor *on_real = neap_network_discriminate(network, real, step->condition);
    neap_tensor *on_fake = neap_network_discriminate(network, fake, step->condition);
    neap_tensor *loss = adversarial_losses[c->loss].discriminator(on_real, on_fake);
    if (!loss || report(c, step, on_real, on_fake) < 0)
        return NULL;
    return due ? neap_add(loss, adversarial_penalty(c, network, step, real, on_real, fake, on_fake)) : loss;
}

static neap_tensor *without_history(neap_network *network, neap_tensor *x, const neap_condition *condition)
{
    const bool was = neap_record(false);
    neap_tensor *logits = neap_network_discriminate(network, x, condition);
    neap_record(was);
    return logits;
}

static neap_tensor *generator_loss(const adversarial_config *c, neap_network *network, neap_step *step)
{
    const adversarial_loss *game = &adversarial_losses[c->loss];
    neap_tensor *fake = changed(c, step, "fake", neap_step_shared(step, FAKE)), *on_real = NULL;
    if (game->both && !(on_real = without_history(network, changed(c, step, "real", step->x), step->condition)))
        return NULL;
    return game->generator(on_real, neap_network_discriminate(network, fake, step->condition));
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
    NEAP_CHOICE(adversarial_config, loss, 1, adversarial_loss_names, "The game."),
    NEAP_INT(adversarial_config, d_steps, 1, 1, 1000, "Updates of the discriminator before each of the generator's."),
    NEAP_REAL(adversarial_config, r1, 0, 0, 1e6,
              "Weight of the penalty on gradients at real pictures; 0: none. Norms over the batch blur it."),
    NEAP_REAL(adversarial_config, r2, 0, 0, 1e6, "Weight of the penalty on gradients at fakes; 0: none. Likewise."),
    NEAP_REAL(adversarial_config, gradient_penalty, 0, 0, 1e6,
              "Weight of the penalty on gradients between both that are not 1. Likewise."),
    NEAP_INT(adversarial_config, every, 1, 1, 1000, "Steps from one penalty to the next; each is as many times as strong."),
    NEAP_REAL(adversarial_config, augment, 0.5, 0, 1,
              "Probability of each change to pictures that the discriminator sees; the generator learns those above 0.8."),
    NEAP_FLAG(adversarial_config, flip, 0, "A change: mirrored, left to right, every other time."),
    NEAP_INT(adversarial_config, shift, 0, 0, 1024, "A change: moved by up to so many pixels each way; 0: none."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(adversarial) = NEAP_ONE_COMPONENT("adversarial", "1.0.0", "MIT", "A game of discriminator and generator.",
                                              "objective/2", adversarial_config, params, functions);
