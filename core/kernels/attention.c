/*
 * Attention: softmax(scale Q K^T) V, one (batch, head) and one block of queries at a time.
 *
 * Keys and values of a head are packed once; a block's scores against all keys stay in cache from the first product
 * through the softmax to the second. No result depends on how the work was split. Masked keys are never read: each head
 * runs the same operations as if its arrays ended at its lengths, so padding changes no bit.
 */
#include "attention.h"

#include <math.h>

#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"

/* Scratch of a task: packed keys and values of the current head, a left operand, a block's scores, 1 / sum per row, keys or
 * values from two arrays. */
typedef struct forward_space {
    word *keys, *values, *left;
    real *scores, *inverse, *gathered;
} forward_space;

static forward_space lay_out(const neap_attention_args *a, const head_sizes *s, head_space *space)
{
    forward_space f;
    f.keys = take(space, right_size(s->product, a->keys, s->dim_words));
    f.values = take(space, right_size(s->product, a->dim, s->key_words));
    f.left = take(space, s->left);
    f.scores = take(space, QUERY_ROWS * s->score_row);
    f.inverse = take(space, QUERY_ROWS);
    f.gathered = take(space, gathered_size(a));
    return f;
}

/* The greatest of scale x[i]. x has room for whole vectors; lanes past n are overwritten. */
static real greatest(int64_t n, real *x, real scale)
{
    vreal m = vset(-(real)INFINITY);
    for (int64_t i = n; i < round_up(n, VLEN); i++) {
        x[i] = x[0];
    }
    for (int64_t i = 0; i < n; i += VLEN) {
        m = vmax(vload(x + i) * scale, m);
    }
    return vmaximum(m);
}

/* x[i] = exp(scale x[i] - shift); returns their sum. */
static real exponentials(int64_t n, real *x, real scale, real shift)
{
    vreal sum = {0};
    const vreal s = vset(scale), minus = vset(-shift);
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        const vreal e = vexp(vfma(vload(x + i), s, minus));
        vstore(x + i, e);
        sum += e;
    }
    if (i < n) {
        const vreal e = vexp(vfma(vload(x + i), s, minus));
        vstore(x + i, e);
        sum += vload_part(x + i, n - i, 0);
    }
    return vsum(sum);
}

/* Turns the scores of `rows` queries into exponentials, and sets `inverse`: the factor of each row of the result. */
static void softmax_rows(const attention_run *run, int64_t rows, int64_t keys, const forward_space *f, real *lse)
{
    const real scale = (real)run->a->scale;
    for (int64_t r = 0; r < rows; r++) {
        real *scores = f->scores + r * run->sizes.score_row;
        const real top = greatest(keys, scores, scale);
        const real sum = exponentials(keys, scores, scale, top);
        lse[r] = top + NEAP_MATH(log)(sum);
        f->inverse[r] = sum == 0 ? 0 : 1 / sum; /* 0: no keys take part */
    }
}

static void scale_rows(int64_t rows, int64_t n, const real *factor, real *x, int64_t x_row)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t j = 0; j < n; j++) {
            x[r * x_row + j] *= factor[r];
        }
    }
}

static void forward_block(const attention_run *run, int64_t head, int64_t first, const forward_space *f)
{
    const neap_attention_args *a = run->a;
    const int64_t keys = keys_of(a, head), rows = block_rows(a, head, first);
    const neap_product *product = run->sizes.product;
    const int64_t out_row = row_step(&a->o, first);
    real *out = head_of(&a->o, a->heads, head, first);
    multiply(&(head_product){product, rows, keys, a->dim, rows_of(&a->q, a->heads, head, first), f->keys, NULL, f->scores,
                             run->sizes.score_row}, f->left);
    softmax_rows(run, rows, keys, f, (real *)a->lse + head * a->queries + first);
    multiply(&(head_product){product, rows, a->dim, keys, strided(f->scores, run->sizes.score_row, 1), f->values, NULL, out,
                             out_row}, f->left);
    scale_rows(rows, a->dim, f->inverse, out, out_row);
    clear_tokens(a, &a->o, head, first + rows, block_end(a, first));
}

static void pack_head(const attention_run *run, int64_t head, const forward_space *f)
{
    const neap_attention_args *a = run->a;
    const neap_product *product = run->sizes.product;
    const int64_t keys = keys_of(a, head);
    product->pack_right(transposed(all_rows(a, &a->k, head, keys, f->gathered)), a->dim, keys, f->keys);
    product->pack_right(all_rows(a, &a->v, head, keys, f->gathered), keys, a->dim, f->values);
}

/* Items are blocks of queries; the blocks of one head are adjacent. */
static void forward_items(const attention_run *run, int64_t begin, int64_t end, word *space)
{
    const neap_attention_args *a = run->a;
    const int64_t blocks = block_count(a);
    const forward_space f = lay_out(a, &run->sizes, &(head_space){space, 0});
    for (int64_t item = begin; item < end; item++) {
        const int64_t head = item / blocks;
        if (item == begin || item % blocks == 0) {
            pack_head(run, head, &f);
        }
        forward_block(run, head, block_first(a, item % blocks), &f);
    }
}

typedef struct split_run {
    const attention_run *run;
    attention_item_fn *body;
} split_run;

static void run_tasks(void *user, int64_t begin, int64_t end)
{
    const split_run *split = user;
    const attention_run *run = split->run;
    begin_products(run->sizes.product);
    for (int64_t t = begin; t < end; t++) {
        split->body(run, run->items * t / run->tasks, run->items * (t + 1) / run->tasks,
                    run->scratch + t * run->task_size);
    }
    end_products(run->sizes.product);
}

int NEAP_VARIANT(neap_attention_split)(attention_run *run, attention_item_fn *body)
{
    const neap_attention_args *a = run->a;
    const bool small = a->batch * a->heads * a->queries * a->keys * a->dim < ATTENTION_SERIAL;
    run->tasks = small ? 1 : least(neap_threads(), run->items);
    run->task_size = round_up(run->task_size, PIECE);
    run->scratch = neap_scratch(NEAP_SCRATCH_ATTENTION, (size_t)(run->tasks * run->task_size) * sizeof(word));
    if (!run->scratch) {
        return neap_fail_in("attention");
    }
    split_run split = {run, body};
    neap_parallel(run->tasks, 1, run_tasks, &split);
    return 0;
}

int NEAP_KERNEL(attention)(const neap_kernels *kernels, const neap_attention_args *a)
{
    if (a->batch <= 0 || a->heads <= 0 || a->queries <= 0 || a->dim <= 0) {
        return 0;
    }
    attention_run run = {.a = a, .sizes = sizes_of(kernels, a)};
    head_space room = {NULL, 0};
    lay_out(a, &run.sizes, &room);
    run.task_size = room.used;
    run.items = a->batch * a->heads * block_count(a);
    return NEAP_VARIANT(neap_attention_split)(&run, forward_items);
}
