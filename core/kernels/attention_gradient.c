/*
 * The gradient of attention from the log-sum-exp: each block of queries computes its softmax again.
 *
 * With P = exp(scale Q K^T - lse) and D = rowsum(dO O):
 * dV = P^T dO, dS = scale P (dO V^T - D), dQ = dS K, dK = dS^T Q. One task owns a head and adds to its dK and dV in the
 * order of the queries. A gradient without an array is not computed; the others keep their bits.
 */
#include "attention.h"

/* Scratch of a task: the head's keys and values, packed as each product needs them, and the arrays of one block. NULL:
 * needed by no gradient that is wanted. */
typedef struct backward_space {
    word *keys_by_dim, *left; /* K^T; a left operand */
    real *p, *gathered;       /* gathered: keys or values from two arrays */
    word *values_by_dim; /* dQ, dK: V^T */
    real *ds;
    word *keys;    /* dQ: K */
    word *queries; /* dK: Q of the block */
    word *grads;   /* dV: dO of the block */
} backward_space;

static backward_space lay_out(const neap_attention_args *a, const head_sizes *s, head_space *space)
{
    backward_space b = {0};
    b.keys_by_dim = take(space, right_size(s->product, a->keys, s->dim_words));
    b.left = take(space, s->left);
    b.p = take(space, QUERY_ROWS * s->score_row);
    if (a->gq.data || a->gk.data) {
        b.values_by_dim = take(space, right_size(s->product, a->keys, s->dim_words));
        b.ds = take(space, QUERY_ROWS * s->score_row);
    }
    if (a->gq.data) {
        b.keys = take(space, right_size(s->product, a->dim, s->key_words));
    }
    if (a->gk.data) {
        b.queries = take(space, right_size(s->product, a->dim, s->block_words));
    }
    if (a->gv.data) {
        b.grads = take(space, right_size(s->product, a->dim, s->block_words));
    }
    b.gathered = take(space, gathered_size(a));
    return b;
}

static real dot(int64_t n, const real *x, const real *y)
{
    vreal sum = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        sum = vfma(vload(x + i), vload(y + i), sum);
    }
    if (i < n) {
        sum = vfma(vload_part(x + i, n - i, 0), vload_part(y + i, n - i, 0), sum);
    }
    return vsum(sum);
}

/* One query: turns scores into P, and dO V^T into dS unless ds is NULL. Both rows have room for whole vectors. */
static void weigh_row(int64_t n, real scale, real lse, real d, real *p, real *ds)
{
    const vreal s = vset(scale), minus = vset(-lse), mean = vset(d);
    for (int64_t i = 0; i < n; i += VLEN) {
        const vreal e = vexp(vfma(vload(p + i), s, minus));
        vstore(p + i, e);
        if (ds) {
            vstore(ds + i, e * (vload(ds + i) - mean) * s);
        }
    }
}

static void weigh_rows(const attention_run *run, int64_t head, int64_t first, int64_t rows, const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const int64_t row = run->sizes.score_row, keys = keys_of(a, head);
    const real *lse = (const real *)a->lse + head * a->queries + first;
    for (int64_t r = 0; r < rows; r++) {
        real d = 0, *ds = NULL;
        if (b->ds) {
            ds = b->ds + r * row;
            d = dot(a->dim, head_of(&a->go, a->heads, head, first + r), head_of(&a->o, a->heads, head, first + r));
        }
        weigh_row(keys, (real)a->scale, lse[r], d, b->p + r * row, ds);
    }
}

/* Adds weights^T x of one block of queries to gradient g of the keys or values, array by array; the first block starts it from
 * zero. weights [rows, keys] is P or dS; x is dO or Q, packed into `packed`. */
static void add_to_keys(const attention_run *run, int64_t head, int64_t first, int64_t rows, const real *weights,
                        const neap_attention_view *x, word *packed, const neap_attention_view *g, word *left)
{
    const neap_attention_args *a = run->a;
    const neap_product *product = run->sizes.product;
    const int64_t keys = keys_of(a, head);
    product->pack_right(rows_of(x, a->heads, head, first), rows, a->dim, packed);
    for (int64_t from = 0, to; from < keys; from = to) {
        real *sum = head_of(g, a->heads, head, from);
        to = array_end(g, from, keys);
        multiply(&(head_product){product, to - from, a->dim, rows, strided(weights + from, 1, run->sizes.score_row), packed,
                                 first ? sum : NULL, sum, row_step(g, from)}, left);
    }
}

static void backward_block(const attention_run *run, int64_t head, int64_t first, const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const neap_product *product = run->sizes.product;
    const int64_t rows = block_rows(a, head, first), keys = keys_of(a, head), row = run->sizes.score_row;
    multiply(&(head_product){product, rows, keys, a->dim, rows_of(&a->q, a->heads, head, first), b->keys_by_dim, NULL, b->p,
                             row}, b->left);
    if (b->ds) {
        multiply(&(head_product){product, rows, keys, a->dim, rows_of(&a->go, a->heads, head, first), b->values_by_dim, NULL,
                                 b->ds, row}, b->left);
    }
    weigh_rows(run, head, first, rows, b);
    if (a->gq.data) {
        multiply(&(head_product){product, rows, a->dim, keys, strided(b->ds, row, 1), b->keys, NULL,
                                 head_of(&a->gq, a->heads, head, first), row_step(&a->gq, first)}, b->left);
    }
    if (a->gv.data) {
        add_to_keys(run, head, first, rows, b->p, &a->go, b->grads, &a->gv, b->left);
    }
    if (a->gk.data) {
        add_to_keys(run, head, first, rows, b->ds, &a->q, b->queries, &a->gk, b->left);
    }
}

/* The head's keys and values as right operands. */
static void pack_head(const attention_run *run, int64_t head, const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const neap_product *product = run->sizes.product;
    const int64_t keys = keys_of(a, head);
    const gemm_matrix k = all_rows(a, &a->k, head, keys, b->gathered);
    product->pack_right(transposed(k), a->dim, keys, b->keys_by_dim);
    if (b->keys) {
        product->pack_right(k, keys, a->dim, b->keys);
    }
    if (b->values_by_dim) {
        product->pack_right(transposed(all_rows(a, &a->v, head, keys, b->gathered)), a->dim, keys, b->values_by_dim);
    }
}

/* The gradients of masked tokens are zero. */
static void clear_masked(const neap_attention_args *a, int64_t head)
{
    if (a->gq.data) {
        clear_tokens(a, &a->gq, head, queries_of(a, head), a->queries);
    }
    if (a->gk.data) {
        clear_tokens(a, &a->gk, head, keys_of(a, head), a->keys);
    }
    if (a->gv.data) {
        clear_tokens(a, &a->gv, head, keys_of(a, head), a->keys);
    }
}

/* Items are heads. */
static void backward_items(const attention_run *run, int64_t begin, int64_t end, word *space)
{
    const backward_space b = lay_out(run->a, &run->sizes, &(head_space){space, 0});
    for (int64_t head = begin; head < end; head++) {
        int64_t block = 0;
        pack_head(run, head, &b);
        do { /* at least once: without queries it sets dK and dV to zero */
            backward_block(run, head, block_first(run->a, block++), &b);
        } while (block_first(run->a, block) < queries_of(run->a, head));
        clear_masked(run->a, head);
    }
}

int NEAP_KERNEL(attention_gradient)(const neap_kernels *kernels, const neap_attention_args *a)
{
    if (a->batch <= 0 || a->heads <= 0 || a->dim <= 0) {
        return 0;
    }
    attention_run run = {.a = a, .sizes = sizes_of(kernels, a)};
    head_space room = {NULL, 0};
    lay_out(a, &run.sizes, &room);
    run.task_size = room.used;
    run.items = a->batch * a->heads;
    return NEAP_VARIANT(neap_attention_split)(&run, backward_items);
}
