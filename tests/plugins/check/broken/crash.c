/* Writes through a NULL pointer. */
#include "faulty.h"

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self, (void)field, (void)step;
    volatile float *volatile nothing = NULL;
    *nothing = 1;
    return x;
}

FAULTY_SAMPLER(crash, advance);
