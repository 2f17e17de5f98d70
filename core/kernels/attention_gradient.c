/*
 * Attention's gradient from the log-sum-exp: the softmax is computed again, block of queries by block of queries.
 *
 * With P = exp(scale Q K^T - lse) and D = rowsum(dO O):
 * dV = P^T dO, dS = scale P (dO V^T - D), dQ = dS K, dK = dS^T Q. A head belongs to one task, which adds to its dK and
 * dV in the order of the queries.
 */
#include "attention.h"

/* Scratch of a task: the head's keys and values packed as each product needs them, and what one block makes. */
typedef struct backward_space {
    word *keys_by_dim, *values_by_dim, *keys; /* K^T, V^T, K */
    word *queries, *grads;                    /* of a block: Q, dO */
    word *left;
    real *p, *ds;
} backward_space;

static backward_space lay_out(const neap_attention_args *a, const head_sizes *s, head_space *space)
{
    backward_space b;
    b.keys_by_dim = take(space, panels_size(a->keys, s->dim_words));
    b.values_by_dim = take(space, panels_size(a->keys, s->dim_words));
    b.keys = take(space, panels_size(a->dim, s->key_words));
    b.queries = take(space, panels_size(a->dim, s->block_words));
    b.grads = take(space, panels_size(a->dim, s->block_words));
    b.left = take(space, s->left);
    b.p = take(space, QUERY_ROWS * s->score_row);
    b.ds = take(space, QUERY_ROWS * s->score_row);
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

/* One query: scores to P, and dO V^T to dS. Both rows are readable up to a whole vector. */
static void weigh_row(int64_t n, real scale, real lse, real d, real *p, real *ds)
{
    const vreal s = vset(scale), minus = vset(-lse), mean = vset(d);
    for (int64_t i = 0; i < n; i += VLEN) {
        const vreal e = vexp(vfma(vload(p + i), s, minus));
        vstore(p + i, e);
        vstore(ds + i, e * (vload(ds + i) - mean) * s);
    }
}

static void weigh_rows(const attention_run *run, int64_t head, int64_t first, int64_t rows, const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const int64_t row = run->sizes.score_row;
    const real *lse = (const real *)a->lse + head * a->queries + first;
    for (int64_t r = 0; r < rows; r++) {
        const real d = dot(a->dim, head_of(&a->go, a->heads, head, first + r), head_of(&a->o, a->heads, head, first + r));
        weigh_row(a->keys, (real)a->scale, lse[r], d, b->p + r * row, b->ds + r * row);
    }
}

/* What one block of queries adds to dK and dV; the first block of a head starts them from zero. */
static void add_key_gradients(const attention_run *run, int64_t head, int64_t first, int64_t rows,
                              const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const gemm_words words = run->sizes.words;
    const int64_t row = run->sizes.score_row;
    real *gk = head_of(&a->gk, a->heads, head, 0), *gv = head_of(&a->gv, a->heads, head, 0);
    NEAP_VARIANT(neap_gemm_pack_right)(words, rows_of(&a->q, a->heads, head, first), rows, a->dim, b->queries);
    NEAP_VARIANT(neap_gemm_pack_right)(words, rows_of(&a->go, a->heads, head, first), rows, a->dim, b->grads);
    multiply(&(head_product){words, a->keys, a->dim, rows, strided(b->p, 1, row), b->grads, first ? gv : NULL, gv,
                             a->gv.token}, b->left);
    multiply(&(head_product){words, a->keys, a->dim, rows, strided(b->ds, 1, row), b->queries, first ? gk : NULL, gk,
                             a->gk.token}, b->left);
}

static void backward_block(const attention_run *run, int64_t head, int64_t first, const backward_space *b)
{
    const neap_attention_args *a = run->a;
    const gemm_words words = run->sizes.words;
    const int64_t rows = least(a->queries - first, QUERY_ROWS), row = run->sizes.score_row;
    multiply(&(head_product){words, rows, a->keys, a->dim, rows_of(&a->q, a->heads, head, first), b->keys_by_dim, NULL,
                             b->p, row}, b->left);
    multiply(&(head_product){words, rows, a->keys, a->dim, rows_of(&a->go, a->heads, head, first), b->values_by_dim,
                             NULL, b->ds, row}, b->left);
    weigh_rows(run, head, first, rows, b);
    multiply(&(head_product){words, rows, a->dim, a->keys, strided(b->ds, row, 1), b->keys, NULL,
                             head_of(&a->gq, a->heads, head, first), a->gq.token}, b->left);
    add_key_gradients(run, head, first, rows, b);
}

/* Items are heads. */
static void backward_items(const attention_run *run, int64_t begin, int64_t end, word *space)
{
    const neap_attention_args *a = run->a;
    const gemm_words words = run->sizes.words;
    const backward_space b = lay_out(a, &run->sizes, &(head_space){space, 0});
    for (int64_t head = begin; head < end; head++) {
        const gemm_matrix k = rows_of(&a->k, a->heads, head, 0), v = rows_of(&a->v, a->heads, head, 0);
        NEAP_VARIANT(neap_gemm_pack_right)(words, transposed(k), a->dim, a->keys, b.keys_by_dim);
        NEAP_VARIANT(neap_gemm_pack_right)(words, transposed(v), a->dim, a->keys, b.values_by_dim);
        NEAP_VARIANT(neap_gemm_pack_right)(words, k, a->keys, a->dim, b.keys);
        int64_t first = 0;
        do { /* without queries, too: dK and dV are zero then */
            backward_block(run, head, first, &b);
            first += QUERY_ROWS;
        } while (first < a->queries);
    }
}

int NEAP_VARIANT(neap_attention_gradient)(const neap_attention_args *a)
{
    if (a->batch <= 0 || a->heads <= 0 || a->dim <= 0) {
        return 0;
    }
    attention_run run = {.a = a, .sizes = sizes_of(a)};
    head_space room = {NULL, 0};
    lay_out(a, &run.sizes, &room);
    run.task_size = room.used;
    run.items = a->batch * a->heads;
    return NEAP_VARIANT(neap_attention_split)(&run, backward_items);
}
