/* Divides by 0 where t is 0. */
#include "faulty.h"

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    neap_tensor *v = neap_velocity_at(field, x, step.t);
    return neap_affine(neap_add(x, neap_affine(v, step.next - step.t, 0)), step.next / step.next, 0);
}

FAULTY_SAMPLER(nan_samples, advance);
