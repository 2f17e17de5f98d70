/*
 * Drawing: antialiased lines, polygons, discs and text on a canvas, a picture f32 [height, width, 3] in [-1, 1].
 *
 * Coordinates are in pixels: x to the right, y downwards; (0, 0) is the upper left corner of the upper left pixel. Drawing
 * is clipped to the canvas, which may be a view. Each call blends its shape once, so a transparent line is not darker where
 * it crosses itself. Drawing is a write in place: backward fails if the tape saved the canvas. Functions return 0, or -1 with
 * a message; any thread may call them on a canvas that no other thread uses.
 */
#ifndef NEAP_DRAW_H
#define NEAP_DRAW_H

#include <neap/tensor.h>

typedef struct neap_color {
    double red, green, blue, alpha; /* 0 to 1; alpha 0 is invisible */
} neap_color;

typedef struct neap_point {
    double x, y;
} neap_point;

/* A line through the points with round ends and joins, `width` pixels wide. One point draws a dot. */
int neap_draw_line(neap_tensor *canvas, const neap_point *points, int64_t count, double width, neap_color color);

/* A filled polygon, closed from its last point to its first, by the even-odd rule. */
int neap_draw_polygon(neap_tensor *canvas, const neap_point *points, int64_t count, neap_color color);

/* A disc around each point. Each disc is blended separately: transparent ones add up where they overlap. */
int neap_draw_discs(neap_tensor *canvas, const neap_point *points, int64_t count, double radius, neap_color color);

typedef struct neap_text_style {
    double size;   /* font size in pixels; capitals are 0.7 of it high */
    double anchor; /* the part of the text at the point: 0 its start, 0.5 its middle, 1 its end */
    double angle;  /* degrees, counter-clockwise; 90 reads upwards */
    neap_color color;
} neap_text_style;

/* One line of printable ASCII with its baseline through `at`, in the built-in font. */
int neap_draw_text(neap_tensor *canvas, neap_point at, const char *text, const neap_text_style *style);
/* The width of a text in pixels; -1 with a message if a character is not printable ASCII or the size is not above 0. */
double neap_draw_text_width(const char *text, double size);

#endif
