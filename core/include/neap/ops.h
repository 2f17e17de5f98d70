/*
 * Ops. core/ops/ops.def has one row per primitive; these are the C functions of the rows, and of composites made of
 * them.
 *
 * Operands of one op have one dtype, f32 or f64, unless a line says otherwise; shapes broadcast as NumPy's do. Axes may
 * be negative. Results belong to the innermost scope. See tensor.h for ownership and errors.
 */
#ifndef NEAP_OPS_H
#define NEAP_OPS_H

#include <neap/tensor.h>

/* --- The table --------------------------------------------------------------------------------------------------- */

/* Limits of one row: inputs, attributes, entries of its LIST, INTs and FLAGs together, REALs. */
#define NEAP_MAX_ARITY 16
#define NEAP_MAX_ATTRS 8
#define NEAP_MAX_LIST (2 * NEAP_MAX_RANK)
#define NEAP_MAX_INTS 4
#define NEAP_MAX_REALS 3

typedef enum neap_attr_type { NEAP_ATTR_END, NEAP_ATTR_LIST, NEAP_ATTR_INT, NEAP_ATTR_FLAG, NEAP_ATTR_REAL } neap_attr_type;

/* One attribute of a row. LIST values are in neap_attrs.list, INT and FLAG in .i and REAL in .f, each in the order of the
 * row. `required` attributes have no default. */
typedef struct neap_attr {
    const char *name;
    neap_attr_type type;
    bool required;
    double fallback;
} neap_attr;

typedef struct neap_attrs {
    int count; /* entries of list */
    int64_t list[NEAP_MAX_LIST];
    int64_t i[NEAP_MAX_INTS];
    double f[NEAP_MAX_REALS];
} neap_attrs;

typedef struct neap_op_info {
    const char *name;
    int min_arity, max_arity;
    const neap_attr *attrs; /* ends with NEAP_ATTR_END */
    bool differentiable; /* any number of times: gradients consist of ops of the table */
    const char *help;
} neap_op_info;

int neap_op_count(void);
const neap_op_info *neap_op_at(int op);
int neap_op_find(const char *name); /* -1 without a message */
neap_tensor *neap_op_apply(int op, neap_tensor *const *inputs, int count, const neap_attrs *attrs);

/* --- Elementwise ------------------------------------------------------------------------------------------------- */

neap_tensor *neap_neg(neap_tensor *x);
neap_tensor *neap_exp(neap_tensor *x);
neap_tensor *neap_log(neap_tensor *x);
neap_tensor *neap_sqrt(neap_tensor *x);
neap_tensor *neap_rsqrt(neap_tensor *x);
neap_tensor *neap_abs(neap_tensor *x);
neap_tensor *neap_sign(neap_tensor *x);
neap_tensor *neap_sin(neap_tensor *x);
neap_tensor *neap_cos(neap_tensor *x);
neap_tensor *neap_tanh(neap_tensor *x);
neap_tensor *neap_erf(neap_tensor *x);
neap_tensor *neap_sigmoid(neap_tensor *x);
neap_tensor *neap_silu(neap_tensor *x);
neap_tensor *neap_gelu(neap_tensor *x);      /* x Phi(x) (Hendrycks and Gimpel 2016) */
neap_tensor *neap_gelu_tanh(neap_tensor *x); /* its tanh approximation */
neap_tensor *neap_relu(neap_tensor *x);
neap_tensor *neap_softplus(neap_tensor *x);
neap_tensor *neap_square(neap_tensor *x);
neap_tensor *neap_reciprocal(neap_tensor *x);
neap_tensor *neap_floor(neap_tensor *x);
neap_tensor *neap_leaky_relu(neap_tensor *x, double slope);
neap_tensor *neap_clamp(neap_tensor *x, double low, double high); /* the gradient is 1 in [low, high], 0 outside */
neap_tensor *neap_affine(neap_tensor *x, double scale, double shift);
neap_tensor *neap_power(neap_tensor *x, double exponent);

neap_tensor *neap_add(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_sub(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_mul(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_div(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_maximum(neap_tensor *a, neap_tensor *b); /* equal elements get half of the gradient each */
neap_tensor *neap_minimum(neap_tensor *a, neap_tensor *b);

neap_tensor *neap_eq(neap_tensor *a, neap_tensor *b); /* comparisons give u8: 0 or 1 */
neap_tensor *neap_ne(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_lt(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_le(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_gt(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_ge(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_where(neap_tensor *condition, neap_tensor *a, neap_tensor *b); /* condition u8 */
neap_tensor *neap_cast(neap_tensor *x, neap_dtype dtype);                        /* any dtype to any */

/* --- Reductions: over `axes`, or all axes if count is 0; `keep` leaves reduced axes with size 1 ------------------ */

neap_tensor *neap_sum(neap_tensor *x, const int *axes, int count, bool keep);
neap_tensor *neap_mean(neap_tensor *x, const int *axes, int count, bool keep);
neap_tensor *neap_max(neap_tensor *x, const int *axes, int count, bool keep); /* equal maxima share the gradient */
neap_tensor *neap_variance(neap_tensor *x, const int *axes, int count, bool keep); /* divides by n */

/* --- Shape ------------------------------------------------------------------------------------------------------- */

neap_tensor *neap_reshape(neap_tensor *x, neap_shape shape); /* one size may be -1; a view where strides allow */
neap_tensor *neap_permute(neap_tensor *x, const int *axes);  /* a view; neap_rank(x) axes */
neap_tensor *neap_slice(neap_tensor *x, int axis, int64_t start, int64_t stop); /* a view of [start, stop) */
neap_tensor *neap_expand(neap_tensor *x, neap_shape shape);  /* a view; sizes of 1 repeat */
neap_tensor *neap_pad(neap_tensor *x, const int64_t *before_after); /* zeros; 2 counts per axis */
neap_tensor *neap_concat(neap_tensor *const *x, int count, int axis);
int neap_chunk(neap_tensor *x, int count, neap_tensor **parts, int axis); /* equal views; fills parts with NULL on failure */
neap_tensor *neap_contiguous(neap_tensor *x);                       /* x itself where it is */
neap_tensor *neap_gather(neap_tensor *x, neap_tensor *index, int axis); /* index i32, of x's rank; torch.gather */
neap_tensor *neap_scatter_add(neap_tensor *x, neap_tensor *index, int axis, int64_t size); /* its adjoint */

/* --- Products ------------------------------------------------------------------------------------------------------ */

/* [..., m, k] by [..., k, n]; leading axes broadcast; `transpose_*` swaps the operand's last two axes. */
neap_tensor *neap_matmul(neap_tensor *a, neap_tensor *b);
neap_tensor *neap_matmul_t(neap_tensor *a, neap_tensor *b, bool transpose_a, bool transpose_b);
neap_tensor *neap_linear(neap_tensor *x, neap_tensor *weight, neap_tensor *bias); /* x [.., in], weight [out, in] */
neap_tensor *neap_linear_nobias(neap_tensor *x, neap_tensor *weight);
/* gelu_tanh(linear), and residual + gate * linear, each in one pass over the product: x [B, T, in], gate [B, out]. */
neap_tensor *neap_linear_gelu(neap_tensor *x, neap_tensor *weight, neap_tensor *bias);
neap_tensor *neap_linear_gated_add(neap_tensor *residual, neap_tensor *gate, neap_tensor *x, neap_tensor *weight,
                                   neap_tensor *bias);
neap_tensor *neap_embedding(neap_tensor *table, neap_tensor *index); /* [N, D], i32 [...] -> [..., D] */

/* Convolution of pictures [B, rows, columns, channels]; the window is the same along rows and columns. Group g of the
 * result's channels depends on group g of x. conv2d: weight [out, kernel rows, kernel columns, in / groups]; pixel i of
 * the result sums over pixels i stride - padding + k dilation of x, zero outside. conv2d_transpose is its adjoint, with
 * weight [in, kernel rows, kernel columns, out / groups] and the smallest result that conv2d maps to the size of x.
 * bias [out], or NULL. */
typedef struct neap_window {
    int64_t stride, padding, dilation, groups;
} neap_window;

neap_tensor *neap_conv2d(neap_tensor *x, neap_tensor *weight, neap_tensor *bias, neap_window window);
neap_tensor *neap_conv2d_transpose(neap_tensor *x, neap_tensor *weight, neap_tensor *bias, neap_window window);

/* --- Filters, pooling and resampling: x [B, rows, columns, C] ---------------------------------------------------- */

/* Along rows and columns: pixel i of the result is scale times the sum of taps[k] x[i stride - padding + k], zero
 * outside; at most NEAP_MAX_LIST taps. Binomial taps blur: 1 2 1 with scale 1/4, 1 3 3 1 with 1/8 (Zhang 2019). */
neap_tensor *neap_filter(neap_tensor *x, const int64_t *taps, int count, double scale, int64_t stride, int64_t padding);
neap_tensor *neap_average_pool(neap_tensor *x, int64_t kernel, int64_t stride, int64_t padding); /* padding counts as zeros */
neap_tensor *neap_max_pool(neap_tensor *x, int64_t kernel, int64_t stride, int64_t padding); /* padding up to kernel / 2 */

typedef enum neap_resample_mode { NEAP_NEAREST, NEAP_LINEAR, NEAP_RESAMPLE_COUNT } neap_resample_mode;
/* Pixel centres lie at i + 1/2 (corners are not aligned). No smoothing before downsampling. */
neap_tensor *neap_resize(neap_tensor *x, int64_t rows, int64_t columns, neap_resample_mode mode);

/* --- Normalisation, attention, losses -------------------------------------------------------------------------------- */

neap_tensor *neap_softmax(neap_tensor *x, int axis);
neap_tensor *neap_log_softmax(neap_tensor *x, int axis);
neap_tensor *neap_layer_norm(neap_tensor *x, double eps);  /* over the last axis, no affine part */
neap_tensor *neap_rms_norm(neap_tensor *x, double eps);
/* layer_norm(x) (1 + scale) + shift; x [B, T, D], shift and scale [B, D] (DiT, Peebles and Xie 2023) */
neap_tensor *neap_modulated_norm(neap_tensor *x, neap_tensor *shift, neap_tensor *scale, double eps);
neap_tensor *neap_gated_add(neap_tensor *residual, neap_tensor *gate, neap_tensor *x); /* [B, T, D], gate [B, D] */

/* act(scale (x - mean) / sqrt(variance + eps) + shift) with a leaky ReLU of `slope`, 1 for none; x [B, .., C], scale
 * and shift [C]. Batch norm (Ioffe and Szegedy 2015) takes the statistics of each channel over all n pixels of x, B at
 * least 2, and updates a running mean and variance in place, both NULL or both [C]: running += momentum (statistic -
 * running), with the unbiased variance, n / (n - 1) times that of x. Group norm (Wu and He 2018) takes statistics over
 * each sample and C / groups channels. */
neap_tensor *neap_batch_norm(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, neap_tensor *running_mean,
                             neap_tensor *running_variance, double momentum, double eps, double slope);
neap_tensor *neap_group_norm(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, int64_t groups, double eps,
                             double slope);
/* silu of group norm, in one pass: the gradient computes the argument of silu from x again, so that it is never stored. */
neap_tensor *neap_group_norm_silu(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, int64_t groups, double eps);

/* softmax(q k^T / sqrt(d)) v with q [B, N, H, d], k and v [B, M, H, d] -> [B, N, H, d] (Vaswani et al. 2017). lengths
 * i32 [B], each in [0, M], or NULL: row b attends to its first lengths[b] keys only. Masked keys and values are not
 * read, whatever they hold, and have zero gradients. The bits of a row do not depend on M, except those of gradients
 * that are recorded in turn. A row of length 0 gives zeros. */
neap_tensor *neap_attention(neap_tensor *q, neap_tensor *k, neap_tensor *v, neap_tensor *lengths);
/* The same on one product [B, N, 3 H d] of q, k and v -> [B, N, H d], without copies. lengths i32 [B], each in [0, N],
 * or NULL: tokens from lengths[b] on are ignored as keys and queries; their results and gradients are zero. */
neap_tensor *neap_self_attention(neap_tensor *qkv, neap_tensor *lengths, int heads);
/* Attention of q [B, N, H d] to one product [B, M, 2 H d] of k and v -> [B, N, H d], without copies; lengths as in
 * neap_attention. */
neap_tensor *neap_cross_attention(neap_tensor *q, neap_tensor *kv, neap_tensor *lengths, int heads);
/* Attention over the tokens of two products a [B, N, 3 H d] and b [B, M, 3 H d] of q, k and v, without copies, as in a block of
 * two streams (Esser et al. 2024) -> [B (N + M), H d]: all rows of a, then all rows of b, so that each is a slice. b may be
 * [B, M, 2 H d] of k and v, whose tokens are not queries -> [B, N, H d]. lengths i32 [B], each in [0, M], or NULL: tokens of b
 * from lengths[b] on are ignored, as those of neap_self_attention. */
neap_tensor *neap_joint_attention(neap_tensor *a, neap_tensor *b, neap_tensor *lengths, int heads);

neap_tensor *neap_cross_entropy(neap_tensor *logits, neap_tensor *labels); /* [B, N], i32 [B]: mean over B, nats */
neap_tensor *neap_bce_with_logits(neap_tensor *logits, neap_tensor *targets); /* mean over all elements, nats */
neap_tensor *neap_mse(neap_tensor *a, neap_tensor *b);                     /* mean over all elements */

/* Fidelity of pictures y to originals x, both [B, H, W, C] and clamped to [-1, 1], of each picture: [B]. psnr, f64,
 * is 10 log10(4 / mean squared error) in dB, at most 106. ssim is the structural similarity of Wang et al. 2004 (Image Quality
 * Assessment: From Error Visibility to Structural Similarity, equation 13), the mean over channels and over all windows of
 * 7 by 7 equally weighted pixels; smaller pictures are one window high or wide. */
neap_tensor *neap_psnr(neap_tensor *x, neap_tensor *y);
neap_tensor *neap_ssim(neap_tensor *x, neap_tensor *y);

/* --- Random tensors: row i of the first axis is sample `first + i` of the stream (random.h) -------------------------- */

#include <neap/random.h>
neap_tensor *neap_randn(neap_random random, uint64_t first, neap_shape shape);
neap_tensor *neap_rand(neap_random random, uint64_t first, neap_shape shape);

/* --- Precision ------------------------------------------------------------------------------------------------------ */

/* The operands of products: f32, or rounded to bf16 with f32 sums. A setting of the process; returns the former one. */
neap_dtype neap_precision_set(neap_dtype dtype); /* NEAP_F32 or NEAP_BF16; others are ignored */
neap_dtype neap_precision(void);

#endif
