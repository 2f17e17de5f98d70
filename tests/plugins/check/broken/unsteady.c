/* Counts its calls: the same example differs each time. */
#include "faulty.h"

static int read_counted(const void *self, int64_t index, const neap_example *out)
{
    static int calls;
    const int status = faulty_read(self, index, out);
    out->x[1] = (float)__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return status;
}

FAULTY_DATASET(unsteady, faulty_open, read_counted);
