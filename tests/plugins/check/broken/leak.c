/* Allocates twice when it is opened, and frees once. */
#include "faulty.h"

static void *open_twice(const void *config)
{
    char *lost = neap_strdup("lost");
    return lost ? faulty_open(config) : NULL;
}

FAULTY_DATASET(leak, open_twice, faulty_read);
