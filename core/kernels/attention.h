/*
 * Shared by attention's forward and backward passes: splitting heads into tasks, and products of packed blocks.
 */
#ifndef NEAP_KERNELS_ATTENTION_H
#define NEAP_KERNELS_ATTENTION_H

#include "product.h"
#include "simd.h"

/* Queries per block: their scores against a few hundred keys stay in the second-level cache. */
#define QUERY_ROWS 48
/* Below this many multiply-adds a second thread costs more than it saves. */
#define ATTENTION_SERIAL (32 * 1024)

/* Scratch sizes of one head, for all of its queries and keys. */
typedef struct head_sizes {
    const neap_product *product;
    int64_t dim_words, key_words, block_words; /* words of k when it runs over dim, keys, a block of queries */
    int64_t score_row;                         /* from one query's scores to the next */
    int64_t left;                              /* words of a left operand, the largest of all products */
} head_sizes;

NEAP_INLINE head_sizes sizes_of(const neap_kernels *kernels, const neap_attention_args *a)
{
    const neap_product *p = neap_product_of(kernels, a->bf16);
    head_sizes s = {.product = p, .dim_words = packed_words(p, a->dim), .key_words = packed_words(p, a->keys),
                    .block_words = packed_words(p, QUERY_ROWS)};
    s.score_row = round_up(a->keys, VLEN) + VLEN; /* rows a power of two apart would share few cache sets */
    const int64_t by_key = left_size(p, QUERY_ROWS, s.key_words), by_dim = left_size(p, QUERY_ROWS, s.dim_words);
    const int64_t by_query = left_size(p, a->keys, s.block_words);
    s.left = by_key > by_dim ? by_key : by_dim;
    s.left = s.left > by_query ? s.left : by_query;
    return s;
}

/* Hands out scratch piece by piece; with base NULL it only counts. */
typedef struct head_space {
    word *base;
    int64_t used;
} head_space;

NEAP_INLINE word *take(head_space *space, int64_t size)
{
    word *taken = space->base ? space->base + space->used : NULL;
    space->used += size;
    return taken;
}

/* The matrix [tokens, dim] of one head of a view, from token `first` on to the end of its array; and the step between rows. */
NEAP_INLINE real *head_of(const neap_attention_view *v, int64_t heads, int64_t head, int64_t first)
{
    if (v->split && first >= v->split) {
        return (real *)v->rest + head / heads * v->rest_batch + head % heads * v->head + (first - v->split) * v->rest_token;
    }
    return (real *)v->data + head / heads * v->batch + head % heads * v->head + first * v->token;
}

NEAP_INLINE int64_t row_step(const neap_attention_view *v, int64_t first)
{
    return v->split && first >= v->split ? v->rest_token : v->token;
}

/* The end of the array in which token `first` of `count` lies. */
NEAP_INLINE int64_t array_end(const neap_attention_view *v, int64_t first, int64_t count)
{
    return first < v->split ? least(v->split, count) : count;
}

/* How many queries and keys of one head take part: the others are masked. */
NEAP_INLINE int64_t queries_of(const neap_attention_args *a, int64_t head)
{
    return a->query_lengths ? a->query_lengths[head / a->heads] : a->queries;
}

NEAP_INLINE int64_t keys_of(const neap_attention_args *a, int64_t head)
{
    return a->key_lengths ? a->key_lengths[head / a->heads] : a->keys;
}

/* Queries are divided into blocks, each within one array. The number of blocks, the first query of one, and the end of the one
 * that starts at `first`. */
NEAP_INLINE int64_t blocks_in(int64_t queries)
{
    return (queries + QUERY_ROWS - 1) / QUERY_ROWS;
}

NEAP_INLINE int64_t block_count(const neap_attention_args *a)
{
    const int64_t split = array_end(&a->q, 0, a->queries);
    return blocks_in(split) + blocks_in(a->queries - split);
}

NEAP_INLINE int64_t block_first(const neap_attention_args *a, int64_t block)
{
    const int64_t split = array_end(&a->q, 0, a->queries), before = blocks_in(split);
    return block < before ? block * QUERY_ROWS : split + (block - before) * QUERY_ROWS;
}

NEAP_INLINE int64_t block_end(const neap_attention_args *a, int64_t first)
{
    return least(first + QUERY_ROWS, array_end(&a->q, first, a->queries));
}

/* Rows of the block of queries that starts at `first`: those that take part. */
NEAP_INLINE int64_t block_rows(const neap_attention_args *a, int64_t head, int64_t first)
{
    const int64_t rows = least(queries_of(a, head), block_end(a, first)) - first;
    return rows < 0 ? 0 : rows;
}

/* Sets the tokens [from, to) of one head to zero. */
NEAP_INLINE void clear_tokens(const neap_attention_args *a, const neap_attention_view *v, int64_t head, int64_t from,
                              int64_t to)
{
    for (int64_t token = from; token < to; token++) {
        memset(head_of(v, a->heads, head, token), 0, (size_t)a->dim * sizeof(real));
    }
}

NEAP_INLINE gemm_matrix rows_of(const neap_attention_view *v, int64_t heads, int64_t head, int64_t first)
{
    return strided(head_of(v, heads, head, first), row_step(v, first), 1);
}

/* A call of memcpy takes longer than a row of 32 elements. */
NEAP_INLINE void copy_row(int64_t n, const real *from, real *to)
{
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        vstore(to + i, vload(from + i));
    }
    for (; i < n; i++) {
        to[i] = from[i];
    }
}

/* The first `count` rows of a head: in place or, where they lie in two arrays, copied to `space`. */
NEAP_INLINE gemm_matrix all_rows(const neap_attention_args *a, const neap_attention_view *v, int64_t head, int64_t count,
                                 real *space)
{
    if (array_end(v, 0, count) == count) {
        return rows_of(v, a->heads, head, 0);
    }
    for (int64_t from = 0, to; from < count; from = to) {
        const real *row = head_of(v, a->heads, head, from);
        const int64_t step = row_step(v, from);
        to = array_end(v, from, count);
        for (int64_t i = from; i < to; i++, row += step) {
            copy_row(a->dim, row, space + i * a->dim);
        }
    }
    return strided(space, a->dim, 1);
}

/* Elements of that space; 0 where none is needed. */
NEAP_INLINE int64_t gathered_size(const neap_attention_args *a)
{
    return a->k.split || a->v.split ? a->keys * a->dim : 0;
}

NEAP_INLINE gemm_matrix transposed(gemm_matrix m)
{
    return strided(m.data, m.col, m.row);
}

/* C[m, n] = start + A B, where B is packed and `left` is scratch for packing A; start is C, or NULL for zero. */
typedef struct head_product {
    const neap_product *product;
    int64_t m, n, k;
    gemm_matrix a;
    const word *b;
    const real *start;
    real *c;
    int64_t c_row;
} head_product;

NEAP_INLINE void multiply(const head_product *h, word *left)
{
    const neap_product *p = h->product;
    /* A is small enough to be read in place, whatever its strides. */
    const gemm_left a = p->in_place ? in_place(p->rows, h->a) : p->pack_left(h->a, h->m, h->k, left);
    p->multiply(&(gemm_block){.m = h->m, .n = h->n, .words = packed_words(p, h->k), .a = a, .b = h->b, .start = h->start,
                              .c = h->c, .c_row = h->c_row});
}

/* Items of work, split into tasks that run concurrently, each with its own scratch. */
typedef struct attention_run {
    const neap_attention_args *a;
    head_sizes sizes;
    int64_t items, tasks, task_size;
    word *scratch;
} attention_run;

typedef void attention_item_fn(const attention_run *run, int64_t begin, int64_t end, word *space);

/* Runs `body` over all items, split evenly; -1 with a message where scratch memory runs out. */
int NEAP_VARIANT(neap_attention_split)(attention_run *run, attention_item_fn *body);

#endif
