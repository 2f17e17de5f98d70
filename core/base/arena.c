/*
 * The step arena: records one step's requests, plans them, and serves later steps while they ask for the same.
 *
 * A step is a stream of events: a request (its bytes) or a free (which request of this step). A plan is only ever followed
 * as long as the events equal the recorded ones, so that whatever overlaps a planned place has been freed by then.
 * Learning is a service, not a duty: where memory for it lacks, no error is recorded and the step goes on without.
 */
#include <string.h>

#include <neap/error.h>

#include "allocate.h"

typedef struct event {
    size_t bytes; /* 0: a free */
    size_t index; /* of the request */
} event;

typedef struct trace {
    event *events;
    size_t count, event_capacity;
    neap_plan_block *blocks;
    size_t requests, block_capacity;
} trace;

struct neap_arena {
    trace plan, now;
    neap_mapping *mapping;
    uint64_t step;
    bool follows;  /* the step under way equals the plan so far */
    bool broken;   /* no memory to record it: nothing is learned */
    bool replayed;
};

static _Thread_local neap_arena *active;
static uint64_t steps; /* atomic: step numbers are unique in the process */

void neap_mapping_release(neap_mapping *mapping)
{
    if (!mapping || __atomic_sub_fetch(&mapping->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    neap_pages_unmap(mapping->pages, mapping->bytes);
    neap_buffer_count_reserved(-(ptrdiff_t)mapping->bytes);
    neap_free(mapping);
}

static neap_mapping *mapping_new(size_t bytes)
{
    neap_mapping *mapping = neap_realloc_quietly(NULL, sizeof *mapping);
    void *pages = mapping && !neap_allocation_refused(bytes) ? neap_pages_map(bytes) : NULL;
    if (!pages) {
        neap_free(mapping);
        return NULL;
    }
    *mapping = (neap_mapping){.pages = pages, .bytes = bytes, .holders = 1};
    neap_buffer_count_reserved((ptrdiff_t)bytes);
    return mapping;
}

static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? 2 * *capacity : 1024;
    void *grown = neap_realloc_quietly(*array, wanted * size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static void trace_drop(trace *t)
{
    neap_free(t->events);
    neap_free(t->blocks);
    *t = (trace){0};
}

neap_arena *neap_arena_new(void)
{
    return neap_calloc(1, sizeof(neap_arena));
}

void neap_arena_free(neap_arena *arena)
{
    if (!arena)
        return;
    if (active == arena)
        active = NULL;
    trace_drop(&arena->plan);
    trace_drop(&arena->now);
    neap_mapping_release(arena->mapping);
    neap_free(arena);
}

int neap_arena_begin(neap_arena *arena)
{
    if (!arena)
        return -1;
    if (active)
        return neap_fail("arena: a step is under way on this thread already");
    arena->now.count = arena->now.requests = 0;
    arena->follows = arena->mapping != NULL;
    arena->broken = false;
    arena->step = __atomic_add_fetch(&steps, 1, __ATOMIC_RELAXED);
    active = arena;
    return 0;
}

/* Adds an event and says whether it is the planned one. */
static void note(neap_arena *a, event e)
{
    if (!grow((void **)&a->now.events, &a->now.event_capacity, a->now.count, sizeof e)) {
        a->broken = true;
        a->follows = false;
        return;
    }
    const event *planned = a->now.count < a->plan.count ? &a->plan.events[a->now.count] : NULL;
    a->follows = a->follows && planned && planned->bytes == e.bytes && planned->index == e.index;
    a->now.events[a->now.count++] = e;
}

neap_arena_place neap_arena_place_buffer(size_t bytes)
{
    neap_arena *a = active;
    if (!a || a->broken)
        return (neap_arena_place){0};
    size_t index = a->now.requests;
    if (!grow((void **)&a->now.blocks, &a->now.block_capacity, index, sizeof *a->now.blocks)) {
        a->broken = true;
        a->follows = false;
        return (neap_arena_place){0};
    }
    a->now.requests++;
    note(a, (event){bytes, index});
    a->now.blocks[index] = (neap_plan_block){.bytes = bytes, .birth = a->now.count};
    neap_arena_place place = {.step = a->step, .index = index};
    if (a->follows && a->plan.blocks[index].offset != SIZE_MAX) {
        place.at = (char *)a->mapping->pages + a->plan.blocks[index].offset;
        place.mapping = a->mapping;
        __atomic_add_fetch(&a->mapping->holders, 1, __ATOMIC_RELAXED);
    }
    return place;
}

void neap_arena_note_free(const neap_buffer_header *header)
{
    neap_arena *a = active;
    if (!a || a->broken || header->step != a->step)
        return;
    note(a, (event){0, header->index});
    a->now.blocks[header->index].death = a->now.count;
}

/* The step that ended becomes the plan. Its mapping is made anew where the old one has another size or holds live data;
 * where none can be had, the next step runs on ordinary buffers. */
static void learn(neap_arena *a)
{
    trace old = a->plan;
    a->plan = a->now;
    a->now = old;
    size_t extent = neap_plan_offsets(a->plan.blocks, a->plan.requests);
    bool reusable = a->mapping && a->mapping->bytes == extent && __atomic_load_n(&a->mapping->holders, __ATOMIC_ACQUIRE) == 1;
    if (reusable)
        return;
    neap_mapping_release(a->mapping);
    a->mapping = extent && extent != SIZE_MAX ? mapping_new(extent) : NULL;
}

void neap_arena_end(neap_arena *arena)
{
    if (!arena || active != arena)
        return;
    active = NULL;
    arena->replayed = arena->follows && arena->now.count == arena->plan.count;
    if (!arena->replayed && !arena->broken)
        learn(arena);
}

size_t neap_arena_bytes(const neap_arena *arena)
{
    return arena && arena->mapping ? arena->mapping->bytes : 0;
}

bool neap_arena_replayed(const neap_arena *arena)
{
    return arena && arena->replayed;
}
