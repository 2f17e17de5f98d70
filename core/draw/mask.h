/*
 * Masks: how much of each pixel a shape covers. A shape is gathered in a mask, which is then blended onto the canvas.
 */
#ifndef NEAP_DRAW_MASK_H
#define NEAP_DRAW_MASK_H

#include <neap/draw.h>

typedef struct neap_mask {
    neap_tensor *canvas;
    int64_t left, top, width, height; /* the part of the canvas that may be covered */
    float *coverage;                  /* [height, width], 0 to 1 */
} neap_mask;

/* Is this something to draw on, in this colour? */
int neap_mask_check(const neap_tensor *canvas, neap_color color);

/* Are they all numbers? */
int neap_mask_check_points(const neap_point *points, int64_t count);

/* An empty mask around the points and `margin` pixels, cut to the canvas. */
int neap_mask_open(neap_mask *mask, neap_tensor *canvas, const neap_point *points, int64_t count, double margin);
void neap_mask_close(neap_mask *mask);

/* Adds all that is within `radius` of the segment from a to b. */
void neap_mask_segment(neap_mask *mask, neap_point a, neap_point b, double radius);
void neap_mask_blend(const neap_mask *mask, neap_color color);

#endif
