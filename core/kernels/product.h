/*
 * Operands and blocks as the functions of a neap_product take them, and the sizes of packed operands.
 *
 * Operands are counted in words of k: as many neighbours along k as the product takes into one, in the room of a real.
 */
#ifndef NEAP_KERNELS_PRODUCT_H
#define NEAP_KERNELS_PRODUCT_H

#include "variant.h"

typedef real word __attribute__((may_alias));

/* Packed pieces begin at multiples of so many words: whole cache lines and vectors of every set. */
#define PIECE 16
/* Words of k that go through the tiles at once. */
#define BLOCK_WORDS 512
/* Words by which packed rows lie further apart than a round length: powers of two would share few cache sets. */
#define ROW_PAD 16

NEAP_INLINE int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

NEAP_INLINE int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- Operands ------------------------------------------------------------------------------------------------------ */

/* Elements that are laid out by no strides are read through a function: `count` adjacent ones of each of the rows
 * [row, row + rows), from column `col` on, written out_row apart. */
typedef void gemm_read_fn(const void *self, int64_t row, int64_t rows, int64_t col, int64_t count, real *out,
                          int64_t out_row);
typedef struct gemm_reader {
    gemm_read_fn *read;
    const void *self;
} gemm_reader;

/* Element (i, j) of a matrix lies at data[i * row + j * col], or, with a reader, is its (row + i, col + j). */
struct gemm_matrix {
    const real *data;
    int64_t row, col;
    const gemm_reader *reader;
};

NEAP_INLINE gemm_matrix strided(const real *data, int64_t row, int64_t col)
{
    return (gemm_matrix){data, row, col, NULL};
}

/* The rest of a matrix from (i, j) on. */
NEAP_INLINE gemm_matrix part_from(gemm_matrix m, int64_t i, int64_t j)
{
    if (m.reader) {
        return (gemm_matrix){NULL, m.row + i, m.col + j, m.reader};
    }
    return strided(m.data + i * m.row + j * m.col, m.row, m.col);
}

/* Left operand as the tile reads it: word (r, k) of the p-th group of a tile's rows at data[p * group + r * row + k * col]. */
struct gemm_left {
    const word *data;
    int64_t group, row, col;
};

/* A matrix of strides read where it lies, in groups of `rows`. */
NEAP_INLINE gemm_left in_place(int64_t rows, gemm_matrix a)
{
    return (gemm_left){a.data, rows * a.row, a.row, a.col};
}

/* --- Sizes --------------------------------------------------------------------------------------------------------- */

/* Words of k elements, once packed: whole steps. */
NEAP_INLINE int64_t packed_words(const neap_product *p, int64_t k)
{
    return round_up((k + p->reals - 1) / p->reals, p->step);
}

/* From one packed row of the left operand to the next. */
NEAP_INLINE int64_t packed_row(int64_t words)
{
    return round_up(words, PIECE) + ROW_PAD;
}

/* Words that a packed left block of m rows, and a packed right block of n columns, take. */
NEAP_INLINE int64_t left_size(const neap_product *p, int64_t m, int64_t words)
{
    return round_up(m, p->rows) * packed_row(words) + PIECE;
}

NEAP_INLINE int64_t right_size(const neap_product *p, int64_t n, int64_t words)
{
    return round_up(round_up(n, p->columns) * words, PIECE);
}

/* --- Blocks -------------------------------------------------------------------------------------------------------- */

/* C[m, n] = start + A B for one block of k. `start` is C itself, one row for all, or NULL: zero. Rows of C lie c_row apart
 * or, where c_offset is not NULL, at c + c_offset[i]. */
struct gemm_block {
    int64_t m, n, words; /* whole steps of k */
    gemm_left a;
    const word *b;
    const real *start;
    real *c;
    int64_t c_row;
    const int64_t *c_offset;
    neap_tile_fn *tile; /* called for each finished panel, offset by (row, col) */
    void *tile_user;
    int64_t row, col;
};

/* Around a thread's calls of multiply. */
NEAP_INLINE void begin_products(const neap_product *p)
{
    if (p->begin) {
        p->begin();
    }
}

NEAP_INLINE void end_products(const neap_product *p)
{
    if (p->end) {
        p->end();
    }
}

#endif
