/* Shared by the files of the objective adversarial. */
#ifndef ADVERSARIAL_H
#define ADVERSARIAL_H

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/network.h>

#include "adversarial_loss.h"

typedef struct adversarial_config {
    int loss;
    double r1, r2, gradient_penalty, augment;
    int64_t every, d_steps, shift;
    bool flip;
} adversarial_config;

/* The sum of the gradient penalties of a step in which they are due, or NULL with a message. real and fake are the
 * leaves from which the logits were computed. */
neap_tensor *adversarial_penalty(const adversarial_config *c, neap_network *network, neap_step *step, neap_tensor *real,
                                 neap_tensor *real_logits, neap_tensor *fake, neap_tensor *fake_logits);
/* Is a penalty due in this step? */
bool adversarial_penalty_due(const adversarial_config *c, const neap_step *step);

#endif
