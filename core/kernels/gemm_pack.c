/*
 * Packing: operands of any strides into the order in which the tiles read them, rounded to bf16 on request.
 *
 * The right operand becomes panels [k][NR]. A left operand whose rows are contiguous is read as it lies (or copied row by
 * row, where it must be rounded); any other becomes groups [k][MR].
 */
#include "gemm_block.h"

/* Pairs are made from this many rows of reals at a time. */
#define PAIR_ROWS 32
/* The square of reals that rows are read into before they are paired; its width is even. */
#define READ_ROWS 16
#define READ_COLUMNS 256
/* Rows further than a page apart are no stream to the processor: they are asked for this many rows before their use. */
#define AHEAD 16

int64_t NEAP_VARIANT(neap_gemm_left_size)(int64_t m, int64_t k_words)
{
    return round_up(m, MR) * (round_up(k_words, VLEN) + ROW_PAD) + VLEN;
}

int64_t NEAP_VARIANT(neap_gemm_right_size)(int64_t n, int64_t k_words)
{
    return round_up(n, NR) * k_words;
}

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
static void gather(gemm_matrix b, int64_t k, int64_t n, word *panel, int64_t width)
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
static void gather_transposed(gemm_matrix b, int64_t k, int64_t n, word *panel)
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
static void gather_full(gemm_matrix b, int64_t k, word *panel)
{
    for (int64_t i = 0; i < k; i++) {
        _Pragma("GCC unroll 4") for (int v = 0; v < NV; v++) {
            __builtin_prefetch(b.data + (i + AHEAD) * b.row + v * VLEN);
            vstore(panel + i * NR + v * VLEN, vload(b.data + i * b.row + v * VLEN));
        }
    }
}

static void panel_of_reals(gemm_matrix b, int64_t k, int64_t n, word *panel)
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

/* Groups are written for this many rows at a time, so that the write streams fit the first cache. */
#define LINE_ROWS (40 * MR)

/* Row `line` of each group becomes the next MR of `count` words. */
static void spread(const word *line, int64_t count, word *groups, int64_t group)
{
    int64_t r = 0;
    for (; r + MR <= count; r += MR, groups += group) {
        memcpy(groups, line + r, MR * sizeof *groups);
    }
    memcpy(groups, line + r, (size_t)(count - r) * sizeof *groups);
}

/* Column k of A over `count` rows: as it lies where it is contiguous, otherwise gathered into `space`. */
static const word *column(gemm_matrix a, int64_t k, int64_t count, word *space)
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

static void groups_of_reals(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group)
{
    word line[LINE_ROWS];
    for (int64_t i = 0; i < k; i++) {
        spread(column(a, i, count, line), count, groups + i * MR, group);
    }
}

static void rows_of_reals(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    if (a.reader) {
        a.reader->read(a.reader->self, a.row, m, a.col, k, rows, row);
        return;
    }
    for (int64_t r = 0; r < m; r++) {
        memcpy(rows + r * row, a.data + r * a.row, (size_t)k * sizeof *rows);
    }
}

#if !NEAP_F64_VARIANT

typedef uint32_t bits32 __attribute__((may_alias));

/* The nearest bf16, ties to even, as the upper half of a float's bits; a NaN stays one. */
NEAP_INLINE uint32_t round_bits(uint32_t x)
{
    const uint32_t nan = (x & 0x7fffffffu) > 0x7f800000u;
    const uint32_t rounded = x + 0x7fffu + (x >> 16 & 1);
    return (nan ? x | 0x400000u : rounded) & 0xffff0000u;
}

static void round_words(word *x, int64_t count)
{
    bits32 *bits = (bits32 *)x;
    for (int64_t i = 0; i < count; i++) {
        bits[i] = round_bits(bits[i]);
    }
}

/* The pair of the bf16 of a word and, in the upper half, of another. */
NEAP_INLINE uint32_t pair_bits(uint32_t low, uint32_t high)
{
    return round_bits(low) >> 16 | round_bits(high);
}

/* The instruction rounds 32 reals as round_bits does, but for denormals, which it and the product take for zero. */
#if defined(__AVX512BF16__)
#define PAIR_LANES 16

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
#endif

/* y[i] = the bf16 of low[i] and, in the upper half, of high[i]. */
static void pair_words(int64_t count, const word *low, const word *high, word *y)
{
    const bits32 *l = (const bits32 *)low, *h = (const bits32 *)high;
    bits32 *out = (bits32 *)y;
    int64_t i = 0;
#if defined(__AVX512BF16__)
    for (; i + PAIR_LANES <= count; i += PAIR_LANES) {
        _mm512_storeu_si512(y + i, interleave(round_lanes(low + i, high + i)));
    }
#endif
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
#if defined(__AVX512BF16__)
    for (; i + PAIR_LANES <= k / 2; i += PAIR_LANES) {
        _mm512_storeu_si512(y + i, round_lanes(x + 2 * i, x + 2 * i + PAIR_LANES));
    }
#endif
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

static void panel_of_rounded(gemm_matrix b, int64_t k, int64_t n, word *panel)
{
    panel_of_reals(b, k, n, panel);
    round_words(panel, k * NR);
}

static void groups_of_rounded(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group)
{
    groups_of_reals(a, count, k, groups, group);
    for (int64_t r = 0; r < count; r += MR) {
        round_words(groups + r / MR * group, k * MR);
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

static void rows_of_rounded(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    rows_of_reals(a, m, k, rows, row);
    for (int64_t r = 0; r < m; r++) {
        round_words(rows + r * row, k);
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

#endif

/* How each kind of word is packed: a panel of the right operand; of the left, rows that are contiguous or read, and
 * others. */
typedef struct packers {
    void (*panel)(gemm_matrix b, int64_t k, int64_t n, word *panel);
    void (*rows)(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row);
    void (*groups)(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group);
} packers;

static const packers packers_of[WORDS_COUNT] = {
    [WORDS_REAL] = {panel_of_reals, rows_of_reals, groups_of_reals},
#if !NEAP_F64_VARIANT
    [WORDS_ROUNDED] = {panel_of_rounded, rows_of_rounded, groups_of_rounded},
    [WORDS_PAIRS] = {panel_of_pairs, rows_of_pairs, groups_of_pairs},
#endif
};

void NEAP_VARIANT(neap_gemm_pack_right)(gemm_words words, gemm_matrix b, int64_t k, int64_t n, word *panels)
{
    const int64_t panel = gemm_word_count(words, k) * NR;
    for (int64_t j = 0; j < n; j += NR) {
        packers_of[words].panel(part_from(b, 0, j), k, least(n - j, NR), panels + j / NR * panel);
    }
}

gemm_left NEAP_VARIANT(neap_gemm_pack_left)(gemm_words words, gemm_matrix a, int64_t m, int64_t k, word *space)
{
    const packers *pack = &packers_of[words];
    const int64_t k_words = gemm_word_count(words, k);
    if (a.col == 1 && !a.reader && words == WORDS_REAL) { /* as it lies */
        return (gemm_left){a.data, MR * a.row, a.row, 1};
    }
    if (a.col == 1 || a.reader) {
        const int64_t row = round_up(k_words, VLEN) + ROW_PAD;
        pack->rows(a, m, k, space, row);
        return (gemm_left){space, MR * row, row, 1};
    }
    const int64_t group = round_up(MR * k_words, 64) + ROW_PAD;
    for (int64_t i = 0; i < m; i += LINE_ROWS) {
        pack->groups(part_from(a, i, 0), least(m - i, LINE_ROWS), k, space + i / MR * group, group);
    }
    return (gemm_left){space, group, 1, MR};
}
