/*
 * The transforms: of pixels and filters to points, and back. Each goes along rows, then along columns, on vectors of channels in
 * registers. Forms are constants where they are inlined.
 */
#include "winograd.h"

typedef vreal square[MOST_POINTS][MOST_POINTS];
typedef void line_fn(const tile_form form, const vreal *x, vreal *y);

#define EACH(i, count) _Pragma("GCC unroll 6") for (int i = 0; i < (count); i++)

/* CALL(form) with a constant form. */
#define WITH_FORM(form, CALL)                                                                                       \
    do {                                                                                                            \
        if ((form).results == 4) {                                                                                  \
            CALL(((tile_form){3, 4}));                                                                              \
        } else if ((form).taps == 4) {                                                                              \
            CALL(((tile_form){4, 3}));                                                                              \
        } else if ((form).taps == 3) {                                                                              \
            CALL(((tile_form){3, 2}));                                                                              \
        } else {                                                                                                    \
            CALL(((tile_form){2, 2}));                                                                              \
        }                                                                                                           \
    } while (0)

NEAP_INLINE int side_of(const tile_form form)
{
    return form.taps + form.results - 1;
}

/* --- Along one axis ------------------------------------------------------------------------------------------------ */

#define LOW ((real)0.70710678118654752)  /* the points other than 0 and infinity: of both signs */
#define HIGH ((real)1.4142135623730950)

/* x + factor y */
NEAP_INLINE vreal plus(vreal x, double factor, vreal y)
{
    return vfma(vset((real)factor), y, x);
}

/* With six points: the values of a polynomial of three or four coefficients there, the last one at infinity; and the transpose of
 * that. Values at low and high points are scaled. */
NEAP_INLINE void evaluate(const int count, double scale_low, double scale_high, const vreal *q, vreal *v)
{
    const vreal low_odd = count == 4 ? plus(q[1], 0.5, q[3]) : q[1], high_odd = count == 4 ? plus(q[1], 2, q[3]) : q[1];
    const vreal low = plus(q[0], 0.5, q[2]) * (real)scale_low, high = plus(q[0], 2, q[2]) * (real)scale_high;
    v[0] = q[0];
    v[1] = plus(low, scale_low * LOW, low_odd);
    v[2] = plus(low, -scale_low * LOW, low_odd);
    v[3] = plus(high, scale_high * HIGH, high_odd);
    v[4] = plus(high, -scale_high * HIGH, high_odd);
    v[5] = q[count - 1];
}

NEAP_INLINE void sum_up(const int count, double scale_low, double scale_high, const vreal *v, vreal *q)
{
    const vreal low = (v[1] + v[2]) * (real)scale_low, low_odd = (v[1] - v[2]) * (real)(scale_low * LOW);
    const vreal high = (v[3] + v[4]) * (real)scale_high, high_odd = (v[3] - v[4]) * (real)(scale_high * HIGH);
    q[0] = v[0] + low + high;
    q[1] = low_odd + high_odd;
    q[2] = plus(plus(count == 3 ? v[5] : vset(0), 2, high), 0.5, low);
    if (count == 4) {
        q[3] = plus(plus(v[5], 2, high_odd), 0.5, low_odd);
    }
}

#define SCALE_LOW (-2.0 / 3) /* 1 over the product of a point's distances from the other points but infinity */
#define SCALE_HIGH (1.0 / 6)

/* B'd: pixels to as many points. */
NEAP_INLINE void pixel_line(const tile_form form, const vreal *d, vreal *v)
{
    if (side_of(form) == 6) {
        const vreal low = plus(d[4], -2, d[2]), low_odd = plus(d[3], -2, d[1]);
        const vreal high = plus(d[4], -0.5, d[2]), high_odd = plus(d[3], -0.5, d[1]);
        v[0] = plus(d[0] + d[4], -2.5, d[2]);
        v[1] = plus(low, LOW, low_odd);
        v[2] = plus(low, -LOW, low_odd);
        v[3] = plus(high, HIGH, high_odd);
        v[4] = plus(high, -HIGH, high_odd);
        v[5] = plus(d[1] + d[5], -2.5, d[3]);
    } else if (form.taps == 3) {
        v[0] = d[0] - d[2];
        v[1] = d[1] + d[2];
        v[2] = d[2] - d[1];
        v[3] = d[1] - d[3];
    } else {
        v[0] = d[0] - d[1];
        v[1] = d[1];
        v[2] = d[2] - d[1];
    }
}

/* Gg: taps to points. */
NEAP_INLINE void filter_line(const tile_form form, const vreal *g, vreal *u)
{
    if (side_of(form) == 6) {
        evaluate(form.taps, SCALE_LOW, SCALE_HIGH, g, u);
    } else if (form.taps == 3) {
        const vreal half = vset((real)0.5), outer = g[0] + g[2];
        u[0] = g[0];
        u[1] = (outer + g[1]) * half;
        u[2] = (outer - g[1]) * half;
        u[3] = g[2];
    } else {
        u[0] = g[0];
        u[1] = g[0] + g[1];
        u[2] = g[1];
    }
}

/* A'm: points to results. */
NEAP_INLINE void result_line(const tile_form form, const vreal *m, vreal *y)
{
    if (side_of(form) == 6) {
        sum_up(form.results, 1, 1, m, y);
    } else if (form.taps == 3) {
        y[0] = m[0] + m[1] + m[2];
        y[1] = m[1] - m[2] - m[3];
    } else {
        y[0] = m[0] + m[1];
        y[1] = m[1] + m[2];
    }
}

/* A of what arrives at results. */
NEAP_INLINE void result_gradient_line(const tile_form form, const vreal *y, vreal *m)
{
    if (side_of(form) == 6) {
        evaluate(form.results, 1, 1, y, m);
    } else if (form.taps == 3) {
        m[0] = y[0];
        m[1] = y[0] + y[1];
        m[2] = y[0] - y[1];
        m[3] = -y[1];
    } else {
        m[0] = y[0];
        m[1] = y[0] + y[1];
        m[2] = y[1];
    }
}

/* G' of what arrives at the points of a filter. */
NEAP_INLINE void filter_gradient_line(const tile_form form, const vreal *u, vreal *g)
{
    if (side_of(form) == 6) {
        sum_up(form.taps, SCALE_LOW, SCALE_HIGH, u, g);
    } else if (form.taps == 3) {
        const vreal half = vset((real)0.5), sum = (u[1] + u[2]) * half;
        g[0] = u[0] + sum;
        g[1] = (u[1] - u[2]) * half;
        g[2] = sum + u[3];
    } else {
        g[0] = u[0] + u[1];
        g[1] = u[1] + u[2];
    }
}

/* Column j, once all rows have been transformed. */
NEAP_INLINE void column_line(const tile_form form, const int rows, line_fn *line, square half, int j, vreal *done)
{
    vreal column[MOST_POINTS];
    EACH(i, rows) {
        column[i] = half[i][j];
    }
    line(form, column, done);
}

/* --- Tiles of pixels ----------------------------------------------------------------------------------------------- */

/* The pixels of a tile and of what its taps reach, in one phase. */
typedef struct window {
    real *line[MOST_POINTS];       /* NULL outside of the picture */
    int64_t at[MOST_POINTS];       /* of a column in its line; -1 outside */
    bool inside;                   /* all of it */
} window;

NEAP_INLINE int64_t place_along(const tile_axis *a, int64_t pixel, int64_t phase)
{
    const int64_t at = pixel * a->step + a->origin + phase;
    return at >= 0 && at < a->size ? at : -1;
}

NEAP_INLINE window find_window(const int results, const int side, const tile_pixels *p, const tiling *t, int64_t tile,
                               int64_t phase)
{
    const int64_t column = tile % t->columns * results, line = tile / t->columns, row = line % t->rows * results;
    real *picture = p->data + line / t->rows * p->rows.size * p->columns.size * p->pixel;
    window w = {.inside = true};
    for (int i = 0; i < side; i++) {
        const int64_t y = place_along(&p->rows, row + i, phase / p->phases);
        const int64_t x = place_along(&p->columns, column + i, phase % p->phases);
        w.line[i] = y < 0 ? NULL : picture + y * p->columns.size * p->pixel;
        w.at[i] = x < 0 ? -1 : x * p->pixel;
        w.inside = w.inside && y >= 0 && x >= 0;
    }
    return w;
}

/* One vector of channels of `in` by `in` pixels to points. */
NEAP_INLINE void read_lanes(const tile_form form, const bool inside, const int in, line_fn *line, const window *w, int64_t c,
                            real *points, int64_t apart)
{
    square half;
    EACH(i, in) {
        vreal d[MOST_POINTS];
        EACH(j, in) {
            d[j] = inside || (w->line[i] && w->at[j] >= 0) ? vload(w->line[i] + w->at[j] + c) : vset(0);
        }
        line(form, d, half[i]);
    }
    EACH(j, side_of(form)) {
        vreal v[MOST_POINTS];
        column_line(form, in, line, half, j, v);
        EACH(i, side_of(form)) {
            vstore(points + (i * side_of(form) + j) * apart, v[i]);
        }
    }
}

NEAP_INLINE void read_tile(const tile_form form, const int in, line_fn *line, const tile_pixels *x, const tiling *t,
                           int64_t tile, const tile_points *points)
{
    for (int64_t phase = 0; phase < x->phases * x->phases; phase++) {
        const window w = find_window(form.results, in, x, t, tile, phase);
        for (int64_t c = 0; c < x->channels; c += VLEN) {
            real *to = points_at(points, phase * x->channels + c);
            if (w.inside) {
                read_lanes(form, true, in, line, &w, c, to, points->apart);
            } else {
                read_lanes(form, false, in, line, &w, c, to, points->apart);
            }
        }
    }
}

void NEAP_VARIANT(neap_winograd_read)(tile_form form, const tile_pixels *x, const tiling *t, int64_t tile,
                                      const tile_points *points)
{
#define READ(form) read_tile(form, side_of(form), pixel_line, x, t, tile, points)
    WITH_FORM(form, READ);
}

void NEAP_VARIANT(neap_winograd_read_gradient)(tile_form form, const tile_pixels *y, const tiling *t, int64_t tile,
                                               const tile_points *points)
{
#define READ_GRADIENT(form) read_tile(form, (form).results, result_gradient_line, y, t, tile, points)
    WITH_FORM(form, READ_GRADIENT);
}

/* Rows of points to rows of `out` values. */
NEAP_INLINE void load_rows(const tile_form form, line_fn *line, const real *points, int64_t apart, square half)
{
    EACH(i, side_of(form)) {
        vreal m[MOST_POINTS];
        EACH(j, side_of(form)) {
            m[j] = vload(points + (i * side_of(form) + j) * apart);
        }
        line(form, m, half[i]);
    }
}

NEAP_INLINE void write_tile(const tile_form form, const tile_pixels *y, const tiling *t, int64_t tile, const real *bias,
                            const tile_points *points)
{
    const window w = find_window(form.results, form.results, y, t, tile, 0);
    for (int64_t c = 0; c < y->channels; c += VLEN) {
        const vreal shift = bias ? vload(bias + c) : vset(0);
        square half;
        load_rows(form, result_line, points_at(points, c), points->apart, half);
        EACH(j, form.results) {
            vreal results[MOST_POINTS];
            column_line(form, side_of(form), result_line, half, j, results);
            EACH(i, form.results) {
                if (w.inside || (w.line[i] && w.at[j] >= 0)) {
                    vstore(w.line[i] + w.at[j] + c, results[i] + shift);
                }
            }
        }
    }
}

void NEAP_VARIANT(neap_winograd_write)(tile_form form, const tile_pixels *y, const tiling *t, int64_t tile,
                                       const real *bias, const tile_points *points)
{
#define WRITE(form) write_tile(form, y, t, tile, bias, points)
    WITH_FORM(form, WRITE);
}

/* --- Filters ------------------------------------------------------------------------------------------------------- */

/* Where tap (i, j) of a phase of an output's filters lies. */
NEAP_INLINE real *find_tap(const tile_filters *w, int64_t output, int64_t phase, int i, int j)
{
    const int64_t row = w->rows.first + phase / w->phases + i * w->rows.step;
    const int64_t column = w->columns.first + phase % w->phases + j * w->columns.step;
    return w->data + ((output * w->kernel_rows + row) * w->kernel_columns + column) * w->channels;
}

NEAP_INLINE void filter_lanes(const tile_form form, const tile_filters *w, int64_t output, int64_t phase, int64_t c,
                              real *points, int64_t apart)
{
    square half;
    EACH(i, form.taps) {
        vreal g[MOST_POINTS];
        EACH(j, form.taps) {
            g[j] = vload(find_tap(w, output, phase, i, j) + c);
        }
        filter_line(form, g, half[i]);
    }
    EACH(j, side_of(form)) {
        vreal u[MOST_POINTS];
        column_line(form, form.taps, filter_line, half, j, u);
        EACH(i, side_of(form)) {
            vstore(points + (i * side_of(form) + j) * apart, u[i]);
        }
    }
}

NEAP_INLINE void filter_gradient_lanes(const tile_form form, const tile_filters *w, int64_t output, int64_t phase, int64_t c,
                                       real *points, int64_t apart)
{
    square half;
    load_rows(form, filter_gradient_line, points, apart, half);
    EACH(j, form.taps) {
        vreal g[MOST_POINTS];
        column_line(form, side_of(form), filter_gradient_line, half, j, g);
        EACH(i, form.taps) {
            vstore(find_tap(w, output, phase, i, j) + c, g[i]);
        }
    }
}

typedef void lanes_fn(const tile_form form, const tile_filters *w, int64_t output, int64_t phase, int64_t c, real *points,
                      int64_t apart);

NEAP_INLINE void each_vector(const tile_form form, lanes_fn *lanes, const tile_filters *w, int64_t output,
                             const tile_points *points)
{
    for (int64_t phase = 0; phase < w->phases * w->phases; phase++) {
        for (int64_t c = 0; c < w->channels; c += VLEN) {
            lanes(form, w, output, phase, c, points_at(points, phase * w->channels + c), points->apart);
        }
    }
}

void NEAP_VARIANT(neap_winograd_filter)(tile_form form, const tile_filters *w, int64_t output, const tile_points *points)
{
#define FILTER(form) each_vector(form, filter_lanes, w, output, points)
    WITH_FORM(form, FILTER);
}

void NEAP_VARIANT(neap_winograd_filter_gradient)(tile_form form, const tile_filters *w, int64_t output,
                                                 const tile_points *points)
{
#define FILTER_GRADIENT(form) each_vector(form, filter_gradient_lanes, w, output, points)
    WITH_FORM(form, FILTER_GRADIENT);
}
