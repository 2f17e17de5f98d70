/*
 * Kernels: inner loops on plain arrays. No tensors, no allocation but the thread's scratch, no errors.
 *
 * One table of function pointers per element type. The sources of this folder are compiled once per instruction set,
 * with NEAP_VARIANT(name) adding the set's suffix to the few symbols that leave a file; every set fills the whole table
 * in ascending order, so a set may leave out what it does not improve. The f64 table is the generic set compiled
 * with NEAP_REAL = double: it serves gradient checks and references, so it favours libm over speed.
 *
 * `void *` arrays hold the table's element type ("real"). Sizes and strides count elements. Outputs never overlap
 * inputs, except that an elementwise output may equal an input.
 */
#ifndef NEAP_KERNELS_H
#define NEAP_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include <neap/cpu.h>
#include <neap/dtype.h>

/* Elementwise functions of one argument and up to two constants p, q. X(name) */
#define NEAP_UNARY_KERNELS(X)                                                                                       \
    X(neg) X(exp) X(log) X(sqrt) X(rsqrt) X(abs) X(sign) X(sin) X(cos) X(tanh) X(erf) X(sigmoid) X(silu) X(gelu)   \
    X(gelu_tanh) X(relu) X(softplus) X(square) X(reciprocal) X(floor)                                               \
    X(leaky_relu) /* p: slope below zero */ X(clamp) /* to [p, q]; NaN stays */ X(affine) /* p x + q */             \
    X(power) /* x to the p */

#define NEAP_BINARY_KERNELS(X)                                                                                      \
    X(add) X(sub) X(mul) X(div) X(maximum) X(minimum)                                                               \
    /* gradients in one pass: a = x, b = dy, y = dy f'(x) */                                                        \
    X(silu_gradient) X(gelu_gradient) X(gelu_tanh_gradient)

#define NEAP_COMPARE_KERNELS(X) X(eq) X(ne) X(lt) X(le) X(gt) X(ge)

#define NEAP_KERNEL_ID(name) NEAP_K_##name,
typedef enum { NEAP_UNARY_KERNELS(NEAP_KERNEL_ID) NEAP_UNARY_COUNT } neap_unary_id;
typedef enum { NEAP_BINARY_KERNELS(NEAP_KERNEL_ID) NEAP_BINARY_COUNT } neap_binary_id;
typedef enum { NEAP_COMPARE_KERNELS(NEAP_KERNEL_ID) NEAP_COMPARE_COUNT } neap_compare_id;
#undef NEAP_KERNEL_ID

typedef void neap_unary_fn(int64_t n, const void *x, void *y, double p, double q);
/* Strides as, bs: 0 (one value for all), 1 (fast), or any. */
typedef void neap_binary_fn(int64_t n, const void *a, int64_t as, const void *b, int64_t bs, void *y);
typedef void neap_compare_fn(int64_t n, const void *a, int64_t as, const void *b, int64_t bs, uint8_t *y);

/* Called on each finished tile of C, rows [row, row + rows) by columns [col, col + cols), while it is in cache, from
 * whichever thread made it; tiles never overlap. Epilogues (activation, gate and residual) are written with it. */
typedef void neap_tile_fn(void *user, int64_t row, int64_t rows, int64_t col, int64_t cols);

/* C[m, n] = (accumulate ? C : 0) + A[m, k] B[k, n] + bias[n]; every element sums its k terms in ascending order. */
typedef struct neap_gemm {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col; /* element (i, j) lies at a[i * a_row + j * a_col] */
    const void *b;
    int64_t b_row, b_col;
    void *c;
    int64_t c_row;    /* columns of C are adjacent */
    const void *bias; /* [n], or NULL */
    bool accumulate;
    bool bf16; /* round A and B to bf16 while packing; products and sums stay f32. Ignored by f64 */
    neap_tile_fn *tile;
    void *tile_user;
} neap_gemm;

/* One axis of a convolution, in pixels: tap k of pixel i of y is pixel i * stride - pad + k * dilation of x; those
 * outside x are zero. x >= 0, y >= 0, kernel, stride and dilation >= 1, pad >= 0. */
typedef struct neap_conv_axis {
    int64_t x, y, kernel, stride, pad, dilation;
} neap_conv_axis;

/* Two-dimensional convolution: x [batch, rows.x, columns.x, in], w [out, rows.kernel, columns.kernel, in / groups] and
 * y [batch, rows.y, columns.y, out]; channels of group g of x make those of group g of y. Each of the three kernels
 * writes one of the arrays from the other two. */
typedef struct neap_conv {
    int64_t batch, in, out, groups;
    neap_conv_axis rows, columns;
    void *x, *w, *y;
    const void *bias; /* conv: [out], conv_input: [in], or NULL */
    bool bf16;        /* as in neap_gemm */
} neap_conv;

/* softmax(scale Q K^T) V per (batch, head). Element (b, t, h, d) of an array X lies at
 * X[b * batch + t * token + h * head + d]. */
typedef struct neap_attention_view {
    void *data;
    int64_t batch, token, head;
} neap_attention_view;

typedef struct neap_attention_args {
    int64_t batch, heads, queries, keys, dim;
    double scale;
    bool bf16;
    /* [batch], each in [0, queries] and [0, keys]; NULL: all. Tokens at or beyond a length are masked and never read:
     * masked keys and values get no weight, masked queries give zeros, and all their gradients are zero. A query without
     * keys gives zeros. */
    const int32_t *query_lengths, *key_lengths;
    neap_attention_view q, k, v, o;
    void *lse;                       /* [batch, heads, queries]: log of the sum of exponentials of scaled scores; not
                                      * written for masked queries */
    neap_attention_view go;          /* backward: gradient of the output */
    neap_attention_view gq, gk, gv;  /* backward: gradients to write, or data NULL to skip; may be views of one array */
} neap_attention_args;

/* y = (x - mean) rstd (1 + scale) + shift over rows of n, or rms: y = x rstd (1 + scale) + shift. */
typedef struct neap_norm_args {
    int64_t rows, n;
    double eps;
    bool rms;          /* no mean is taken off */
    const void *x;     /* [rows, n] */
    void *y;           /* forward: [rows, n] */
    void *mean, *rstd; /* [rows]; written by forward, read by backward. mean is unused where rms */
    const void *scale, *shift; /* row r uses scale[(r / group) * scale_row + j]; NULL: 0. Likewise shift */
    int64_t group, scale_row, shift_row;
    const void *gy;    /* backward: [rows, n] */
    void *gx;          /* backward: [rows, n], or NULL */
    void *gscale, *gshift; /* backward: [rows / group, n], or NULL: summed over the rows of each group, in order */
} neap_norm_args;

/* x [outer, n, channels]; a set is the n pixels of one outer index and `width` neighbouring channels, which divides
 * channels: batch norm has one outer index and width 1, group norm an outer index a picture.
 * y = act(scale (x - mean) rstd + shift), where act(s) = s above zero and slope s below; outer, n, channels >= 1. */
typedef struct neap_set_norm_args {
    int64_t outer, n, channels, width;
    double eps, slope;
    const void *x, *scale, *shift; /* scale, shift: [channels] */
    void *y;
    void *mean, *rstd;             /* [outer, channels / width]; written by forward, read by backward */
    void *variance;                /* likewise, or NULL */
    const void *gy;                /* backward: of y's shape */
    void *gx;                      /* backward: of x's shape, or NULL */
    void *gscale, *gshift;         /* backward: [channels] */
} neap_set_norm_args;

/* One step over n parameters, with g <- gscale g first. AdamW (Loshchilov and Hutter, Decoupled Weight Decay Regularization,
 * 2019, algorithm 2): m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; p <- p - lr (wd p + (m / c1) / (sqrt(v / c2) + eps)).
 * SGD: m <- momentum m + g + wd p, or that without momentum m where m is NULL; p <- p - lr m.
 * Then ema <- ema + (1 - ema_decay) (p - ema) where ema is not NULL. */
typedef struct neap_update_args {
    double lr, beta1, beta2, eps, momentum, weight_decay, correction1, correction2, gscale, ema_decay;
} neap_update_args;

typedef struct neap_kernels {
    const char *name; /* of the set that filled it last */
    neap_unary_fn *unary[NEAP_UNARY_COUNT];
    neap_binary_fn *binary[NEAP_BINARY_COUNT];
    neap_compare_fn *compare[NEAP_COMPARE_COUNT];
    void (*select)(int64_t n, const uint8_t *c, int64_t cs, const void *a, int64_t as, const void *b, int64_t bs, void *y);

    /* Reduce x[n][inner] over n into y[inner]. A long row (inner = 1) is summed in blocks of 4096 with a fixed tree. */
    void (*sum)(int64_t n, int64_t inner, const void *x, void *y);
    void (*max)(int64_t n, int64_t inner, const void *x, void *y);
    double (*sum_squares)(int64_t n, const void *x); /* accumulated in double */
    bool (*all_finite)(int64_t n, const void *x);

    /* Rows [rows, n]. Softmax subtracts the row's maximum. Gradients take y (softmax) or y (log-softmax) and dy. */
    void (*softmax)(int64_t rows, int64_t n, const void *x, void *y);
    void (*softmax_gradient)(int64_t rows, int64_t n, const void *y, const void *gy, void *gx);
    void (*log_softmax)(int64_t rows, int64_t n, const void *x, void *y);
    void (*log_softmax_gradient)(int64_t rows, int64_t n, const void *y, const void *gy, void *gx);

    /* These run on the calling thread; the ops split their rows. */
    void (*norm)(const neap_norm_args *args);
    void (*norm_gradient)(const neap_norm_args *args);

    /* y[i] = residual[i] + gate[(r / group) * gate_row + j] x[i] over rows of n. */
    void (*gated_add)(int64_t rows, int64_t n, int64_t group, const void *residual, const void *gate, int64_t gate_row,
                      const void *x, void *y);

    /* y[n] = the sum over k < count of weight[k] times the row x + from[k] row. */
    void (*weigh)(int64_t n, int64_t count, const void *x, int64_t row, const int64_t *from, const double *weight, void *y);

    void (*adamw)(int64_t n, const neap_update_args *args, void *p, const void *g, void *m, void *v, void *ema);
    void (*sgd)(int64_t n, const neap_update_args *args, void *p, const void *g, void *m, void *ema);

    /* Conversions between the table's real and the other dtypes. */
    void (*to_dtype)(int64_t n, const void *x, neap_dtype dtype, void *y);
    void (*from_dtype)(int64_t n, neap_dtype dtype, const void *x, void *y);

    /* These split their work over the pool themselves; -1 with a message when scratch cannot be had. */
    int (*gemm)(const neap_gemm *args);
    /* `count` products whose operands lie a_batch, b_batch, c_batch apart. */
    int (*gemm_batch)(const neap_gemm *args, int64_t count, int64_t a_batch, int64_t b_batch, int64_t c_batch);
    int (*set_norm)(const neap_set_norm_args *args);
    int (*set_norm_gradient)(const neap_set_norm_args *args);
    int (*conv)(const neap_conv *args);        /* y = x * w + bias */
    int (*conv_input)(const neap_conv *args);  /* x = the adjoint of conv applied to y, + bias: a transposed convolution */
    int (*conv_weight)(const neap_conv *args); /* w = the gradient of conv at x where y arrives */
    int (*attention)(const neap_attention_args *args);
    int (*attention_gradient)(const neap_attention_args *args);
    /* Fused multiply-adds that touch registers only; returns the number of floating-point operations done. */
    double (*fma_peak)(int64_t iterations, bool bf16);
} neap_kernels;

/* The table for f32 or f64 on the active instruction set; NULL with a message for other dtypes. */
const neap_kernels *neap_kernels_for(neap_dtype dtype);

/* The f32 table of one set, for tests and benchmarks; NULL where the machine lacks it. */
const neap_kernels *neap_kernels_of_isa(neap_isa isa);

/* "neap" (default) or "openblas", from NEAP_GEMM when first asked; -1 with a message for anything else, and where OpenBLAS
 * cannot be loaded. */
int neap_gemm_backend(void);

#endif
