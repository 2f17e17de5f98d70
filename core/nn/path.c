/* Paths of layers. */
#include <stdio.h>

#include <neap/error.h>

#include "nn/path.h"

int neap_layer_path(const char *layer, char full[NEAP_PATH_BYTES], const char *path, va_list args)
{
    int length = vsnprintf(full, NEAP_PATH_BYTES, path, args);
    if (length < 0 || length >= NEAP_PATH_BYTES)
        return neap_fail("%s: expected a path below %d bytes, got %d", layer, NEAP_PATH_BYTES, length);
    return 0;
}
