/* Pictures flipped and moved at random. Part of the plugins classification and adversarial. */
#ifndef NEAP_OBJECTIVE_AUGMENT_H
#define NEAP_OBJECTIVE_AUGMENT_H

#include <neap/plugin.h>

typedef struct augmentation {
    double probability; /* of each change, to each picture */
    bool flip;          /* mirrored, left to right, every other time */
    int64_t shift;      /* moved by up to so many pixels each way; 0: not at all */
} augmentation;

/* x [B, H, W, C] with pictures changed and -1, black, where nothing moves in; x itself where no change is asked for. Row i is
 * changed by sample first + i of `random`. Gradients go through. */
neap_tensor *augment(const augmentation *a, neap_random random, uint64_t first, neap_tensor *x);

#endif
