/* Scratch blocks of each thread, freed when the thread ends. */
#include "scratch.h"

#include <neap/error.h>
#include <neap/memory.h>

#include <pthread.h>

#include "allocate.h"

typedef struct scratch_block {
    void *data;
    size_t bytes;
} scratch_block;

static _Thread_local scratch_block blocks[NEAP_SCRATCH_SLOTS];
static _Thread_local bool registered;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;

static void drop(scratch_block *block)
{
    if (block->data) {
        neap_block_free(block->data, block->bytes);
    }
    *block = (scratch_block){0};
}

static void drop_all(void *thread_blocks)
{
    scratch_block *all = thread_blocks;
    for (int i = 0; i < NEAP_SCRATCH_SLOTS; i++) {
        drop(&all[i]);
    }
}

static void make_key(void)
{
    have_key = pthread_key_create(&at_exit, drop_all) == 0;
}

static void register_thread(void)
{
    pthread_once(&once, make_key);
    registered = have_key && pthread_setspecific(at_exit, blocks) == 0;
}

void *neap_scratch(neap_scratch_slot slot, size_t bytes)
{
    scratch_block *block = &blocks[slot];
    if (block->data && block->bytes >= bytes) {
        return block->data;
    }
    if (!registered) {
        register_thread();
    }
    /* Grows by at least half, so that slowly growing requests do not map memory each time. */
    size_t grown = block->bytes + block->bytes / 2;
    size_t wanted = bytes > grown ? bytes : grown;
    drop(block);
    block->data = neap_allocation_refused(wanted) ? NULL : neap_block_new(wanted);
    if (!block->data) {
        return neap_fail_null("memory: no room for %zu bytes of scratch", bytes);
    }
    block->bytes = wanted;
    return block->data;
}
