/* Writes a third number to points of two. */
#include "faulty.h"

static int read_more(const void *self, int64_t index, const neap_example *out)
{
    out->x[2] = 1;
    return faulty_read(self, index, out);
}

FAULTY_DATASET(out_of_bounds, faulty_open, read_more);
