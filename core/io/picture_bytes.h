/*
 * Conversion of pictures between bytes, 0 to 255, and tensors, -1 to 1.
 */
#ifndef NEAP_IO_PICTURE_BYTES_H
#define NEAP_IO_PICTURE_BYTES_H

#include <neap/tensor.h>

/* Limits of the memory that a file can make us allocate. */
#define NEAP_PICTURE_BYTES ((size_t)1 << 30)
#define NEAP_PICTURE_SIDE 65536
#define NEAP_PICTURE_PIXELS ((int64_t)1 << 28)

/* Pixels of a decoder, row by row. */
typedef struct neap_pixels {
    const unsigned char *bytes;
    int64_t height, width; /* as stored, before rotation */
    int channels, stride;  /* bytes a pixel of colours, and in all; alpha, if present, is one more byte */
    int orientation;       /* of EXIF, 1 to 8 */
} neap_pixels;

/* f32 [H, W, C], upright. `alpha` as in neap_picture_load. */
neap_tensor *neap_picture_from_pixels(const neap_pixels *pixels, neap_tensor **alpha);
/* The bytes of f32 [H, W, C], clamped and rounded; NULL for a NaN. Free with neap_free. */
unsigned char *neap_picture_to_bytes(const char *name, neap_tensor *picture);

#endif
