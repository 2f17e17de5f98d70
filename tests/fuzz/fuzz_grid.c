/* Fuzz target: any text as the times of a sampler's grid, cut between any two ends. */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/sampling.h>

#include "replay.h"

static void check_order(const double *times, int64_t steps, double from, double to)
{
    if (steps < 1 || times[0] != from || times[steps] != to)
        abort();
    for (int64_t i = 0; i < steps; i++)
        if (!(from < to ? times[i] < times[i + 1] : times[i] > times[i + 1]))
            abort();
}

static void cut(const neap_grid *grid, double from, double to)
{
    int64_t steps = 0;
    double *times = neap_grid_times(grid, from, to, &steps);
    if (!times != neap_failed())
        abort(); /* a failure has a message, and a success has none */
    if (times)
        check_order(times, steps, from, to);
    neap_free(times);
    neap_error_clear();
}

/* The first two bytes are the ends, the rest is the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size < 2 ? NULL : malloc(size - 1);
    if (!text)
        return 0;
    memcpy(text, data + 2, size - 2);
    text[size - 2] = 0;
    const neap_grid grid = {.steps = 1 + data[0], .shift = 1, .times = text};
    cut(&grid, data[0] / 255.0, data[1] / 255.0);
    cut(&grid, 1, 0);
    free(text);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

static size_t make_times(int index, uint8_t *bytes)
{
    static const char *const seeds[] = {"\xff\x01" "1 0.75 0.5 0", "\x01\xff" "1,0.9, 0.1,0", "\x80\x40" "1 1e-3 0x1p-20 0"};
    if (index > 2)
        return 0;
    memcpy(bytes, seeds[index], strlen(seeds[index]));
    return strlen(seeds[index]);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_times, 20000);
}

#endif
