/* An endless loop. */
#include "faulty.h"

static int read_forever(const void *self, int64_t index, const neap_example *out)
{
    (void)self, (void)index;
    volatile bool go_on = true;
    while (go_on)
        out->x[0] = 1;
    return 0;
}

FAULTY_DATASET(endless, faulty_open, read_forever);
