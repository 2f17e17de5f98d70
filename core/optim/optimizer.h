/* The optimiser, for files of this folder. */
#ifndef NEAP_OPTIM_OPTIMIZER_H
#define NEAP_OPTIM_OPTIMIZER_H

#include <neap/optim.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

#define NEAP_MOMENTS 2 /* at most */

struct neap_optimizer {
    neap_optimizer_config config;
    int count, states;
    int moments, ema;  /* states 0 .. moments - 1 are moments; `ema` is the index of the average, or -1 */
    char **name;             /* [count], owned, as is all below */
    neap_tensor **parameter; /* [count] */
    neap_tensor **state;     /* [states][count] */
    char **state_name;       /* [states][count] */
};

#endif
