/*
 * Masks: the coverage of each pixel by a shape. A shape is collected in a mask, which is then blended onto the canvas.
 * Functions that return int return 0, or -1 with a message.
 */
#ifndef NEAP_DRAW_MASK_H
#define NEAP_DRAW_MASK_H

#include <neap/draw.h>

typedef struct neap_mask {
    neap_tensor *canvas;
    int64_t left, top, width, height; /* the part of the canvas that the shape may cover */
    float *coverage;                  /* [height, width], 0 to 1 */
} neap_mask;

/* Checks canvas and colour. */
int neap_mask_check(const neap_tensor *canvas, neap_color color);

/* Checks that all coordinates are finite. */
int neap_mask_check_points(const neap_point *points, int64_t count);

/* An empty mask around the points, with a margin in pixels, clipped to the canvas. */
int neap_mask_open(neap_mask *mask, neap_tensor *canvas, const neap_point *points, int64_t count, double margin);
void neap_mask_close(neap_mask *mask);

/* Adds all points within `radius` of the segment from a to b. */
void neap_mask_segment(neap_mask *mask, neap_point a, neap_point b, double radius);
void neap_mask_blend(const neap_mask *mask, neap_color color);

#endif
