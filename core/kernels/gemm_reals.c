/*
 * Products where a word is one real: as it is or, for bf16 without an instruction for it, rounded to bf16.
 */
#include "gemm_pack.h"

static const packers reals = {1, panel_of_reals, rows_of_reals, groups_of_reals};

static gemm_left left_of_reals(gemm_matrix a, int64_t m, int64_t k, void *space)
{
    if (a.col == 1 && !a.reader) {
        return in_place(MR, a);
    }
    return pack_left(&reals, a, m, k, space);
}

static void right_of_reals(gemm_matrix b, int64_t k, int64_t n, void *panels)
{
    pack_right(&reals, b, k, n, panels);
}

#define PRODUCT_OF_REALS                                                                                            \
    {                                                                                                               \
        .rows = MR, .columns = NR, .reals = 1, .step = 1, .in_place = true, .pack_left = left_of_reals,             \
        .pack_right = right_of_reals, .multiply = NEAP_VARIANT(neap_gemm_multiply),                                 \
    }

const neap_product NEAP_PRODUCT(reals) = PRODUCT_OF_REALS;

#if NEAP_F64_VARIANT

const neap_product NEAP_PRODUCT(bf16) = PRODUCT_OF_REALS;

#else

static void round_words(word *x, int64_t count)
{
    bits32 *bits = (bits32 *)x;
    for (int64_t i = 0; i < count; i++) {
        bits[i] = round_bits(bits[i]);
    }
}

static void panel_of_rounded(gemm_matrix b, int64_t k, int64_t n, word *panel)
{
    panel_of_reals(b, k, n, panel);
    round_words(panel, k * NR);
}

static void rows_of_rounded(gemm_matrix a, int64_t m, int64_t k, word *rows, int64_t row)
{
    rows_of_reals(a, m, k, rows, row);
    for (int64_t r = 0; r < m; r++) {
        round_words(rows + r * row, k);
    }
}

static void groups_of_rounded(gemm_matrix a, int64_t count, int64_t k, word *groups, int64_t group)
{
    groups_of_reals(a, count, k, groups, group);
    for (int64_t r = 0; r < count; r += MR) {
        round_words(groups + r / MR * group, k * MR);
    }
}

static const packers rounded = {1, panel_of_rounded, rows_of_rounded, groups_of_rounded};

static gemm_left left_of_rounded(gemm_matrix a, int64_t m, int64_t k, void *space)
{
    return pack_left(&rounded, a, m, k, space);
}

static void right_of_rounded(gemm_matrix b, int64_t k, int64_t n, void *panels)
{
    pack_right(&rounded, b, k, n, panels);
}

const neap_product NEAP_PRODUCT(bf16) = {
    .rows = MR, .columns = NR, .reals = 1, .step = 1, .pack_left = left_of_rounded, .pack_right = right_of_rounded,
    .multiply = NEAP_VARIANT(neap_gemm_multiply),
};

#endif
