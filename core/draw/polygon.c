/*
 * Polygons: LINES scan lines per row of pixels. By the even-odd rule a line is inside between its first and second crossing
 * with an edge, its third and fourth, and so on; horizontal coverage is exact.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "draw/mask.h"

#define LINES 8 /* per row of pixels */

/* The x of all crossings of edges with the line at height y, ascending; returns their number. */
static int64_t crossings(const neap_point *points, int64_t count, double y, double *at)
{
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) {
        neap_point a = points[i], b = points[(i + 1) % count];
        if ((a.y <= y) == (b.y <= y))
            continue;
        double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
        int64_t place = found++;
        for (; place > 0 && at[place - 1] > x; place--)
            at[place] = at[place - 1];
        at[place] = x;
    }
    return found;
}

static void cover(const neap_mask *mask, int64_t row, double from, double to)
{
    float *line = mask->coverage + row * mask->width;
    from = fmax(from - (double)mask->left, 0);
    to = fmin(to - (double)mask->left, (double)mask->width);
    for (int64_t x = (int64_t)from; (double)x < to; x++)
        line[x] += (float)((fmin(to, (double)x + 1) - fmax(from, (double)x)) / LINES);
}

static void fill(const neap_mask *mask, const neap_point *points, int64_t count, double *at)
{
    for (int64_t i = 0; i < mask->height * LINES; i++) {
        double y = (double)mask->top + ((double)i + 0.5) / LINES;
        int64_t found = crossings(points, count, y, at);
        for (int64_t k = 0; k + 1 < found; k += 2)
            cover(mask, i / LINES, at[k], at[k + 1]);
    }
}

int neap_draw_polygon(neap_tensor *canvas, const neap_point *points, int64_t count, neap_color color)
{
    neap_mask mask;
    if (neap_mask_check(canvas, color) < 0)
        return -1;
    double *at = neap_calloc((size_t)count + 1, sizeof *at);
    int status = at ? neap_mask_open(&mask, canvas, points, count, 0) : -1;
    if (status == 0) {
        fill(&mask, points, count, at);
        neap_mask_blend(&mask, color);
        neap_mask_close(&mask);
    }
    neap_free(at);
    return status;
}
