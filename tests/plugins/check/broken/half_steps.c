/* Goes only half of each step: it does not reach the data. */
#include "faulty.h"

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    return neap_add(x, neap_affine(neap_velocity_at(field, x, step.t), (step.next - step.t) / 2, 0));
}

FAULTY_SAMPLER(half_steps, advance);
