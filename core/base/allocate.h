/* Shared by the allocators of this folder: the refusal hook, pages from the system, and the header of a buffer. */
#ifndef NEAP_BASE_ALLOCATE_H
#define NEAP_BASE_ALLOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <neap/memory.h>

#define NEAP_BUFFER_ALIGN 64

/* Calls the hook of neap_on_allocate. */
bool neap_allocation_refused(size_t bytes);

/* The small blocks in use. */
int64_t neap_blocks(void);

/* neap_realloc without a message, for optional memory. */
void *neap_realloc_quietly(void *block, size_t bytes);

/* Zeroed pages; from the size of a huge page on, aligned to huge pages. NULL without a message. */
void *neap_pages_map(size_t bytes);
void neap_pages_unmap(void *pages, size_t bytes);

/* 64-byte aligned memory, from the C library or as pages by size; NULL without a message. Free with the same size. */
void *neap_block_new(size_t bytes);
void neap_block_free(void *block, size_t bytes);

/* Pages that planned buffers lie in. Freed when the arena and every buffer in it have released it. */
typedef struct neap_mapping {
    void *pages;
    size_t bytes;
    int holders; /* atomic */
} neap_mapping;

neap_mapping *neap_mapping_new(size_t bytes); /* one holder; NULL without a message */
void neap_mapping_keep(neap_mapping *mapping);
void neap_mapping_release(neap_mapping *mapping);
bool neap_mapping_is_unshared(const neap_mapping *mapping); /* one holder is left */
size_t neap_mapping_total(void); /* bytes of all mappings */

/* Directly precedes the data of every buffer. */
typedef struct neap_buffer_header {
    size_t asked;          /* bytes of the caller's request */
    size_t total;          /* bytes of the block, header included; 0 in a mapping */
    union {
        neap_mapping *mapping; /* of a planned buffer; NULL for an ordinary one */
        struct neap_buffer_header *previous; /* while cached: class list */
    };
    uint64_t step;         /* the arena step that allocated it; 0 outside */
    size_t index;          /* its number within that step */
    struct neap_buffer_header *next, *older, *newer; /* while cached: class list and age list */
} neap_buffer_header;

_Static_assert(sizeof(neap_buffer_header) == NEAP_BUFFER_ALIGN, "data follows the header at the alignment");

/* Ordinary blocks, which the cache keeps when they are free. `bytes` include the header; `live` is the number of bytes in use in
 * all buffers. NULL without a message. */
neap_buffer_header *neap_cache_take(size_t bytes, size_t live);
void neap_cache_keep(neap_buffer_header *block, size_t live);
void neap_cache_forget_peak(void); /* other memory serves from now on what the peak consisted of */
size_t neap_cache_reserved(void);  /* bytes of all blocks, in use and kept */

/* The answer of this thread's arena to a request: the planned address (NULL: make an ordinary buffer), and the step and
 * number for the header. Step 0: no arena is active. */
typedef struct neap_arena_place {
    void *at;
    neap_mapping *mapping;
    uint64_t step;
    size_t index;
} neap_arena_place;

neap_arena_place neap_arena_place_buffer(size_t bytes);
void neap_arena_note_free(const neap_buffer_header *header);

/* Sets offsets so that blocks whose lifetimes, from event `birth` to event `death`, intersect do not overlap. The first
 * `fixed` blocks keep their offsets. Blocks with death 0, and the smallest of a very large number, get offset SIZE_MAX:
 * not placed. Returns the extent, or SIZE_MAX when memory ran out. Sizes must be multiples of the alignment. */
typedef struct neap_plan_block {
    size_t bytes, birth, death, offset;
} neap_plan_block;

size_t neap_plan_offsets(neap_plan_block *blocks, size_t count, size_t fixed);

#endif
