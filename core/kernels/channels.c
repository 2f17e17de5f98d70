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

/* What arrives at s = scale (x - mean) + shift, when g arrives at what follows. */
NEAP_INLINE vreal through(vreal distance, vreal scale, vreal shift, vreal slope, vreal g)
{
    return vpick(distance * scale + shift > 0, g, g * slope);
}

NEAP_INLINE void sums_strip(const int wide, int64_t part, int64_t rows, const real *x, const real *gy, int64_t row,
                            const channel_map *map, int64_t j, real *sum, real *product)
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
            const vreal g = through(d, scale[v], shift[v], slope, strip_load(gy + i * row + v * VLEN, part));
            s[v] += g;
            p[v] = vfma(g, d, p[v]);
        }
    }
    EACH_VECTOR(wide) {
        strip_store(sum + v * VLEN, s[v], part);
        strip_store(product + v * VLEN, p[v], part);
    }
}

void NEAP_VARIANT(neap_channel_sums)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                     real *sum, real *product)
{
#define SUMS(wide, part) sums_strip(wide, part, rows, x + j, gy + j, n, map, j, sum + j, product + j)
    EACH_STRIP(n, SUMS);
}

void NEAP_VARIANT(neap_channel_apply)(int64_t rows, int64_t n, const real *x, const channel_map *map, real *restrict y)
{
    const real *mean = map->mean, *scale = map->scale, *shift = map->shift, slope = map->slope;
    for (int64_t i = 0; i < rows; i++, x += n, y += n) {
        for (int64_t j = 0; j < n; j++) {
            const real s = (x[j] - mean[j]) * scale[j] + shift[j];
            y[j] = s > 0 ? s : slope * s;
        }
    }
}

void NEAP_VARIANT(neap_channel_gradient)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                         const real *a, const real *b, const real *c, real *restrict gx)
{
    const real *mean = map->mean, *scale = map->scale, *shift = map->shift, slope = map->slope;
    for (int64_t i = 0; i < rows; i++, x += n, gy += n, gx += n) {
        for (int64_t j = 0; j < n; j++) {
            const real d = x[j] - mean[j], g = d * scale[j] + shift[j] > 0 ? gy[j] : slope * gy[j];
            gx[j] = a[j] * g + b[j] * d + c[j];
        }
    }
}
