/*
 * The step arena: records the requests of a step, plans them, and serves later steps with the same requests.
 *
 * A step is a stream of events: a request (its bytes) or a free (which request of this step). A plan is followed only
 * while the events equal the recorded ones, so any buffer that overlaps a planned place has been freed by then.
 *
 * Steps may alternate, for example with a penalty in every fourth, so several plans are kept. Plans with the same first
 * events put those requests at the same places, so a step can switch to another plan at the first difference. Best
 * effort: if planning runs out of memory, ordinary buffers are used and no error is recorded.
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
    uint64_t used; /* the last step that followed it to its end */
} trace;

#define MOST_PLANS 4

struct neap_arena {
    trace plans[MOST_PLANS], now;
    int count, current; /* plans, and the one that the current step follows */
    neap_mapping *mapping;
    size_t extent; /* of all plans */
    uint64_t step;
    bool follows;  /* the current step equals the current plan so far */
    bool broken;   /* recording ran out of memory: no plan is made of this step */
    bool replayed;
};

static _Thread_local neap_arena *active;
static uint64_t steps; /* atomic: step numbers are unique in the process */

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

static void forget(neap_arena *a)
{
    for (int i = 0; i < a->count; i++)
        trace_drop(&a->plans[i]);
    a->count = a->current = 0;
    a->extent = 0;
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
    forget(arena);
    trace_drop(&arena->now);
    neap_mapping_release(arena->mapping);
    neap_free(arena);
}

int neap_arena_begin(neap_arena *arena)
{
    if (!arena)
        return -1;
    if (active)
        return neap_fail("arena: a step is active on this thread already");
    arena->now.count = arena->now.requests = 0;
    arena->follows = arena->mapping && arena->count > 0;
    arena->broken = false;
    arena->step = __atomic_add_fetch(&steps, 1, __ATOMIC_RELAXED);
    active = arena;
    return 0;
}

static bool is_same(const event *a, const event *b)
{
    return a->bytes == b->bytes && a->index == b->index;
}

/* The number of leading events that are equal. */
static size_t common(const trace *a, const trace *b)
{
    const size_t most = a->count < b->count ? a->count : b->count;
    size_t i = 0;
    while (i < most && is_same(&a->events[i], &b->events[i]))
        i++;
    return i;
}

/* Switches to a plan that equals the step so far, if there is one. */
static bool find_plan(neap_arena *a)
{
    for (int i = 0; i < a->count; i++) {
        if (common(&a->plans[i], &a->now) == a->now.count) {
            a->current = i;
            return true;
        }
    }
    return false;
}

static bool is_planned(const neap_arena *a, size_t at)
{
    const trace *plan = &a->plans[a->current];
    return at < plan->count && is_same(&plan->events[at], &a->now.events[at]);
}

/* Records an event and compares it with the plan. */
static void note(neap_arena *a, event e)
{
    if (!grow((void **)&a->now.events, &a->now.event_capacity, a->now.count, sizeof e)) {
        a->broken = true;
        a->follows = false;
        return;
    }
    a->now.events[a->now.count++] = e;
    a->follows = a->follows && (is_planned(a, a->now.count - 1) || find_plan(a));
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
    const neap_plan_block *planned = a->follows ? &a->plans[a->current].blocks[index] : NULL;
    if (planned && planned->offset != SIZE_MAX) {
        place.at = (char *)a->mapping->pages + planned->offset;
        place.mapping = a->mapping;
        neap_mapping_keep(a->mapping);
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

/* The plan that shares the most leading events with the step; their number, and the requests among them. */
static int nearest_plan(const neap_arena *a, size_t *events, size_t *requests)
{
    int nearest = 0;
    *events = *requests = 0;
    for (int i = 0; i < a->count; i++) {
        const size_t same = common(&a->plans[i], &a->now);
        if (same > *events) {
            *events = same;
            nearest = i;
        }
    }
    for (size_t i = 0; i < *events; i++)
        *requests += a->now.events[i].bytes > 0;
    return nearest;
}

/* Copies the places of the shared leading requests. False if a buffer outlives one of the two steps and is freed in the
 * other. */
static bool share_places(const trace *plan, trace *now, size_t requests)
{
    for (size_t i = 0; i < requests; i++) {
        if (!plan->blocks[i].death != !now->blocks[i].death)
            return false;
        now->blocks[i].offset = plan->blocks[i].offset;
    }
    return true;
}

static void add_plan(neap_arena *a)
{
    int at = a->count < MOST_PLANS ? a->count++ : 0;
    for (int i = 0; i < a->count; i++)
        if (a->plans[i].used < a->plans[at].used)
            at = i;
    const trace old = a->plans[at];
    a->plans[at] = a->now;
    a->plans[at].used = a->step;
    a->now = old;
    a->current = at;
}

/* Replaces the mapping if its size differs or it holds live data. Without a mapping the next step uses ordinary
 * buffers. */
static void fit_mapping(neap_arena *a)
{
    if (a->mapping && a->mapping->bytes == a->extent && neap_mapping_is_unshared(a->mapping))
        return;
    neap_mapping_release(a->mapping);
    neap_cache_forget_peak(); /* the mapping takes the place of the blocks that served the recorded step */
    a->mapping = a->extent ? neap_mapping_new(a->extent) : NULL;
}

/* Makes a plan of the finished step, unless it equals one. */
static void learn(neap_arena *a)
{
    size_t events, requests;
    const int nearest = nearest_plan(a, &events, &requests);
    const bool known = a->count > 0 && events == a->now.count && events == a->plans[nearest].count;
    if (!known) {
        if (!share_places(&a->plans[nearest], &a->now, requests)) {
            forget(a);
            requests = 0;
        }
        const size_t extent = neap_plan_offsets(a->now.blocks, a->now.requests, requests);
        if (extent == SIZE_MAX)
            return;
        a->extent = extent > a->extent ? extent : a->extent;
        add_plan(a);
    }
    fit_mapping(a);
}

void neap_arena_end(neap_arena *arena)
{
    if (!arena || active != arena)
        return;
    active = NULL;
    arena->replayed = arena->follows && arena->now.count == arena->plans[arena->current].count;
    if (arena->replayed)
        arena->plans[arena->current].used = arena->step;
    else if (!arena->broken)
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
