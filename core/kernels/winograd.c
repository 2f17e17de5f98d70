/*
 * Forward and backward to the input: tiles of pixels become points, each point is a product of matrices, and tiles of
 * results are summed up from points. A task does all of this for some tiles at a time, so that their points stay in the
 * second-level cache; the filters' points are packed once for all tasks.
 */
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"
#include "conv_phase.h"
#include "winograd.h"

#define TILES_SIZE (INT64_C(192) * 1024) /* elements that the points of a task's tiles may take */
#define MOST_TILES 240
#define LEAST_GROUPS 4 /* of a product's rows: with fewer, reading the filters' points would take longer than the products */
#define LEAST_CHANNELS 16 /* with fewer, the transforms cost more than they save */
#define LEAST_SIDE 3      /* of pictures with four taps: on smaller ones, tiles have more points than plain sums have products */

typedef struct winograd {
    const neap_product *product;
    tile_form form;
    tile_pixels from, to;
    tile_filters filters;
    bool by_output; /* filters are [out, k]: outputs are columns of the product; else they are its rows */
    const real *bias;
    tiling tiles;
    int64_t k, n, block_words, tasks, at_once; /* tiles */
    real *raw, *panels, *space;                /* filters' points unpacked and packed; scratch of each task */
    int64_t space_size;
} winograd;

/* --- Room ---------------------------------------------------------------------------------------------------------- */

static int64_t panels_size(const winograd *w)
{
    return right_size(w->product, w->n, w->k);
}

static int64_t row_of_k(const winograd *w)
{
    return w->k + ROW_PAD;
}

static int64_t row_of_n(const winograd *w)
{
    return w->n + ROW_PAD;
}

static void plan(winograd *w)
{
    const int64_t rows = w->product->rows, points = point_count(w->form), blocks = (w->k + BLOCK_WORDS - 1) / BLOCK_WORDS;
    const int64_t fitting = TILES_SIZE / (points * (row_of_k(w) + row_of_n(w))) / rows * rows;
    w->block_words = (w->k + blocks - 1) / blocks;
    w->at_once = fitting < LEAST_GROUPS * rows ? LEAST_GROUPS * rows : least(fitting, MOST_TILES);
    w->tasks = least(neap_threads(), (w->tiles.count + rows - 1) / rows);
    w->space_size = round_up(points * w->at_once * (row_of_k(w) + row_of_n(w)), PIECE);
}

static int make_room(winograd *w)
{
    const int64_t points = point_count(w->form), raw = points * w->filters.out * (w->by_output ? w->k : w->n);
    const int64_t packed = points * panels_size(w);
    w->raw = neap_scratch(NEAP_SCRATCH_WINOGRAD, (size_t)(raw + packed + w->tasks * w->space_size) * sizeof(real));
    if (!w->raw) {
        return -1;
    }
    w->panels = w->raw + raw;
    w->space = w->panels + packed;
    return 0;
}

/* --- Filters ------------------------------------------------------------------------------------------------------- */

static void transform_filters(void *user, int64_t begin, int64_t end)
{
    const winograd *w = user;
    const int64_t row = w->by_output ? w->k : w->n;
    for (int64_t output = begin; output < end; output++) {
        const tile_points points = points_in_row(w->raw + output * row, w->filters.out * row);
        NEAP_VARIANT(neap_winograd_filter)(w->form, &w->filters, output, &points);
    }
}

/* Blocks of k one after another, as in gemm.c. */
static void pack_filters(void *user, int64_t begin, int64_t end)
{
    const winograd *w = user;
    const int64_t row = w->by_output ? w->k : w->n, columns = round_up(w->n, w->product->columns);
    for (int64_t point = begin; point < end; point++) {
        const real *raw = w->raw + point * w->filters.out * row;
        const gemm_matrix b = w->by_output ? strided(raw, 1, row) : strided(raw, row, 1);
        for (int64_t k = 0; k < w->k; k += w->block_words) {
            w->product->pack_right(part_from(b, k, 0), least(w->k - k, w->block_words), w->n,
                                   w->panels + point * panels_size(w) + k * columns);
        }
    }
}

/* --- Tiles --------------------------------------------------------------------------------------------------------- */

static void multiply_point(const winograd *w, int64_t point, int64_t tiles, const real *left, real *sums)
{
    const int64_t columns = round_up(w->n, w->product->columns);
    for (int64_t k = 0; k < w->k; k += w->block_words) {
        const int64_t words = least(w->k - k, w->block_words);
        const gemm_block block = {.m = tiles, .n = w->n, .words = words,
                                  .a = in_place(w->product->rows, strided(left + k, row_of_k(w), 1)),
                                  .b = w->panels + point * panels_size(w) + k * columns,
                                  .start = k > 0 ? sums : NULL, .c = sums, .c_row = row_of_n(w)};
        w->product->multiply(&block);
    }
}

static void convolve_tiles(const winograd *w, int64_t first, int64_t tiles, real *space)
{
    const int64_t left = w->at_once * row_of_k(w), sums = w->at_once * row_of_n(w), points = point_count(w->form);
    real *results = space + points * left;
    for (int64_t i = 0; i < tiles; i++) {
        const tile_points read = points_in_row(space + i * row_of_k(w), left);
        NEAP_VARIANT(neap_winograd_read)(w->form, &w->from, &w->tiles, first + i, &read);
    }
    for (int64_t point = 0; point < points; point++) {
        multiply_point(w, point, tiles, space + point * left, results + point * sums);
    }
    for (int64_t i = 0; i < tiles; i++) {
        const tile_points made = points_in_row(results + i * row_of_n(w), sums);
        NEAP_VARIANT(neap_winograd_write)(w->form, &w->to, &w->tiles, first + i, w->bias, &made);
    }
}

static void convolve_tasks(void *user, int64_t begin, int64_t end)
{
    const winograd *w = user;
    begin_products(w->product);
    for (int64_t task = begin; task < end; task++) {
        const int64_t stop = w->tiles.count * (task + 1) / w->tasks;
        for (int64_t tile = w->tiles.count * task / w->tasks; tile < stop; tile += w->at_once) {
            convolve_tiles(w, tile, least(stop - tile, w->at_once), w->space + task * w->space_size);
        }
    }
    end_products(w->product);
}

static int convolve(winograd *w)
{
    if (w->tiles.count == 0) {
        return 0;
    }
    plan(w);
    if (make_room(w) < 0) {
        return neap_fail_in("conv");
    }
    neap_parallel(w->filters.out, (w->filters.out + w->tasks - 1) / w->tasks, transform_filters, w);
    neap_parallel(point_count(w->form), 1, pack_filters, w);
    neap_parallel(w->tasks, 1, convolve_tasks, w);
    return 0;
}

/* --- Convolutions -------------------------------------------------------------------------------------------------- */

static bool same_axes(const neap_conv_axis *a, const neap_conv_axis *b)
{
    return a->kernel == b->kernel && a->stride == b->stride && a->dilation == 1 && b->dilation == 1;
}

static bool taps_suit(const neap_conv *c)
{
    const int64_t taps = taps_of(c);
    const bool large = c->rows.y >= LEAST_SIDE && c->columns.y >= LEAST_SIDE;
    return same_axes(&c->rows, &c->columns) && c->rows.kernel == taps * c->rows.stride &&
           (taps == 2 || taps == 3 || (taps == 4 && large));
}

bool NEAP_VARIANT(neap_winograd_suits)(const neap_conv *c)
{
    const int64_t in = c->in / c->groups, out = c->out / c->groups;
    return !c->bf16 && taps_suit(c) && in % VLEN == 0 && out % VLEN == 0 && in >= LEAST_CHANNELS && out >= LEAST_CHANNELS;
}

int NEAP_VARIANT(neap_winograd_conv)(const neap_product *p, const neap_conv *c)
{
    for (int64_t group = 0; group < c->groups; group++) {
        const tile_filters filters = filters_of(c, group);
        const tile_form form = form_of(c, c->rows.y, c->columns.y);
        winograd w = {.product = p, .form = form, .from = pixels_of_x(c, group), .to = pixels_of_y(c, group),
                      .filters = filters, .by_output = true, .bias = c->bias ? (const real *)c->bias + group * filters.out : NULL,
                      .tiles = tiling_of(form, c->batch, c->rows.y, c->columns.y),
                      .k = filters.phases * filters.phases * filters.channels, .n = filters.out};
        if (convolve(&w) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Pixels of x with the remainders `row` and `column` modulo the stride. */
static int backward_phase(const neap_product *p, const neap_conv *c, int64_t group, int64_t row, int64_t column)
{
    const phase_axis rows = phase_of(&c->rows, row), columns = phase_of(&c->columns, column);
    const tile_form form = form_of(c, rows.pixels, columns.pixels);
    winograd w = {.product = p, .form = form, .from = pixels_of_y(c, group), .to = pixels_of_x(c, group),
                  .filters = filters_of(c, group),
                  .bias = c->bias ? (const real *)c->bias + group * (c->in / c->groups) : NULL,
                  .tiles = tiling_of(form, c->batch, rows.pixels, columns.pixels)};
    w.from.rows.origin = rows.origin;
    w.from.columns.origin = columns.origin;
    w.to.rows.origin = row;
    w.to.columns.origin = column;
    w.filters.phases = 1;
    w.filters.rows = (tap_axis){rows.tap + (rows.taps - 1) * rows.tap_step, -rows.tap_step};
    w.filters.columns = (tap_axis){columns.tap + (columns.taps - 1) * columns.tap_step, -columns.tap_step};
    w.k = w.filters.out;
    w.n = w.filters.channels;
    return convolve(&w);
}

int NEAP_VARIANT(neap_winograd_input)(const neap_product *p, const neap_conv *c)
{
    const int64_t rests = c->rows.stride * c->columns.stride;
    for (int64_t i = 0; i < c->groups * rests; i++) {
        const int64_t rest = i % rests;
        if (backward_phase(p, c, i / rests, rest / c->columns.stride, rest % c->columns.stride) < 0) {
            return -1;
        }
    }
    return 0;
}
