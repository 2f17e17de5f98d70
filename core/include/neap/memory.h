/*
 * Memory. Everything the core allocates comes through here, so one hook can refuse the n-th request in a test.
 *
 * Small blocks: neap_calloc and its kin. Tensor data: neap_buffer_*, 64-byte aligned, cached by size, and served by
 * the step arena of the thread while one is active. Failure records a message and returns NULL.
 */
#ifndef NEAP_MEMORY_H
#define NEAP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *neap_calloc(size_t count, size_t size);         /* zeroed; free with neap_free */
void *neap_realloc(void *block, size_t bytes);        /* on failure the old block stands */
void neap_free(void *block);                          /* NULL is ignored */
char *neap_strdup(const char *text);                  /* NULL gives NULL */
char *neap_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Asked before every allocation of either sort; returning true refuses it. NULL removes the hook. */
typedef bool neap_refuse_fn(void *user, size_t bytes);
void neap_on_allocate(neap_refuse_fn *refuse, void *user);

/* A block of tensor data, not zeroed, 64-byte aligned. `bytes` is what was asked for; freeing needs no size. */
void *neap_buffer_new(size_t bytes);
void neap_buffer_free(void *buffer);

/*
 * May the process take so many more bytes? Linux grants more memory than there is and kills the process that uses it, so what
 * is resident is compared with the least of the machine's memory, the limits of the control groups that the process is in (a
 * container), and RLIMIT_AS and RLIMIT_DATA. Large requests above are refused by this; other allocators may ask as well.
 */
bool neap_memory_allows(size_t bytes);

typedef struct neap_memory_stats {
    size_t live;      /* bytes in tensor buffers that are in use */
    size_t peak;      /* most of it since neap_memory_reset_peak */
    size_t reserved;  /* bytes taken from the system for buffers: live, cached and arenas */
} neap_memory_stats;

neap_memory_stats neap_memory(void);
void neap_memory_reset_peak(void);
void neap_memory_trim(void); /* gives cached buffers back to the system */

/*
 * A step arena learns the sizes and lifetimes of the buffers of one step, lays them out in one mapping of huge pages,
 * and hands the same addresses out in later steps. While the stream of requests equals a recorded one the arena
 * serves it; from the first difference on, the rest of the step falls back to ordinary buffers and is learned. Some
 * different steps are remembered, so that they may take turns.
 * Buffers that outlive the step are never placed in it.
 */
typedef struct neap_arena neap_arena;
neap_arena *neap_arena_new(void);
void neap_arena_free(neap_arena *arena);
int neap_arena_begin(neap_arena *arena);         /* on this thread, until neap_arena_end; not nested */
void neap_arena_end(neap_arena *arena);
size_t neap_arena_bytes(const neap_arena *arena); /* size of the planned mapping; 0 before the first step */
bool neap_arena_replayed(const neap_arena *arena); /* did the last step follow the plan to its end? */

#endif
