/*
 * Drawing: antialiased lines, polygons, discs and text on a canvas, f32 [height, width, 3] in [-1, 1] like any picture.
 *
 * Coordinates are pixels: x to the right, y downwards, (0, 0) is the upper left corner of the upper left pixel. What
 * lies outside is not drawn. A canvas may be a view; drawing on a slice clips to it. All of one call is put on the canvas
 * at once, so that a transparent line does not darken where it crosses itself. Drawing is a write in place: a tape that
 * holds the canvas notices the change. Every function returns 0, or -1 with a message.
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

/* A line from point to point with round ends and joins, `width` pixels wide. One point makes a dot. */
int neap_draw_line(neap_tensor *canvas, const neap_point *points, int64_t count, double width, neap_color color);

/* A filled polygon, closed from its last point to its first; where it overlaps itself, even layers are outside. */
int neap_draw_polygon(neap_tensor *canvas, const neap_point *points, int64_t count, neap_color color);

/* A disc around each of the points; each is drawn on its own, so that transparent ones add up where they overlap. */
int neap_draw_discs(neap_tensor *canvas, const neap_point *points, int64_t count, double radius, neap_color color);

typedef struct neap_text_style {
    double size;   /* of the letters: capitals are 0.7 of it high */
    double anchor; /* what stands at the point: 0 the beginning of the text, 0.5 its middle, 1 its end */
    double angle;  /* in degrees, counter-clockwise; 90 reads upwards */
    neap_color color;
} neap_text_style;

/* One line of printable ASCII on a baseline through `at`, in the one font there is. */
int neap_draw_text(neap_tensor *canvas, neap_point at, const char *text, const neap_text_style *style);
/* How wide the text is drawn at this size; -1 with a message for what cannot be drawn. */
double neap_draw_text_width(const char *text, double size);

#endif
