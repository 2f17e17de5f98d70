/* What an optimiser holds, for the files of this folder. */
#ifndef NEAP_OPTIM_OPTIMIZER_H
#define NEAP_OPTIM_OPTIMIZER_H

#include <neap/optim.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

#define NEAP_MOMENTS 2 /* at most */

struct neap_optimizer {
    neap_optimizer_config config;
    int count, states;
    int moments, ema;  /* the first states are moments; `ema` is the one after them, or -1 */
    const char **name; /* of the parameters, borrowed from the model */
    neap_tensor **parameter;
    neap_tensor **state; /* [states][count], owned */
    char **state_name;   /* likewise */
};

#endif
