/* Prints. */
#include <stdio.h>

#include "faulty.h"

static void *open_loudly(const void *config)
{
    puts("open");
    return faulty_open(config);
}

FAULTY_DATASET(printer, open_loudly, faulty_read);
