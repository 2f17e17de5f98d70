/* The decoder of pictures in memory; files are read by neap_picture_load. */
#ifndef NEAP_IO_PICTURE_H
#define NEAP_IO_PICTURE_H

#include <neap/tensor.h>

/* f32 [H, W, C] of the bytes of a PNG or JPEG file; alpha as in neap_picture_load. `name` begins the messages. */
neap_tensor *neap_picture_parse(const char *name, const void *bytes, size_t size, neap_tensor **alpha);

#endif
