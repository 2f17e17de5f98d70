/*
 * The parts of the matrix product that the driver and attention share: packing, and the product of a packed block.
 *
 * Operands are counted in words. A word is one real, or, where a variant multiplies bf16 in hardware and the caller
 * asks for bf16, two neighbours along k (the lower half is the even one; an odd k is padded with zero).
 */
#ifndef NEAP_KERNELS_GEMM_BLOCK_H
#define NEAP_KERNELS_GEMM_BLOCK_H

#include "simd.h"

/* The register tile: MR rows by NV vectors. 24 accumulators fill the 32 registers of AVX-512, 12 the 16 of others. */
#define MR 6
#define NV (VLEN == 16 ? 4 : 2)
#define NR (NV * VLEN)

/* Words of k that go through the tiles at once, and by how many words rows lie further apart than a round length, since
 * powers of two would share few cache sets. */
#define BLOCK_WORDS 512
#define ROW_PAD 16

typedef real word __attribute__((may_alias));

typedef enum gemm_words {
    WORDS_REAL,    /* as they are */
    WORDS_ROUNDED, /* reals rounded to bf16: what bf16 means without hardware for it */
    WORDS_PAIRS,   /* two bf16 a word */
    WORDS_COUNT
} gemm_words;

/* What `bf16` means on this variant. */
#if NEAP_F64_VARIANT
#define WORDS_BF16 WORDS_REAL
#elif defined(__AVX512BF16__)
#define WORDS_BF16 WORDS_PAIRS
#else
#define WORDS_BF16 WORDS_ROUNDED
#endif

NEAP_INLINE int64_t gemm_word_count(gemm_words words, int64_t k)
{
    return words == WORDS_PAIRS ? (k + 1) / 2 : k;
}

NEAP_INLINE int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

NEAP_INLINE int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Elements that are laid out by no strides are read through a function: `count` adjacent ones of each of the rows
 * [row, row + rows), from column `col` on, written out_row apart. */
typedef void gemm_read_fn(const void *self, int64_t row, int64_t rows, int64_t col, int64_t count, real *out,
                          int64_t out_row);
typedef struct gemm_reader {
    gemm_read_fn *read;
    const void *self;
} gemm_reader;

/* Element (i, j) of a matrix lies at data[i * row + j * col], or, with a reader, is its (row + i, col + j). */
typedef struct gemm_matrix {
    const real *data;
    int64_t row, col;
    const gemm_reader *reader;
} gemm_matrix;

NEAP_INLINE gemm_matrix strided(const real *data, int64_t row, int64_t col)
{
    return (gemm_matrix){data, row, col, NULL};
}

/* What is left of a matrix from (i, j) on. */
NEAP_INLINE gemm_matrix part_from(gemm_matrix m, int64_t i, int64_t j)
{
    if (m.reader) {
        return (gemm_matrix){NULL, m.row + i, m.col + j, m.reader};
    }
    return strided(m.data + i * m.row + j * m.col, m.row, m.col);
}

/* Left operand as the tile reads it: word (r, k) of the p-th group of MR rows at data[p * group + r * row + k * col]. */
typedef struct gemm_left {
    const word *data;
    int64_t group, row, col;
} gemm_left;

/* Words that a packed left block of m rows, and a packed right block of n columns, take. */
int64_t NEAP_VARIANT(neap_gemm_left_size)(int64_t m, int64_t k_words);
int64_t NEAP_VARIANT(neap_gemm_right_size)(int64_t n, int64_t k_words);

/* Readies m rows by k elements of A; `space` is written only where A cannot be read as it lies. */
gemm_left NEAP_VARIANT(neap_gemm_pack_left)(gemm_words words, gemm_matrix a, int64_t m, int64_t k, word *space);

/* Packs k elements by n columns of B into panels of NR columns, each [k words][NR], the last padded with zeros. */
void NEAP_VARIANT(neap_gemm_pack_right)(gemm_words words, gemm_matrix b, int64_t k, int64_t n, word *panels);

/* C[m, n] = start + A B for one block of k. `start` is C itself, one row for all, or NULL: zero. Rows of C lie c_row apart
 * or, where c_offset is not NULL, at c + c_offset[i]. */
typedef struct gemm_block {
    int64_t m, n, k_words;
    bool pairs;
    gemm_left a;
    const word *b;
    int64_t b_panel; /* words from one panel to the next */
    const real *start;
    real *c;
    int64_t c_row;
    const int64_t *c_offset;
    neap_tile_fn *tile; /* called for each finished panel, offset by (row, col) */
    void *tile_user;
    int64_t row, col;
} gemm_block;

void NEAP_VARIANT(neap_gemm_multiply)(const gemm_block *block);

/* Writes where rows [row, row + rows) of C lie, in elements from C on. */
typedef void gemm_place_fn(const void *self, int64_t row, int64_t rows, int64_t *offset);

/* A product whose operands are read, or whose rows are written, by functions; NULL members: as its strides say. */
typedef struct gemm_access {
    const gemm_reader *a, *b;
    gemm_place_fn *place;
    const void *placer;
} gemm_access;

int NEAP_VARIANT(neap_gemm_through)(const neap_gemm *g, const gemm_access *access);

#endif
