/* Random flips and shifts of pictures. Part of the plugins classification and adversarial. */
#ifndef NEAP_OBJECTIVE_AUGMENT_H
#define NEAP_OBJECTIVE_AUGMENT_H

#include <neap/plugin.h>

typedef struct augmentation {
    double probability; /* of each augmentation, per picture */
    bool flip;          /* mirror left to right with probability 1/2 */
    int64_t shift;      /* move by up to this many pixels each way; 0: none */
} augmentation;

/* The augmented pictures of x [B, H, W, C]; pixels moved in are -1, black. x itself if no augmentation is on. Row i
 * uses sample first + i of `random`. Differentiable in x. */
neap_tensor *augment(const augmentation *a, neap_random random, uint64_t first, neap_tensor *x);

#endif
