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
        for (; j + 2 * VLEN <= (n); j += 2 * VLEN) {                                                                \
            CALL(2, 0);                                                                                             \
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

/* --- The activation ------------------------------------------------------------------------------------------------- */

/* KEPT: what arrives at the argument of a SiLU is stored by the sums and read by the gradient. */
typedef enum activation { LEAKY, SILU, KEPT } activation;

static activation activation_of(const channel_map *map, const real *kept)
{
    return !map->silu ? LEAKY : kept ? KEPT : SILU;
}

/* What arrives at s when g arrives at act(s). */
NEAP_INLINE vreal through(const activation act, vreal slope, vreal s, vreal g)
{
    if (act == LEAKY) {
        return vpick(s > 0, g, g * slope);
    }
    const vreal p = vsigmoid_above(s);
    return g * vfma(s * p, 1 - p, p);
}

NEAP_INLINE void sums_strip(const activation act, const int wide, int64_t part, int64_t rows, const real *x, const real *gy,
                            int64_t row, const channel_map *map, int64_t j, real *sum, real *product, real *kept)
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
            const int64_t at = i * row + j + v * VLEN;
            const vreal d = strip_load(x + at, part) - mean[v], z = vfma(d, scale[v], shift[v]);
            const vreal g = through(act, slope, z, strip_load(gy + at, part));
            if (act == KEPT) {
                strip_store(kept + at, g, part);
            }
            s[v] += g;
            p[v] = vfma(g, d, p[v]);
        }
    }
    EACH_VECTOR(wide) {
        strip_store(sum + j + v * VLEN, s[v], part);
        strip_store(product + j + v * VLEN, p[v], part);
    }
}

NEAP_INLINE void sums(const activation act, int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                      real *sum, real *product, real *kept)
{
#define SUMS(wide, part) sums_strip(act, wide, part, rows, x, gy, n, map, j, sum, product, kept)
    EACH_STRIP(n, SUMS);
}

void NEAP_VARIANT(neap_channel_sums)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                     real *sum, real *product, real *kept)
{
    switch (activation_of(map, kept)) {
    case LEAKY: sums(LEAKY, rows, n, x, gy, map, sum, product, kept); break;
    case SILU: sums(SILU, rows, n, x, gy, map, sum, product, kept); break;
    case KEPT: sums(KEPT, rows, n, x, gy, map, sum, product, kept); break;
    }
}

/* --- Row by row, in the order of memory ----------------------------------------------------------------------------- */

/* CALL(i, j, part) for the vectors from channel j on of rows i. Channels beyond the last whole vector come after all others: beside
 * them the compiler would not keep all constants in registers. */
#define EACH_LANES(rows, n, CALL)                                                                                   \
    do {                                                                                                            \
        const int64_t whole = (n) / VLEN * VLEN;                                                                    \
        for (int64_t i = 0; i < (rows); i++) {                                                                      \
            for (int64_t j = 0; j < whole; j += VLEN) {                                                             \
                CALL(i, j, 0);                                                                                      \
            }                                                                                                       \
        }                                                                                                           \
        for (int64_t i = 0; i < (rows) && whole < (n); i++) {                                                       \
            CALL(i, whole, (n) - whole);                                                                            \
        }                                                                                                           \
    } while (0)

#define AT(p, i, j) (p) + (i) * n + (j)

/* Only whole, aligned vectors can pass by the caches. */
static bool can_stream(const channel_map *map, int64_t n, const real *y)
{
    return map->stream && n % VLEN == 0 && (uintptr_t)y % VBYTES == 0;
}

NEAP_INLINE void put(real *y, vreal x, int64_t part, bool stream)
{
    if (stream) {
        vstream(y, x);
    } else {
        strip_store(y, x, part);
    }
}

NEAP_INLINE void apply_lanes(const activation act, int64_t part, int64_t j, const real *x, const channel_map *map,
                             vreal slope, bool stream, real *y)
{
    __builtin_prefetch(x + map->ahead, 0, 2);
    const vreal d = strip_load(x, part) - strip_load(map->mean + j, part);
    const vreal s = vfma(d, strip_load(map->scale + j, part), strip_load(map->shift + j, part));
    put(y, s * (act == SILU ? vsigmoid_above(s) : vpick(s > 0, vset(1), slope)), part, stream);
}

NEAP_INLINE void apply(const activation act, int64_t rows, int64_t n, const real *x, const channel_map *map, real *y)
{
    const vreal slope = vset(map->slope);
    const bool stream = can_stream(map, n, y);
#define APPLY(i, j, part) apply_lanes(act, part, j, AT(x, i, j), map, slope, stream, AT(y, i, j))
    EACH_LANES(rows, n, APPLY);
    vstream_end();
}

void NEAP_VARIANT(neap_channel_apply)(int64_t rows, int64_t n, const real *x, const channel_map *map, real *y)
{
    if (map->silu) {
        apply(SILU, rows, n, x, map, y);
    } else {
        apply(LEAKY, rows, n, x, map, y);
    }
}

NEAP_INLINE void gradient_lanes(const activation act, int64_t part, int64_t j, const real *x, const real *g,
                                const channel_map *map, vreal slope, const real *b, const real *c, bool stream, real *gx)
{
    const vreal d = strip_load(x, part) - strip_load(map->mean + j, part), scale = strip_load(map->scale + j, part);
    vreal arriving = strip_load(g, part);
    if (act != KEPT) {
        arriving = through(act, slope, vfma(d, scale, strip_load(map->shift + j, part)), arriving);
    }
    put(gx, vfma(scale, arriving, vfma(strip_load(b + j, part), d, strip_load(c + j, part))), part, stream);
}

NEAP_INLINE void gradient(const activation act, int64_t rows, int64_t n, const real *x, const real *g, const channel_map *map,
                          const real *b, const real *c, real *gx)
{
    const vreal slope = vset(map->slope);
    const bool stream = can_stream(map, n, gx);
#define GRADIENT(i, j, part)                                                                                        \
    gradient_lanes(act, part, j, AT(x, i, j), AT(g, i, j), map, slope, b, c, stream, AT(gx, i, j))
    EACH_LANES(rows, n, GRADIENT);
    vstream_end();
}

void NEAP_VARIANT(neap_channel_gradient)(int64_t rows, int64_t n, const real *x, const real *gy, const channel_map *map,
                                         const real *b, const real *c, const real *kept, real *gx)
{
    switch (activation_of(map, kept)) {
    case LEAKY: gradient(LEAKY, rows, n, x, gy, map, b, c, gx); break;
    case SILU: gradient(SILU, rows, n, x, gy, map, b, c, gx); break;
    case KEPT: gradient(KEPT, rows, n, x, kept, map, b, c, gx); break;
    }
}
