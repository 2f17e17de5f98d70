/* Returns a result although an op before has failed. */
#include "faulty.h"

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)self, (void)condition;
    neap_tensor *wrong = neap_reshape(t, neap_dims(7, 11));
    (void)wrong;
    return neap_neg(x);
}

FAULTY_ARCHITECTURE(error_beside, velocity);
