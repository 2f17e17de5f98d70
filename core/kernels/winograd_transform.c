/*
 * The transforms: of pixels and filters to points, and back. Each is one along columns, then along rows, on vectors of
 * channels in registers.
 */
#include "winograd.h"

typedef vreal square[MOST_POINTS][MOST_POINTS];
typedef void line_fn(const int taps, const vreal *x, vreal *y);

/* --- Along one axis ------------------------------------------------------------------------------------------------ */

/* B'd: taps + 1 pixels to as many points. */
NEAP_INLINE void pixel_line(const int taps, const vreal *d, vreal *v)
{
    if (taps == 2) {
        v[0] = d[0] - d[1];
        v[1] = d[1];
        v[2] = d[2] - d[1];
    } else {
        v[0] = d[0] - d[2];
        v[1] = d[1] + d[2];
        v[2] = d[2] - d[1];
        v[3] = d[1] - d[3];
    }
}

/* Gg: taps to points. */
NEAP_INLINE void filter_line(const int taps, const vreal *g, vreal *u)
{
    if (taps == 2) {
        u[0] = g[0];
        u[1] = g[0] + g[1];
        u[2] = g[1];
    } else {
        const vreal half = vset((real)0.5), outer = g[0] + g[2];
        u[0] = g[0];
        u[1] = (outer + g[1]) * half;
        u[2] = (outer - g[1]) * half;
        u[3] = g[2];
    }
}

/* A'm: points to two results. */
NEAP_INLINE void result_line(const int taps, const vreal *m, vreal *y)
{
    if (taps == 2) {
        y[0] = m[0] + m[1];
        y[1] = m[1] + m[2];
    } else {
        y[0] = m[0] + m[1] + m[2];
        y[1] = m[1] - m[2] - m[3];
    }
}

/* A of what arrives at two results, and G' of what arrives at the points of a filter. */
NEAP_INLINE void result_gradient_line(const int taps, const vreal *y, vreal *m)
{
    m[0] = y[0];
    m[1] = y[0] + y[1];
    if (taps == 2) {
        m[2] = y[1];
    } else {
        m[2] = y[0] - y[1];
        m[3] = -y[1];
    }
}

NEAP_INLINE void filter_gradient_line(const int taps, const vreal *u, vreal *g)
{
    if (taps == 2) {
        g[0] = u[0] + u[1];
        g[1] = u[1] + u[2];
    } else {
        const vreal half = vset((real)0.5), sum = (u[1] + u[2]) * half;
        g[0] = u[0] + sum;
        g[1] = (u[1] - u[2]) * half;
        g[2] = sum + u[3];
    }
}

/* Along both: in by in values to out by out. */
NEAP_INLINE void on_both(const int taps, const int in, const int out, line_fn *line, square x, square y)
{
    square half;
    _Pragma("GCC unroll 4") for (int i = 0; i < in; i++) {
        line(taps, x[i], half[i]);
    }
    _Pragma("GCC unroll 4") for (int j = 0; j < out; j++) {
        vreal column[MOST_POINTS], done[MOST_POINTS];
        _Pragma("GCC unroll 4") for (int i = 0; i < in; i++) {
            column[i] = half[i][j];
        }
        line(taps, column, done);
        _Pragma("GCC unroll 4") for (int i = 0; i < out; i++) {
            y[i][j] = done[i];
        }
    }
}

NEAP_INLINE void store_points(const int side, square v, const tile_points *p, int64_t k)
{
    _Pragma("GCC unroll 4") for (int i = 0; i < side; i++) {
        _Pragma("GCC unroll 4") for (int j = 0; j < side; j++) {
            vstore(points_at(p, k) + (i * side + j) * p->apart, v[i][j]);
        }
    }
}

NEAP_INLINE void load_points(const int side, const tile_points *p, int64_t k, square v)
{
    _Pragma("GCC unroll 4") for (int i = 0; i < side; i++) {
        _Pragma("GCC unroll 4") for (int j = 0; j < side; j++) {
            v[i][j] = vload(points_at(p, k) + (i * side + j) * p->apart);
        }
    }
}

/* --- Tiles of pixels ----------------------------------------------------------------------------------------------- */

/* The pixels of a tile and of what its taps reach, in one phase; NULL outside of the picture. */
typedef real *pixel_square[MOST_POINTS][MOST_POINTS];

NEAP_INLINE int64_t place_along(const tile_axis *a, int64_t pixel, int64_t phase)
{
    const int64_t at = pixel * a->step + a->origin + phase;
    return at >= 0 && at < a->size ? at : -1;
}

NEAP_INLINE void find_pixels(const int side, const tile_pixels *p, const tiling *t, int64_t tile, int64_t phase,
                             pixel_square at)
{
    const int64_t column = tile % t->columns * TILE_SIDE, line = tile / t->columns, row = line % t->rows * TILE_SIDE;
    real *picture = p->data + line / t->rows * p->rows.size * p->columns.size * p->pixel;
    for (int i = 0; i < side; i++) {
        const int64_t y = place_along(&p->rows, row + i, phase / p->phases);
        for (int j = 0; j < side; j++) {
            const int64_t x = place_along(&p->columns, column + j, phase % p->phases);
            at[i][j] = y < 0 || x < 0 ? NULL : picture + (y * p->columns.size + x) * p->pixel;
        }
    }
}

NEAP_INLINE void load_pixels(const int side, pixel_square at, int64_t channel, square d)
{
    _Pragma("GCC unroll 4") for (int i = 0; i < side; i++) {
        _Pragma("GCC unroll 4") for (int j = 0; j < side; j++) {
            d[i][j] = at[i][j] ? vload(at[i][j] + channel) : vset(0);
        }
    }
}

/* in by in pixels of each phase to taps + 1 by as many points. */
NEAP_INLINE void read_tile(const int taps, const int in, line_fn *line, const tile_pixels *x, const tiling *t, int64_t tile,
                           const tile_points *points)
{
    for (int64_t phase = 0; phase < x->phases * x->phases; phase++) {
        pixel_square at;
        find_pixels(in, x, t, tile, phase, at);
        for (int64_t c = 0; c < x->channels; c += VLEN) {
            square d, v;
            load_pixels(in, at, c, d);
            on_both(taps, in, taps + 1, line, d, v);
            store_points(taps + 1, v, points, phase * x->channels + c);
        }
    }
}

void NEAP_VARIANT(neap_winograd_read)(int taps, const tile_pixels *x, const tiling *t, int64_t tile,
                                      const tile_points *points)
{
    if (taps == 2) {
        read_tile(2, 3, pixel_line, x, t, tile, points);
    } else {
        read_tile(3, 4, pixel_line, x, t, tile, points);
    }
}

void NEAP_VARIANT(neap_winograd_read_gradient)(int taps, const tile_pixels *y, const tiling *t, int64_t tile,
                                               const tile_points *points)
{
    if (taps == 2) {
        read_tile(2, TILE_SIDE, result_gradient_line, y, t, tile, points);
    } else {
        read_tile(3, TILE_SIDE, result_gradient_line, y, t, tile, points);
    }
}

NEAP_INLINE void write_tile(const int taps, const tile_pixels *y, const tiling *t, int64_t tile, const real *bias,
                            const tile_points *points)
{
    pixel_square at;
    find_pixels(TILE_SIDE, y, t, tile, 0, at);
    for (int64_t c = 0; c < y->channels; c += VLEN) {
        const vreal shift = bias ? vload(bias + c) : vset(0);
        square m, results;
        load_points(taps + 1, points, c, m);
        on_both(taps, taps + 1, TILE_SIDE, result_line, m, results);
        for (int i = 0; i < TILE_SIDE; i++) {
            for (int j = 0; j < TILE_SIDE; j++) {
                if (at[i][j]) {
                    vstore(at[i][j] + c, results[i][j] + shift);
                }
            }
        }
    }
}

void NEAP_VARIANT(neap_winograd_write)(int taps, const tile_pixels *y, const tiling *t, int64_t tile, const real *bias,
                                       const tile_points *points)
{
    if (taps == 2) {
        write_tile(2, y, t, tile, bias, points);
    } else {
        write_tile(3, y, t, tile, bias, points);
    }
}

/* --- Filters ------------------------------------------------------------------------------------------------------- */

/* Where tap (i, j) of a phase of an output's filters lies. */
NEAP_INLINE real *find_tap(const tile_filters *w, int64_t output, int64_t phase, int i, int j)
{
    const int64_t row = w->rows.first + phase / w->phases + i * w->rows.step;
    const int64_t column = w->columns.first + phase % w->phases + j * w->columns.step;
    return w->data + ((output * w->kernel_rows + row) * w->kernel_columns + column) * w->channels;
}

NEAP_INLINE void transform_filter(const int taps, const tile_filters *w, int64_t output, const tile_points *points)
{
    for (int64_t phase = 0; phase < w->phases * w->phases; phase++) {
        for (int64_t c = 0; c < w->channels; c += VLEN) {
            square g, u;
            for (int i = 0; i < taps; i++) {
                for (int j = 0; j < taps; j++) {
                    g[i][j] = vload(find_tap(w, output, phase, i, j) + c);
                }
            }
            on_both(taps, taps, taps + 1, filter_line, g, u);
            store_points(taps + 1, u, points, phase * w->channels + c);
        }
    }
}

void NEAP_VARIANT(neap_winograd_filter)(int taps, const tile_filters *w, int64_t output, const tile_points *points)
{
    if (taps == 2) {
        transform_filter(2, w, output, points);
    } else {
        transform_filter(3, w, output, points);
    }
}

NEAP_INLINE void transform_gradient(const int taps, const tile_filters *w, int64_t output, const tile_points *points)
{
    for (int64_t phase = 0; phase < w->phases * w->phases; phase++) {
        for (int64_t c = 0; c < w->channels; c += VLEN) {
            square u, g;
            load_points(taps + 1, points, phase * w->channels + c, u);
            on_both(taps, taps + 1, taps, filter_gradient_line, u, g);
            for (int i = 0; i < taps; i++) {
                for (int j = 0; j < taps; j++) {
                    vstore(find_tap(w, output, phase, i, j) + c, g[i][j]);
                }
            }
        }
    }
}

void NEAP_VARIANT(neap_winograd_filter_gradient)(int taps, const tile_filters *w, int64_t output,
                                                 const tile_points *points)
{
    if (taps == 2) {
        transform_gradient(2, w, output, points);
    } else {
        transform_gradient(3, w, output, points);
    }
}
