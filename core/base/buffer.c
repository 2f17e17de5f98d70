/*
 * Tensor data: blocks with a header. Freed blocks are cached by size class and reused without page faults: the system clears
 * each page that it maps, which can take as long as the work on it. Cached blocks and those in use together stay below the
 * recent peak of those in use, or the cache below a share of the bytes in use; beyond both the oldest blocks return to the system.
 */
#include <pthread.h>
#include <string.h>

#include <neap/error.h>

#include "allocate.h"
#include "limits.h"

#ifdef __SANITIZE_ADDRESS__
#define KEEP_LEAST ((size_t)0) /* no cache, so that the sanitizer sees every use after a free */
#define KEEP_SHARE SIZE_MAX
#define KEEPS_PEAK false
#else
#define KEEP_LEAST ((size_t)32 << 20)
#define KEEP_SHARE 4     /* a quarter of what is in use */
#define KEEPS_PEAK true
#endif
#define SPAN 4096        /* frees: a peak counts in the span where it was and in the next one */
#define STEPS 8          /* classes in an octave of sizes */
#define CLASSES (64 * STEPS)

static struct {
    pthread_mutex_t lock;
    neap_buffer_header *class[CLASSES]; /* the youngest first */
    neap_buffer_header *oldest, *youngest;
    size_t live, peak, kept, reserved;
    size_t top, top_before; /* peak of the blocks in use, which are reserved - kept, in this span and in the one before */
    size_t frees;           /* in this span */
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

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How much the cache may hold once `more` bytes are in use. */
static size_t keep_limit(size_t more)
{
    const size_t in_use = pool.reserved - pool.kept + more, top = most(pool.top, pool.top_before);
    const size_t below_peak = top > in_use ? top - in_use : 0;
    return most(most(KEEP_LEAST, pool.live / KEEP_SHARE), KEEPS_PEAK ? below_peak : 0);
}

static void begin_span(void)
{
    pool.top_before = pool.top;
    pool.top = pool.reserved - pool.kept;
    pool.frees = 0;
}

static void keep(neap_buffer_header *block)
{
    size_t bytes = block->total;
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
    if (++pool.frees == SPAN)
        begin_span();
    trim(keep_limit(0));
}

static neap_buffer_header *new_block(size_t bytes)
{
    neap_buffer_header *block = neap_block_new(bytes);
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

static neap_buffer_header *ordinary(size_t bytes)
{
    const int class = class_of(&bytes);
    neap_buffer_header *block = pool.class[class];
    if (block) {
        forget(block);
    } else {
        trim(keep_limit(bytes));
        block = new_block(bytes);
    }
    pool.top = most(pool.top, pool.reserved - pool.kept);
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
    pool.top = pool.top_before = pool.reserved;
    pthread_mutex_unlock(&pool.lock);
}
