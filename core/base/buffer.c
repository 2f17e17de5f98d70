/*
 * Tensor data: blocks with a header. Freed blocks are cached by size class and reused without page faults. The cache is
 * bounded by a share of the bytes in use; beyond it the oldest blocks return to the system.
 */
#include <pthread.h>
#include <string.h>

#include <neap/error.h>

#include "allocate.h"
#include "limits.h"

#ifdef __SANITIZE_ADDRESS__
#define KEEP_LEAST ((size_t)0) /* no cache, so that the sanitizer sees every use after a free */
#define KEEP_SHARE SIZE_MAX
#else
#define KEEP_LEAST ((size_t)32 << 20)
#define KEEP_SHARE 4     /* at most a quarter of what is in use */
#endif
#define STEPS 8          /* classes in an octave of sizes */
#define CLASSES (64 * STEPS)

static struct {
    pthread_mutex_t lock;
    neap_buffer_header *class[CLASSES]; /* the youngest first */
    neap_buffer_header *oldest, *youngest;
    size_t live, peak, kept, reserved;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The class of a size, and the size rounded up to it: eight to an octave, multiples of the alignment. */
static int class_of(size_t *bytes)
{
    size_t units = (*bytes + NEAP_BUFFER_ALIGN - 1) / NEAP_BUFFER_ALIGN;
    int octave = 63 - __builtin_clzll(units | STEPS);
    int shift = octave - 3;
    size_t steps = (units + ((size_t)1 << shift) - 1) >> shift;
    *bytes = (steps << shift) * NEAP_BUFFER_ALIGN;
    return shift * STEPS + (int)steps;
}

static void leave_ages(neap_buffer_header *block)
{
    *(block->older ? &block->older->newer : &pool.oldest) = block->newer;
    *(block->newer ? &block->newer->older : &pool.youngest) = block->older;
}

static void leave_class(neap_buffer_header *block)
{
    size_t bytes = block->total;
    *(block->previous ? &block->previous->next : &pool.class[class_of(&bytes)]) = block->next;
    if (block->next)
        block->next->previous = block->previous;
}

static void forget(neap_buffer_header *block)
{
    leave_class(block);
    leave_ages(block);
    pool.kept -= block->total;
}

static void trim(size_t limit)
{
    while (pool.kept > limit) {
        neap_buffer_header *block = pool.oldest;
        forget(block);
        pool.reserved -= block->total;
        neap_block_free(block, block->total);
    }
}

static void keep(neap_buffer_header *block)
{
    size_t bytes = block->total, limit = pool.live / KEEP_SHARE;
    neap_buffer_header **head = &pool.class[class_of(&bytes)];
    block->next = *head;
    block->previous = NULL;
    if (*head)
        (*head)->previous = block;
    *head = block;
    block->older = pool.youngest;
    block->newer = NULL;
    *(pool.youngest ? &pool.youngest->newer : &pool.oldest) = block;
    pool.youngest = block;
    pool.kept += block->total;
    trim(limit > KEEP_LEAST ? limit : KEEP_LEAST);
}

static neap_buffer_header *ordinary(size_t bytes)
{
    int class = class_of(&bytes);
    neap_buffer_header *block = pool.class[class];
    if (block) {
        forget(block);
        return block;
    }
    block = neap_block_new(bytes);
    if (!block && pool.kept) {
        trim(0);
        block = neap_block_new(bytes);
    }
    if (!block)
        return NULL;
    block->total = bytes;
    pool.reserved += bytes;
    return block;
}

static neap_buffer_header *block_for(neap_arena_place place, size_t bytes)
{
    neap_buffer_header *block = place.at ? place.at : ordinary(bytes);
    if (!block)
        return NULL;
    if (place.at)
        block->total = 0;
    block->mapping = place.mapping;
    block->step = place.step;
    block->index = place.index;
    return block;
}

/* Resident memory does not include buffers that are not yet written to, so live bytes are bounded as well. */
static bool fits(size_t bytes)
{
    return pool.live + bytes <= neap_memory_limit();
}

void *neap_buffer_new(size_t bytes)
{
    if (bytes > SIZE_MAX / 4 || neap_allocation_refused(bytes))
        return neap_fail_null("memory: no room for a tensor of %zu bytes", bytes);
    size_t whole = (bytes + sizeof(neap_buffer_header) + NEAP_BUFFER_ALIGN - 1) / NEAP_BUFFER_ALIGN * NEAP_BUFFER_ALIGN;
    pthread_mutex_lock(&pool.lock);
    neap_buffer_header *block = fits(bytes) ? block_for(neap_arena_place_buffer(whole), whole) : NULL;
    if (block) {
        block->asked = bytes;
        pool.live += bytes;
        if (pool.live > pool.peak)
            pool.peak = pool.live;
    }
    pthread_mutex_unlock(&pool.lock);
    return block ? (void *)(block + 1) : neap_fail_null("memory: no room for a tensor of %zu bytes", bytes);
}

void neap_buffer_free(void *buffer)
{
    if (!buffer)
        return;
    neap_buffer_header *block = (neap_buffer_header *)buffer - 1;
    neap_mapping *mapping = block->mapping;
    pthread_mutex_lock(&pool.lock);
    neap_arena_note_free(block);
    pool.live -= block->asked;
    if (!mapping)
        keep(block);
    pthread_mutex_unlock(&pool.lock);
    if (mapping)
        neap_mapping_release(mapping);
}

neap_memory_stats neap_memory(void)
{
    pthread_mutex_lock(&pool.lock);
    neap_memory_stats stats = {pool.live, pool.peak, pool.reserved + neap_mapping_total()};
    pthread_mutex_unlock(&pool.lock);
    return stats;
}

void neap_memory_reset_peak(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.peak = pool.live;
    pthread_mutex_unlock(&pool.lock);
}

void neap_memory_trim(void)
{
    pthread_mutex_lock(&pool.lock);
    trim(0);
    pthread_mutex_unlock(&pool.lock);
}
