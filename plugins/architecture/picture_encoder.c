/* The picture encoder: from pixels to tokens and their mean. See picture_encoder.h. */
#include "picture_encoder.h"

#include <math.h>
#include <stdio.h>

#include <neap/error.h>
#include <neap/memory.h>

/* --- Building ---------------------------------------------------------------------------------------------------- */

static int count_stages(const picture_encoder_config *c)
{
    int stages = 0;
    while (c->stem && (int64_t)1 << stages < c->patch)
        stages++;
    return stages;
}

static transformer_config sizes_of(const picture_encoder_config *c)
{
    return (transformer_config){.rows = c->rows, .columns = c->columns, .channels = c->channels, .patch = c->patch,
                                .width = c->width, .depth = c->depth, .heads = c->heads, .mlp_ratio = c->mlp_ratio};
}

int picture_encoder_check(const picture_encoder_config *c)
{
    const transformer_config sizes = sizes_of(c);
    if (c->stem && (c->patch < 2 || (c->patch & (c->patch - 1))))
        return neap_fail("patch: expected a power of two for a stem, got %lld", (long long)c->patch);
    if (c->convolutions && !c->stem)
        return neap_fail("convolutions: expected 0 without a stem, got %lld", (long long)c->convolutions);
    return transformer_check(&sizes);
}

static const neap_init kaiming = {NEAP_INIT_KAIMING_UNIFORM, 1};

#define WINDOW 16    /* 4 by 4 cells, stride 2 */
#define NEIGHBOURS 9 /* 3 by 3 cells, stride 1 */

static int make_stage(picture_encoder *e, neap_model *model, int i, int64_t in, int64_t out)
{
    int status = neap_linear_make(&e->embed[i], model, WINDOW * in, out, kaiming, "stem.%d", i);
    for (int k = 0; status == 0 && k < e->config->convolutions; k++)
        status = neap_linear_make(&e->convolution[i][k], model, NEIGHBOURS * out, out, kaiming,
                                  "stem.%d.convolutions.%d", i, k);
    return status;
}

/* Channels double with each stage, as the sides halve; the last stage makes the tokens. */
static int make_embed(picture_encoder *e, neap_model *model)
{
    const picture_encoder_config *c = e->config;
    int64_t in = c->channels;
    if (e->stages == 0)
        return neap_linear_make(e->embed, model, transformer_patch_size(&e->sizes), c->width, transformer_xavier,
                                "patch_embed.proj");
    for (int i = 0; i < e->stages; i++) {
        const int64_t out = i == e->stages - 1 ? c->width : c->stem << i;
        if (make_stage(e, model, i, in, out) < 0)
            return -1;
        in = out;
    }
    return 0;
}

int picture_encoder_make(picture_encoder *e, neap_model *model, const picture_encoder_config *c)
{
    *e = (picture_encoder){.config = c, .sizes = sizes_of(c), .stages = count_stages(c)};
    e->block = neap_calloc((size_t)c->depth, sizeof *e->block);
    int status = e->block ? make_embed(e, model) : -1;
    for (int i = 0; status == 0 && i < c->depth; i++) {
        char path[TRANSFORMER_PATH];
        snprintf(path, sizeof path, "blocks.%d", i);
        status = transformer_block_make(&e->block[i], model, &e->sizes, path);
    }
    return status == 0 ? transformer_positions_make(&e->positions, &e->sizes, 0) : -1;
}

void picture_encoder_free(picture_encoder *e)
{
    transformer_positions_free(&e->positions);
    neap_free(e->block);
    e->block = NULL;
}

/* --- Tokens ------------------------------------------------------------------------------------------------------ */

/* [B, H, W, C] -> [B, H/2, W/2, 16 C]: windows of 4 by 4 with stride 2, padded by 1 with zeros. A window consists of
 * four 2 by 2 patches of the padded picture. */
static neap_tensor *windows(neap_tensor *x)
{
    static const int64_t edge[] = {0, 0, 1, 1, 1, 1, 0, 0};
    const int64_t rows = neap_dim(x, 1) / 2, columns = neap_dim(x, 2) / 2, channels = 4 * neap_dim(x, 3);
    neap_tensor *cells = neap_patchify(neap_pad(x, edge), 2), *part[4];
    cells = neap_reshape(cells, neap_dims(-1, rows + 1, columns + 1, channels));
    for (int i = 0; i < 4; i++) {
        neap_tensor *row = neap_slice(cells, 1, i / 2, i / 2 + rows);
        part[i] = neap_slice(row, 2, i % 2, i % 2 + columns);
    }
    return neap_concat(part, 4, 3);
}

/* [B, H, W, C] -> [B, H, W, 9 C]: windows of 3 by 3, padded by 1 with zeros. */
static neap_tensor *neighbours(neap_tensor *x)
{
    static const int64_t edge[] = {0, 0, 1, 1, 1, 1, 0, 0};
    const int64_t rows = neap_dim(x, 1), columns = neap_dim(x, 2);
    neap_tensor *wide = neap_pad(x, edge), *part[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++) {
        neap_tensor *row = neap_slice(wide, 1, i / 3, i / 3 + rows);
        part[i] = neap_slice(row, 2, i % 3, i % 3 + columns);
    }
    return neap_concat(part, NEIGHBOURS, 3);
}

static neap_tensor *run_stage(const picture_encoder *e, int i, neap_tensor *x)
{
    const neap_linear_layer *embed = &e->embed[i];
    const bool last = i == e->stages - 1;
    x = last ? neap_linear_apply(embed, windows(x)) : neap_linear_apply_gelu(embed, windows(x));
    for (int64_t k = 0; x && k < e->config->convolutions; k++)
        x = neap_add(x, neap_linear_apply_gelu(&e->convolution[i][k], neighbours(neap_layer_norm(x, TRANSFORMER_EPS))));
    return x;
}

static neap_tensor *tokens(const picture_encoder *e, neap_tensor *x)
{
    const picture_encoder_config *c = e->config;
    if (e->stages == 0)
        return neap_linear_apply(&e->embed[0], neap_patchify(x, c->patch));
    for (int i = 0; x && i < e->stages; i++)
        x = run_stage(e, i, x);
    return neap_reshape(x, neap_dims(-1, (c->rows / c->patch) * (c->columns / c->patch), c->width));
}

/* The mean of T tokens times sqrt(T): features then vary between pictures as much as tokens vary, and what follows learns at
 * the same rate as other layers. */
static neap_tensor *pooled(neap_tensor *h)
{
    const double scale = sqrt((double)neap_dim(h, 1));
    return neap_affine(neap_mean(neap_layer_norm(h, TRANSFORMER_EPS), (const int[]){1}, 1, false), scale, 0);
}

neap_tensor *picture_encoder_apply(const picture_encoder *e, neap_tensor *x)
{
    neap_tensor *h = neap_add(tokens(e, x), e->positions.added);
    for (int64_t i = 0; i < e->config->depth; i++) /* norms need no parameters before linear layers */
        h = transformer_block_run(&e->block[i], &e->positions, h);
    return h ? pooled(h) : NULL;
}
