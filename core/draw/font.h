/*
 * A stroke font for labels. A glyph is a list of polylines on a grid, separated by blanks: each point is a digit for x and
 * a letter for y. The baseline is 'e'; lower case reaches 'm', capitals 'q', descenders 'a'.
 */
#ifndef NEAP_DRAW_FONT_H
#define NEAP_DRAW_FONT_H

#define NEAP_FONT_FIRST ' '
#define NEAP_FONT_LAST '~'
#define NEAP_FONT_BASE 'e'
#define NEAP_FONT_CAPITAL 12 /* units from the baseline to the top of capitals */
#define NEAP_FONT_GAP 4      /* units between two glyphs */
#define NEAP_FONT_PEN 1.5    /* width of a stroke, in units */

typedef struct neap_glyph {
    int width; /* in units */
    const char *strokes;
} neap_glyph;

extern const neap_glyph neap_font[NEAP_FONT_LAST - NEAP_FONT_FIRST + 1];

#endif
