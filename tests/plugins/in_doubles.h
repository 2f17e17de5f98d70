/*
 * For tests of architectures: the layers of a network in doubles and the simplest ops, on the parameters of a model by
 * their names.
 */
#ifndef NEAP_IN_DOUBLES_H
#define NEAP_IN_DOUBLES_H

#include "run_test.h"

/* PATH.KIND, or blocks.BLOCK.PATH.KIND where block is not -1. */
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

static inline neap_tensor *normalise(neap_tensor *x)
{
    neap_tensor *centred = neap_sub(x, neap_mean(x, (int[]){-1}, 1, true));
    neap_tensor *variance = neap_mean(neap_mul(centred, centred), (int[]){-1}, 1, true);
    return neap_div(centred, neap_sqrt(neap_affine(variance, 1, 1e-6)));
}

/* GELU by its tanh approximation. */
static inline neap_tensor *bend(neap_tensor *h)
{
    neap_tensor *cubed = neap_add(h, neap_affine(neap_mul(neap_mul(h, h), h), 0.044715, 0));
    return neap_mul(h, neap_affine(neap_tanh(neap_affine(cubed, sqrt(2 / M_PI), 0)), 0.5, 0.5));
}

static inline neap_tensor *attend(neap_tensor *qkv, int64_t heads)
{
    const int64_t batch = neap_dim(qkv, 0), tokens = neap_dim(qkv, 1), width = neap_dim(qkv, 2) / 3, d = width / heads;
    neap_tensor *x[3];
    for (int i = 0; i < 3; i++) {
        x[i] = neap_reshape(neap_slice(qkv, 2, i * width, (i + 1) * width), neap_dims(batch, tokens, heads, d));
        x[i] = neap_permute(x[i], (int[]){0, 2, 1, 3});
    }
    neap_tensor *scores = neap_exp(neap_affine(neap_matmul_t(x[0], x[1], false, true), 1 / sqrt((double)d), 0));
    neap_tensor *weights = neap_div(scores, neap_sum(scores, (int[]){-1}, 1, true));
    return neap_reshape(neap_permute(neap_matmul(weights, x[2]), (int[]){0, 2, 1, 3}), neap_dims(batch, tokens, width));
}

#endif
