/* Drawing: what is covered and how much of it, transparency, clipping, text, and what is not drawn. */
#include <math.h>

#include <neap/autograd.h>
#include <neap/draw.h>

#include "draw/font.h"
#include "tests/core/io/io_test.h"

#define SIDE 32

static const neap_color white = {1, 1, 1, 1}, half = {1, 1, 1, 0.5};

static neap_tensor *blank(void)
{
    return present(neap_full(NEAP_F32, neap_dims(SIDE, SIDE, 3), -1));
}

/* How much of a pixel is white: 0 to 1. */
static double at(neap_tensor *canvas, int x, int y)
{
    const float *pixel = (const float *)neap_data(canvas) + (y * SIDE + x) * 3;
    ck_assert(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    return ((double)pixel[0] + 1) / 2;
}

static double area(neap_tensor *canvas)
{
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        sum += at(canvas, i % SIDE, i / SIDE);
    return sum;
}

static void ck_near(double got, double want, double tolerance)
{
    ck_assert_msg(fabs(got - want) <= tolerance, "expected %g, got %g", want, got);
}

#define ROUNDING 1e-6 /* of f32 around 1 */

/* --- Polygons ----------------------------------------------------------------------------------------------------- */

/* A row is cut by eight lines, and between edges coverage is exact. */
START_TEST(polygons)
{
    static const neap_point box[] = {{3, 4}, {7.5, 4}, {7.5, 6.25}, {3, 6.25}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_polygon(x, box, 4, white));
    ck_near(at(x, 3, 4), 1, ROUNDING);
    ck_near(at(x, 6, 5), 1, ROUNDING);
    ck_near(at(x, 7, 5), 0.5, ROUNDING);
    ck_near(at(x, 5, 6), 0.25, ROUNDING);
    ck_near(at(x, 7, 6), 0.125, ROUNDING);
    ck_near(area(x), 4.5 * 2.25, 1e-5);
}
END_TEST

START_TEST(slanted_edges)
{
    static const neap_point triangle[] = {{2, 3}, {29, 10}, {11, 30}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_polygon(x, triangle, 3, white));
    ck_near(area(x), (27 * 27 - 9 * 7) / 2.0, 0.5); /* a few of its edges' pixels are off by a part of 1/8 */
    ck_near(at(x, 13, 14), 1, ROUNDING);
    ck_near(at(x, 3, 20), 0, 0);
}
END_TEST

START_TEST(even_layers_are_outside)
{
    static const neap_point star[] = {{16, 1}, {24, 28}, {2, 11}, {30, 11}, {8, 28}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_polygon(x, star, 5, white));
    ck_near(at(x, 15, 16), 0, 0);
    ck_near(at(x, 15, 7), 1, ROUNDING);
}
END_TEST

START_TEST(polygons_without_area)
{
    static const neap_point points[] = {{3, 4}, {20, 9}};
    neap_tensor *x = blank();
    for (int count = 0; count <= 2; count++)
        ck_succeeds(neap_draw_polygon(x, points, count, white));
    ck_near(area(x), 0, 0);
}
END_TEST

/* --- Lines and discs ---------------------------------------------------------------------------------------------- */

START_TEST(lines)
{
    static const neap_point line[] = {{5, 10}, {25, 10}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_line(x, line, 2, 2, white));
    for (int column = 5; column < 25; column++) {
        ck_near(at(x, column, 9), 1, ROUNDING);
        ck_near(at(x, column, 10), 1, ROUNDING);
        ck_near(at(x, column, 8), 0, ROUNDING);
        ck_near(at(x, column, 11), 0, ROUNDING);
    }
    ck_near(at(x, 3, 9), 0, ROUNDING);
    ck_near(area(x), 40 + acos(-1), 0.2); /* two round ends; a pixel counts by its distance, not by its area */
}
END_TEST

START_TEST(thin_lines)
{
    static const neap_point line[] = {{5, 10.5}, {25, 10.5}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_line(x, line, 2, 0.25, white));
    ck_near(at(x, 15, 10), 0.25, ROUNDING);
    ck_near(at(x, 15, 9), 0, ROUNDING);
}
END_TEST

START_TEST(discs)
{
    static const neap_point centre = {16, 16};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_discs(x, &centre, 1, 10, white));
    ck_near(area(x), 100 * acos(-1), 0.5);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int column = i % SIDE, row = i / SIDE;
        ck_near(at(x, column, row), at(x, SIDE - 1 - column, row), ROUNDING);
        ck_near(at(x, column, row), at(x, row, column), ROUNDING);
    }
}
END_TEST

/* --- Colour and transparency -------------------------------------------------------------------------------------- */

START_TEST(colors)
{
    static const neap_point box[] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}};
    const neap_color orange = {1, 0.5, 0.25, 1}, thin = {0, 0, 1, 0.25};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_polygon(x, box, 4, orange));
    const float *pixel = neap_data(x);
    for (int c = 0; c < 3; c++)
        ck_near(pixel[c], (const double[]){1, 0, -0.5}[c], ROUNDING);
    ck_succeeds(neap_draw_polygon(x, box, 4, thin));
    for (int c = 0; c < 3; c++)
        ck_near(pixel[c], (const double[]){0.5, -0.25, -0.125}[c], ROUNDING);
}
END_TEST

START_TEST(a_line_is_put_down_once)
{
    static const neap_point cross[] = {{2, 16}, {30, 16}, {16, 30}, {16, 2}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_line(x, cross, 4, 4, half));
    ck_near(at(x, 15, 15), 0.5, ROUNDING);
    ck_near(at(x, 8, 15), 0.5, ROUNDING);
}
END_TEST

START_TEST(discs_add_up)
{
    static const neap_point centres[] = {{12, 16}, {18, 16}};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_discs(x, centres, 2, 6, half));
    ck_near(at(x, 15, 15), 0.75, ROUNDING);
    ck_near(at(x, 8, 15), 0.5, ROUNDING);
}
END_TEST

/* --- Clipping ----------------------------------------------------------------------------------------------------- */

START_TEST(a_slice_clips)
{
    static const neap_point box[] = {{-9, -9}, {99, -9}, {99, 99}, {-9, 99}}, line[] = {{-50, 3}, {50, 3}};
    neap_tensor *x = blank();
    neap_tensor *part = neap_slice(neap_slice(x, 0, 5, 15), 1, 10, 14);
    ck_succeeds(neap_draw_polygon(part, box, 4, half));
    ck_near(area(x), 20, 1e-4);
    ck_succeeds(neap_draw_line(part, line, 2, 2, white));
    ck_near(area(x), 24, 1e-4);
    ck_near(at(x, 10, 7), 1, ROUNDING);
    ck_near(at(x, 9, 7), 0, 0);
}
END_TEST

START_TEST(outside)
{
    static const neap_point far[] = {{-1e9, -1e9}, {-1e8, -1e8}, {-1e9, 1e9}};
    const neap_text_style style = {.size = 12, .color = white};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_polygon(x, far, 3, white));
    ck_succeeds(neap_draw_line(x, far, 3, 5, white));
    ck_succeeds(neap_draw_discs(x, far, 3, 5, white));
    ck_succeeds(neap_draw_text(x, far[0], "far", &style));
    ck_succeeds(neap_draw_line(x, NULL, 0, 5, white));
    ck_near(area(x), 0, 0);
    ck_succeeds(neap_draw_discs(neap_zeros(NEAP_F32, neap_dims(0, 4, 3)), far, 3, 5, white));
}
END_TEST

/* --- Text --------------------------------------------------------------------------------------------------------- */

static void check_glyph(char which, const neap_glyph *glyph)
{
    for (const char *c = glyph->strokes; *c; c += *c == ' ' ? 1 : 2) {
        if (*c == ' ')
            continue;
        ck_assert_msg(c[0] >= '0' && c[0] <= '0' + glyph->width, "glyph '%c': x of %s", which, c);
        ck_assert_msg(c[1] >= 'a' && c[1] <= 'r', "glyph '%c': y of %s", which, c);
    }
}

START_TEST(glyphs)
{
    for (char c = NEAP_FONT_FIRST; c < NEAP_FONT_LAST; c++) {
        const neap_glyph *glyph = &neap_font[c - NEAP_FONT_FIRST];
        check_glyph(c, glyph);
        for (const neap_glyph *other = glyph + 1; other <= &neap_font[NEAP_FONT_LAST - NEAP_FONT_FIRST]; other++)
            ck_assert_msg(strcmp(glyph->strokes, other->strokes) != 0, "'%c' looks like another glyph", c);
    }
    check_glyph(NEAP_FONT_LAST, &neap_font[NEAP_FONT_LAST - NEAP_FONT_FIRST]);
}
END_TEST

/* A size at which a unit is a pixel. */
#define UNIT_SIZE (12 / 0.7)

/* L: a stroke up from the baseline and one along it, a pixel and a half wide. */
START_TEST(letters)
{
    const neap_text_style style = {.size = UNIT_SIZE, .color = white};
    neap_tensor *x = blank();
    ck_succeeds(neap_draw_text(x, (neap_point){10.5, 20.5}, "L", &style));
    ck_near(at(x, 10, 20), 1, ROUNDING);
    ck_near(at(x, 10, 8), 1, ROUNDING);
    ck_near(at(x, 16, 20), 1, ROUNDING);
    ck_near(at(x, 16, 8), 0, 0);
    ck_near(at(x, 9, 14), 0.25, ROUNDING);
    ck_near(at(x, 10, 6), 0, ROUNDING);
    ck_near(at(x, 10, 22), 0, ROUNDING);
}
END_TEST

START_TEST(widths)
{
    ck_near(neap_draw_text_width("", UNIT_SIZE), 0, 0);
    ck_near(neap_draw_text_width("L", UNIT_SIZE), 6, 1e-9);
    ck_near(neap_draw_text_width("LL", UNIT_SIZE), 16, 1e-9);
    ck_near(neap_draw_text_width("LL", 2 * UNIT_SIZE), 32, 1e-9);
}
END_TEST

START_TEST(anchors)
{
    neap_tensor *begin = blank(), *middle = blank(), *end = blank();
    neap_text_style style = {.size = UNIT_SIZE, .color = white};
    ck_succeeds(neap_draw_text(begin, (neap_point){6, 20}, "ab", &style)); /* 16 units */
    style.anchor = 0.5;
    ck_succeeds(neap_draw_text(middle, (neap_point){14, 20}, "ab", &style));
    style.anchor = 1;
    ck_succeeds(neap_draw_text(end, (neap_point){22, 20}, "ab", &style));
    for (int i = 0; i < SIDE * SIDE; i++) {
        ck_near(at(middle, i % SIDE, i / SIDE), at(begin, i % SIDE, i / SIDE), 1e-5); /* rounding of coordinates */
        ck_near(at(end, i % SIDE, i / SIDE), at(begin, i % SIDE, i / SIDE), 1e-5);
    }
    ck_assert(area(begin) > 20);
}
END_TEST

START_TEST(upwards)
{
    neap_tensor *level = blank(), *turned = blank();
    neap_text_style style = {.size = UNIT_SIZE, .color = white};
    ck_succeeds(neap_draw_text(level, (neap_point){4, 20}, "F7", &style));
    style.angle = 90;
    ck_succeeds(neap_draw_text(turned, (neap_point){20, SIDE - 4}, "F7", &style));
    for (int i = 0; i < SIDE * SIDE; i++)
        ck_near(at(turned, i / SIDE, SIDE - 1 - i % SIDE), at(level, i % SIDE, i / SIDE), 1e-5);
}
END_TEST

/* --- Refusals ----------------------------------------------------------------------------------------------------- */

START_TEST(no_canvas)
{
    static const neap_point p[] = {{1, 1}, {2, 2}};
    neap_tensor *flat = neap_zeros(NEAP_F32, neap_dims(4, 4)), *gray = neap_zeros(NEAP_F32, neap_dims(4, 4, 1));
    neap_tensor *bytes = neap_zeros(NEAP_U8, neap_dims(4, 4, 3));
    const neap_text_style style = {.size = 12, .color = white};
    ck_fails_with(neap_draw_line(flat, p, 2, 1, white),
                  "draw: expected a canvas f32 [height, width, 3], got f32 [4, 4]");
    ck_fails_with(neap_draw_polygon(gray, p, 2, white),
                  "draw: expected a canvas f32 [height, width, 3], got f32 [4, 4, 1]");
    ck_fails_with(neap_draw_discs(bytes, p, 2, 1, white),
                  "draw: expected a canvas f32 [height, width, 3], got u8 [4, 4, 3]");
    ck_fails_with(neap_draw_text(gray, p[0], "a", &style),
                  "draw: expected a canvas f32 [height, width, 3], got f32 [4, 4, 1]");
    neap_fail("an op says why there is no canvas");
    ck_fails_with(neap_draw_line(NULL, p, 2, 1, white), "an op says why there is no canvas");
}
END_TEST

START_TEST(no_numbers)
{
    const neap_point p[] = {{1, 1}, {NAN, 2}}, q[] = {{1, INFINITY}};
    const neap_text_style small = {.size = 0, .color = white}, style = {.size = 12, .color = white};
    neap_tensor *x = blank();
    ck_fails_with(neap_draw_line(x, p, 2, 1, white), "draw: expected points of finite numbers, got nan, 2");
    ck_fails_with(neap_draw_polygon(x, q, 1, white), "draw: expected points of finite numbers, got 1, inf");
    ck_fails_with(neap_draw_discs(x, p, 2, 1, white), "draw: expected points of finite numbers, got nan, 2");
    ck_fails_with(neap_draw_text(x, q[0], "a", &style), "draw: expected points of finite numbers, got 1, inf");
    ck_fails_with(neap_draw_line(x, p, 1, 0, white), "draw: width: expected a number above 0, got 0");
    ck_fails_with(neap_draw_discs(x, p, 1, INFINITY, white), "draw: radius: expected a number above 0, got inf");
    ck_fails_with(neap_draw_text(x, p[0], "a", &small), "draw: size: expected a number above 0, got 0");
    ck_fails_with(neap_draw_text_width("a", -1) < 0, "draw: size: expected a number above 0, got -1");
    ck_fails_with(neap_draw_line(x, p, 1, 1, (neap_color){0, 2, 0, 1}),
                  "draw: expected a colour of shares from 0 to 1, got 0 2 0 1");
    ck_fails_with(neap_draw_text(x, p[0], "caf\xc3\xa9", &style),
                  "draw: expected text of printable ASCII, got byte 195 in it");
    ck_fails_with(neap_draw_text_width("a\n", 12) < 0, "draw: expected text of printable ASCII, got byte 10 in it");
    ck_near(area(x), 0, 0);
}
END_TEST

START_TEST(the_tape_notices)
{
    static const neap_point p = {4, 4};
    neap_tensor *x = blank();
    ck_succeeds(neap_require_grad(x, true));
    neap_tensor *loss = neap_sum(neap_square(x), NULL, 0, false);
    ck_succeeds(neap_draw_line(x, &p, 1, 3, white));
    ck_fails_with(neap_backward(loss, NULL, 0),
                  "backward: input 0 of 'square' was written in place after the forward pass");
}
END_TEST

static bool draw_all(void)
{
    static const neap_point points[] = {{3, 3}, {20, 9}, {7, 25}};
    const neap_text_style style = {.size = 12, .color = white};
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(SIDE, SIDE, 3));
    bool drawn = !neap_draw_line(x, points, 3, 2, white) && !neap_draw_polygon(x, points, 3, half) &&
                 !neap_draw_discs(x, points, 3, 4, half) && !neap_draw_text(x, points[0], "text", &style);
    neap_scope_close(scope);
    return drawn;
}

START_TEST(no_memory)
{
    refuse_each(draw_all);
}
END_TEST

int main(void)
{
    return RUN_SUITE("draw", polygons, slanted_edges, even_layers_are_outside, polygons_without_area, lines, thin_lines,
                     discs, colors, a_line_is_put_down_once, discs_add_up, a_slice_clips, outside, glyphs, letters,
                     widths, anchors, upwards, no_canvas, no_numbers, the_tape_notices, no_memory);
}
