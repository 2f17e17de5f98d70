/*
 * The cache of freed blocks, by size class. The system clears each page that it maps, and that can take as long as the work on
 * the page; so blocks are reused. The cache may fill up to the recent peak of the blocks in use, or up to a share of the bytes in
 * use if that is more. Beyond this limit the oldest blocks return to the system.
 */
#include <pthread.h>

#include "allocate.h"

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
    size_t kept, reserved, live; /* live: of all buffers, those in mappings included */
    size_t top, top_before; /* peak of the blocks in use, which are reserved - kept, in this span and in the one before */
    size_t frees;           /* in this span */
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

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
    *(block->older ? &block->older->newer : &cache.oldest) = block->newer;
    *(block->newer ? &block->newer->older : &cache.youngest) = block->older;
}

static void leave_class(neap_buffer_header *block)
{
    size_t bytes = block->total;
    *(block->previous ? &block->previous->next : &cache.class[class_of(&bytes)]) = block->next;
    if (block->next)
        block->next->previous = block->previous;
}

static void forget(neap_buffer_header *block)
{
    leave_class(block);
    leave_ages(block);
    cache.kept -= block->total;
}

static void trim(size_t limit)
{
    while (cache.kept > limit) {
        neap_buffer_header *block = cache.oldest;
        forget(block);
        cache.reserved -= block->total;
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
    const size_t in_use = cache.reserved - cache.kept + more, top = most(cache.top, cache.top_before);
    const size_t below_peak = top > in_use ? top - in_use : 0;
    return most(most(KEEP_LEAST, cache.live / KEEP_SHARE), KEEPS_PEAK ? below_peak : 0);
}

static void begin_span(void)
{
    cache.top_before = cache.top;
    cache.top = cache.reserved - cache.kept;
    cache.frees = 0;
}

static void add(neap_buffer_header *block)
{
    size_t bytes = block->total;
    neap_buffer_header **head = &cache.class[class_of(&bytes)];
    block->next = *head;
    block->previous = NULL;
    if (*head)
        (*head)->previous = block;
    *head = block;
    block->older = cache.youngest;
    block->newer = NULL;
    *(cache.youngest ? &cache.youngest->newer : &cache.oldest) = block;
    cache.youngest = block;
    cache.kept += block->total;
}

static neap_buffer_header *new_block(size_t bytes)
{
    neap_buffer_header *block = neap_block_new(bytes);
    if (!block && cache.kept) {
        trim(0);
        block = neap_block_new(bytes);
    }
    if (!block)
        return NULL;
    block->total = bytes;
    cache.reserved += bytes;
    return block;
}

/* --- Shared ---------------------------------------------------------------------------------------------------------- */

neap_buffer_header *neap_cache_take(size_t bytes, size_t live)
{
    const int class = class_of(&bytes);
    pthread_mutex_lock(&cache.lock);
    cache.live = live;
    neap_buffer_header *block = cache.class[class];
    if (block) {
        forget(block);
    } else {
        trim(keep_limit(bytes));
        block = new_block(bytes);
    }
    cache.top = most(cache.top, cache.reserved - cache.kept);
    pthread_mutex_unlock(&cache.lock);
    return block;
}

void neap_cache_keep(neap_buffer_header *block, size_t live)
{
    pthread_mutex_lock(&cache.lock);
    cache.live = live;
    add(block);
    if (++cache.frees == SPAN)
        begin_span();
    trim(keep_limit(0));
    pthread_mutex_unlock(&cache.lock);
}

void neap_cache_forget_peak(void)
{
    pthread_mutex_lock(&cache.lock);
    cache.top = cache.top_before = cache.reserved - cache.kept;
    trim(keep_limit(0));
    pthread_mutex_unlock(&cache.lock);
}

size_t neap_cache_reserved(void)
{
    pthread_mutex_lock(&cache.lock);
    const size_t reserved = cache.reserved;
    pthread_mutex_unlock(&cache.lock);
    return reserved;
}

void neap_memory_trim(void)
{
    pthread_mutex_lock(&cache.lock);
    trim(0);
    cache.top = cache.top_before = cache.reserved;
    pthread_mutex_unlock(&cache.lock);
}
