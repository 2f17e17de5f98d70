/*
 * Backward to an input of few channels, which would leave most lanes of a tile empty. Each pixel of y is first multiplied by all
 * weights, which fills the tile with taps; then the products are added up where the taps meet x.
 */
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"
#include "conv.h"

#define MOST_CHANNELS 4
#define MOST_SPREAD (INT64_C(1) << 22) /* elements of products in memory at a time, or those of one image */

bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c)
{
    return c->groups == 1 && c->in <= MOST_CHANNELS && c->rows.kernel * c->columns.kernel > 1;
}

typedef struct spread {
    const neap_conv *c;
    int64_t first;      /* image of the first product */
    const real *values; /* [images, rows.y, columns.y, taps, in] */
} spread;

/* Adds those of `count` values from position `at` on that lie inside a line of x. */
NEAP_INLINE void add_within(const real *values, int64_t count, int64_t at, int64_t size, real *line)
{
    const int64_t low = at < 0 ? -at : 0, high = at + count > size ? size - at : count;
    for (int64_t i = low; i < high; i++) {
        line[at + i] += values[i];
    }
}

/* One row of taps of one pixel of y. */
static void add_taps(const neap_conv *c, const real *values, int64_t column, real *line)
{
    const int64_t size = c->columns.x * c->in, step = c->columns.dilation * c->in;
    if (c->columns.dilation == 1) {
        add_within(values, c->columns.kernel * c->in, column * c->in, size, line);
        return;
    }
    for (int64_t k = 0; k < c->columns.kernel; k++) {
        add_within(values + k * c->in, c->in, column * c->in + k * step, size, line);
    }
}

static void fill(const neap_conv *c, int64_t pixels, real *x)
{
    for (int64_t i = 0; i < pixels * c->in; i++) {
        x[i] = c->bias ? ((const real *)c->bias)[i % c->in] : 0;
    }
}

static void spread_image(const neap_conv *c, const real *values, real *x)
{
    const int64_t row_of_taps = c->columns.kernel * c->in, taps = c->rows.kernel * row_of_taps;
    fill(c, c->rows.x * c->columns.x, x);
    for (int64_t i = 0; i < c->rows.y; i++) {
        for (int64_t j = 0; j < c->columns.y; j++, values += taps) {
            for (int64_t k = 0; k < c->rows.kernel; k++) {
                const int64_t row = i * c->rows.stride - c->rows.pad + k * c->rows.dilation;
                if (row >= 0 && row < c->rows.x) {
                    add_taps(c, values + k * row_of_taps, j * c->columns.stride - c->columns.pad,
                             x + row * c->columns.x * c->in);
                }
            }
        }
    }
}

static void spread_images(void *user, int64_t begin, int64_t end)
{
    const spread *s = user;
    const neap_conv *c = s->c;
    const int64_t each = c->rows.y * c->columns.y * c->rows.kernel * c->columns.kernel * c->in;
    for (int64_t i = begin; i < end; i++) {
        spread_image(c, s->values + i * each, (real *)c->x + (s->first + i) * c->rows.x * c->columns.x * c->in);
    }
}

int NEAP_VARIANT(neap_conv_spread)(const neap_product *p, const neap_conv *c)
{
    const int64_t n = c->rows.kernel * c->columns.kernel * c->in, pixels = c->rows.y * c->columns.y;
    const int64_t images = pixels * n > 0 ? least(c->batch, MOST_SPREAD / (pixels * n) + 1) : c->batch;
    real *values = neap_scratch(NEAP_SCRATCH_CONV_SPREAD, (size_t)(images * pixels * n + 1) * sizeof *values);
    if (!values) {
        return -1;
    }
    for (int64_t first = 0; first < c->batch; first += images) {
        const int64_t count = least(c->batch - first, images);
        const neap_gemm g = {.m = count * pixels, .n = n, .k = c->out, .a = (const real *)c->y + first * pixels * c->out,
                             .a_row = c->out, .a_col = 1, .b = c->w, .b_row = n, .b_col = 1, .c = values, .c_row = n};
        if (NEAP_VARIANT(neap_gemm_through)(p, &g, &(gemm_access){NULL, NULL, NULL, NULL}) < 0) {
            return -1;
        }
        neap_parallel(count, 1, spread_images, &(spread){c, first, values});
    }
    return 0;
}
