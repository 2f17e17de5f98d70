/* What the files of the objective adversarial share. */
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

/* Both sides of a game over logits of real pictures and of fakes, [B] each; what each side makes small. */
typedef struct adversarial_loss {
    neap_tensor *(*discriminator)(neap_tensor *real, neap_tensor *fake);
    neap_tensor *(*generator)(neap_tensor *real, neap_tensor *fake);
    bool both;      /* the generator's looks at real pictures, too; else `real` is NULL there */
    bool saturates; /* a sigmoid's tails take the generator's gradient away */
    bool relative;  /* only differences of logits count, so that none alone is right or wrong */
} adversarial_loss;

extern const char *const adversarial_loss_names[]; /* ends with NULL; in the order of adversarial_losses */
extern const adversarial_loss adversarial_losses[];

/* The penalties, which must be due, on the discriminator's gradients in one step, or NULL with a message. real and fake are
 * the leaves that the logits were made from. */
neap_tensor *adversarial_penalty(const adversarial_config *c, neap_network *network, neap_step *step, neap_tensor *real,
                                 neap_tensor *real_logits, neap_tensor *fake, neap_tensor *fake_logits);
/* Is one due in this step, on these pictures? */
bool adversarial_penalty_due(const adversarial_config *c, const neap_step *step);

#endif
