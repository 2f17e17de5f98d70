/* Gives the label 9 of 4 classes. */
#include "faulty.h"

static int read_nine(const void *self, int64_t index, const neap_example *out)
{
    const int status = faulty_read(self, index, out);
    if (out->label && index > 50)
        *out->label = 9;
    return status;
}

FAULTY_DATASET(label_range, faulty_open, read_nine);
