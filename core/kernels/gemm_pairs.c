/*
 * The product where a word is two bf16, neighbours along k: the lower half is the even one, and an odd k ends with zero.
 */
#include "gemm_pack.h"

/* Pairs are made from this many rows of reals at a time. */
#define PAIR_ROWS 32
/* The square of reals that rows are read into before they are paired; its width is even. */
#define READ_ROWS 16
#define READ_COLUMNS 256
#define PAIR_LANES 16

/* The bf16 of `low` in the lower half, that of `high` in the upper. */
NEAP_INLINE uint32_t pair_bits(uint32_t low, uint32_t high)
{
    return round_bits(low) >> 16 | round_bits(high);
}

/* The instruction rounds 32 reals as round_bits does, except that it, like the product, treats denormals as zero. */
NEAP_INLINE __m512i round_lanes(const word *low, const word *high)
{
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(high), _mm512_loadu_ps(low));
}

NEAP_INLINE __m512i interleave(__m512i halves)
{
    const __m512i order = {0x0011000100100000, 0x0013000300120002, 0x0015000500140004, 0x0017000700160006,
                           0x0019000900180008, 0x001b000b001a000a, 0x001d000d001c000c, 0x001f000f001e000e};
    return _mm512_permutexvar_epi16(order, halves);
}

/* y[i] = the bf16 of low[i] and, in the upper half, of high[i]. */
static void pair_words(int64_t count, const word *low, const word *high, word *y)
{
    const bits32 *l = (const bits32 *)low, *h = (const bits32 *)high;
    bits32 *out = (bits32 *)y;
    int64_t i = 0;
    for (; i + PAIR_LANES <= count; i += PAIR_LANES) {
        _mm512_storeu_si512(y + i, interleave(round_lanes(low + i, high + i)));
    }
    for (; i < count; i++) {
        out[i] = pair_bits(l[i], h[i]);
    }
}

/* A row of reals as pairs of neighbours. */
static void pair_row(int64_t k, const real *x, word *y)
{
    const bits32 *in = (const bits32 *)x;
    bits32 *out = (bits32 *)y;
    int64_t i = 0;
    for (; i + PAIR_LANES <= k / 2; i += PAIR_LANES) {
        _mm512_storeu_si512(y + i, round_lanes(x + 2 * i, x + 2 * i + PAIR_LANES));
    }
    for (; i < k / 2; i++) {
        out[i] = pair_bits(in[2 * i], in[2 * i + 1]);
    }
    if (k & 1) {
        out[k / 2] = pair_bits(in[k - 1], 0);
    }
}

static void panel_of_pairs(gemm_matrix b, int64_t k, int64_t n, word *panel)
{
    word rows[(PAIR_ROWS + 1) * NR] __attribute__((aligned(VBYTES)));
    for (int64_t i = 0; i < k; i += PAIR_ROWS) {
        const int64_t count = least(k - i, PAIR_ROWS);
        panel_of_reals(part_from(b, i, 0), count, n, rows);
        memset(rows + count * NR, 0, NR * sizeof *rows);
        for (int64_t r = 0; r < count; r += 2) {
            pair_words(NR, rows + r * NR, rows + (r + 1) * NR, panel + (i + r) / 2 * NR);
        }
    }
}

static void groups_of_pairs(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group)
{
    static const word zeros[LINE_ROWS];
    word low[LINE_ROWS], high[LINE_ROWS], pairs[LINE_ROWS];
    for (int64_t i = 0; i < k; i += 2) {
        const word *even = column(a, i, count, low);
        const word *odd = i + 1 < k ? column(a, i + 1, count, high) : zeros;
        pair_words(count, even, odd, pairs);
        spread(pairs, count, groups + i / 2 * MR, group);
    }
}

/* Rows that are read are paired in squares that fit the first cache. */
static void pairs_of_read(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    word square[READ_ROWS * READ_COLUMNS];
    for (int64_t j = 0; j < k; j += READ_COLUMNS) {
        const int64_t count = least(k - j, READ_COLUMNS);
        rows_of_reals(part_from(a, 0, j), m, count, square, READ_COLUMNS);
        for (int64_t r = 0; r < m; r++) {
            pair_row(count, square + r * READ_COLUMNS, rows + r * row + j / 2);
        }
    }
}

static void rows_of_pairs(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    for (int64_t r = 0; a.reader && r < m; r += READ_ROWS) {
        pairs_of_read(part_from(a, r, 0), least(m - r, READ_ROWS), k, rows + r * row, row);
    }
    for (int64_t r = 0; !a.reader && r < m; r++) {
        pair_row(k, a.data + r * a.row, rows + r * row);
    }
}

static const packers pairs = {2, panel_of_pairs, rows_of_pairs, groups_of_pairs};

static gemm_left left_of_pairs(gemm_matrix a, int64_t m, int64_t k, void *space)
{
    return pack_left(&pairs, a, m, k, space);
}

static void right_of_pairs(gemm_matrix b, int64_t k, int64_t n, void *panels)
{
    pack_right(&pairs, b, k, n, panels);
}

const neap_product NEAP_PRODUCT(bf16) = {
    .rows = MR, .columns = NR, .reals = 2, .step = 1, .pack_left = left_of_pairs, .pack_right = right_of_pairs,
    .multiply = NEAP_VARIANT(neap_gemm_multiply),
};
