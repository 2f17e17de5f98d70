/* Text: strokes of the font, scaled, rotated and translated. */
#include <math.h>
#include <string.h>

#include <neap/error.h>

#include "draw/font.h"
#include "draw/mask.h"

#define CAPITAL 0.7 /* height of capitals per font size */
#define PI 3.14159265358979323846

/* From font units to pixels. */
typedef struct frame {
    neap_point origin;
    double right_x, right_y, up_x, up_y; /* one unit to the right, one unit up, in pixels */
} frame;

static int check_text(const char *text, double size)
{
    if (!(size > 0) || !isfinite(size))
        return neap_fail("draw: size: expected a number above 0, got %g", size);
    for (const char *c = text; *c; c++)
        if (*c < NEAP_FONT_FIRST || *c > NEAP_FONT_LAST)
            return neap_fail("draw: expected text of printable ASCII, got byte %d in it", (unsigned char)*c);
    return 0;
}

static double units(const char *text)
{
    double width = 0;
    for (const char *c = text; *c; c++)
        width += neap_font[*c - NEAP_FONT_FIRST].width + (c[1] ? NEAP_FONT_GAP : 0);
    return width;
}

static double unit_of(double size)
{
    return size * CAPITAL / NEAP_FONT_CAPITAL;
}

double neap_draw_text_width(const char *text, double size)
{
    return check_text(text, size) < 0 ? -1 : units(text) * unit_of(size);
}

static frame frame_of(neap_point at, const char *text, const neap_text_style *style)
{
    double unit = unit_of(style->size), angle = style->angle * PI / 180, back = style->anchor * units(text);
    frame f = {.right_x = unit * cos(angle), .right_y = -unit * sin(angle)};
    f.up_x = f.right_y;
    f.up_y = -f.right_x;
    f.origin = (neap_point){at.x - back * f.right_x, at.y - back * f.right_y};
    return f;
}

static neap_point place(const frame *f, double x, double y)
{
    return (neap_point){f->origin.x + x * f->right_x + y * f->up_x, f->origin.y + x * f->right_y + y * f->up_y};
}

static void add_glyph(neap_mask *mask, const frame *f, double at, const char *strokes, double radius)
{
    neap_point last;
    bool down = false;
    for (const char *c = strokes; *c; c += *c == ' ' ? 1 : 2) {
        if (*c == ' ') {
            down = false;
            continue;
        }
        neap_point p = place(f, at + c[0] - '0', c[1] - NEAP_FONT_BASE);
        neap_mask_segment(mask, down ? last : p, p, radius);
        last = p;
        down = true;
    }
}

static void add_glyphs(neap_mask *mask, const frame *f, const char *text, double radius)
{
    double at = 0;
    for (const char *c = text; *c; c++) {
        const neap_glyph *glyph = &neap_font[*c - NEAP_FONT_FIRST];
        add_glyph(mask, f, at, glyph->strokes, radius);
        at += glyph->width + NEAP_FONT_GAP;
    }
}

int neap_draw_text(neap_tensor *canvas, neap_point at, const char *text, const neap_text_style *style)
{
    neap_mask mask;
    if (neap_mask_check(canvas, style->color) < 0 || check_text(text, style->size) < 0)
        return -1;
    frame f = frame_of(at, text, style);
    double radius = unit_of(style->size) * NEAP_FONT_PEN / 2;
    const neap_point ends[2] = {place(&f, 0, 0), place(&f, units(text), 0)};
    int status = neap_mask_open(&mask, canvas, ends, 2, style->size * 1.5);
    if (status == 0) {
        add_glyphs(&mask, &f, text, radius);
        neap_mask_blend(&mask, style->color);
        neap_mask_close(&mask);
    }
    return status;
}
