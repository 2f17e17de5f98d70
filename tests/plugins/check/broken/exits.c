/* Ends the process. */
#include <stdlib.h>

#include "faulty.h"

static int read_last(const void *self, int64_t index, const neap_example *out)
{
    (void)self, (void)index, (void)out;
    exit(3);
}

FAULTY_DATASET(exits, faulty_open, read_last);
