/* The decoder of JPEG files. */
#ifndef NEAP_IO_JPEG_H
#define NEAP_IO_JPEG_H

#include <neap/tensor.h>

bool neap_is_jpeg(const void *bytes, size_t size);
neap_tensor *neap_jpeg_parse(const char *name, const void *bytes, size_t size);

#endif
