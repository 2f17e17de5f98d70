/* The encoder and decoder of PNG files. */
#ifndef NEAP_IO_PNG_H
#define NEAP_IO_PNG_H

#include <neap/tensor.h>

bool neap_is_png(const void *bytes, size_t size);
neap_tensor *neap_png_parse(const char *name, const void *bytes, size_t size, neap_tensor **alpha);

/* A whole PNG file of rows of bytes; channels 1, 3 or 4. Free with neap_free. Fails with `path` in the message. */
unsigned char *neap_png_encode(const char *path, const unsigned char *pixels, int64_t height, int64_t width,
                               int64_t channels, size_t *size);

#endif
