/*
 * Pictures between bytes and tensors: 0..255 is -1..1. Decoders work from memory, so that they can be fuzzed.
 */
#ifndef NEAP_IO_PICTURE_H
#define NEAP_IO_PICTURE_H

#include <neap/tensor.h>

/* What a file may ask us to allocate. */
#define NEAP_PICTURE_BYTES ((size_t)1 << 30)
#define NEAP_PICTURE_SIDE 65536
#define NEAP_PICTURE_PIXELS ((int64_t)1 << 28)

int neap_picture_check_size(const char *name, int64_t width, int64_t height);

/* f32 [height, width, channels] from rows of `stride` bytes a pixel, the first `channels` of which are taken. */
neap_tensor *neap_picture_from_bytes(const unsigned char *bytes, int64_t height, int64_t width, int channels,
                                     int stride);
/* The bytes of f32 [H, W, C], clamped and rounded; NULL for a NaN. Free with neap_free. */
unsigned char *neap_picture_to_bytes(const char *name, neap_tensor *picture);

neap_tensor *neap_png_parse(const char *name, const void *bytes, size_t size);
neap_tensor *neap_jpeg_parse(const char *name, const void *bytes, size_t size);

#endif
