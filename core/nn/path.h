/* The path of a layer, formatted once for all of its parameters. */
#ifndef NEAP_NN_PATH_H
#define NEAP_NN_PATH_H

#include <stdarg.h>

#define NEAP_PATH_BYTES 200

/* Returns 0, or -1 with a message that begins with `layer` if the path is too long. */
int neap_layer_path(const char *layer, char full[NEAP_PATH_BYTES], const char *path, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
