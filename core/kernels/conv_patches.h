/*
 * The patches that a convolution multiplies, read from pictures as rows of a matrix. Only the current block of the product is in
 * memory.
 */
#ifndef NEAP_KERNELS_CONV_PATCHES_H
#define NEAP_KERNELS_CONV_PATCHES_H

#include "product.h"
#include "simd.h"

/* One axis of the pictures, in pixels: patch p has its taps at p * stride + origin + tap * step. */
typedef struct patch_axis {
    int64_t size, patches, taps;
    int64_t stride, origin, step;
} patch_axis;

/* Row (image, i, j) of the matrix is one patch, its elements ordered by (tap row, tap column, channel); taps outside the
 * picture are zero. */
typedef struct patches {
    const real *data;        /* the first of the channels */
    int64_t pixel, channels; /* elements from a pixel to the next, and how many of them are read */
    patch_axis rows, columns;
} patches;

NEAP_INLINE int64_t patch_elements(const patches *p)
{
    return p->rows.taps * p->columns.taps * p->channels;
}

/* A gemm_read_fn; `self` is a `patches`. */
void NEAP_VARIANT(neap_conv_read_patches)(const void *self, int64_t row, int64_t rows, int64_t col, int64_t count,
                                          real *out, int64_t out_row);

#endif
