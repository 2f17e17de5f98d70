/*
 * Offsets for blocks of known lifetimes in one region: largest first, each at the lowest offset that is free during its
 * lifetime (greedy by size). In practice the extent is within a few percent of the peak of live bytes.
 */
#include <stdlib.h>

#include "allocate.h"

#define LEAST_BYTES ((size_t)4096) /* the cache serves smaller ones as well */
#define MOST_BLOCKS 8192           /* placement is quadratic */

static int larger_first(const void *a, const void *b)
{
    const neap_plan_block *x = *(neap_plan_block *const *)a, *y = *(neap_plan_block *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->birth < y->birth ? -1 : x->birth > y->birth;
}

static bool overlap(const neap_plan_block *a, const neap_plan_block *b)
{
    return a->birth < b->death && b->birth < a->death;
}

/* `placed` is sorted by offset. */
static size_t lowest_gap(neap_plan_block *const *placed, size_t count, const neap_plan_block *block)
{
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        if (!overlap(placed[i], block))
            continue;
        if (placed[i]->offset >= offset + block->bytes)
            break;
        if (placed[i]->offset + placed[i]->bytes > offset)
            offset = placed[i]->offset + placed[i]->bytes;
    }
    return offset;
}

static void insert(neap_plan_block **placed, size_t count, neap_plan_block *block)
{
    size_t i = count;
    for (; i > 0 && placed[i - 1]->offset > block->offset; i--)
        placed[i] = placed[i - 1];
    placed[i] = block;
}

/* The blocks of [first, count) to place, at most MOST_BLOCKS: the least size doubles until they are few enough. */
static size_t choose(neap_plan_block *blocks, size_t first, size_t count, neap_plan_block **chosen)
{
    size_t n = count + 1;
    for (size_t least = LEAST_BYTES; n > MOST_BLOCKS || n > count; least *= 2) {
        n = 0;
        for (size_t i = first; i < count; i++)
            if (blocks[i].death && blocks[i].bytes >= least)
                chosen[n++] = &blocks[i];
    }
    return n;
}

/* Places one block and returns its end. */
static size_t place(neap_plan_block **placed, size_t *count, neap_plan_block *block)
{
    insert(placed, (*count)++, block);
    return block->offset + block->bytes;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t neap_plan_offsets(neap_plan_block *blocks, size_t count, size_t fixed)
{
    size_t extent = 0, n = 0;
    neap_plan_block **order = neap_realloc_quietly(NULL, (2 * count + 1) * sizeof(neap_plan_block *));
    if (!order)
        return SIZE_MAX;
    neap_plan_block **placed = order + count;
    for (size_t i = 0; i < fixed; i++)
        if (blocks[i].offset != SIZE_MAX)
            extent = larger(extent, place(placed, &n, &blocks[i]));
    for (size_t i = fixed; i < count; i++)
        blocks[i].offset = SIZE_MAX;
    const size_t chosen = choose(blocks, fixed, count, order);
    qsort(order, chosen, sizeof *order, larger_first);
    for (size_t i = 0; i < chosen; i++) {
        order[i]->offset = lowest_gap(placed, n, order[i]);
        extent = larger(extent, place(placed, &n, order[i]));
    }
    neap_free(order);
    return extent;
}
