/*
 * Backward to the weights: gradients at points of y, transposed, times points of x, summed over all tiles; then the sums of all
 * points are transformed to taps. Tiles are added in order, some at a time; threads share points and rows of the result.
 */
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"
#include "winograd.h"

#define BLOCK_ROWS 48                     /* of outputs, in one item of work */
#define POINTS_SIZE (INT64_C(256) * 1024) /* elements that the points of the tiles at once may take */
#define LEAST_TILES 48
#define MOST_TILES 256

typedef struct weights {
    const neap_product *product;
    tile_form form;
    tile_pixels x, y;
    tile_filters filters;
    tiling tiles;
    int64_t k, blocks;             /* columns of the result; blocks of its rows */
    int64_t at_once, first, count; /* tiles: at most, and the current ones */
    real *right, *left, *sums;     /* points of x in panels, of y in rows; the result at points [point, out, k] */
    int64_t right_size, left_size;
} weights;

static int64_t row_of_left(const weights *w)
{
    return w->filters.out + ROW_PAD;
}

static int make_room(weights *w)
{
    const int64_t points = point_count(w->form), out = w->filters.out;
    const int64_t fitting = POINTS_SIZE / (points * (w->k + row_of_left(w)));
    w->blocks = (out + BLOCK_ROWS - 1) / BLOCK_ROWS;
    w->at_once = fitting < LEAST_TILES ? LEAST_TILES : least(fitting, MOST_TILES);
    w->right_size = right_size(w->product, w->k, w->at_once) + ROW_PAD;
    w->left_size = round_up(row_of_left(w) * w->at_once, PIECE) + ROW_PAD;
    const int64_t size = w->right_size + w->left_size + out * w->k;
    w->right = neap_scratch(NEAP_SCRATCH_WINOGRAD, (size_t)(points * size) * sizeof(real));
    if (!w->right) {
        return -1;
    }
    w->left = w->right + points * w->right_size;
    w->sums = w->left + points * w->left_size;
    return 0;
}

static void read_tiles(void *user, int64_t begin, int64_t end)
{
    const weights *w = user;
    const int64_t columns = w->product->columns;
    for (int64_t i = begin; i < end; i++) {
        const tile_points right = {w->right + i * columns, w->right_size, columns, w->count};
        const tile_points left = points_in_row(w->left + i * row_of_left(w), w->left_size);
        NEAP_VARIANT(neap_winograd_read)(w->form, &w->x, &w->tiles, w->first + i, &right);
        NEAP_VARIANT(neap_winograd_read_gradient)(w->form, &w->y, &w->tiles, w->first + i, &left);
    }
}

static void add_blocks(void *user, int64_t begin, int64_t end)
{
    const weights *w = user;
    begin_products(w->product);
    for (int64_t i = begin; i < end; i++) {
        const int64_t point = i / w->blocks, row = i % w->blocks * BLOCK_ROWS;
        const int64_t m = least(w->filters.out - row, BLOCK_ROWS);
        real *sums = w->sums + (point * w->filters.out + row) * w->k;
        const gemm_matrix a = strided(w->left + point * w->left_size + row, 1, row_of_left(w));
        const gemm_block block = {.m = m, .n = w->k, .words = w->count, .a = in_place(w->product->rows, a),
                                  .b = w->right + point * w->right_size, .start = w->first > 0 ? sums : NULL, .c = sums,
                                  .c_row = w->k};
        w->product->multiply(&block);
    }
    end_products(w->product);
}

static void finish_filters(void *user, int64_t begin, int64_t end)
{
    const weights *w = user;
    for (int64_t output = begin; output < end; output++) {
        const tile_points sums = points_in_row(w->sums + output * w->k, w->filters.out * w->k);
        NEAP_VARIANT(neap_winograd_filter_gradient)(w->form, &w->filters, output, &sums);
    }
}

static void add_tiles(weights *w)
{
    const int64_t threads = neap_threads();
    for (w->first = 0; w->first < w->tiles.count; w->first += w->at_once) {
        w->count = least(w->tiles.count - w->first, w->at_once);
        neap_parallel(w->count, (w->count + threads - 1) / threads, read_tiles, w);
        neap_parallel(point_count(w->form) * w->blocks, 1, add_blocks, w);
    }
}

static int weights_of_group(const neap_product *p, const neap_conv *c, int64_t group)
{
    const tile_form form = form_of(c, c->rows.y, c->columns.y);
    weights w = {.product = p, .form = form, .x = pixels_of_x(c, group), .y = pixels_of_y(c, group),
                 .filters = filters_of(c, group), .tiles = tiling_of(form, c->batch, c->rows.y, c->columns.y)};
    w.k = w.filters.phases * w.filters.phases * w.filters.channels;
    if (make_room(&w) < 0) {
        return neap_fail_in("conv");
    }
    if (w.tiles.count == 0) {
        memset(w.sums, 0, (size_t)(point_count(w.form) * w.filters.out * w.k) * sizeof(real));
    }
    add_tiles(&w);
    const int64_t threads = neap_threads();
    neap_parallel(w.filters.out, (w.filters.out + threads - 1) / threads, finish_filters, &w);
    return 0;
}

int NEAP_VARIANT(neap_winograd_weight)(const neap_product *p, const neap_conv *c)
{
    for (int64_t group = 0; group < c->groups; group++) {
        if (weights_of_group(p, c, group) < 0) {
            return -1;
        }
    }
    return 0;
}
