/*
 * Packing puts operands of any strides into the order in which the tiles read them. This is shared by all kinds of words.
 *
 * The right operand becomes panels [k][NR]. A left operand whose rows are contiguous becomes rows [m][k], or is read in place
 * where a word is a real; any other becomes groups [k][MR].
 */
#ifndef NEAP_KERNELS_GEMM_PACK_H
#define NEAP_KERNELS_GEMM_PACK_H

#include "gemm_tile.h"

/* The processor does not prefetch rows that lie more than a page apart: they are prefetched this many rows before their use. */
#define AHEAD 16

/* --- The right operand --------------------------------------------------------------------------------------------- */

/* VLEN rows of VLEN, transposed in registers: step d exchanges the off-diagonal d by d blocks. */
#if VLEN == 16
#define LANES(x) {x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7), x(8), x(9), x(10), x(11), x(12), x(13), x(14), x(15)}
#elif VLEN == 8
#define LANES(x) {x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)}
#elif VLEN == 4
#define LANES(x) {x(0), x(1), x(2), x(3)}
#else
#define LANES(x) {x(0), x(1)}
#endif
#define LOW(d, j) ((j) & (d) ? VLEN + (j) - (d) : (j))
#define HIGH(d, j) ((j) & (d) ? VLEN + (j) : (j) + (d))
#define LOW1(j) LOW(1, j)
#define LOW2(j) LOW(2, j)
#define LOW4(j) LOW(4, j)
#define LOW8(j) LOW(8, j)
#define HIGH1(j) HIGH(1, j)
#define HIGH2(j) HIGH(2, j)
#define HIGH4(j) HIGH(4, j)
#define HIGH8(j) HIGH(8, j)

#define EXCHANGE(d)                                                                                                 \
    _Pragma("GCC unroll 16") for (int i = 0; i < VLEN; i++) {                                                       \
        if (!(i & (d))) {                                                                                           \
            const vreal a = t[i], b = t[i + (d)];                                                                   \
            t[i] = __builtin_shuffle(a, b, (vint)LANES(LOW##d));                                                    \
            t[i + (d)] = __builtin_shuffle(a, b, (vint)LANES(HIGH##d));                                             \
        }                                                                                                           \
    }

NEAP_INLINE void transpose_square(const real *x, int64_t x_row, real *y, int64_t y_row)
{
    vreal t[VLEN];
    _Pragma("GCC unroll 16") for (int i = 0; i < VLEN; i++) {
        t[i] = vload(x + i * x_row);
    }
#if VLEN >= 16
    EXCHANGE(8)
#endif
#if VLEN >= 8
    EXCHANGE(4)
#endif
#if VLEN >= 4
    EXCHANGE(2)
#endif
    EXCHANGE(1)
    _Pragma("GCC unroll 16") for (int i = 0; i < VLEN; i++) {
        vstore(y + i * y_row, t[i]);
    }
}

/* panel[k][n] = b(k, n), any strides. */
NEAP_INLINE void gather(gemm_matrix b, int64_t k, int64_t n, word *panel, int64_t width)
{
    for (int64_t i = 0; i < k; i++) {
        if (b.col == 1) {
            memcpy(panel + i * width, b.data + i * b.row, (size_t)n * sizeof *panel);
            continue;
        }
        for (int64_t j = 0; j < n; j++) {
            panel[i * width + j] = b.data[i * b.row + j * b.col];
        }
    }
}

/* The same where elements along k are adjacent. */
NEAP_INLINE void gather_transposed(gemm_matrix b, int64_t k, int64_t n, word *panel)
{
    int64_t j = 0;
    for (; j + VLEN <= n; j += VLEN) {
        int64_t i = 0;
        for (; i + VLEN <= k; i += VLEN) {
            transpose_square(b.data + j * b.col + i, b.col, panel + i * NR + j, NR);
        }
        gather(part_from(b, i, j), k - i, VLEN, panel + i * NR + j, NR);
    }
    gather(part_from(b, 0, j), k, n - j, panel + j, NR);
}

/* The same where elements along n are adjacent and the panel is full. */
NEAP_INLINE void gather_full(gemm_matrix b, int64_t k, word *panel)
{
    for (int64_t i = 0; i < k; i++) {
        _Pragma("GCC unroll 4") for (int v = 0; v < NV; v++) {
            __builtin_prefetch(b.data + (i + AHEAD) * b.row + v * VLEN);
            vstore(panel + i * NR + v * VLEN, vload(b.data + i * b.row + v * VLEN));
        }
    }
}

NEAP_INLINE void panel_of_reals(gemm_matrix b, int64_t k, int64_t n, word *panel)
{
    if (n < NR) {
        memset(panel, 0, (size_t)(k * NR) * sizeof *panel);
    }
    if (b.reader) {
        b.reader->read(b.reader->self, b.row, k, b.col, n, panel, NR);
    } else if (b.row == 1 && b.col != 1) {
        gather_transposed(b, k, n, panel);
    } else if (b.col == 1 && n == NR) {
        gather_full(b, k, panel);
    } else {
        gather(b, k, n, panel, NR);
    }
}

/* --- The left operand ---------------------------------------------------------------------------------------------- */

/* Groups are written for this many rows at a time, so that the write streams fit the first cache. */
#define LINE_ROWS (40 * MR)

/* Row `line` of each group becomes the next MR of `count` words. */
NEAP_INLINE void spread(const word *line, int64_t count, word *groups, int64_t group)
{
    int64_t r = 0;
    for (; r + MR <= count; r += MR, groups += group) {
        memcpy(groups, line + r, MR * sizeof *groups);
    }
    memcpy(groups, line + r, (size_t)(count - r) * sizeof *groups);
}

/* Column k of A over `count` rows: in place where it is contiguous, otherwise gathered into `space`. */
NEAP_INLINE const word *column(gemm_matrix a, int64_t k, int64_t count, word *space)
{
    if (a.row == 1) {
        for (int64_t r = 0; r < count; r += 16) {
            __builtin_prefetch(a.data + (k + AHEAD) * a.col + r);
        }
        return a.data + k * a.col;
    }
    for (int64_t r = 0; r < count; r++) {
        space[r] = a.data[r * a.row + k * a.col];
    }
    return space;
}

NEAP_INLINE void groups_of_reals(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group)
{
    word line[LINE_ROWS];
    for (int64_t i = 0; i < k; i++) {
        spread(column(a, i, count, line), count, groups + i * MR, group);
    }
}

NEAP_INLINE void rows_of_reals(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    if (a.reader) {
        a.reader->read(a.reader->self, a.row, m, a.col, k, rows, row);
        return;
    }
    for (int64_t r = 0; r < m; r++) {
        memcpy(rows + r * row, a.data + r * a.row, (size_t)k * sizeof *rows);
    }
}

/* --- Rounding to bf16 ---------------------------------------------------------------------------------------------- */

#if !NEAP_F64_VARIANT

typedef uint32_t bits32 __attribute__((may_alias));

/* The nearest bf16, ties to even, as the upper half of a float's bits; NaN stays NaN. */
NEAP_INLINE uint32_t round_bits(uint32_t x)
{
    const uint32_t nan = (x & 0x7fffffffu) > 0x7f800000u;
    const uint32_t rounded = x + 0x7fffu + (x >> 16 & 1);
    return (nan ? x | 0x400000u : rounded) & 0xffff0000u;
}

#endif

/* --- Both operands, for one kind of word --------------------------------------------------------------------------- */

/* How a kind of word is packed: a panel of the right operand; of the left, rows that are contiguous or read, and others. */
typedef struct packers {
    int64_t reals; /* in a word */
    void (*panel)(gemm_matrix b, int64_t k, int64_t n, word *panel);
    void (*rows)(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row);
    void (*groups)(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group);
} packers;

NEAP_INLINE void pack_right(const packers *pack, gemm_matrix b, int64_t k, int64_t n, word *panels)
{
    const int64_t panel = (k + pack->reals - 1) / pack->reals * NR;
    for (int64_t j = 0; j < n; j += NR) {
        pack->panel(part_from(b, 0, j), k, least(n - j, NR), panels + j / NR * panel);
    }
}

NEAP_INLINE gemm_left pack_left(const packers *pack, gemm_matrix a, int64_t m, int64_t k, word *space)
{
    const int64_t k_words = (k + pack->reals - 1) / pack->reals;
    if (a.col == 1 || a.reader) {
        const int64_t row = packed_row(k_words);
        pack->rows(a, m, k, space, row);
        return (gemm_left){space, MR * row, row, 1};
    }
    const int64_t group = round_up(MR * k_words, 64) + ROW_PAD;
    for (int64_t i = 0; i < m; i += LINE_ROWS) {
        pack->groups(part_from(a, i, 0), least(m - i, LINE_ROWS), k, space + i / MR * group, group);
    }
    return (gemm_left){space, group, 1, MR};
}

#endif
