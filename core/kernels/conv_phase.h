/*
 * Backward to the input, along one axis: pixels of x with the same remainder modulo the stride meet the same taps, so they are a
 * convolution of y with stride 1.
 */
#ifndef NEAP_KERNELS_CONV_PHASE_H
#define NEAP_KERNELS_CONV_PHASE_H

#include "kernels.h"
#include "variant.h"

/* The pixels that are `rest` modulo the stride: how many there are, the first tap that meets them and the distance to the
 * next such tap, and the pixel of y that pixel 0 of the phase meets at the last of these taps. */
typedef struct phase_axis {
    int64_t pixels, taps, tap, tap_step;
    int64_t origin, step;
} phase_axis;

NEAP_INLINE int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* x = s y - pad + d tap, so y = (x + pad - d tap) / s where that is whole. Taps are read from the last to the first, in
 * the order of the pixels of y. */
NEAP_INLINE phase_axis phase_of(const neap_conv_axis *a, int64_t rest)
{
    const int64_t tap_step = a->stride / common_divisor(a->stride, a->dilation);
    phase_axis f = {.pixels = (a->x - rest + a->stride - 1) / a->stride, .tap_step = tap_step,
                    .step = tap_step * a->dilation / a->stride};
    while (f.tap < tap_step && (rest + a->pad - f.tap * a->dilation) % a->stride) {
        f.tap++;
    }
    if (f.tap < tap_step && f.tap < a->kernel) {
        f.taps = (a->kernel - f.tap + tap_step - 1) / tap_step;
        f.origin = (rest + a->pad - (f.tap + (f.taps - 1) * tap_step) * a->dilation) / a->stride;
    }
    return f;
}

#endif
