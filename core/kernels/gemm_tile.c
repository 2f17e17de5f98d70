/*
 * The register tile of the matrix product, for every height and width, and the loop that lays tiles over a block.
 */
#include "gemm_tile.h"

/* One step of k: acc += x w. */
NEAP_INLINE vreal multiply_add(vreal x, vreal w, vreal acc)
{
#if NEAP_ONLY_BF16
    return (vreal)_mm512_dpbf16_ps((__m512)acc, (__m512bh)x, (__m512bh)w);
#else
    return vfma(x, w, acc);
#endif
}

typedef struct tile_args {
    int64_t k;
    const word *a;
    int64_t a_row, a_col;
    const word *b;
    const real *start[MR]; /* of each row */
    real *c[MR];
} tile_args;

/* rows and vectors are constants where this is inlined: the accumulators stay in registers. Every element
 * begins with its start value and adds its terms in ascending order, whatever the tile's shape. */
NEAP_INLINE void tile(const int rows, const int vectors, const tile_args *t)
{
    vreal acc[MR][NV];
    const word *a = t->a, *b = t->b;
    const int64_t a_row = t->a_row, a_col = t->a_col;
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {
            acc[r][v] = vload(t->start[r] + v * VLEN);
            __builtin_prefetch(t->c[r] + v * VLEN, 1);
        }
    }
    for (int64_t k = t->k; k > 0; k--, a += a_col, b += NR) {
        vreal w[NV];
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {
            w[v] = vload(b + v * VLEN);
        }
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
            const vreal x = vset(a[r * a_row]);
            _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {
                acc[r][v] = multiply_add(x, w[v], acc[r][v]);
            }
        }
    }
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {
            vstore(t->c[r] + v * VLEN, acc[r][v]);
        }
    }
}

typedef void tile_fn(const tile_args *t);

#define TILE(rows, vectors)                                                                                         \
    static void tile_##rows##x##vectors(const tile_args *t)                                                         \
    {                                                                                                               \
        tile(rows, vectors, t);                                                                                     \
    }
#define TILES(vectors)                                                                                              \
    TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors) TILE(6, vectors)
#define NAMES(vectors)                                                                                              \
    {tile_1x##vectors, tile_2x##vectors, tile_3x##vectors, tile_4x##vectors, tile_5x##vectors, tile_6x##vectors}

#if VLEN == 16
TILES(1) TILES(2) TILES(3) TILES(4)
static tile_fn *const tiles_of[NV][MR] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
#else
TILES(1) TILES(2)
static tile_fn *const tiles_of[NV][MR] = {NAMES(1), NAMES(2)};
#endif

/* A tile whose last vector reaches past C is computed in a buffer. */
static void narrow_tile(tile_fn *run, tile_args t, int64_t rows, int64_t columns)
{
    real buffer[MR][NR] __attribute__((aligned(VBYTES))) = {0};
    const tile_args whole = t;
    for (int64_t r = 0; r < rows; r++) {
        memcpy(buffer[r], t.start[r], (size_t)columns * sizeof(real));
        t.start[r] = t.c[r] = buffer[r];
    }
    run(&t);
    for (int64_t r = 0; r < rows; r++) {
        memcpy(whole.c[r], buffer[r], (size_t)columns * sizeof(real));
    }
}

/* Where the tile's rows [i, i + rows) start from and go to, at column `first`. */
NEAP_INLINE void set_rows(const gemm_block *g, int64_t i, int64_t rows, int64_t first, tile_args *t)
{
    static const real zeros[NR];
    const bool again = g->start == g->c;
    for (int64_t r = 0; r < rows; r++) {
        t->c[r] = g->c + (g->c_offset ? g->c_offset[i + r] : (i + r) * g->c_row) + first;
        t->start[r] = !g->start ? zeros : again ? t->c[r] : g->start + first;
    }
}

/* One panel of B against all rows. */
static void multiply_panel(const gemm_block *g, int64_t panel)
{
    const int64_t first = panel * NR, columns = least(g->n - first, NR);
    tile_fn *const *tiles = tiles_of[(columns - 1) / VLEN];
    const bool whole = columns % VLEN == 0;
    for (int64_t i = 0; i < g->m; i += MR) {
        const int64_t rows = least(g->m - i, MR);
        tile_args t = {.k = g->words, .a = g->a.data + i / MR * g->a.group, .a_row = g->a.row, .a_col = g->a.col,
                       .b = g->b + panel * g->words * NR};
        set_rows(g, i, rows, first, &t);
        if (whole) {
            tiles[rows - 1](&t);
        } else {
            narrow_tile(tiles[rows - 1], t, rows, columns);
        }
    }
    if (g->tile) {
        g->tile(g->tile_user, g->row, g->m, g->col + first, columns);
    }
}

void NEAP_VARIANT(neap_gemm_multiply)(const gemm_block *g)
{
    for (int64_t panel = 0; panel * NR < g->n; panel++) {
        multiply_panel(g, panel);
    }
}
