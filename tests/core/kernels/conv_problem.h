/*
 * A random convolution with the result of each of its three kernels by a direct loop in long double, and the check of a
 * kernel's result against it.
 */
#ifndef NEAP_CONV_PROBLEM_H
#define NEAP_CONV_PROBLEM_H

#include <math.h>
#include <stdio.h>

#include "kernel_test.h"
#include "kernels/kernels.h"

typedef enum role { X, W, Y, ROLE_COUNT } role;
enum { F32, F64 };

static const size_t sizes[2] = {sizeof(float), sizeof(double)};
static const char *const role_names[ROLE_COUNT] = {"conv_input", "conv_weight", "conv"};

/* How many times as much is summed up in tiles as a result's own terms: the sum of |A'| |G| |B'| over its points and their taps and
 * pixels, over the number of taps; along both axes. Along one axis it is 8 / 3 for two results of three taps, 24.9 / 3 for four,
 * and less for three results of four taps. */
#define GROWTH_2 9
#define GROWTH_4 70

typedef struct conv_shape {
    int64_t batch, in, out, groups;
    neap_conv_axis rows, columns; /* y unset: as large as kernel and padding leave it */
    bool bias, bf16, whole;       /* whole: small integers, whose products and sums are exact */
    int growth;                   /* if it goes by tiles (winograd.h): GROWTH_2 or GROWTH_4; else 0 */
} conv_shape;

typedef struct conv_problem {
    neap_conv c; /* pointers unset */
    bool whole;
    int growth;
    int64_t count[ROLE_COUNT];
    guarded array[ROLE_COUNT][2], bias[2];
    long double *want[ROLE_COUNT], *magnitude[ROLE_COUNT];
    int64_t *terms[ROLE_COUNT];
} conv_problem;

static inline int64_t conv_output(const neap_conv_axis *a)
{
    const int64_t reach = a->x + 2 * a->pad - (a->kernel - 1) * a->dilation - 1;
    return reach < 0 ? 0 : reach / a->stride + 1;
}

static inline double element(const guarded *array, int type, int64_t i)
{
    return type == F32 ? (double)((const float *)array->data)[i] : ((const double *)array->data)[i];
}

static inline void fill_random(guarded array[2], int64_t count, bool whole)
{
    for (int type = F32; type <= F64; type++) {
        array[type] = guarded_new((size_t)(count > 0 ? count : 1) * sizes[type], sizes[type]);
    }
    for (int64_t i = 0; i < count; i++) {
        const float x = whole ? (float)(random_below(9) - 4) : random_unit();
        ((float *)array[F32].data)[i] = x;
        ((double *)array[F64].data)[i] = (double)x;
    }
}

static inline double operand(const conv_problem *p, role r, int64_t i)
{
    const float x = (float)element(&p->array[r][F32], F32, i);
    return (double)(p->c.bf16 ? nearest_bf16(x) : x);
}

/* The term of x[xi], w[wi] and y[yi] in all three results: each is the sum of products of the other two. */
static inline void add_term(conv_problem *p, const int64_t at[ROLE_COUNT])
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        const role a = (role)((r + 1) % ROLE_COUNT), b = (role)((r + 2) % ROLE_COUNT);
        const long double term = (long double)operand(p, a, at[a]) * (long double)operand(p, b, at[b]);
        p->want[r][at[r]] += term;
        p->magnitude[r][at[r]] += fabsl(term);
        p->terms[r][at[r]]++;
    }
}

/* All channels at one pixel of y and one tap. */
static inline void add_channels(conv_problem *p, int64_t x_pixel, int64_t tap, int64_t y_pixel)
{
    const neap_conv *c = &p->c;
    const int64_t inputs = c->in / c->groups, outputs = c->out / c->groups, taps = c->rows.kernel * c->columns.kernel;
    for (int64_t o = 0; o < c->out; o++) {
        for (int64_t i = 0; i < inputs; i++) {
            const int64_t at[ROLE_COUNT] = {[X] = x_pixel * c->in + o / outputs * inputs + i,
                                            [W] = (o * taps + tap) * inputs + i, [Y] = y_pixel * c->out + o};
            add_term(p, at);
        }
    }
}

static inline void add_taps(conv_problem *p, int64_t image, int64_t i, int64_t j)
{
    const neap_conv *c = &p->c;
    for (int64_t u = 0; u < c->rows.kernel; u++) {
        for (int64_t v = 0; v < c->columns.kernel; v++) {
            const int64_t row = i * c->rows.stride - c->rows.pad + u * c->rows.dilation;
            const int64_t column = j * c->columns.stride - c->columns.pad + v * c->columns.dilation;
            if (row >= 0 && row < c->rows.x && column >= 0 && column < c->columns.x) {
                add_channels(p, (image * c->rows.x + row) * c->columns.x + column, u * c->columns.kernel + v,
                             (image * c->rows.y + i) * c->columns.y + j);
            }
        }
    }
}

static inline void add_bias(conv_problem *p, role r, int64_t channels)
{
    for (int64_t i = 0; i < p->count[r]; i++) {
        const long double bias = (long double)element(&p->bias[F32], F32, i % channels);
        p->want[r][i] += bias;
        p->magnitude[r][i] += fabsl(bias);
    }
}

static inline conv_problem conv_problem_new(conv_shape s)
{
    conv_problem p = {.whole = s.whole, .growth = s.growth};
    p.c = (neap_conv){.batch = s.batch, .in = s.in, .out = s.out, .groups = s.groups, .rows = s.rows,
                      .columns = s.columns, .bf16 = s.bf16};
    p.c.rows.y = conv_output(&s.rows);
    p.c.columns.y = conv_output(&s.columns);
    p.count[X] = s.batch * s.rows.x * s.columns.x * s.in;
    p.count[W] = s.out * s.rows.kernel * s.columns.kernel * (s.in / s.groups);
    p.count[Y] = s.batch * p.c.rows.y * p.c.columns.y * s.out;
    for (int r = 0; r < ROLE_COUNT; r++) {
        fill_random(p.array[r], p.count[r], s.whole);
        p.want[r] = calloc((size_t)p.count[r] + 1, sizeof *p.want[r]);
        p.magnitude[r] = calloc((size_t)p.count[r] + 1, sizeof *p.magnitude[r]);
        p.terms[r] = calloc((size_t)p.count[r] + 1, sizeof *p.terms[r]);
    }
    fill_random(p.bias, s.in > s.out ? s.in : s.out, s.whole);
    for (int64_t pixel = 0; pixel < s.batch * p.c.rows.y * p.c.columns.y; pixel++) {
        const int64_t line = pixel / p.c.columns.y;
        add_taps(&p, line / p.c.rows.y, line % p.c.rows.y, pixel % p.c.columns.y);
    }
    if (s.bias) {
        add_bias(&p, X, s.in);
        add_bias(&p, Y, s.out);
    }
    p.c.bias = s.bias ? p.bias[F32].data : NULL;
    return p;
}

static inline void conv_problem_free(conv_problem *p)
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        guarded_free(&p->array[r][F32]);
        guarded_free(&p->array[r][F64]);
        free(p->want[r]);
        free(p->magnitude[r]);
        free(p->terms[r]);
    }
    guarded_free(&p->bias[F32]);
    guarded_free(&p->bias[F64]);
}

/* The arguments of the kernel that writes `r`, into `result`. */
static inline neap_conv conv_arguments(const conv_problem *p, int type, role r, guarded *result)
{
    neap_conv c = p->c;
    void *data[ROLE_COUNT];
    for (int i = 0; i < ROLE_COUNT; i++) {
        data[i] = i == (int)r ? result->data : p->array[i][type].data;
    }
    c.x = data[X];
    c.w = data[W];
    c.y = data[Y];
    c.bias = p->c.bias && r != W ? p->bias[type].data : NULL;
    return c;
}

static inline int conv_run(const neap_kernels *kernels, role r, const neap_conv *c)
{
    int (*const run[ROLE_COUNT])(const neap_kernels *, const neap_conv *) = {kernels->conv_input, kernels->conv_weight, kernels->conv};
    return run[r](kernels, c);
}

static inline const char *conv_describe(const conv_problem *p, role r, const char *name)
{
    static char text[256];
    const neap_conv *c = &p->c;
    snprintf(text, sizeof text, "%s %s batch %d in %d out %d groups %d x %dx%d kernel %dx%d stride %dx%d pad %dx%d "
             "dilation %dx%d bf16 %d", name, role_names[r], (int)c->batch, (int)c->in, (int)c->out, (int)c->groups,
             (int)c->rows.x, (int)c->columns.x, (int)c->rows.kernel, (int)c->columns.kernel, (int)c->rows.stride,
             (int)c->columns.stride, (int)c->rows.pad, (int)c->columns.pad, (int)c->rows.dilation,
             (int)c->columns.dilation, c->bf16);
    return text;
}

/* The bound is that of gemm_problem.h: n terms summed in order. In tiles the pixels and taps of neighbouring results take
 * part and cancel, and it is the largest terms anywhere that count. */
static inline long double conv_bound(const conv_problem *p, int type, role r, int64_t i)
{
    const long double unit = type == F32 ? 0x1p-24L : 0x1p-53L;
    long double magnitude = p->magnitude[r][i];
    int64_t terms = p->terms[r][i];
    for (int64_t k = 0; p->growth && k < p->count[r]; k++) {
        magnitude = fmaxl(magnitude, p->magnitude[r][k]);
        terms = p->terms[r][k] > terms ? p->terms[r][k] : terms;
    }
    return (long double)(terms + 3) * unit * magnitude * (p->growth ? p->growth : 1);
}

static inline void conv_check(const conv_problem *p, int type, role r, const guarded *result, const char *name)
{
    const long double tiled = p->growth && p->count[r] > 0 ? conv_bound(p, type, r, 0) : 0; /* the same for all */
    for (int64_t i = 0; i < p->count[r]; i++) {
        const long double got = (long double)element(result, type, i), want = p->want[r][i];
        const long double bound = p->whole ? 0 : p->growth ? tiled : conv_bound(p, type, r, i);
        if (!(fabsl(got - want) <= bound)) {
            ck_abort_msg("%s: element %d is %Lg, expected %Lg within %Lg", conv_describe(p, r, name), (int)i, got, want,
                         bound);
        }
    }
    ck_assert_msg(guarded_intact(result), "%s: wrote outside", conv_describe(p, r, name));
}

#endif
