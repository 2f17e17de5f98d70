/*
 * Batch norm, group norm and the like: statistics over sets of pixels and channels, and the gradient through them.
 *
 * x [outer, n, channels]; a set is the n pixels of one outer index, a sample, and `width` neighbouring channels. Pixels are
 * cut into blocks of a fixed size, so that no sum depends on the threads; the sums of blocks are merged in order.
 *
 * Both passes over a sample follow each other, so that the second finds it in cache.
 */
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"
#include "channels.h"

#define BLOCK_ELEMENTS 32768
#define LEAST_BLOCK 32  /* pixels */
#define MOST_BLOCK 2048 /* likewise: the most terms of a sum in single precision */
#define CACHE_BYTES (1 << 20) /* what a thread can expect to find again in the cache of its core */

typedef struct set_run {
    const neap_set_norm_args *a;
    int64_t block, blocks; /* pixels of one, and how many a sample has */
    real *found;           /* of each block: two rows of channels */
    real *map;             /* of each sample: a row of channels each for what the enum names */
} set_run;

/* gx = scale g + b (x - mean) + c, where sums are those of g and of g x^, with x^ the normalised x. */
enum { MEAN, SCALE, SHIFT, SUM, PRODUCT, B, C, MAP_ROWS };

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

/* What neap_parallel hands to the functions that work on blocks of a sample. */
typedef struct sample {
    const set_run *run;
    int64_t outer;
    channel_map map;
} sample;

static sample sample_of(const set_run *run, int64_t outer)
{
    return (sample){run, outer, {map_row(run, outer, MEAN), map_row(run, outer, SCALE), map_row(run, outer, SHIFT),
                                 (real)run->a->slope, run->a->silu}};
}

static real *found_row(const sample *s, int64_t block, int row)
{
    return s->run->found + (2 * (s->outer * s->run->blocks + block) + row) * s->run->a->channels;
}

static int64_t rows_of(const sample *s, int64_t block)
{
    const int64_t left = s->run->a->n - block * s->run->block;
    return left < s->run->block ? left : s->run->block;
}

/* Where a block begins, in elements of x. */
static int64_t block_at(const sample *s, int64_t block)
{
    return (s->outer * s->run->a->n + block * s->run->block) * s->run->a->channels;
}

/* A thread takes small samples whole; all threads share a larger one, each with its blocks in its cache. Inside the other
 * neap_parallel, that over blocks runs on its thread alone. */
static void each_sample(set_run *run, int64_t arrays, neap_range_fn *body)
{
    const neap_set_norm_args *a = run->a;
    const int64_t bytes = arrays * a->n * a->channels * (int64_t)sizeof(real);
    if (bytes <= CACHE_BYTES && a->outer >= neap_threads()) {
        neap_parallel(a->outer, 1, body, run);
    } else {
        body(run, 0, a->outer);
    }
}

/* --- Statistics ---------------------------------------------------------------------------------------------------- */

static void find_moments(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = begin; block < end; block++) {
        NEAP_VARIANT(neap_channel_moments)
        (rows_of(s, block), a->channels, (const real *)a->x + block_at(s, block), found_row(s, block, 0),
         found_row(s, block, 1));
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

static moments of_set(const sample *s, int64_t group)
{
    const int64_t width = s->run->a->width;
    moments all = {0};
    for (int64_t j = group * width; j < (group + 1) * width; j++) {
        for (int64_t block = 0; block < s->run->blocks; block++) {
            all = join(all, (moments){(double)rows_of(s, block), (double)found_row(s, block, 0)[j],
                                      (double)found_row(s, block, 1)[j]});
        }
    }
    return all;
}

static void merge_moments(const sample *s)
{
    const neap_set_norm_args *a = s->run->a;
    const int64_t groups = a->channels / a->width;
    for (int64_t group = 0; group < groups; group++) {
        const int64_t set = s->outer * groups + group;
        const moments all = of_set(s, group);
        const double variance = all.squares / all.count;
        ((real *)a->mean)[set] = (real)all.mean;
        ((real *)a->rstd)[set] = (real)(1 / sqrt(variance + a->eps));
        if (a->variance) {
            ((real *)a->variance)[set] = (real)variance;
        }
    }
}

/* Each channel's mean, scale times rstd, and shift. */
static void make_map(const sample *s)
{
    const neap_set_norm_args *a = s->run->a;
    const int64_t groups = a->channels / a->width;
    for (int64_t j = 0; j < a->channels; j++) {
        const int64_t set = s->outer * groups + j / a->width;
        map_row(s->run, s->outer, MEAN)[j] = ((const real *)a->mean)[set];
        map_row(s->run, s->outer, SCALE)[j] = ((const real *)a->scale)[j] * ((const real *)a->rstd)[set];
        map_row(s->run, s->outer, SHIFT)[j] = ((const real *)a->shift)[j];
    }
}

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static void apply_blocks(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = begin; block < end; block++) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_apply)
        (rows_of(s, block), a->channels, (const real *)a->x + at, &s->map, (real *)a->y + at);
    }
}

static void forward_samples(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t outer = begin; outer < end; outer++) {
        sample s = sample_of(run, outer);
        neap_parallel(run->blocks, 1, find_moments, &s);
        merge_moments(&s);
        make_map(&s);
        neap_parallel(run->blocks, 1, apply_blocks, &s);
    }
}

int NEAP_KERNEL(set_norm)(const neap_set_norm_args *a)
{
    set_run run;
    if (begin(&run, a) < 0) {
        return -1;
    }
    each_sample(&run, 1, forward_samples);
    return 0;
}

/* --- Backward ------------------------------------------------------------------------------------------------------ */

static void find_sums(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = begin; block < end; block++) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_sums)
        (rows_of(s, block), a->channels, (const real *)a->x + at, (const real *)a->gy + at, &s->map,
         found_row(s, block, 0), found_row(s, block, 1));
    }
}

/* Sums over a sample's blocks, those of g and those of g x^. */
static void merge_sums(const sample *s)
{
    const neap_set_norm_args *a = s->run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        double sum = 0, product = 0;
        for (int64_t block = 0; block < s->run->blocks; block++) {
            sum += (double)found_row(s, block, 0)[j];
            product += (double)found_row(s, block, 1)[j];
        }
        const int64_t set = s->outer * (a->channels / a->width) + j / a->width;
        map_row(s->run, s->outer, SUM)[j] = (real)sum;
        map_row(s->run, s->outer, PRODUCT)[j] = (real)(product * (double)((const real *)a->rstd)[set]);
    }
}

static void parameter_gradients(const set_run *run)
{
    const neap_set_norm_args *a = run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        real shift = 0, scale = 0;
        for (int64_t outer = 0; outer < a->outer; outer++) {
            shift += map_row(run, outer, SUM)[j];
            scale += map_row(run, outer, PRODUCT)[j];
        }
        ((real *)a->gshift)[j] = shift;
        ((real *)a->gscale)[j] = scale;
    }
}

/* gx = rstd (scale g - mean over the set of scale g - x^ times that of scale g x^). */
static void coefficients(const sample *s, int64_t group)
{
    const neap_set_norm_args *a = s->run->a;
    const int64_t first = group * a->width, last = first + a->width;
    const double rstd = (double)((const real *)a->rstd)[s->outer * (a->channels / a->width) + group];
    double sum = 0, product = 0;
    for (int64_t j = first; j < last; j++) {
        const double scale = (double)((const real *)a->scale)[j];
        sum += scale * (double)map_row(s->run, s->outer, SUM)[j];
        product += scale * (double)map_row(s->run, s->outer, PRODUCT)[j];
    }
    const double count = (double)(a->n * a->width);
    for (int64_t j = first; j < last; j++) {
        map_row(s->run, s->outer, B)[j] = (real)(-rstd * rstd * product / count);
        map_row(s->run, s->outer, C)[j] = (real)(-rstd * sum / count);
    }
}

static void gradient_blocks(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = begin; block < end; block++) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_gradient)
        (rows_of(s, block), a->channels, (const real *)a->x + at, (const real *)a->gy + at, &s->map,
         map_row(s->run, s->outer, B), map_row(s->run, s->outer, C), (real *)a->gx + at);
    }
}

static void backward_samples(void *user, int64_t begin, int64_t end)
{
    const set_run *run = user;
    for (int64_t outer = begin; outer < end; outer++) {
        sample s = sample_of(run, outer);
        make_map(&s);
        neap_parallel(run->blocks, 1, find_sums, &s);
        merge_sums(&s);
        for (int64_t group = 0; run->a->gx && group < run->a->channels / run->a->width; group++) {
            coefficients(&s, group);
        }
        if (run->a->gx) {
            neap_parallel(run->blocks, 1, gradient_blocks, &s);
        }
    }
}

int NEAP_KERNEL(set_norm_gradient)(const neap_set_norm_args *a)
{
    set_run run;
    if (begin(&run, a) < 0) {
        return -1;
    }
    each_sample(&run, 2, backward_samples);
    parameter_gradients(&run);
    return 0;
}
