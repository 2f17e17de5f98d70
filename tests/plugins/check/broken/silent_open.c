/* Fails without a message. */
#include "faulty.h"

static void *open_nothing(const void *config)
{
    (void)config;
    return NULL;
}

FAULTY_DATASET(silent_open, open_nothing, faulty_read);
