/*
 * A random matrix product with its result by a triple loop in long double, and the check of a kernel's result against it.
 */
#ifndef NEAP_GEMM_PROBLEM_H
#define NEAP_GEMM_PROBLEM_H

#include <math.h>
#include <stdio.h>

#include "kernel_test.h"
#include "kernels/kernels.h"

/* How an operand lies in memory. */
typedef enum layout { ROWS, COLUMNS, PADDED, SPREAD, LAYOUT_COUNT } layout;

typedef struct shape {
    int64_t m, n, k;
    layout a, b;
    bool accumulate, bias, bf16, whole; /* whole: small integers, whose products and sums are exact */
} shape;

/* A product with its operands, in f32 and f64, and the result in long double with the sum of magnitudes beside it. */
typedef struct problem {
    shape s;
    int64_t a_row, a_col, b_row, b_col, c_row;
    guarded a[2], b[2], start[2], bias[2];
    long double *want, *magnitude;
} problem;

enum { F32, F64 };
static const size_t sizes[2] = {sizeof(float), sizeof(double)};

static inline double read_at(const guarded *array, int type, int64_t i)
{
    return type == F32 ? (double)((const float *)array->data)[i] : ((const double *)array->data)[i];
}

static inline void write_both(guarded array[2], int64_t i, float x)
{
    ((float *)array[F32].data)[i] = x;
    ((double *)array[F64].data)[i] = (double)x;
}

static inline void strides_of(layout l, int64_t rows, int64_t cols, int64_t *row, int64_t *col)
{
    const int64_t table[LAYOUT_COUNT][2] = {{cols, 1}, {1, rows}, {cols + 3, 1}, {2 * cols + 5, 2}};
    *row = table[l][0];
    *col = table[l][1];
}

static inline void new_both(guarded array[2], int64_t count)
{
    for (int type = F32; type <= F64; type++) {
        array[type] = guarded_new((size_t)(count > 0 ? count : 1) * sizes[type], sizes[type]);
    }
}

static inline void free_both(guarded array[2])
{
    guarded_free(&array[F32]);
    guarded_free(&array[F64]);
}

static inline float random_value(const shape *s)
{
    return s->whole ? (float)(random_below(9) - 4) : random_unit();
}

static inline void new_operand(guarded array[2], const shape *s, int64_t rows, int64_t cols, int64_t row, int64_t col)
{
    new_both(array, rows && cols ? (rows - 1) * row + (cols - 1) * col + 1 : 0);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            write_both(array, i * row + j * col, random_value(s));
        }
    }
}

/* Element (i, j): start, bias and terms, and the sum of their magnitudes. */
static inline void reference_element(problem *p, int64_t i, int64_t j)
{
    const shape *s = &p->s;
    const long double start = s->accumulate ? (long double)read_at(p->start, F32, i * p->c_row + j) : 0;
    const long double bias = s->bias ? (long double)read_at(p->bias, F32, j) : 0;
    long double sum = start + bias, magnitude = fabsl(start) + fabsl(bias);
    for (int64_t t = 0; t < s->k; t++) {
        float x = (float)read_at(p->a, F32, i * p->a_row + t * p->a_col);
        float y = (float)read_at(p->b, F32, t * p->b_row + j * p->b_col);
        x = s->bf16 ? nearest_bf16(x) : x;
        y = s->bf16 ? nearest_bf16(y) : y;
        sum += (long double)x * (long double)y;
        magnitude += fabsl((long double)x * (long double)y);
    }
    p->want[i * s->n + j] = sum;
    p->magnitude[i * s->n + j] = magnitude;
}

static inline problem problem_new(shape s)
{
    problem p = {.s = s, .c_row = s.n + 5};
    strides_of(s.a, s.m, s.k, &p.a_row, &p.a_col);
    strides_of(s.b, s.k, s.n, &p.b_row, &p.b_col);
    new_operand(p.a, &s, s.m, s.k, p.a_row, p.a_col);
    new_operand(p.b, &s, s.k, s.n, p.b_row, p.b_col);
    new_operand(p.start, &s, s.m, s.n, p.c_row, 1);
    new_operand(p.bias, &s, 1, s.n, s.n, 1);
    p.want = calloc((size_t)(s.m * s.n + 1), sizeof *p.want);
    p.magnitude = calloc((size_t)(s.m * s.n + 1), sizeof *p.magnitude);
    for (int64_t i = 0; i < s.m; i++) {
        for (int64_t j = 0; j < s.n; j++) {
            reference_element(&p, i, j);
        }
    }
    return p;
}

static inline void problem_free(problem *p)
{
    free_both(p->a);
    free_both(p->b);
    free_both(p->start);
    free_both(p->bias);
    free(p->want);
    free(p->magnitude);
}

/* C before the product: canaries between the rows; the start values only where they are asked for. */
static inline guarded fresh_c(const problem *p, int type)
{
    const guarded *start = &p->start[type];
    guarded c = guarded_new(start->bytes, sizes[type]);
    if (p->s.accumulate) {
        memcpy(c.data, start->data, start->bytes);
    }
    return c;
}

static inline neap_gemm arguments(const problem *p, int type, guarded *c)
{
    const shape *s = &p->s;
    return (neap_gemm){.m = s->m, .n = s->n, .k = s->k, .a = p->a[type].data, .a_row = p->a_row, .a_col = p->a_col,
                       .b = p->b[type].data, .b_row = p->b_row, .b_col = p->b_col, .c = c->data, .c_row = p->c_row,
                       .bias = s->bias ? p->bias[type].data : NULL, .accumulate = s->accumulate, .bf16 = s->bf16};
}

static inline const char *describe(const problem *p, const char *name)
{
    static char text[160];
    const shape *s = &p->s;
    snprintf(text, sizeof text, "%s m %d n %d k %d a %d b %d accumulate %d bias %d bf16 %d", name, (int)s->m, (int)s->n,
             (int)s->k, s->a, s->b, s->accumulate, s->bias, s->bf16);
    return text;
}

/* Check notes every assertion in a file, so an assertion an element would take most of the time.
 *
 * Summing k + 2 terms one after another errs by at most (k + 2) u times the sum of their magnitudes, where u is the
 * rounding unit; a term that is rounded before it is added costs one u more. vdpbf16ps rounds twice a pair. */
static inline void check_result(const problem *p, int type, const guarded *c, const char *name)
{
    const shape *s = &p->s;
    const long double unit = type == F32 ? 0x1p-24L : 0x1p-53L;
    for (int64_t i = 0; i < s->m; i++) {
        for (int64_t j = 0; j < s->n; j++) {
            const long double got = (long double)read_at(c, type, i * p->c_row + j), want = p->want[i * s->n + j];
            const long double bound = s->whole ? 0 : (long double)(s->k + 3) * unit * p->magnitude[i * s->n + j];
            if (!(fabsl(got - want) <= bound)) {
                ck_abort_msg("%s: (%d, %d) is %Lg, expected %Lg within %Lg", describe(p, name), (int)i, (int)j, got,
                             want, bound);
            }
        }
        const char *gap = (const char *)c->data + (size_t)(i * p->c_row + s->n) * sizes[type];
        if (i + 1 < s->m && !all_canaries(gap, (size_t)(p->c_row - s->n) * sizes[type])) {
            ck_abort_msg("%s: wrote between rows", describe(p, name));
        }
    }
    ck_assert_msg(guarded_intact(c), "%s: wrote outside C", describe(p, name));
}

#endif
