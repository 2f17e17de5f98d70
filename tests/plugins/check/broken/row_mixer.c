/* Subtracts the mean of the batch: a row depends on the others. */
#include "faulty.h"

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const int rows = 0;
    (void)t, (void)condition;
    neap_tensor *y = neap_linear_apply(&((faulty_network *)self)->layer, x);
    return neap_sub(y, neap_mean(y, &rows, 1, true));
}

FAULTY_ARCHITECTURE(row_mixer, velocity);
