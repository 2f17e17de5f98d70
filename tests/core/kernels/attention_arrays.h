/* Arrays for attention kernels, and the comparison of a kernel's results with the reference of attention_problem.h. */
#ifndef NEAP_ATTENTION_ARRAYS_H
#define NEAP_ATTENTION_ARRAYS_H

#include "attention_problem.h"
#include "model_product.h"

/* The arrays as kernels see them: where there are as many queries as keys, q, k and v lie in one array
 * [batch, tokens, 3, heads, dim], and so do gq, gk and gv; gaps everywhere. */
typedef struct arrays {
    size_t size; /* of an element */
    guarded at[ARRAY_COUNT], lse;
    neap_attention_view view[ARRAY_COUNT];
} arrays;

enum { GAP = 3 };

static inline void put(const arrays *x, int array, int64_t i, double value)
{
    if (x->size == sizeof(float)) {
        ((float *)x->view[array].data)[i] = (float)value;
    } else {
        ((double *)x->view[array].data)[i] = value;
    }
}

static inline double get(const arrays *x, const void *data, int64_t i)
{
    return x->size == sizeof(float) ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Where element d of a head's token lies in a view. */
static inline int64_t place_of(const attention_shape *s, const neap_attention_view *v, int64_t head, int64_t token, int64_t d)
{
    return head / s->heads * v->batch + token * v->token + head % s->heads * v->head + d;
}

static inline void new_view(arrays *x, const attention_shape *s, int array, int shared_with, int third)
{
    const bool joint = s->queries == s->keys && array != O && array != GO;
    const int64_t head = s->dim + GAP, token = (joint ? 3 : 1) * s->heads * head + GAP;
    const int64_t batch = tokens_of(s, array) * token + GAP;
    if (!joint || array == shared_with) {
        x->at[array] = guarded_new((size_t)(s->batch * batch) * x->size, x->size);
    }
    char *data = x->at[joint ? shared_with : array].data;
    x->view[array] = (neap_attention_view){.data = data + (size_t)(joint ? third * s->heads * head : 0) * x->size,
                                           .batch = batch, .token = token, .head = head};
}

/* Masked tokens hold `padding`. */
static inline void copy_in(const arrays *x, const attention_problem *p, int array, double padding)
{
    for (int64_t i = 0; i < count_of(&p->s, array); i++) {
        const int64_t n = tokens_of(&p->s, array), head = i / p->s.dim / n, token = i / p->s.dim % n;
        const bool used = token < used_tokens(p, array, head);
        put(x, array, place_of(&p->s, &x->view[array], head, token, i % p->s.dim), used ? p->value[array][i] : padding);
    }
}

static inline arrays padded_arrays_new(const attention_problem *p, size_t size, double padding)
{
    arrays x = {.size = size};
    const int shared[ARRAY_COUNT] = {Q, Q, Q, O, GO, GQ, GQ, GQ}, third[ARRAY_COUNT] = {0, 1, 2, 0, 0, 0, 1, 2};
    for (int i = 0; i < ARRAY_COUNT; i++) {
        new_view(&x, &p->s, i, shared[i], third[i]);
    }
    x.lse = guarded_new((size_t)(p->s.batch * p->s.heads * p->s.queries) * size, size);
    copy_in(&x, p, Q, padding);
    copy_in(&x, p, K, padding);
    copy_in(&x, p, V, padding);
    copy_in(&x, p, GO, padding);
    return x;
}

static inline arrays arrays_new(const attention_problem *p, size_t size)
{
    return padded_arrays_new(p, size, NAN);
}

static inline void arrays_free(arrays *x)
{
    for (int i = 0; i < ARRAY_COUNT; i++) {
        guarded_free(&x->at[i]);
    }
    guarded_free(&x->lse);
}

static inline neap_attention_args arguments_of(const attention_problem *p, const arrays *x)
{
    const attention_shape *s = &p->s;
    return (neap_attention_args){
        .batch = s->batch, .heads = s->heads, .queries = s->queries, .keys = s->keys, .dim = s->dim, .scale = s->scale,
        .bf16 = s->bf16, .query_lengths = p->query_lengths, .key_lengths = p->key_lengths, .q = x->view[Q],
        .k = x->view[K], .v = x->view[V], .o = x->view[O], .lse = x->lse.data, .go = x->view[GO], .gq = x->view[GQ], .gk = x->view[GK], .gv = x->view[GV]};
}

static const char *describe_shape(const attention_shape *s, const char *name)
{
    static char text[160];
    snprintf(text, sizeof text, "%s batch %d heads %d queries %d keys %d dim %d scale %g bf16 %d", name, (int)s->batch,
             (int)s->heads, (int)s->queries, (int)s->keys, (int)s->dim, s->scale, s->bf16);
    return text;
}

/* Rounding errors add up like a random walk: a sum of n terms is off by some sqrt(n) units of its magnitude, and
 * an error of a score, itself a sum over dim, multiplies its exponential; 4 deviations. Where weights are rounded to
 * bf16 each is off by 2^-8 at most: half a unit of 8 bits. */
static inline double tolerance(const attention_problem *p, size_t size)
{
    const double unit = size == sizeof(float) ? 0x1p-24 : 0x1p-53;
    const double terms = sqrt((double)p->s.dim) + sqrt((double)(p->s.keys + p->s.queries));
    return 4 * unit * terms * (1 + p->largest) + (p->s.bf16 ? 0x1p-8 : 0);
}

static inline void check_array(const attention_problem *p, const arrays *x, int array, const char *name)
{
    const double relative = tolerance(p, x->size);
    for (int64_t i = 0; i < count_of(&p->s, array); i++) {
        const int64_t token = i / p->s.dim, n = tokens_of(&p->s, array);
        const int64_t place = place_of(&p->s, &x->view[array], token / n, token % n, i % p->s.dim);
        const double got = get(x, x->view[array].data, place), want = p->value[array][i];
        const double bound = relative * p->magnitude[array][i] + 0x1p-120;
        if (!(fabs(got - want) <= bound)) {
            ck_abort_msg("%s: %s element %d is %g, expected %g within %g", describe_shape(&p->s, name), array_names[array],
                         (int)i, got, want, bound);
        }
    }
}

/* Nothing outside the elements was written: once the elements are canaries, the whole array is. */
static inline void check_gaps(const attention_problem *p, arrays *x, const char *name)
{
    for (int array = 0; array < ARRAY_COUNT; array++) {
        for (int64_t i = 0; i < count_of(&p->s, array); i++) {
            const int64_t token = i / p->s.dim, n = tokens_of(&p->s, array);
            const int64_t place = place_of(&p->s, &x->view[array], token / n, token % n, i % p->s.dim);
            memset((char *)x->view[array].data + (size_t)place * x->size, CANARY, x->size);
        }
    }
    for (int array = 0; array < ARRAY_COUNT; array++) {
        const guarded *g = &x->at[array];
        ck_assert_msg(!g->data || (guarded_intact(g) && all_canaries(g->data, g->bytes)), "%s: wrote outside %s",
                      describe_shape(&p->s, name), array_names[array]);
    }
    ck_assert(guarded_intact(&x->lse));
}

static inline void check_lse(const attention_problem *p, const arrays *x, const char *name)
{
    for (int64_t i = 0; i < p->s.batch * p->s.heads * p->s.queries; i++) {
        if (i % p->s.queries >= used_tokens(p, Q, i / p->s.queries)) {
            continue;
        }
        const double got = get(x, x->lse.data, i), want = p->lse[i];
        const bool close = fabs(got - want) <= tolerance(p, x->size) - (p->s.bf16 ? 0x1p-8 : 0);
        if (!close && got != want) { /* without keys: -infinity */
            ck_abort_msg("%s: lse %d is %g, expected %g", describe_shape(&p->s, name), (int)i, got, want);
        }
    }
}

static inline void check_on(const attention_problem *p, const neap_kernels *kernels, size_t size, double padding, const char *name)
{
    arrays x = padded_arrays_new(p, size, padding);
    const neap_attention_args args = arguments_of(p, &x);
    ck_assert_int_eq(kernels->attention(kernels, &args), 0);
    check_array(p, &x, O, name);
    check_lse(p, &x, name);
    ck_assert_int_eq(kernels->attention_gradient(kernels, &args), 0);
    check_array(p, &x, GQ, name);
    check_array(p, &x, GK, name);
    check_array(p, &x, GV, name);
    check_gaps(p, &x, name);
    arrays_free(&x);
}

/* On every instruction set and in f64, with each of `padding` in the masked tokens. */
static inline void check_problem(attention_problem p, const double *padding, int count)
{
    for (int i = 0; i < count; i++) {
        for (int table = 0; table < F32_TABLES; table++) {
            const neap_kernels *kernels = f32_table(table);
            if (kernels) {
                check_on(&p, kernels, sizeof(float), padding[i], kernels->name);
            }
        }
        if (!p.s.bf16) {
            check_on(&p, neap_kernels_for(NEAP_F64), sizeof(double), padding[i], "f64");
        }
    }
    attention_problem_free(&p);
}

#endif
