/*
 * Kernels: inner loops on plain arrays. They know no tensors. They allocate only scratch memory of the thread, and fail only where
 * that is refused.
 *
 * One table of function pointers per element type; kernels.def has a row for each. The sources are compiled once per set of
 * kernels, for the processor features that sets.def names; NEAP_VARIANT(name) adds the set's suffix to symbols that leave a
 * file. The sets whose features may be used fill the table in the order of sets.def. The f64 table is the generic set
 * compiled with NEAP_REAL = double: it serves gradient checks and references, so it favours libm over speed.
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

#define PRODUCT(tag, name) NEAP_PRODUCT_##name,
typedef enum {
#include "kernels.def"
    NEAP_PRODUCT_COUNT
} neap_product_id;
#define UNARY(name) NEAP_K_##name,
typedef enum {
#include "kernels.def"
    NEAP_UNARY_COUNT
} neap_unary_id;
#define BINARY(name) NEAP_K_##name,
typedef enum {
#include "kernels.def"
    NEAP_BINARY_COUNT
} neap_binary_id;
#define COMPARE(name) NEAP_K_##name,
typedef enum {
#include "kernels.def"
    NEAP_COMPARE_COUNT
} neap_compare_id;

typedef void neap_unary_fn(int64_t n, const void *x, void *y, double p, double q);
/* Strides as, bs: 0 (one value for all elements), 1 (fast), or any other. */
typedef void neap_binary_fn(int64_t n, const void *a, int64_t as, const void *b, int64_t bs, void *y);
typedef void neap_compare_fn(int64_t n, const void *a, int64_t as, const void *b, int64_t bs, uint8_t *y);

/* An epilogue (activation, gate and residual). Called once for each finished tile of C, rows [row, row + rows) by columns
 * [col, col + cols), while it is in cache, by the thread that computed it; tiles never overlap. */
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
 * X[b * batch + t * token + h * head + d]. With `split`, tokens from there on lie in a second array: element (b, split + t, h, d)
 * at Y[b * rest_batch + t * rest_token + h * head + d]. Arrays of queries have one split, arrays of keys another. */
typedef struct neap_attention_view {
    void *data; /* X */
    int64_t batch, token, head;
    int64_t split; /* 0: none */
    void *rest;    /* Y */
    int64_t rest_batch, rest_token;
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
 * y = act(scale (x - mean) rstd + shift), where act(s) = s sigmoid(s) if silu, else s above zero and slope s below;
 * outer, n, channels >= 1. */
typedef struct neap_set_norm_args {
    int64_t outer, n, channels, width;
    double eps, slope;
    bool silu;
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

/* How matrices are multiplied: the tile, the layout of packed operands, and the functions that pack and multiply them. gemm,
 * convolutions, Winograd tiles and attention take a product as an argument, so another way to multiply needs no other driver.
 * product.h has the types of operands; `void *` are arrays of its words. */
typedef struct gemm_matrix gemm_matrix;
typedef struct gemm_left gemm_left;
typedef struct gemm_block gemm_block;

typedef struct neap_product {
    int64_t rows, columns; /* of a tile of C; columns is a power of two */
    int64_t reals;         /* neighbours along k in a word: 1, or 2 bf16 */
    int64_t step;          /* packed operands hold a multiple of so many words of k; zeros fill the last step */
    bool in_place;         /* multiply reads a left operand of any strides without packing */

    /* Prepares m rows by k elements of A. `space` has left_size words; it is not written where A is read in place. */
    gemm_left (*pack_left)(gemm_matrix a, int64_t m, int64_t k, void *space);
    /* Packs k elements by n columns of B into panels of `columns`, each [words of k][columns]; zeros fill the last one. */
    void (*pack_right)(gemm_matrix b, int64_t k, int64_t n, void *panels);
    /* Each element of C adds its terms to its start value step by step in ascending order of k, so no result depends on the size
     * of a block. */
    void (*multiply)(const gemm_block *block);

    /* Set and drop the state of the thread that multiply needs, such as the configuration of a matrix unit. Each thread calls
     * begin before its products and end after them; calls are not nested. NULL: there is none. */
    void (*begin)(void);
    void (*end)(void);
} neap_product;

typedef struct neap_kernels neap_kernels;

/* kernels.def says what each does. */
struct neap_kernels {
    const char *name; /* of the last set that filled it */
    const neap_product *product[NEAP_PRODUCT_COUNT];
    neap_unary_fn *unary[NEAP_UNARY_COUNT];
    neap_binary_fn *binary[NEAP_BINARY_COUNT];
    neap_compare_fn *compare[NEAP_COMPARE_COUNT];
#define KERNEL(tag, name, type, parameters) type(*name) parameters;
#include "kernels.def"
};

static inline const neap_product *neap_product_of(const neap_kernels *kernels, bool bf16)
{
    return kernels->product[bf16 ? NEAP_PRODUCT_bf16 : NEAP_PRODUCT_reals];
}

/* The table for f32 or f64 with the features in use; NULL with a message for other dtypes. */
const neap_kernels *neap_kernels_for(neap_dtype dtype);

/* The f32 table of a level (neap_cpu_level_at), for tests; NULL where the machine lacks one of its features. */
const neap_kernels *neap_kernels_of_level(int level);

/* "neap" (default) or "openblas", from NEAP_GEMM when first asked; -1 with a message for anything else, and where OpenBLAS
 * cannot be loaded. */
int neap_gemm_backend(void);

#endif
