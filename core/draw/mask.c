/* Coverage and blending: see mask.h. */
#include "draw/mask.h"

#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "tensor/tensor.h"

static bool is_share(double x)
{
    return x >= 0 && x <= 1;
}

int neap_mask_check(const neap_tensor *canvas, neap_color color)
{
    char text[NEAP_SHAPE_TEXT];
    if (!canvas)
        return -1;
    if (canvas->dtype != NEAP_F32 || canvas->shape.rank != 3 || canvas->shape.dim[2] != 3)
        return neap_fail("draw: expected a canvas f32 [height, width, 3], got %s %s", neap_dtype_name(canvas->dtype),
                         neap_shape_text(canvas->shape, text));
    if (!is_share(color.red) || !is_share(color.green) || !is_share(color.blue) || !is_share(color.alpha))
        return neap_fail("draw: expected a colour of shares from 0 to 1, got %g %g %g %g", color.red, color.green,
                         color.blue, color.alpha);
    return 0;
}

int neap_mask_check_points(const neap_point *points, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(points[i].x) || !isfinite(points[i].y))
            return neap_fail("draw: expected points of finite numbers, got %g, %g", points[i].x, points[i].y);
    return 0;
}

static int64_t clip(double x, int64_t size)
{
    return x <= 0 ? 0 : x >= (double)size ? size : (int64_t)x;
}

int neap_mask_open(neap_mask *mask, neap_tensor *canvas, const neap_point *points, int64_t count, double margin)
{
    neap_point low = {INFINITY, INFINITY}, high = {-INFINITY, -INFINITY};
    *mask = (neap_mask){.canvas = canvas};
    if (neap_mask_check_points(points, count) < 0)
        return -1;
    for (int64_t i = 0; i < count; i++) {
        low = (neap_point){fmin(low.x, points[i].x), fmin(low.y, points[i].y)};
        high = (neap_point){fmax(high.x, points[i].x), fmax(high.y, points[i].y)};
    }
    mask->left = clip(floor(low.x - margin), canvas->shape.dim[1]);
    mask->top = clip(floor(low.y - margin), canvas->shape.dim[0]);
    mask->width = clip(ceil(high.x + margin), canvas->shape.dim[1]) - mask->left;
    mask->height = clip(ceil(high.y + margin), canvas->shape.dim[0]) - mask->top;
    if (mask->width <= 0 || mask->height <= 0) {
        mask->width = mask->height = 0;
        return 0;
    }
    mask->coverage = neap_calloc((size_t)(mask->width * mask->height), sizeof *mask->coverage);
    return mask->coverage ? 0 : -1;
}

void neap_mask_close(neap_mask *mask)
{
    neap_free(mask->coverage);
    mask->coverage = NULL;
}

static double distance(neap_point p, neap_point a, neap_point b)
{
    double x = b.x - a.x, y = b.y - a.y, length = x * x + y * y;
    double along = length > 0 ? ((p.x - a.x) * x + (p.y - a.y) * y) / length : 0;
    along = fmin(fmax(along, 0), 1);
    return hypot(p.x - a.x - along * x, p.y - a.y - along * y);
}

/* Coverage falls from 1 to 0 over one pixel at the edge; a line thinner than a pixel covers at most its width. */
void neap_mask_segment(neap_mask *mask, neap_point a, neap_point b, double radius)
{
    double reach = radius + 0.5, most = fmin(2 * radius, 1);
    int64_t left = clip(floor(fmin(a.x, b.x) - reach) - (double)mask->left, mask->width);
    int64_t right = clip(ceil(fmax(a.x, b.x) + reach) - (double)mask->left, mask->width);
    int64_t top = clip(floor(fmin(a.y, b.y) - reach) - (double)mask->top, mask->height);
    int64_t bottom = clip(ceil(fmax(a.y, b.y) + reach) - (double)mask->top, mask->height);
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++) {
            neap_point centre = {(double)(mask->left + x) + 0.5, (double)(mask->top + y) + 0.5};
            float *covered = &mask->coverage[y * mask->width + x];
            *covered = fmaxf(*covered, (float)fmin(reach - distance(centre, a, b), most));
        }
}

void neap_mask_blend(const neap_mask *mask, neap_color color)
{
    const int64_t *stride = mask->canvas->stride;
    const float ink[3] = {(float)(2 * color.red - 1), (float)(2 * color.green - 1), (float)(2 * color.blue - 1)};
    float *canvas = neap_tensor_bytes(mask->canvas);
    for (int64_t y = 0; y < mask->height; y++)
        for (int64_t x = 0; x < mask->width; x++) {
            float share = (float)color.alpha * mask->coverage[y * mask->width + x];
            float *pixel = canvas + (mask->top + y) * stride[0] + (mask->left + x) * stride[1];
            for (int c = 0; c < 3; c++)
                pixel[c * stride[2]] += share * (ink[c] - pixel[c * stride[2]]);
        }
    neap_tensor_touch(mask->canvas);
}
