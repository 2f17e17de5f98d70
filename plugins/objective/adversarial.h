/* Shared by the files of the objective adversarial. */
#ifndef ADVERSARIAL_H
#define ADVERSARIAL_H

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/network.h>

typedef struct adversarial_config {
    int loss;
    double r1, r2, gradient_penalty, augment;
    int64_t every, d_steps, shift;
    bool flip;
} adversarial_config;

/* The losses that discriminator and generator minimise, of logits of real pictures and of fakes, [B] each. */
typedef struct adversarial_loss {
    neap_tensor *(*discriminator)(neap_tensor *real, neap_tensor *fake);
    neap_tensor *(*generator)(neap_tensor *real, neap_tensor *fake);
    bool both;      /* the generator's loss uses real logits, too; otherwise its `real` is NULL */
    bool saturates; /* the generator's gradient vanishes in the tails of the sigmoid */
    bool relative;  /* depends on differences of logits alone, so that a single logit is neither right nor wrong */
} adversarial_loss;

extern const char *const adversarial_loss_names[]; /* ends with NULL; in the order of adversarial_losses */
extern const adversarial_loss adversarial_losses[];

/* The sum of the gradient penalties of a step in which they are due, or NULL with a message. real and fake are the
 * leaves from which the logits were computed. */
neap_tensor *adversarial_penalty(const adversarial_config *c, neap_network *network, neap_step *step, neap_tensor *real,
                                 neap_tensor *real_logits, neap_tensor *fake, neap_tensor *fake_logits);
/* Is a penalty due in this step? */
bool adversarial_penalty_due(const adversarial_config *c, const neap_step *step);

#endif
