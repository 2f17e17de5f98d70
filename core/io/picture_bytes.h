/*
 * Pictures between bytes and tensors: 0..255 is -1..1. Decoders work from memory, so that they can be fuzzed.
 */
#ifndef NEAP_IO_PICTURE_BYTES_H
#define NEAP_IO_PICTURE_BYTES_H

#include <neap/tensor.h>

/* What a file may ask us to allocate. */
#define NEAP_PICTURE_BYTES ((size_t)1 << 30)
#define NEAP_PICTURE_SIDE 65536
#define NEAP_PICTURE_PIXELS ((int64_t)1 << 28)

/* Pixels as a decoder gives them, row by row. */
typedef struct neap_pixels {
    const unsigned char *bytes;
    int64_t height, width; /* as stored, before the picture is turned */
    int channels, stride;  /* bytes a pixel: colours, and all; what is left over is alpha, one byte */
    int orientation;       /* EXIF's, 1 to 8 */
} neap_pixels;

/* f32 [H, W, C], turned upright. Alpha is as neap_picture_load has it. */
neap_tensor *neap_picture_from_pixels(const neap_pixels *pixels, neap_tensor **alpha);
/* The bytes of f32 [H, W, C], clamped and rounded; NULL for a NaN. Free with neap_free. */
unsigned char *neap_picture_to_bytes(const char *name, neap_tensor *picture);

#endif
