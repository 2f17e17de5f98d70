/*
 * Memory. The core allocates everything here, so one hook can refuse the n-th request in a test.
 *
 * Small blocks: neap_calloc, neap_realloc, neap_strdup, neap_format. Tensor data: neap_buffer_*, 64-byte aligned,
 * cached by size, and served by the step arena of the thread while one is active. Failure records a message and returns
 * NULL.
 */
#ifndef NEAP_MEMORY_H
#define NEAP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *neap_calloc(size_t count, size_t size);         /* zeroed; free with neap_free */
void *neap_realloc(void *block, size_t bytes);        /* on failure the old block stays valid */
void neap_free(void *block);                          /* NULL is ignored */
char *neap_strdup(const char *text);                  /* NULL gives NULL */
char *neap_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Called before each allocation of a block or buffer; true refuses it. NULL removes the hook. */
typedef bool neap_refuse_fn(void *user, size_t bytes);
void neap_on_allocate(neap_refuse_fn *refuse, void *user);

/* A block of tensor data, not zeroed, 64-byte aligned. Freeing needs no size. */
void *neap_buffer_new(size_t bytes);
void neap_buffer_free(void *buffer);

/*
 * Whether the process may allocate `bytes` more. Linux overcommits and would kill the process later, so resident memory
 * is capped at the least of physical memory, the limits of the process's control groups (containers), RLIMIT_AS and
 * RLIMIT_DATA. Large requests to the functions above are refused by this rule; other allocators may call it as well.
 */
bool neap_memory_allows(size_t bytes);

typedef struct neap_memory_stats {
    size_t live;      /* bytes of tensor buffers in use */
    size_t peak;      /* maximum of live since neap_memory_reset_peak */
    size_t reserved;  /* bytes taken from the system for buffers: live, cached and arenas */
    int64_t blocks;   /* small blocks in use; each tensor has two. Below 0 when blocks of other allocators were freed here */
} neap_memory_stats;

neap_memory_stats neap_memory(void);
void neap_memory_reset_peak(void);
void neap_memory_trim(void); /* returns cached buffers to the system */

/*
 * A step arena records the sizes and lifetimes of the buffers of one step, lays them out in one mapping of huge pages,
 * and returns the same addresses in later steps. While the requests equal a recorded step the arena serves them. From
 * the first difference on, the step uses ordinary buffers and is recorded as another plan. A few plans are kept, so
 * different steps may alternate. Buffers that outlive the step are never placed in the arena.
 */
typedef struct neap_arena neap_arena;
neap_arena *neap_arena_new(void);
void neap_arena_free(neap_arena *arena);
int neap_arena_begin(neap_arena *arena);         /* on this thread, until neap_arena_end; not nested */
void neap_arena_end(neap_arena *arena);
size_t neap_arena_bytes(const neap_arena *arena); /* size of the planned mapping; 0 before the first step */
bool neap_arena_replayed(const neap_arena *arena); /* whether the last step followed its plan to the end */

#endif
