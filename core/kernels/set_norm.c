/* Batch norm, group norm and the like: statistics over sets of pixels and channels, and their application. */
#include "set_norm.h"

#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"

#define BLOCK_ELEMENTS 32768
#define LEAST_BLOCK 32          /* pixels */
#define MOST_BLOCK 2048         /* likewise: the most terms of a sum in single precision */
#define CACHE_BYTES (1 << 20)   /* what a thread can expect to find again in the cache of its core */
#define CACHES_BYTES (32 << 20) /* an array as large as this will not be in any cache when the next op reads it */
#define PARTS_A_THREAD 2        /* as many as neap_parallel makes */

/* --- Samples ------------------------------------------------------------------------------------------------------- */

/* A thread takes samples whole if the `arrays` that are read twice fit into its cache; all threads share a larger sample, each
 * with its blocks in its cache. */
static int64_t parts_of(const neap_set_norm_args *a, int64_t arrays)
{
    const int64_t bytes = arrays * a->n * a->channels * (int64_t)sizeof(real), threads = neap_threads();
    if (bytes > CACHE_BYTES || a->outer < threads) {
        return 0;
    }
    return a->outer < PARTS_A_THREAD * threads ? a->outer : PARTS_A_THREAD * threads;
}

/* Samples of scratch that hold what is expensive to compute: one for each part, or one that all threads share, if that does not go
 * to memory in between. */
static int64_t kept_samples(const set_run *run)
{
    const int64_t bytes = run->a->n * run->a->channels * (int64_t)sizeof(real);
    return run->parts ? run->parts : bytes <= neap_threads() * CACHE_BYTES;
}

int NEAP_VARIANT(neap_set_norm_begin)(set_run *run, const neap_set_norm_args *a, bool backward)
{
    *run = (set_run){.a = a, .block = BLOCK_ELEMENTS / a->channels, .parts = parts_of(a, backward ? 2 : 1)};
    run->block = run->block < LEAST_BLOCK ? LEAST_BLOCK : run->block > MOST_BLOCK ? MOST_BLOCK : run->block;
    run->blocks = (a->n + run->block - 1) / run->block;
    const int64_t found = 2 * a->outer * run->blocks * a->channels, map = MAP_ROWS * a->outer * a->channels;
    const int64_t kept = backward && a->silu && a->gx ? kept_samples(run) * a->n * a->channels : 0;
    run->found = neap_scratch(NEAP_SCRATCH_SET_NORM, (size_t)(found + map + kept) * sizeof(real));
    if (!run->found) {
        return neap_fail_in("norm");
    }
    run->map = run->found + found;
    run->kept = kept ? run->map + map : NULL;
    return 0;
}

/* `more`: the same thread takes the next sample. */
static sample sample_of(const set_run *run, int64_t outer, real *kept, bool more)
{
    const neap_set_norm_args *a = run->a;
    const bool large = a->outer * a->n * a->channels * (int64_t)sizeof(real) >= CACHES_BYTES;
    return (sample){run, outer, {map_row(run, outer, MEAN), map_row(run, outer, SCALE), map_row(run, outer, SHIFT),
                                 (real)a->slope, a->silu, more ? a->n * a->channels : 0, large}, kept};
}

typedef struct parts_run {
    const set_run *run;
    sample_fn *body;
} parts_run;

static void run_parts(void *user, int64_t begin, int64_t end)
{
    const parts_run *parts = user;
    const set_run *run = parts->run;
    const int64_t size = run->a->n * run->a->channels;
    for (int64_t part = begin; part < end; part++) {
        const int64_t stop = run->a->outer * (part + 1) / run->parts;
        for (int64_t outer = run->a->outer * part / run->parts; outer < stop; outer++) {
            sample s = sample_of(run, outer, run->kept ? run->kept + part * size : NULL, outer + 1 < stop);
            parts->body(&s);
        }
    }
}

void NEAP_VARIANT(neap_set_norm_each)(const set_run *run, sample_fn *body)
{
    parts_run parts = {run, body};
    if (run->parts) {
        neap_parallel(run->parts, 1, run_parts, &parts);
    }
    for (int64_t outer = 0; !run->parts && outer < run->a->outer; outer++) {
        sample s = sample_of(run, outer, run->kept, false);
        body(&s);
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

void NEAP_VARIANT(neap_set_norm_map)(const sample *s)
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

/* Backwards, for the last blocks of a sample are the ones that are surely in cache. */
static void apply_blocks(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = end - 1; block >= begin; block--) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_apply)
        (rows_of(s, block), a->channels, (const real *)a->x + at, &s->map, (real *)a->y + at);
    }
}

static void forward(sample *s)
{
    neap_parallel(s->run->blocks, 1, find_moments, s);
    merge_moments(s);
    NEAP_VARIANT(neap_set_norm_map)(s);
    neap_parallel(s->run->blocks, 1, apply_blocks, s);
}

int NEAP_KERNEL(set_norm)(const neap_set_norm_args *a)
{
    set_run run;
    if (NEAP_VARIANT(neap_set_norm_begin)(&run, a, false) < 0) {
        return -1;
    }
    NEAP_VARIANT(neap_set_norm_each)(&run, forward);
    return 0;
}
