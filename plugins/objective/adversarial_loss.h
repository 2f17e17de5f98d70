/* Adversarial losses. Part of the plugins adversarial and autoencoder. */
#ifndef ADVERSARIAL_LOSS_H
#define ADVERSARIAL_LOSS_H

#include <neap/ops.h>

/* The losses that discriminator and generator minimise, of logits of real pictures and of fakes, of one shape: [B], or a
 * map of logits for each picture. */
typedef struct adversarial_loss {
    neap_tensor *(*discriminator)(neap_tensor *real, neap_tensor *fake);
    neap_tensor *(*generator)(neap_tensor *real, neap_tensor *fake);
    bool both;      /* the generator's loss uses real logits, too; otherwise its `real` is NULL */
    bool saturates; /* the generator's gradient vanishes in the tails of the sigmoid */
    bool relative;  /* depends on differences of logits alone, so that a single logit is neither right nor wrong */
} adversarial_loss;

enum {
    ADVERSARIAL_MINIMAX, ADVERSARIAL_NON_SATURATING, ADVERSARIAL_HINGE, ADVERSARIAL_WASSERSTEIN, ADVERSARIAL_RELATIVISTIC
};
extern const char *const adversarial_loss_names[]; /* ends with NULL; in the order of adversarial_losses */
extern const adversarial_loss adversarial_losses[];

#endif
