/* Grids of times: even, shifted or listed; whole or in part, in either direction. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/number.h>
#include <neap/sampling.h>

#define MAX_TIMES 100001

static double shifted(double u, double shift)
{
    return shift * u / (1 + (shift - 1) * u);
}

/* The inverse: u with shifted(u) = t. */
static double unshifted(double t, double shift)
{
    return t / (shift - (shift - 1) * t);
}

static double *even_times(const neap_grid *grid, double from, double to, int64_t *steps)
{
    double *times = neap_calloc((size_t)grid->steps + 1, sizeof *times);
    double shift = grid->shift > 0 ? grid->shift : 1, u = unshifted(from, shift), v = unshifted(to, shift);
    for (int64_t i = 0; times && i <= grid->steps; i++)
        times[i] = shifted(u + (v - u) * (double)i / (double)grid->steps, shift);
    if (times) {
        times[0] = from;
        times[grid->steps] = to;
    }
    *steps = grid->steps;
    return times;
}

/* --- Lists of times ------------------------------------------------------------------------------------------------- */

/* Skips blanks and at most one comma behind a time. *comma: another time must follow. */
static const char *skip_separator(const char *text, bool *comma)
{
    text += strspn(text, " ");
    *comma = *text == ',';
    text += *comma;
    return text + strspn(text, " ");
}

static int count_times(const char *text)
{
    int count = 0;
    for (bool comma = false; *text || comma; count++) {
        char *end;
        double value = neap_read_number(text, &end);
        if (end == text || !isfinite(value))
            return -1;
        text = skip_separator(end, &comma);
    }
    return count;
}

static int read_times(const char *text, double *times, int count)
{
    for (int i = 0; i < count; i++) {
        char *end;
        bool comma;
        times[i] = neap_read_number(text, &end);
        text = skip_separator(end, &comma);
        if (i > 0 && !(times[i] < times[i - 1]))
            return neap_fail("times: expected a descending list, got %g after %g", times[i], times[i - 1]);
    }
    if (times[0] != 1 || times[count - 1] != 0)
        return neap_fail("times: expected a list from 1 to 0, got one from %g to %g", times[0], times[count - 1]);
    return 0;
}

/* Keeps the times in (low, high), descending, and adds both ends. Returns the number of steps. */
static int64_t cut(double *times, int count, double high, double low)
{
    int64_t kept = 1;
    for (int i = 0; i < count; i++)
        if (times[i] < high && times[i] > low)
            times[kept++] = times[i];
    times[0] = high;
    times[kept] = low;
    return kept;
}

static void reverse(double *times, int64_t count)
{
    for (int64_t i = 0; i < count / 2; i++) {
        double swap = times[i];
        times[i] = times[count - 1 - i];
        times[count - 1 - i] = swap;
    }
}

static double *given_times(const neap_grid *grid, double from, double to, int64_t *steps)
{
    int count = count_times(grid->times);
    if (count < 2 || count > MAX_TIMES)
        return neap_fail_null("times: expected numbers from 1 down to 0, got '%.80s'", grid->times);
    double *times = neap_calloc((size_t)count + 1, sizeof *times);
    if (!times || read_times(grid->times, times, count) < 0) {
        neap_free(times);
        return NULL;
    }
    *steps = cut(times, count, fmax(from, to), fmin(from, to));
    if (from < to)
        reverse(times, *steps + 1);
    return times;
}

double *neap_grid_times(const neap_grid *grid, double from, double to, int64_t *steps)
{
    if (!(from >= 0 && from <= 1 && to >= 0 && to <= 1) || from == to)
        return neap_fail_null("times: expected two ends in [0, 1], got %g and %g", from, to);
    if (grid->times && *grid->times)
        return given_times(grid, from, to, steps);
    if (grid->steps < 1 || grid->steps >= MAX_TIMES)
        return neap_fail_null("steps: expected 1 to %d, got %lld", MAX_TIMES - 1, (long long)grid->steps);
    return even_times(grid, from, to, steps);
}
