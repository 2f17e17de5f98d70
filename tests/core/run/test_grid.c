/* Grids of times: even, shifted, given; parts of them, and upward; and what is refused. */
#include <neap/sampling.h>

#include "run_test.h"

static void has_times(neap_grid grid, double from, double to, const double *expected, int64_t count)
{
    int64_t steps = -1;
    double *times = neap_grid_times(&grid, from, to, &steps);
    ck_assert_msg(times != NULL, "%s", neap_error_message());
    ck_assert_int_eq(steps, count - 1);
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(fabs(times[i] - expected[i]) < 1e-15, "time %d: expected %.17g, got %.17g", (int)i, expected[i],
                      times[i]);
    ck_assert(times[0] == from && times[steps] == to);
    neap_free(times);
}

#define TIMES(...) (const double[]){__VA_ARGS__}, (int64_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void is_refused(neap_grid grid, double from, double to, const char *message)
{
    int64_t steps;
    ck_fails_with(!neap_grid_times(&grid, from, to, &steps), message);
}

/* --- By steps ---------------------------------------------------------------------------------------------------- */

START_TEST(even)
{
    has_times((neap_grid){.steps = 4, .shift = 1}, 1, 0, TIMES(1, 0.75, 0.5, 0.25, 0));
    has_times((neap_grid){.steps = 4}, 1, 0, TIMES(1, 0.75, 0.5, 0.25, 0)); /* no shift given is none */
    has_times((neap_grid){.steps = 1, .shift = 1}, 1, 0, TIMES(1, 0));
    has_times((neap_grid){.steps = 2, .shift = 1}, 0.6, 0, TIMES(0.6, 0.3, 0));
    has_times((neap_grid){.steps = 2, .shift = 1}, 0, 1, TIMES(0, 0.5, 1));
    has_times((neap_grid){.steps = 2, .shift = 1}, 0.2, 0.8, TIMES(0.2, 0.5, 0.8));
}
END_TEST

/* 3 u / (1 + 2 u) at u = 3/4, 1/2, 1/4: steps are short near noise. A part of the way is a part of the same curve: u of
 * 0.6 is 1/3. */
START_TEST(shifted)
{
    has_times((neap_grid){.steps = 4, .shift = 3}, 1, 0, TIMES(1, 0.9, 0.75, 0.5, 0));
    has_times((neap_grid){.steps = 4, .shift = 3}, 0, 1, TIMES(0, 0.5, 0.75, 0.9, 1));
    has_times((neap_grid){.steps = 4, .shift = 3}, 0.9, 0.5, TIMES(0.9, 5.0 / 6, 0.75, 9.0 / 14, 0.5));
    has_times((neap_grid){.steps = 2, .shift = 3}, 0.6, 0, TIMES(0.6, 0.375, 0));
    has_times((neap_grid){.steps = 2, .shift = 1.0 / 3}, 1, 0, TIMES(1, 0.25, 0));
}
END_TEST

START_TEST(refused_steps)
{
    is_refused((neap_grid){.steps = 0, .shift = 1}, 1, 0, "steps: expected 1 to 100000, got 0");
    is_refused((neap_grid){.steps = -5, .shift = 1}, 1, 0, "steps: expected 1 to 100000, got -5");
    is_refused((neap_grid){.steps = 100001, .shift = 1}, 1, 0, "steps: expected 1 to 100000, got 100001");
    is_refused((neap_grid){.steps = INT64_MAX}, 1, 0, "steps: expected 1 to 100000, got 9223372036854775807");
}
END_TEST

START_TEST(refused_ends)
{
    const neap_grid grid = {.steps = 4, .shift = 1}, given = {.times = "1 0"};
    is_refused(grid, 0.5, 0.5, "times: expected two ends in [0, 1], got 0.5 and 0.5");
    is_refused(grid, 1.5, 0, "times: expected two ends in [0, 1], got 1.5 and 0");
    is_refused(grid, 1, -0.25, "times: expected two ends in [0, 1], got 1 and -0.25");
    is_refused(given, 0, 2, "times: expected two ends in [0, 1], got 0 and 2");
    int64_t steps;
    ck_fails_saying(!neap_grid_times(&grid, NAN, 0, &steps), "times: expected two ends in [0, 1], got ");
}
END_TEST

/* --- Given ------------------------------------------------------------------------------------------------------- */

START_TEST(given)
{
    static const char *const same[] = {"1 0.7 0.2 0", "1,0.7,0.2,0", "  1, 0.7 ,0.2 0  ", "1.0 7e-1 .2 0.0"};
    for (int i = 0; i < 4; i++)
        has_times((neap_grid){.times = same[i]}, 1, 0, TIMES(1, 0.7, 0.2, 0));
    has_times((neap_grid){.times = "1 0", .steps = 9}, 1, 0, TIMES(1, 0)); /* they take the place of steps */
    has_times((neap_grid){.times = "", .steps = 1}, 1, 0, TIMES(1, 0));
}
END_TEST

/* The part between the ends; one that is a time itself is no step of length 0. */
START_TEST(parts_of_given)
{
    const neap_grid grid = {.times = "1 0.7 0.2 0"};
    has_times(grid, 0.5, 0, TIMES(0.5, 0.2, 0));
    has_times(grid, 0.7, 0, TIMES(0.7, 0.2, 0));
    has_times(grid, 0.1, 0, TIMES(0.1, 0));
    has_times(grid, 0.9, 0.2, TIMES(0.9, 0.7, 0.2));
    has_times(grid, 0, 1, TIMES(0, 0.2, 0.7, 1));
    has_times(grid, 0.1, 0.8, TIMES(0.1, 0.2, 0.7, 0.8));
    has_times((neap_grid){.times = "1 0"}, 0.5, 0, TIMES(0.5, 0));
}
END_TEST

START_TEST(refused_lists)
{
    static const struct {
        const char *times, *message;
    } bad[] = {
        {"0 0.5 1", "times: expected a descending list, got 0.5 after 0"},
        {"1 0.5 0.5 0", "times: expected a descending list, got 0.5 after 0.5"},
        {"1 0.5 0.6 0", "times: expected a descending list, got 0.6 after 0.5"},
        {"1 0.5", "times: expected a list from 1 to 0, got one from 1 to 0.5"},
        {"0.9 0.5 0", "times: expected a list from 1 to 0, got one from 0.9 to 0"},
        {"2 1 0", "times: expected a list from 1 to 0, got one from 2 to 0"},
        {"1 0 -1", "times: expected a list from 1 to 0, got one from 1 to -1"},
        {"1", "times: expected numbers from 1 down to 0, got '1'"},
        {" ", "times: expected numbers from 1 down to 0, got ' '"},
        {"1 x 0", "times: expected numbers from 1 down to 0, got '1 x 0'"},
        {"1;0", "times: expected numbers from 1 down to 0, got '1;0'"},
        {", 1 0", "times: expected numbers from 1 down to 0, got ', 1 0'"},
        {"1,,0", "times: expected numbers from 1 down to 0, got '1,,0'"},
        {"1 0 , , ", "times: expected numbers from 1 down to 0, got '1 0 , , '"},
        {"1 0,", "times: expected numbers from 1 down to 0, got '1 0,'"},
        {"1 nan 0", "times: expected numbers from 1 down to 0, got '1 nan 0'"},
        {"inf 1 0", "times: expected numbers from 1 down to 0, got 'inf 1 0'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_refused((neap_grid){.times = bad[i].times}, 1, 0, bad[i].message);
}
END_TEST

/* 100,001 times, the most; one more is refused, and the message stays short. */
START_TEST(long_lists)
{
    enum { MOST = 100001, EACH = 9 };
    char *text = neap_calloc(MOST + 2, EACH), *at = text;
    int64_t steps = 0;
    for (int i = 0; i < MOST; i++)
        at += sprintf(at, "%.5f ", 1 - (double)i / (MOST - 1));
    neap_grid grid = {.times = text};
    double *times = neap_grid_times(&grid, 1, 0, &steps);
    ck_assert_msg(times != NULL, "%s", neap_error_message());
    ck_assert_int_eq(steps, MOST - 1);
    neap_free(times);
    sprintf(at, "-1");
    ck_assert(!neap_grid_times(&grid, 1, 0, &steps));
    ck_assert_uint_lt(strlen(neap_error_message()), 200);
    neap_error_clear();
    neap_free(text);
}
END_TEST

static bool make(void)
{
    int64_t steps;
    double *even_ones = neap_grid_times(&(neap_grid){.steps = 3}, 1, 0, &steps);
    double *given_ones = even_ones ? neap_grid_times(&(neap_grid){.times = "1 0.5 0"}, 0, 1, &steps) : NULL;
    const bool whole = given_ones != NULL;
    neap_free(even_ones);
    neap_free(given_ones);
    return whole;
}

START_TEST(every_allocation_may_fail)
{
    refuse_each(make);
}
END_TEST

/* --- As parameters of samplers ----------------------------------------------------------------------------------- */

START_TEST(parameters)
{
    static const char *const names[] = {"euler", "heun", "midpoint", "ab2", "euler_maruyama", "heun_sde"};
    for (int i = 0; i < 6; i++) {
        char message[128];
        neap_instance *sampler = DEFAULTS("sampler", names[i]);
        snprintf(message, sizeof message, "%s: steps: expected 1 to 100000, got 0", names[i]);
        ck_fails_with(neap_instance_set_text(sampler, "steps", "0"), message);
        snprintf(message, sizeof message, "%s: shift: expected 0.01 to 100, got 0", names[i]);
        ck_fails_with(neap_instance_set_text(sampler, "shift", "0"), message);
        neap_instance_release(sampler);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("grids of times", run_open, run_close, even, shifted, refused_steps, refused_ends, given,
                          parts_of_given, refused_lists, long_lists, every_allocation_may_fail, parameters);
}
