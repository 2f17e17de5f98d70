/*
 * Loops over rows of channels. Sums go down the rows in strips of channels that stay in registers; every channel adds its
 * terms in ascending order, whatever the strip.
 */
#include "channels.h"

/* A strip is `wide` vectors, or one of `part` lanes; both are constants where it is inlined, part 0 for whole vectors. */
#define WIDE 4

NEAP_INLINE vreal strip_load(const real *p, int64_t part)
{
    return part ? vload_part(p, part, 0) : vload(p);
}

NEAP_INLINE void strip_store(real *p, vreal x, int64_t part)
{
    if (part) {
        vstore_part(p, x, part);
    } else {
        vstore(p, x);
    }
}

/* CALL(wide, part) for each strip of n channels, which begins at channel j. */
#define EACH_STRIP(n, CALL)                                                                                         \
    do {                                                                                                            \
        int64_t j = 0;                                                                                              \
        for (; j + WIDE * VLEN <= (n); j += WIDE * VLEN) {                                                          \
            CALL(WIDE, 0);                                                                                          \
        }                                                                                                           \
        for (; j + VLEN <= (n); j += VLEN) {                                                                        \
            CALL(1, 0);                                                                                             \
        }                                                                                                           \
        if (j < (n)) {                                                                                              \
            CALL(1, (n) - j);                                                                                       \
        }                                                                                                           \
    } while (0)

#define EACH_VECTOR(wide) _Pragma("GCC unroll 4") for (int v = 0; v < (wide); v++)

NEAP_INLINE void moments_strip(const int wide, int64_t part, int64_t rows, const real *x, int64_t x_row, real *mean,
                               real *squares)
{
    vreal sum[WIDE] = {{0}}, square[WIDE] = {{0}}, rest[WIDE] = {{0}}, middle[WIDE];
    for (int64_t i = 0; i < rows; i++) {
        EACH_VECTOR(wide) {
            sum[v] += strip_load(x + i * x_row + v * VLEN, part);
        }
    }
    EACH_VECTOR(wide) {
        middle[v] = sum[v] / (real)rows;
    }
    for (int64_t i = 0; i < rows; i++) {
        EACH_VECTOR(wide) {
            const vreal d = strip_load(x + i * x_row + v * VLEN, part) - middle[v];
            square[v] = vfma(d, d, square[v]);
            rest[v] += d;
        }
    }
    EACH_VECTOR(wide) {
        const vreal off = rest[v] / (real)rows; /* what rounding left out of the first sum */
        strip_store(mean + v * VLEN, middle[v] + off, part);
        strip_store(squares + v * VLEN, vmax(vset(0), square[v] - off * rest[v]), part);
    }
}

void NEAP_VARIANT(neap_channel_moments)(int64_t rows, int64_t n, const real *x, real *mean, real *squares)
{
#define MOMENTS(wide, part) moments_strip(wide, part, rows, x + j, n, mean + j, squares + j)
    EACH_STRIP(n, MOMENTS);
}

/* --- The activation: SiLU, or a leaky ReLU of `slope` --------------------------------------------------------------- */

NEAP_INLINE vreal activate(const bool silu, vreal slope, vreal s)
{
    if (silu) {
        return s * vsigmoid(s);
    }
    return vpick(s > 0, s, s * slope);
}

/* What arrives at s when g arrives at act(s). */
NEAP_INLINE vreal through(const bool silu, vreal slope, vreal s, vreal g)
{
    if (!silu) {
        return vpick(s > 0, g, g * slope);
    }
    const vreal p = vsigmoid(s);
    return g * vfma(s * p, 1 - p, p);
}

NEAP_INLINE void sums_strip(const bool silu, const int wide, int64_t part, int64_t rows, const real *x, const real *gy,
                            int64_t row, const channel_map *map, int64_t j, real *sum, real *product)
{
    vreal mean[WIDE], scale[WIDE], shift[WIDE], s[WIDE] = {{0}}, p[WIDE] = {{0}};
    const vreal slope = vset(map->slope);
    EACH_VECTOR(wide) {
        mean[v] = strip_load(map->mean + j + v * VLEN, part);
        scale[v] = strip_load(map->scale + j + v * VLEN, part);
        shift[v] = strip_load(map->shift + j + v * VLEN, part);
    }
    for (int64_t i = 0; i < rows; i++) {
        EACH_VECTOR(wide) {
            const vreal d = strip_load(x + i * row + v * VLEN, part) - mean[v];
            const vreal g = through(silu, slope, d * scale[v] + shift[v], strip_load(gy + i * row + v * VLEN, part));
            s[v] += g;
            p[v] = vfma(g, d, p[v]);
        }
    }
    EACH_VECTOR(wide) {
        strip_store(sum + v * VLEN, s[v], part);
        strip_store(product + v * VLEN, p[v], part);
    }
}

NEAP_INLINE void sums(const bool silu, int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                      real *sum, real *product)
{
#define SUMS(wide, part) sums_strip(silu, wide, part, rows, x + j, gy + j, n, map, j, sum + j, product + j)
    EACH_STRIP(n, SUMS);
}

void NEAP_VARIANT(neap_channel_sums)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                     real *sum, real *product)
{
    if (map->silu) {
        sums(true, rows, n, x, gy, map, sum, product);
    } else {
        sums(false, rows, n, x, gy, map, sum, product);
    }
}

/* --- Row by row, in the order of memory ----------------------------------------------------------------------------- */

/* CALL(part) for the vectors of a row of n channels. */
#define EACH_LANES(n, CALL)                                                                                         \
    do {                                                                                                            \
        int64_t j = 0;                                                                                              \
        for (; j + VLEN <= (n); j += VLEN) {                                                                        \
            CALL(0);                                                                                                \
        }                                                                                                           \
        if (j < (n)) {                                                                                              \
            CALL((n) - j);                                                                                          \
        }                                                                                                           \
    } while (0)

NEAP_INLINE void apply_lanes(const bool silu, int64_t part, int64_t j, const real *x, const channel_map *map, vreal slope,
                             real *y)
{
    const vreal d = strip_load(x + j, part) - strip_load(map->mean + j, part);
    const vreal s = d * strip_load(map->scale + j, part) + strip_load(map->shift + j, part);
    strip_store(y + j, activate(silu, slope, s), part);
}

NEAP_INLINE void apply(const bool silu, int64_t rows, int64_t n, const real *x, const channel_map *map, real *y)
{
    const vreal slope = vset(map->slope);
    for (int64_t i = 0; i < rows; i++, x += n, y += n) {
#define APPLY(part) apply_lanes(silu, part, j, x, map, slope, y)
        EACH_LANES(n, APPLY);
    }
}

void NEAP_VARIANT(neap_channel_apply)(int64_t rows, int64_t n, const real *x, const channel_map *map, real *y)
{
    if (map->silu) {
        apply(true, rows, n, x, map, y);
    } else {
        apply(false, rows, n, x, map, y);
    }
}

NEAP_INLINE void gradient_lanes(const bool silu, int64_t part, int64_t j, const real *x, const real *gy,
                                const channel_map *map, vreal slope, const real *b, const real *c, real *gx)
{
    const vreal d = strip_load(x + j, part) - strip_load(map->mean + j, part), scale = strip_load(map->scale + j, part);
    const vreal s = d * scale + strip_load(map->shift + j, part);
    const vreal g = through(silu, slope, s, strip_load(gy + j, part));
    strip_store(gx + j, scale * g + strip_load(b + j, part) * d + strip_load(c + j, part), part);
}

NEAP_INLINE void gradient(const bool silu, int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                          const real *b, const real *c, real *gx)
{
    const vreal slope = vset(map->slope);
    for (int64_t i = 0; i < rows; i++, x += n, gy += n, gx += n) {
#define GRADIENT(part) gradient_lanes(silu, part, j, x, gy, map, slope, b, c, gx)
        EACH_LANES(n, GRADIENT);
    }
}

void NEAP_VARIANT(neap_channel_gradient)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                         const real *b, const real *c, real *gx)
{
    if (map->silu) {
        gradient(true, rows, n, x, gy, map, b, c, gx);
    } else {
        gradient(false, rows, n, x, gy, map, b, c, gx);
    }
}
