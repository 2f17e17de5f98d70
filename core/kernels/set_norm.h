/*
 * Shared by the forward and backward passes of batch norm, group norm and the like (neap_set_norm_args).
 *
 * A sample is the n pixels of one outer index; a set is the pixels of a sample and `width` neighbouring channels. Pixels are cut
 * into blocks of a fixed size, so that no sum depends on the threads; the sums of blocks are merged in order. Both passes
 * over a sample follow each other, so that the second finds it in cache.
 */
#ifndef NEAP_KERNELS_SET_NORM_H
#define NEAP_KERNELS_SET_NORM_H

#include "channels.h"

typedef struct set_run {
    const neap_set_norm_args *a;
    int64_t block, blocks; /* pixels of one, and how many a sample has */
    int64_t parts;         /* that samples are dealt out in, or 0: all threads share each sample */
    real *found;           /* of each block: two rows of channels */
    real *map;             /* of each sample: a row of channels each for what the enum names */
    real *kept;            /* a sample for each part, or NULL; see channels.h */
} set_run;

/* gx = scale g + b (x - mean) + c, where the sums are those of g and of g x^, with x^ the normalised x. */
enum { MEAN, SCALE, SHIFT, SUM, PRODUCT, B, C, MAP_ROWS };

/* What neap_parallel hands to the functions that work on blocks of a sample. */
typedef struct sample {
    const set_run *run;
    int64_t outer;
    channel_map map;
    real *kept; /* of this sample, or NULL */
} sample;

NEAP_INLINE real *map_row(const set_run *run, int64_t outer, int row)
{
    return run->map + (outer * MAP_ROWS + row) * run->a->channels;
}

NEAP_INLINE real *found_row(const sample *s, int64_t block, int row)
{
    return s->run->found + (2 * (s->outer * s->run->blocks + block) + row) * s->run->a->channels;
}

NEAP_INLINE int64_t rows_of(const sample *s, int64_t block)
{
    const int64_t left = s->run->a->n - block * s->run->block;
    return left < s->run->block ? left : s->run->block;
}

/* Where a block begins, in elements of x. */
NEAP_INLINE int64_t block_at(const sample *s, int64_t block)
{
    return (s->outer * s->run->a->n + block * s->run->block) * s->run->a->channels;
}

NEAP_INLINE real *kept_at(const sample *s, int64_t block)
{
    return s->kept ? s->kept + block * s->run->block * s->run->a->channels : NULL;
}

/* Plans a pass and takes scratch memory; -1 with a message where that is refused. */
int NEAP_VARIANT(neap_set_norm_begin)(set_run *run, const neap_set_norm_args *a, bool backward);

/* Each channel's mean, scale times rstd, and shift, into the sample's rows. */
void NEAP_VARIANT(neap_set_norm_map)(const sample *s);

/* Calls body for each sample. A neap_parallel over blocks in it runs on the calling thread alone where samples are dealt out. */
typedef void sample_fn(sample *s);
void NEAP_VARIANT(neap_set_norm_each)(const set_run *run, sample_fn *body);

#endif
