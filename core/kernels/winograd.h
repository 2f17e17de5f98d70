/*
 * Convolutions by fewer multiplications (Winograd 1980, Arithmetic Complexity of Computations; Lavin and Gray 2016, Fast
 * Algorithms for Convolutional Neural Networks).
 *
 * m neighbouring results of r taps along an axis take m + r - 1 products instead of m r: B'd of the pixels times Gg of the
 * taps, summed up by A'. Along both axes tiles of m by m results take (m + r - 1)^2 points, each a product of matrices over
 * channels. A stride of s splits pixels and taps by their remainders: r = kernel / s, and there are s^2 times as many
 * channels.
 *
 *   kernel, stride   results   share of the multiplications   points of interpolation
 *   3, 1             4 by 4    1/4                            0, 1/sqrt 2, -1/sqrt 2, sqrt 2, -sqrt 2, infinity
 *   4, 1             3 by 3    1/4                            the same
 *   3, 1             2 by 2    4/9                            0, 1, -1, infinity
 *   4, 2             2 by 2    9/16                           0, 1, infinity
 *
 * The first two have errors some twice those of plain sums of random numbers, and a third of those at the usual points 0, 1,
 * -1, 2, -2; Barabasz et al. (2020, Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks)
 * treat the choice of points. The others have smaller errors than plain sums.
 */
#ifndef NEAP_KERNELS_WINOGRAD_H
#define NEAP_KERNELS_WINOGRAD_H

#include "product.h"
#include "simd.h"

/* Tiles of results by results pixels, where a result has taps by taps pixels of its own. Taps and results are 2 and 2, 3 and 2,
 * 3 and 4, or 4 and 3. */
typedef struct tile_form {
    int taps, results;
} tile_form;

#define MOST_POINTS 6 /* along one axis */

/* Pixel j of phase p along an axis lies at j * step + origin + p; outside of `size` it reads as zero and is not written. */
typedef struct tile_axis {
    int64_t size, step, origin;
} tile_axis;

/* Pictures as tiles see them: `channels` elements of each pixel, `pixel` apart; phases * phases pixels beside each other
 * make one with as many times the channels. */
typedef struct tile_pixels {
    real *data;
    int64_t pixel, channels, phases;
    tile_axis rows, columns;
} tile_pixels;

/* Tiles of one picture and of all. */
typedef struct tiling {
    int64_t rows, columns, count;
} tiling;

/* Tap a of phase p along an axis is tap first + p + a * step of the kernel. */
typedef struct tap_axis {
    int64_t first, step;
} tap_axis;

/* The filters [out, rows.kernel, columns.kernel, channels] of one group, at points as [point, out, phases^2 channels]. */
typedef struct tile_filters {
    real *data;
    int64_t out, channels, phases, kernel_rows, kernel_columns;
    tap_axis rows, columns;
} tile_filters;

/* Where points lie: channel k of point i at data + i * apart + k / columns * columns * rows + k % columns, which is the layout of
 * a right operand's panels; columns is a power of two. */
typedef struct tile_points {
    real *data;
    int64_t apart, columns, rows;
} tile_points;

/* With adjacent channels. */
NEAP_INLINE tile_points points_in_row(real *data, int64_t apart)
{
    return (tile_points){data, apart, 1, 1};
}

NEAP_INLINE real *points_at(const tile_points *p, int64_t k)
{
    return p->data + (k & -p->columns) * p->rows + (k & (p->columns - 1));
}

/* Transforms of one tile or of one output's filters, all vectors of its channels. */
void NEAP_VARIANT(neap_winograd_read)(tile_form form, const tile_pixels *x, const tiling *t, int64_t tile,
                                      const tile_points *points);
void NEAP_VARIANT(neap_winograd_read_gradient)(tile_form form, const tile_pixels *y, const tiling *t, int64_t tile,
                                               const tile_points *points);
void NEAP_VARIANT(neap_winograd_write)(tile_form form, const tile_pixels *y, const tiling *t, int64_t tile,
                                       const real *bias, const tile_points *points);
void NEAP_VARIANT(neap_winograd_filter)(tile_form form, const tile_filters *w, int64_t output, const tile_points *points);
void NEAP_VARIANT(neap_winograd_filter_gradient)(tile_form form, const tile_filters *w, int64_t output,
                                                 const tile_points *points);

NEAP_INLINE tiling tiling_of(tile_form form, int64_t batch, int64_t rows, int64_t columns)
{
    const int64_t i = (rows + form.results - 1) / form.results, j = (columns + form.results - 1) / form.results;
    return (tiling){i, j, batch * i * j};
}

NEAP_INLINE int64_t point_count(tile_form form)
{
    const int64_t side = form.taps + form.results - 1;
    return side * side;
}

NEAP_INLINE int taps_of(const neap_conv *c)
{
    return (int)(c->rows.kernel / c->rows.stride);
}

/* The form with the least work for so many results. */
NEAP_INLINE tile_form form_of(const neap_conv *c, int64_t rows, int64_t columns)
{
    const tile_form small = {taps_of(c), 2}, large = {3, 4};
    if (small.taps != 3) {
        return small.taps == 2 ? small : (tile_form){4, 3};
    }
    const int64_t work = tiling_of(small, 1, rows, columns).count * point_count(small);
    return tiling_of(large, 1, rows, columns).count * point_count(large) < work ? large : small;
}

NEAP_INLINE tile_pixels pixels_of_x(const neap_conv *c, int64_t group)
{
    const int64_t channels = c->in / c->groups, stride = c->rows.stride;
    return (tile_pixels){(real *)c->x + group * channels, c->in, channels, stride,
                         {c->rows.x, stride, -c->rows.pad}, {c->columns.x, stride, -c->columns.pad}};
}

NEAP_INLINE tile_pixels pixels_of_y(const neap_conv *c, int64_t group)
{
    const int64_t channels = c->out / c->groups;
    return (tile_pixels){(real *)c->y + group * channels, c->out, channels, 1, {c->rows.y, 1, 0}, {c->columns.y, 1, 0}};
}

NEAP_INLINE tile_filters filters_of(const neap_conv *c, int64_t group)
{
    const int64_t channels = c->in / c->groups, out = c->out / c->groups, stride = c->rows.stride;
    return (tile_filters){(real *)c->w + group * out * c->rows.kernel * c->columns.kernel * channels, out, channels, stride,
                          c->rows.kernel, c->columns.kernel, {0, stride}, {0, stride}};
}

/* Whether a convolution uses these tiles. The batch plays no part, so a picture has the same bits in any batch. */
bool NEAP_VARIANT(neap_winograd_suits)(const neap_conv *c);
/* The product is of reals. */
int NEAP_VARIANT(neap_winograd_conv)(const neap_product *p, const neap_conv *c);
int NEAP_VARIANT(neap_winograd_input)(const neap_product *p, const neap_conv *c);
int NEAP_VARIANT(neap_winograd_weight)(const neap_product *p, const neap_conv *c);

#endif
