/* Lines and discs: all pixels within a distance of segments. */
#include <math.h>

#include <neap/error.h>

#include "draw/mask.h"

static int check_size(const char *what, double size)
{
    return size > 0 && isfinite(size) ? 0 : neap_fail("draw: %s: expected a number above 0, got %g", what, size);
}

int neap_draw_line(neap_tensor *canvas, const neap_point *points, int64_t count, double width, neap_color color)
{
    neap_mask mask;
    if (neap_mask_check(canvas, color) < 0 || check_size("width", width) < 0)
        return -1;
    int status = neap_mask_open(&mask, canvas, points, count, width / 2 + 1);
    if (status == 0 && count == 1)
        neap_mask_segment(&mask, points[0], points[0], width / 2);
    for (int64_t i = 1; status == 0 && i < count; i++)
        neap_mask_segment(&mask, points[i - 1], points[i], width / 2);
    if (status == 0)
        neap_mask_blend(&mask, color);
    neap_mask_close(&mask);
    return status;
}

int neap_draw_discs(neap_tensor *canvas, const neap_point *points, int64_t count, double radius, neap_color color)
{
    if (neap_mask_check(canvas, color) < 0 || check_size("radius", radius) < 0 ||
        neap_mask_check_points(points, count) < 0)
        return -1;
    int status = 0;
    for (int64_t i = 0; status == 0 && i < count; i++)
        status = neap_draw_line(canvas, &points[i], 1, 2 * radius, color);
    return status;
}
