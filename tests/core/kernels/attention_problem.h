/*
 * A random attention problem, with its result and its gradients by plain loops in double.
 *
 * Every reference value has a magnitude: the same sum over the absolute values of its terms, differences counted as sums.
 * Rounding errors are judged relative to it.
 */
#ifndef NEAP_ATTENTION_PROBLEM_H
#define NEAP_ATTENTION_PROBLEM_H

#include <math.h>
#include <stdio.h>

#include "kernel_test.h"
#include "kernels/kernels.h"

typedef struct attention_shape {
    int64_t batch, heads, queries, keys, dim;
    double scale, spread; /* inputs lie in [-spread, spread) */
    bool bf16;
} attention_shape;

enum { Q, K, V, O, GO, GQ, GK, GV, ARRAY_COUNT };
static const char *const array_names[ARRAY_COUNT] = {"q", "k", "v", "o", "go", "gq", "gk", "gv"};

/* Values and magnitudes as [batch, heads, tokens, dim]; lse as [batch, heads, queries]. */
typedef struct attention_problem {
    attention_shape s;
    const int32_t *query_lengths, *key_lengths; /* [batch], or NULL */
    double *value[ARRAY_COUNT], *magnitude[ARRAY_COUNT], *lse;
    double largest; /* the largest magnitude of a score */
} attention_problem;

static inline int64_t tokens_of(const attention_shape *s, int array)
{
    return array == K || array == V || array == GK || array == GV ? s->keys : s->queries;
}

static inline int64_t count_of(const attention_shape *s, int array)
{
    return s->batch * s->heads * tokens_of(s, array) * s->dim;
}

/* How many tokens of an array take part in one head. */
static inline int64_t used_tokens(const attention_problem *p, int array, int64_t head)
{
    const bool keys = array == K || array == V || array == GK || array == GV;
    const int32_t *lengths = keys ? p->key_lengths : p->query_lengths;
    return lengths ? lengths[head / p->s.heads] : tokens_of(&p->s, array);
}

static inline void fill_random(attention_problem *p, int array)
{
    for (int64_t i = 0; i < count_of(&p->s, array); i++) {
        const float x = random_unit() * (float)p->s.spread;
        p->value[array][i] = (double)(p->s.bf16 ? nearest_bf16(x) : x);
    }
}

/* Row `token` of a head. */
static inline double *row_of(const attention_problem *p, double *const *arrays, int array, int64_t head, int64_t token)
{
    return arrays[array] + (head * tokens_of(&p->s, array) + token) * p->s.dim;
}

static inline double dot_rows(int64_t n, const double *x, const double *y, double *magnitude)
{
    double sum = 0;
    *magnitude = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i] * y[i];
        *magnitude += fabs(x[i] * y[i]);
    }
    return sum;
}

/* y += factor x, and the magnitudes beside. */
static inline void add_row(int64_t n, double factor, double size, const double *x, double *y, double *magnitude)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] += factor * x[i];
        magnitude[i] += size * fabs(x[i]);
    }
}

/* p = softmax of one query's scores. */
static inline void reference_weights(attention_problem *p, int64_t head, int64_t query, double *weights)
{
    const int64_t keys = used_tokens(p, K, head);
    double top = -INFINITY, sum = 0, magnitude;
    for (int64_t j = 0; j < keys; j++) {
        weights[j] = p->s.scale * dot_rows(p->s.dim, row_of(p, p->value, Q, head, query),
                                           row_of(p, p->value, K, head, j), &magnitude);
        top = fmax(top, weights[j]);
        p->largest = fmax(p->largest, fabs(p->s.scale) * magnitude);
    }
    for (int64_t j = 0; j < keys; j++) {
        sum += exp(weights[j] - top);
    }
    p->lse[head * p->s.queries + query] = top + log(sum);
    for (int64_t j = 0; j < keys; j++) {
        weights[j] = exp(weights[j] - top) / sum;
    }
}

static inline void reference_query(attention_problem *p, int64_t head, int64_t query, double *weights)
{
    const int64_t dim = p->s.dim, keys = used_tokens(p, K, head);
    double size, d_size;
    double *go = row_of(p, p->value, GO, head, query), *o = row_of(p, p->value, O, head, query);
    reference_weights(p, head, query, weights);
    for (int64_t j = 0; j < keys; j++) {
        add_row(dim, weights[j], weights[j], row_of(p, p->value, V, head, j), o, row_of(p, p->magnitude, O, head, query));
    }
    const double d = dot_rows(dim, go, o, &d_size);
    for (int64_t j = 0; j < keys; j++) {
        const double dp = dot_rows(dim, go, row_of(p, p->value, V, head, j), &size);
        const double ds = p->s.scale * weights[j] * (dp - d), ds_size = fabs(p->s.scale) * weights[j] * (size + d_size);
        add_row(dim, weights[j], weights[j], go, row_of(p, p->value, GV, head, j), row_of(p, p->magnitude, GV, head, j));
        add_row(dim, ds, ds_size, row_of(p, p->value, K, head, j), row_of(p, p->value, GQ, head, query),
                row_of(p, p->magnitude, GQ, head, query));
        add_row(dim, ds, ds_size, row_of(p, p->value, Q, head, query), row_of(p, p->value, GK, head, j),
                row_of(p, p->magnitude, GK, head, j));
    }
}

static inline attention_problem masked_problem_new(attention_shape s, const int32_t *query_lengths, const int32_t *key_lengths)
{
    attention_problem p = {.s = s, .query_lengths = query_lengths, .key_lengths = key_lengths};
    for (int i = 0; i < ARRAY_COUNT; i++) {
        p.value[i] = calloc((size_t)count_of(&s, i) + 1, sizeof(double));
        p.magnitude[i] = calloc((size_t)count_of(&s, i) + 1, sizeof(double));
    }
    p.lse = calloc((size_t)(s.batch * s.heads * s.queries) + 1, sizeof(double));
    fill_random(&p, Q);
    fill_random(&p, K);
    fill_random(&p, V);
    fill_random(&p, GO);
    double *weights = calloc((size_t)s.keys + 1, sizeof(double));
    for (int64_t head = 0; head < s.batch * s.heads; head++) {
        for (int64_t query = 0; query < used_tokens(&p, Q, head); query++) {
            reference_query(&p, head, query, weights);
        }
    }
    free(weights);
    return p;
}

static inline attention_problem attention_problem_new(attention_shape s)
{
    return masked_problem_new(s, NULL, NULL);
}

static inline void attention_problem_free(attention_problem *p)
{
    for (int i = 0; i < ARRAY_COUNT; i++) {
        free(p->value[i]);
        free(p->magnitude[i]);
    }
    free(p->lse);
}

#endif
