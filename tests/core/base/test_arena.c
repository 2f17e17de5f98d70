/*
 * The step arena: replayed addresses, safe deviations, and what outlives a step. A step is a script of requests and
 * frees, run with every buffer painted and all of them checked after each action.
 */
#include "buffer_test.h"

#define SLOTS 8
#define END {-1, 0}

typedef struct action {
    int slot;     /* -1 ends the script */
    size_t bytes; /* 0 frees the slot */
} action;

static const action ordinary_step[] = {
    {0, 40000}, {1, 100000}, {2, 40000}, {0, 0}, {3, 3 * MIB}, {1, 0}, {4, 90000}, {2, 0},
    {5, 8000},  {0, 40000},  {3, 0},     {4, 0}, {1, 2 * MIB}, {5, 0}, {0, 0},     {1, 0}, END};

/* As above up to the seventh action, where another size is asked for. */
static const action other_size[] = {
    {0, 40000}, {1, 100000}, {2, 40000}, {0, 0}, {3, 3 * MIB}, {1, 0}, {4, 91000}, {5, 90000}, {6, 8000}, {2, 0},
    {3, 0},     {4, 0},      {5, 0},     {6, 0}, END};

/* As the first up to the fourth action, where another buffer is freed than planned. */
static const action other_free[] = {
    {0, 40000}, {1, 100000}, {2, 40000}, {1, 0}, {3, 3 * MIB}, {4, 90000}, {0, 0}, {2, 0}, {3, 0}, {4, 0}, END};

static const action shorter[] = {{0, 40000}, {1, 100000}, {2, 40000}, {0, 0}, {1, 0}, {2, 0}, END};

/* Slots 6 and 7 outlive the step. */
static const action with_escapees[] = {{0, 40000}, {6, 50000}, {1, 60000}, {0, 0}, {7, 70000},
                                       {2, 40000}, {1, 0},     {2, 0},     END};

static void *slots[SLOTS];
static size_t slot_bytes[SLOTS];
static int colour;
static int slot_colour[SLOTS];

static void check_slots(void)
{
    for (int i = 0; i < SLOTS; i++) {
        ck_assert_msg(!slots[i] || painted(slots[i], slot_bytes[i], slot_colour[i]), "slot %d was overwritten", i);
    }
}

/* Notes the address of each request in `where`, if given; returns their number. */
static int run_script(const action *script, void **where)
{
    int requests = 0;
    for (; script->slot >= 0; script++) {
        const int slot = script->slot;
        neap_buffer_free(slots[slot]);
        slots[slot] = NULL;
        if (script->bytes) {
            slots[slot] = neap_buffer_new(script->bytes);
            ck_assert_ptr_nonnull(slots[slot]);
            ck_assert_uint_eq((uintptr_t)slots[slot] % 64, 0);
            slot_bytes[slot] = script->bytes;
            slot_colour[slot] = ++colour;
            paint(slots[slot], script->bytes, colour);
            if (where) {
                where[requests++] = slots[slot];
            }
        }
        check_slots();
    }
    return requests;
}

static void step(neap_arena *arena, const action *script, void **where)
{
    ck_assert_int_eq(neap_arena_begin(arena), 0);
    run_script(script, where);
    neap_arena_end(arena);
}

static void free_slots(void)
{
    for (int i = 0; i < SLOTS; i++) {
        neap_buffer_free(slots[i]);
        slots[i] = NULL;
    }
}

START_TEST(replay_gives_the_same_addresses)
{
    void *second[16] = {0}, *third[16] = {0};
    const size_t live = neap_memory().live;
    neap_arena *arena = neap_arena_new();
    ck_assert_uint_eq(neap_arena_bytes(arena), 0);
    step(arena, ordinary_step, NULL);
    ck_assert(!neap_arena_replayed(arena));
    /* No layout is smaller than the most that lives at once; this step packs within a tenth of that. */
    const size_t most = 3 * MIB + 90000 + 40000 + 8000 + 40000;
    ck_assert_uint_ge(neap_arena_bytes(arena), 3 * MIB);
    ck_assert_uint_le(neap_arena_bytes(arena), most + most / 10);
    step(arena, ordinary_step, second);
    ck_assert(neap_arena_replayed(arena));
    void *unrelated = neap_buffer_new(40000);
    step(arena, ordinary_step, third);
    ck_assert(neap_arena_replayed(arena));
    ck_assert_mem_eq(second, third, sizeof second);
    neap_buffer_free(unrelated);
    neap_arena_free(arena);
    ck_assert_uint_eq(neap_memory().live, live);
}
END_TEST

static const action *const deviations[] = {other_size, other_free, shorter, with_escapees};

/* A step that differs is served, safe, and learned beside the other: both replay then, in any order. */
START_TEST(deviations_are_safe)
{
    neap_arena *arena = neap_arena_new();
    step(arena, ordinary_step, NULL);
    step(arena, ordinary_step, NULL);
    step(arena, deviations[_i], NULL);
    ck_assert(!neap_arena_replayed(arena));
    check_slots();
    free_slots();
    for (int turn = 0; turn < 6; turn++) {
        step(arena, turn % 3 == 1 ? ordinary_step : deviations[_i], NULL);
        ck_assert_msg(neap_arena_replayed(arena), "turn %d", turn);
        check_slots();
        free_slots();
    }
    neap_arena_free(arena);
}
END_TEST

/* More different steps than are remembered: those that were not seen for longest are forgotten. */
START_TEST(many_deviations)
{
    neap_arena *arena = neap_arena_new();
    for (int round = 0; round < 3; round++) {
        step(arena, ordinary_step, NULL);
        ck_assert_int_eq(neap_arena_replayed(arena), round > 0);
        for (int i = 0; i < 3; i++) {
            step(arena, deviations[i], NULL);
            ck_assert_int_eq(neap_arena_replayed(arena), round > 0);
        }
    }
    step(arena, deviations[3], NULL); /* in the place of the ordinary step */
    free_slots();
    step(arena, deviations[0], NULL);
    ck_assert(neap_arena_replayed(arena));
    step(arena, ordinary_step, NULL);
    ck_assert(!neap_arena_replayed(arena));
    neap_arena_free(arena);
}
END_TEST

/* What dies in one step and outlives another of the same beginning cannot have a place in both: only one is remembered. */
START_TEST(an_escapee_among_what_is_shared)
{
    static const action kept[] = {{0, 40000}, {1, 100000}, {2, 40000}, {1, 0}, {2, 0}, END};
    neap_arena *arena = neap_arena_new();
    for (int turn = 0; turn < 3; turn++) {
        step(arena, ordinary_step, NULL);
        ck_assert(!neap_arena_replayed(arena));
        step(arena, ordinary_step, NULL);
        ck_assert(neap_arena_replayed(arena));
        step(arena, kept, NULL);
        ck_assert(!neap_arena_replayed(arena));
        step(arena, kept, NULL);
        ck_assert(neap_arena_replayed(arena));
        check_slots();
        free_slots();
    }
    neap_arena_free(arena);
}
END_TEST

/* Buffers that outlive the step keep their contents; dying in the next step or between steps is no difference. */
START_TEST(escapees_survive)
{
    neap_arena *arena = neap_arena_new();
    for (int i = 0; i < 4; i++) {
        step(arena, with_escapees, NULL);
        ck_assert_msg(neap_arena_replayed(arena) == (i > 0), "step %d", i);
        ck_assert(slots[6] && slots[7]);
        check_slots();
        if (i == 2) {
            free_slots();
        }
    }
    free_slots();
    neap_arena_free(arena);
}
END_TEST

/* A planned buffer still alive when its step breaks off keeps its place, even after the arena is gone. */
START_TEST(planned_buffers_keep_the_mapping)
{
    static const action half[] = {{0, 40000}, {1, 100000}, {2, 40000}, {0, 0}, {3, 3 * MIB}, END};
    const neap_memory_stats before = neap_memory();
    neap_arena *arena = neap_arena_new();
    step(arena, ordinary_step, NULL);
    step(arena, half, NULL);
    ck_assert(!neap_arena_replayed(arena));
    void *held[SLOTS];
    size_t held_bytes[SLOTS];
    int held_colour[SLOTS];
    memcpy(held, slots, sizeof held);
    memcpy(held_bytes, slot_bytes, sizeof held_bytes);
    memcpy(held_colour, slot_colour, sizeof held_colour);
    memset(slots, 0, sizeof slots);
    step(arena, ordinary_step, NULL);
    step(arena, ordinary_step, NULL);
    ck_assert(neap_arena_replayed(arena));
    neap_arena_free(arena);
    for (int i = 1; i <= 3; i++) {
        ck_assert(painted(held[i], held_bytes[i], held_colour[i]));
        neap_buffer_free(held[i]);
    }
    neap_memory_trim();
    ck_assert_uint_eq(neap_memory().live, before.live);
    ck_assert_uint_le(neap_memory().reserved, before.reserved);
}
END_TEST

/* The same when the new plan happens to have the size of the old mapping: what lives there must not be planned over. */
START_TEST(live_data_is_not_planned_over)
{
    static const action first[] = {{0, 40000}, {1, 40000}, {1, 0}, {0, 0}, END};
    static const action second[] = {{0, 40000}, {1, 40000}, {1, 0}, {2, 40000}, {3, 40000}, {2, 0}, {3, 0}, END};
    neap_arena *arena = neap_arena_new();
    step(arena, first, NULL);
    const size_t bytes = neap_arena_bytes(arena);
    step(arena, second, NULL);
    ck_assert_uint_eq(neap_arena_bytes(arena), bytes);
    slots[7] = slots[0];
    slot_bytes[7] = slot_bytes[0];
    slot_colour[7] = slot_colour[0];
    slots[0] = NULL;
    step(arena, second, NULL);
    ck_assert(neap_arena_replayed(arena));
    free_slots();
    neap_arena_free(arena);
}
END_TEST

static void *free_there(void *buffer)
{
    neap_buffer_free(buffer);
    return NULL;
}

/* A planned buffer freed by another thread is missed by the stream: the step must not reuse its place by plan. */
START_TEST(frees_on_other_threads)
{
    neap_arena *arena = neap_arena_new();
    step(arena, ordinary_step, NULL);
    for (int i = 0; i < 3; i++) {
        static const action start[] = {{0, 40000}, {1, 100000}, {2, 40000}, END};
        static const action rest[] = {{3, 3 * MIB}, {1, 0}, {4, 90000}, {2, 0}, {3, 0}, {4, 0}, END};
        pthread_t thread;
        ck_assert_int_eq(neap_arena_begin(arena), 0);
        run_script(start, NULL);
        ck_assert_int_eq(pthread_create(&thread, NULL, free_there, slots[0]), 0);
        pthread_join(thread, NULL);
        slots[0] = NULL;
        run_script(rest, NULL);
        neap_arena_end(arena);
    }
    neap_arena_free(arena);
}
END_TEST

START_TEST(arenas_do_not_nest)
{
    neap_arena *a = neap_arena_new(), *b = neap_arena_new();
    neap_error_clear();
    ck_assert_int_eq(neap_arena_begin(a), 0);
    ck_assert_int_eq(neap_arena_begin(b), -1);
    ck_assert(neap_failed());
    neap_error_clear();
    neap_arena_end(b);
    neap_arena_end(a);
    ck_assert_int_eq(neap_arena_begin(b), 0);
    neap_arena_free(b);
    ck_assert_int_eq(neap_arena_begin(a), 0);
    neap_arena_end(a);
    neap_arena_free(a);
    neap_arena_free(NULL);
}
END_TEST

/* An error of the step itself is none of the arena's business. */
START_TEST(pending_errors_stay)
{
    neap_arena *arena = neap_arena_new();
    neap_error_clear();
    ck_assert_int_eq(neap_arena_begin(arena), 0);
    neap_fail("linear: expected 3, got 4");
    neap_arena_end(arena);
    ck_assert_str_eq(neap_error_message(), "linear: expected 3, got 4");
    neap_error_clear();
    neap_arena_free(arena);
}
END_TEST

static bool refuse_nth(void *countdown, size_t bytes)
{
    (void)bytes;
    return --*(int *)countdown == 0;
}

/* Refuse the n-th request, for every n: a request of the step fails with a message, or the arena does without. */
START_TEST(refused_in_a_step)
{
    for (int n = 1; n < 60; n++) {
        neap_arena *arena = neap_arena_new();
        for (int repeat = 0; repeat < 3; repeat++) {
            int countdown = repeat == 2 ? 0 : n;
            neap_error_clear();
            neap_on_allocate(refuse_nth, &countdown);
            ck_assert_int_eq(neap_arena_begin(arena), 0);
            void *a = neap_buffer_new(50000), *b = neap_buffer_new(60000);
            neap_buffer_free(a);
            void *c = neap_buffer_new(40000);
            neap_buffer_free(b);
            neap_buffer_free(c);
            neap_arena_end(arena);
            neap_on_allocate(NULL, NULL);
            ck_assert_int_eq(neap_failed(), !a || !b || !c);
        }
        neap_arena_free(arena);
    }
    neap_error_clear();
}
END_TEST

/* Random steps, with random differences between them, all painted and checked. */
START_TEST(random_steps)
{
    static action script[401];
    uint32_t state = 12345u + (uint32_t)_i;
    neap_arena *arena = neap_arena_new();
    for (int round = 0; round < 12; round++) {
        const int change = round % 3 == 2 ? (int)((state >> 9) % 400) : 400;
        for (int i = 0; i < 400; i++) {
            state = state * 1664525u + 1013904223u;
            if (round == 0 || i >= change) {
                script[i] = (action){(int)(state >> 29), state >> 27 & 1 ? 0 : 1 + (state >> 8) % 30000};
            }
        }
        script[400] = (action)END;
        free_slots();
        step(arena, script, NULL);
    }
    free_slots();
    neap_arena_free(arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, replay_gives_the_same_addresses);
    tcase_add_loop_test(tests, deviations_are_safe, 0, (int)(sizeof deviations / sizeof *deviations));
    tcase_add_test(tests, many_deviations);
    tcase_add_test(tests, an_escapee_among_what_is_shared);
    tcase_add_test(tests, escapees_survive);
    tcase_add_test(tests, planned_buffers_keep_the_mapping);
    tcase_add_test(tests, live_data_is_not_planned_over);
    tcase_add_test(tests, frees_on_other_threads);
    tcase_add_test(tests, arenas_do_not_nest);
    tcase_add_test(tests, pending_errors_stay);
    tcase_add_test(tests, refused_in_a_step);
    tcase_add_loop_test(tests, random_steps, 0, 8);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
