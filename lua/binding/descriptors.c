/* The three descriptors that every process expects to be open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"

bool neap_lua_open_descriptors(void)
{
    int opened; /* the lowest number that is free */
    do
        opened = open("/dev/null", O_RDWR);
    while (opened >= 0 && opened <= STDERR_FILENO);
    if (opened >= 0) {
        close(opened);
        return true;
    }
    fprintf(stderr, "neap: /dev/null: cannot be opened: %s\n", strerror(errno));
    return false;
}
