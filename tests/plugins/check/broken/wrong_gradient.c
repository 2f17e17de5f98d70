/* Squares the result of its layer by hand, without ops: the gradient lacks a factor. */
#include "faulty.h"

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)t, (void)condition;
    neap_tensor *y = neap_linear_apply(&((faulty_network *)self)->layer, x);
    const float *from = y ? neap_data(y) : NULL;
    neap_tensor *copy = from ? neap_from(NEAP_F32, neap_shape_of(y), from) : NULL;
    return neap_mul(y, copy);
}

FAULTY_ARCHITECTURE(wrong_gradient, velocity);
