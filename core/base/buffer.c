/* Tensor data: blocks with a header, from the arena of the thread or from the cache. */
#include <pthread.h>

#include <neap/error.h>

#include "allocate.h"
#include "limits.h"

static struct {
    pthread_mutex_t lock;
    size_t live, peak;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static neap_buffer_header *block_for(neap_arena_place place, size_t bytes)
{
    neap_buffer_header *block = place.at ? place.at : neap_cache_take(bytes, pool.live);
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
        neap_cache_keep(block, pool.live);
    pthread_mutex_unlock(&pool.lock);
    if (mapping)
        neap_mapping_release(mapping);
}

neap_memory_stats neap_memory(void)
{
    pthread_mutex_lock(&pool.lock);
    neap_memory_stats stats = {pool.live, pool.peak, neap_cache_reserved() + neap_mapping_total(), neap_blocks()};
    pthread_mutex_unlock(&pool.lock);
    return stats;
}

void neap_memory_reset_peak(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.peak = pool.live;
    pthread_mutex_unlock(&pool.lock);
}
