/*
 * For tests that compare an architecture with a second implementation in double precision and simple ops: parameters
 * by name, and the layers that they share.
 */
#ifndef NEAP_DOUBLES_H
#define NEAP_DOUBLES_H

#include "tests/core/run/run_test.h"

static inline bool all_zero(neap_tensor *x)
{
    bool zero = true;
    for (int64_t i = 0; i < neap_size(x); i++)
        zero = zero && floats(x)[i] == 0;
    return zero;
}

/* A parameter of the model or, unless `block` is negative, of that block. */
static inline neap_tensor *parameter(const neap_model *model, const char *path, int block, const char *kind)
{
    char name[96];
    if (block < 0)
        snprintf(name, sizeof name, "%s.%s", path, kind);
    else
        snprintf(name, sizeof name, "blocks.%d.%s.%s", block, path, kind);
    return neap_cast(neap_model_find(model, name), NEAP_F64);
}

static inline neap_tensor *linear(const neap_model *model, const char *path, int block, neap_tensor *x)
{
    neap_tensor *h = neap_matmul_t(x, parameter(model, path, block, "weight"), false, true);
    return neap_add(h, parameter(model, path, block, "bias"));
}

static inline neap_tensor *swish(neap_tensor *x)
{
    return neap_div(x, neap_affine(neap_exp(neap_neg(x)), 1, 1));
}

static inline neap_tensor *normal(neap_tensor *x, bool rms)
{
    neap_tensor *centred = rms ? x : neap_sub(x, neap_mean(x, (int[]){-1}, 1, true));
    neap_tensor *variance = neap_mean(neap_mul(centred, centred), (int[]){-1}, 1, true);
    return neap_div(centred, neap_sqrt(neap_affine(variance, 1, 1e-6)));
}

/* GELU, tanh approximation. */
static inline neap_tensor *gelu(neap_tensor *h)
{
    neap_tensor *cubed = neap_add(h, neap_affine(neap_mul(neap_mul(h, h), h), 0.044715, 0));
    return neap_mul(h, neap_affine(neap_tanh(neap_affine(cubed, sqrt(2 / M_PI), 0)), 0.5, 0.5));
}

/* Queries, keys and values [B, heads, T, d] to [B, T, D]. */
static inline neap_tensor *attended(neap_tensor *const h[3])
{
    const int64_t batch = neap_dim(h[0], 0), heads = neap_dim(h[0], 1), tokens = neap_dim(h[0], 2), d = neap_dim(h[0], 3);
    neap_tensor *scores = neap_exp(neap_affine(neap_matmul_t(h[0], h[1], false, true), 1 / sqrt((double)d), 0));
    neap_tensor *weights = neap_div(scores, neap_sum(scores, (int[]){-1}, 1, true));
    neap_tensor *y = neap_permute(neap_matmul(weights, h[2]), (int[]){0, 2, 1, 3});
    return neap_reshape(y, neap_dims(batch, tokens, heads * d));
}

/* Labels as one-hot weights of the rows of a table, [B, N]. */
static inline neap_tensor *weights_of(neap_tensor *labels, int64_t rows)
{
    const int64_t batch = neap_size(labels);
    const int32_t *numbers = neap_data(labels);
    neap_tensor *weights = neap_zeros(NEAP_F32, neap_dims(batch, rows));
    float *weight = neap_data(weights);
    for (int64_t i = 0; i < batch; i++)
        weight[i * rows + numbers[i]] = 1;
    return weights;
}

#endif
