/*
 * Reading patches. Taps beside each other in a picture's row are beside each other in memory, too, where each pixel is read
 * whole; a run of them is copied at once, cut where it leaves the picture.
 */
#include "conv_patches.h"

/* A patch is `count` runs of `size` elements, `per_row` of them in each row of taps. */
typedef struct run_layout {
    int64_t size, per_row;
} run_layout;

static run_layout layout_of(const patches *p)
{
    const bool adjacent = p->columns.step == 1 && p->pixel == p->channels;
    return adjacent ? (run_layout){p->columns.taps * p->channels, 1} : (run_layout){p->channels, p->columns.taps};
}

NEAP_INLINE void zero_reals(real *y, int64_t n)
{
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        vstore(y + i, vset(0));
    }
    for (; i < n; i++) {
        y[i] = 0;
    }
}

NEAP_INLINE void copy_reals(const real *x, real *y, int64_t n)
{
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        vstore(y + i, vload(x + i));
    }
    for (; i < n; i++) {
        y[i] = x[i];
    }
}

NEAP_INLINE int64_t within(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Elements [begin, end) of the run that starts at pixel `column` of a row of the picture; NULL is a row outside. */
NEAP_INLINE void copy_run(const patches *p, const real *line, int64_t column, int64_t begin, int64_t end, real *out)
{
    const int64_t low = line ? within(-column * p->channels, begin, end) : end;
    const int64_t high = line ? within((p->columns.size - column) * p->channels, low, end) : end;
    zero_reals(out, low - begin);
    if (high > low) {
        copy_reals(line + column * p->pixel + low, out + low - begin, high - low);
    }
    zero_reals(out + high - begin, end - high);
}

/* Elements [first, last) of the patch whose tap (0, 0) is at pixel (row, column) of a picture. */
NEAP_INLINE void copy_patch(const patches *p, run_layout runs, const real *picture, int64_t row, int64_t column,
                            int64_t first, int64_t last, real *out)
{
    int64_t run = first / runs.size, tap_row = run / runs.per_row, tap = run % runs.per_row;
    for (int64_t at = run * runs.size; at < last; at += runs.size) {
        const int64_t y = row + tap_row * p->rows.step, begin = first > at ? first - at : 0;
        const real *line = y >= 0 && y < p->rows.size ? picture + y * p->columns.size * p->pixel : NULL;
        copy_run(p, line, column + tap * p->columns.step, begin, least(last - at, runs.size), out);
        out += least(last - at, runs.size) - begin;
        if (++tap == runs.per_row) {
            tap = 0;
            tap_row++;
        }
    }
}

void NEAP_VARIANT(neap_conv_read_patches)(const void *self, int64_t row, int64_t rows, int64_t col, int64_t count,
                                          real *out, int64_t out_row)
{
    const patches *p = self;
    const run_layout runs = layout_of(p);
    const int64_t picture_size = p->rows.size * p->columns.size * p->pixel;
    int64_t j = row % p->columns.patches, i = row / p->columns.patches % p->rows.patches;
    const real *picture = p->data + row / p->columns.patches / p->rows.patches * picture_size;
    for (int64_t r = 0; r < rows && count > 0; r++) {
        copy_patch(p, runs, picture, i * p->rows.stride + p->rows.origin, j * p->columns.stride + p->columns.origin, col,
                   col + count, out + r * out_row);
        if (++j == p->columns.patches) {
            j = 0;
            if (++i == p->rows.patches) {
                i = 0;
                picture += picture_size;
            }
        }
    }
}
