/* No fault: an architecture that must pass all cases. */
#include "faulty.h"

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)t, (void)condition;
    return neap_tanh(neap_linear_apply(&((faulty_network *)self)->layer, x));
}

FAULTY_ARCHITECTURE(sound_one, velocity);
