/* Signed distances from (x, y) to the outlines of shapes of about the unit circle's size: negative inside, y points down. Part of
 * the plugins shapes, captioned_shapes and shape_attributes. */
#ifndef NEAP_DATASET_OUTLINE_H
#define NEAP_DATASET_OUTLINE_H

typedef double outline(double x, double y);

outline outline_disc, outline_ring, outline_square, outline_frame, outline_triangle, outline_plus, outline_cross;
outline outline_diamond; /* narrow, so that it never looks like a rotated square */
outline outline_stripes, outline_half_moon;

/* A shape in a picture: its centre and radius in pixels, and its rotation. */
typedef struct outline_pose {
    double x, y, radius, cosine, sine;
} outline_pose;

/* The share of the pixel with its centre at (x, y) that the shape covers, with the outline assumed straight within the pixel. */
double outline_coverage(outline *distance, const outline_pose *pose, double x, double y);

#endif
