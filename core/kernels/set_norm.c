/*
 * Batch norm, group norm and the like: statistics over sets of pixels and channels, and the gradient through them.
 *
 * x [outer, n, channels]; a set is the n pixels of one outer index and `width` neighbouring channels. Pixels are cut into
 * blocks of a fixed size, so that no sum depends on the threads; the sums of blocks are merged in order.
 */
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"
#include "channels.h"

#define BLOCK_ELEMENTS 32768
#define LEAST_BLOCK 32  /* pixels */
#define MOST_BLOCK 2048 /* likewise: the most terms of a sum in single precision */

typedef struct set_run {
    const neap_set_norm_args *a;
    int64_t block, blocks; /* pixels of one, and how many an outer index has */
    real *found;           /* of each block: two rows of channels */
    real *map;             /* of each outer index: mean, scale, shift and a, b, c, a row of channels each */
} set_run;

enum { MEAN, SCALE, SHIFT, A, B, C, MAP_ROWS };

static int begin(set_run *run, const neap_set_norm_args *a)
{
    *run = (set_run){.a = a, .block = BLOCK_ELEMENTS / a->channels};
    run->block = run->block < LEAST_BLOCK ? LEAST_BLOCK : run->block > MOST_BLOCK ? MOST_BLOCK : run->block;
    run->blocks = (a->n + run->block - 1) / run->block;
    const int64_t found = 2 * a->outer * run->blocks * a->channels, map = MAP_ROWS * a->outer * a->channels;
    run->found = neap_scratch(NEAP_SCRATCH_SET_NORM, (size_t)(found + map) * sizeof(real));
    run->map = run->found + found;
    return run->found ? 0 : neap_fail_in("norm");
}

static real *map_row(const set_run *run, int64_t outer, int row)
{
    return run->map + (outer * MAP_ROWS + row) * run->a->channels;
}

static real *found_row(const set_run *run, int64_t unit, int row)
{
    return run->found + (2 * unit + row) * run->a->channels;
}

static channel_map map_of(const set_run *run, int64_t outer)
{
    return (channel_map){map_row(run, outer, MEAN), map_row(run, outer, SCALE), map_row(run, outer, SHIFT),
                         (real)run->a->slope};
}

/* The first pixel of a unit's block, in elements of x, and how many it has. */
static int64_t block_at(const set_run *run, int64_t unit, int64_t *rows)
{
    const int64_t outer = unit / run->blocks, first = unit % run->blocks * run->block, left = run->a->n - first;
    *rows = left < run->block ? left : run->block;
    return (outer * run->a->n + first) * run->a->channels;
}

/* --- Statistics ---------------------------------------------------------------------------------------------------- */

static void find_moments(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t rows, at = block_at(run, unit, &rows);
        NEAP_VARIANT(neap_channel_moments)
        (rows, run->a->channels, (const real *)run->a->x + at, found_row(run, unit, 0), found_row(run, unit, 1));
    }
}

/* Moments of `count` values, joined to those of others (Chan, Golub and LeVeque 1979). */
typedef struct moments {
    double count, mean, squares;
} moments;

static moments join(moments a, moments b)
{
    const double count = a.count + b.count, distance = b.mean - a.mean;
    return (moments){count, a.mean + distance * b.count / count,
                     a.squares + b.squares + distance * distance * a.count * b.count / count};
}

static moments of_set(const set_run *run, int64_t outer, int64_t group)
{
    moments all = {0};
    for (int64_t j = group * run->a->width; j < (group + 1) * run->a->width; j++) {
        for (int64_t unit = outer * run->blocks; unit < (outer + 1) * run->blocks; unit++) {
            int64_t rows;
            block_at(run, unit, &rows);
            all = join(all, (moments){(double)rows, (double)found_row(run, unit, 0)[j], (double)found_row(run, unit, 1)[j]});
        }
    }
    return all;
}

static void merge_moments(const set_run *run)
{
    const neap_set_norm_args *a = run->a;
    const int64_t groups = a->channels / a->width;
    for (int64_t set = 0; set < a->outer * groups; set++) {
        const moments all = of_set(run, set / groups, set % groups);
        const double variance = all.squares / all.count;
        ((real *)a->mean)[set] = (real)all.mean;
        ((real *)a->rstd)[set] = (real)(1 / sqrt(variance + a->eps));
        if (a->variance) {
            ((real *)a->variance)[set] = (real)variance;
        }
    }
}

/* Each channel's mean, scale times rstd, and shift. */
static void make_maps(const set_run *run)
{
    const neap_set_norm_args *a = run->a;
    const int64_t groups = a->channels / a->width;
    for (int64_t outer = 0; outer < a->outer; outer++) {
        for (int64_t j = 0; j < a->channels; j++) {
            const int64_t set = outer * groups + j / a->width;
            map_row(run, outer, MEAN)[j] = ((const real *)a->mean)[set];
            map_row(run, outer, SCALE)[j] = ((const real *)a->scale)[j] * ((const real *)a->rstd)[set];
            map_row(run, outer, SHIFT)[j] = ((const real *)a->shift)[j];
        }
    }
}

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static void apply_blocks(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t rows, at = block_at(run, unit, &rows);
        const channel_map map = map_of(run, unit / run->blocks);
        NEAP_VARIANT(neap_channel_apply)
        (rows, run->a->channels, (const real *)run->a->x + at, &map, (real *)run->a->y + at);
    }
}

int NEAP_KERNEL(set_norm)(const neap_set_norm_args *a)
{
    set_run run;
    if (begin(&run, a) < 0) {
        return -1;
    }
    neap_parallel(a->outer * run.blocks, 1, find_moments, &run);
    merge_moments(&run);
    make_maps(&run);
    neap_parallel(a->outer * run.blocks, 1, apply_blocks, &run);
    return 0;
}

/* --- Backward ------------------------------------------------------------------------------------------------------ */

static void find_sums(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t rows, at = block_at(run, unit, &rows);
        const channel_map map = map_of(run, unit / run->blocks);
        NEAP_VARIANT(neap_channel_sums)
        (rows, run->a->channels, (const real *)run->a->x + at, (const real *)run->a->gy + at, &map,
         found_row(run, unit, 0), found_row(run, unit, 1));
    }
}

/* Sums over an outer index's blocks into its rows A and B: those of g, and of g x^ with x^ the normalised x. */
static void merge_sums(const set_run *run, int64_t outer)
{
    const neap_set_norm_args *a = run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        double sum = 0, product = 0;
        for (int64_t unit = outer * run->blocks; unit < (outer + 1) * run->blocks; unit++) {
            sum += (double)found_row(run, unit, 0)[j];
            product += (double)found_row(run, unit, 1)[j];
        }
        const int64_t set = outer * (a->channels / a->width) + j / a->width;
        map_row(run, outer, A)[j] = (real)sum;
        map_row(run, outer, B)[j] = (real)(product * (double)((const real *)a->rstd)[set]);
    }
}

static void parameter_gradients(const set_run *run)
{
    const neap_set_norm_args *a = run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        real shift = 0, scale = 0;
        for (int64_t outer = 0; outer < a->outer; outer++) {
            shift += map_row(run, outer, A)[j];
            scale += map_row(run, outer, B)[j];
        }
        ((real *)a->gshift)[j] = shift;
        ((real *)a->gscale)[j] = scale;
    }
}

/* gx = rstd (scale g - mean over the set of scale g - x^ times that of scale g x^), as a g + b (x - mean) + c. */
static void coefficients(const set_run *run, int64_t outer, int64_t group)
{
    const neap_set_norm_args *a = run->a;
    const int64_t first = group * a->width, last = first + a->width;
    const double rstd = (double)((const real *)a->rstd)[outer * (a->channels / a->width) + group];
    double sum = 0, product = 0;
    for (int64_t j = first; j < last; j++) {
        const double scale = (double)((const real *)a->scale)[j];
        sum += scale * (double)map_row(run, outer, A)[j];
        product += scale * (double)map_row(run, outer, B)[j];
    }
    const double count = (double)(a->n * a->width);
    for (int64_t j = first; j < last; j++) {
        map_row(run, outer, A)[j] = map_row(run, outer, SCALE)[j];
        map_row(run, outer, B)[j] = (real)(-rstd * rstd * product / count);
        map_row(run, outer, C)[j] = (real)(-rstd * sum / count);
    }
}

static void gradient_blocks(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t rows, at = block_at(run, unit, &rows), outer = unit / run->blocks;
        const channel_map map = map_of(run, outer);
        NEAP_VARIANT(neap_channel_gradient)
        (rows, run->a->channels, (const real *)run->a->x + at, (const real *)run->a->gy + at, &map, map_row(run, outer, A),
         map_row(run, outer, B), map_row(run, outer, C), (real *)run->a->gx + at);
    }
}

int NEAP_KERNEL(set_norm_gradient)(const neap_set_norm_args *a)
{
    set_run run;
    if (begin(&run, a) < 0) {
        return -1;
    }
    make_maps(&run);
    neap_parallel(a->outer * run.blocks, 1, find_sums, &run);
    for (int64_t outer = 0; outer < a->outer; outer++) {
        merge_sums(&run, outer);
    }
    parameter_gradients(&run);
    for (int64_t outer = 0; a->gx && outer < a->outer; outer++) {
        for (int64_t group = 0; group < a->channels / a->width; group++) {
            coefficients(&run, outer, group);
        }
    }
    if (a->gx) {
        neap_parallel(a->outer * run.blocks, 1, gradient_blocks, &run);
    }
    return 0;
}
