/*
 * A vision transformer as a classifier (Dosovitskiy et al. 2021, An Image is Worth 16x16 Words), with the mean of all
 * tokens instead of a class token (Zhai et al. 2022, Scaling Vision Transformers). That mean, scaled, is the result
 * of `features`.
 *
 * With `stem`, overlapping convolutions with stride 2 make the tokens, instead of one product over separate patches
 * (Xiao et al. 2021, Early Convolutions Help Transformers See Better). `convolutions` adds residual convolutions
 * after each of them.
 */
#include <math.h>
#include <stdio.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "transformer.h"

#define MAX_STAGES 6 /* the largest patch is 2^6 */
#define MAX_CONVOLUTIONS 4

typedef struct config {
    int64_t rows, columns, channels, classes, patch, width, depth, heads, stem, convolutions;
    double mlp_ratio;
} config;

typedef struct vit {
    const config *config;
    transformer_config sizes;
    transformer_positions positions;
    int stages; /* of the stem; 0: plain patches */
    neap_linear_layer embed[MAX_STAGES], convolution[MAX_STAGES][MAX_CONVOLUTIONS], head;
    transformer_block block[];
} vit;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static int count_stages(const config *c)
{
    int stages = 0;
    while (c->stem && (int64_t)1 << stages < c->patch)
        stages++;
    return stages;
}

static transformer_config sizes_of(const config *c)
{
    return (transformer_config){.rows = c->rows, .columns = c->columns, .channels = c->channels, .patch = c->patch,
                                .width = c->width, .depth = c->depth, .heads = c->heads, .mlp_ratio = c->mlp_ratio};
}

static int check(const config *c, const transformer_config *sizes)
{
    if (c->stem && (c->patch < 2 || (c->patch & (c->patch - 1))))
        return neap_fail("patch: expected a power of two for a stem, got %lld", (long long)c->patch);
    if (c->convolutions && !c->stem)
        return neap_fail("convolutions: expected 0 without a stem, got %lld", (long long)c->convolutions);
    return transformer_check(sizes);
}

static const neap_init kaiming = {NEAP_INIT_KAIMING_UNIFORM, 1};

#define WINDOW 16    /* 4 by 4 cells, stride 2 */
#define NEIGHBOURS 9 /* 3 by 3 cells, stride 1 */

static int make_stage(vit *m, neap_model *model, int i, int64_t in, int64_t out)
{
    int status = neap_linear_make(&m->embed[i], model, WINDOW * in, out, kaiming, "stem.%d", i);
    for (int k = 0; status == 0 && k < m->config->convolutions; k++)
        status = neap_linear_make(&m->convolution[i][k], model, NEIGHBOURS * out, out, kaiming,
                                  "stem.%d.convolutions.%d", i, k);
    return status;
}

/* Channels double with each stage, as the sides halve; the last stage makes the tokens. */
static int make_embed(vit *m, neap_model *model)
{
    const config *c = m->config;
    int64_t in = c->channels;
    if (m->stages == 0)
        return neap_linear_make(m->embed, model, transformer_patch_size(&m->sizes), c->width, transformer_xavier,
                                "patch_embed.proj");
    for (int i = 0; i < m->stages; i++) {
        const int64_t out = i == m->stages - 1 ? c->width : c->stem << i;
        if (make_stage(m, model, i, in, out) < 0)
            return -1;
        in = out;
    }
    return 0;
}

static int make(vit *m, neap_model *model)
{
    const config *c = m->config;
    int status = make_embed(m, model);
    for (int i = 0; status == 0 && i < c->depth; i++) {
        char path[TRANSFORMER_PATH];
        snprintf(path, sizeof path, "blocks.%d", i);
        status = transformer_block_make(&m->block[i], model, &m->sizes, path);
    }
    if (status == 0)
        status = neap_linear_make(&m->head, model, c->width, c->classes, (neap_init){NEAP_INIT_ZERO, 0}, "head");
    return status == 0 ? transformer_positions_make(&m->positions, &m->sizes, 0) : -1;
}

static void destroy(void *self)
{
    vit *m = self;
    transformer_positions_free(&m->positions);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    const config *c = settings;
    const transformer_config sizes = sizes_of(c);
    vit *m = check(c, &sizes) < 0 ? NULL : neap_calloc(1, sizeof *m + (size_t)c->depth * sizeof *m->block);
    if (!m)
        return NULL;
    m->config = c;
    m->sizes = sizes;
    m->stages = count_stages(c);
    if (make(m, model) < 0) {
        destroy(m);
        return NULL;
    }
    return m;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = ((const vit *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->rows, .width = c->columns, .channels = c->channels,
                                           .classes = c->classes});
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

static neap_tensor *run_stage(const vit *m, int i, neap_tensor *x)
{
    const neap_linear_layer *embed = &m->embed[i];
    const bool last = i == m->stages - 1;
    x = last ? neap_linear_apply(embed, windows(x)) : neap_linear_apply_gelu(embed, windows(x));
    for (int64_t k = 0; x && k < m->config->convolutions; k++)
        x = neap_add(x, neap_linear_apply_gelu(&m->convolution[i][k], neighbours(neap_layer_norm(x, TRANSFORMER_EPS))));
    return x;
}

static neap_tensor *tokens(const vit *m, neap_tensor *x)
{
    const config *c = m->config;
    if (m->stages == 0)
        return neap_linear_apply(&m->embed[0], neap_patchify(x, c->patch));
    for (int i = 0; x && i < m->stages; i++)
        x = run_stage(m, i, x);
    return neap_reshape(x, neap_dims(-1, (c->rows / c->patch) * (c->columns / c->patch), c->width));
}

/* --- Features and classes ---------------------------------------------------------------------------------------- */

/* The mean of T tokens times sqrt(T): features then vary between pictures as much as tokens vary, and the head learns
 * at the same rate as other layers. */
static neap_tensor *pooled(neap_tensor *h)
{
    const double scale = sqrt((double)neap_dim(h, 1));
    return neap_affine(neap_mean(neap_layer_norm(h, TRANSFORMER_EPS), (const int[]){1}, 1, false), scale, 0);
}

static neap_tensor *features(void *self, neap_tensor *x)
{
    const vit *m = self;
    neap_tensor *h = neap_add(tokens(m, x), m->positions.added);
    for (int64_t i = 0; i < m->config->depth; i++) /* norms need no parameters before linear layers */
        h = transformer_block_run(&m->block[i], &m->positions, h);
    return h ? pooled(h) : NULL;
}

static neap_tensor *classify(void *self, neap_tensor *x)
{
    const vit *m = self;
    return neap_linear_apply(&m->head, features(self, x));
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .features = features, .classify = classify};

static const neap_param params[] = {
    NEAP_INT(config, rows, 28, 1, 4096, "Rows of a picture."),
    NEAP_INT(config, columns, 28, 1, 4096, "Columns of a picture."),
    NEAP_INT(config, channels, 1, 1, 4096, "Channels of a picture."),
    NEAP_REQUIRED_INT(config, classes, 2, 1000000, "Number of classes."),
    NEAP_INT(config, patch, 4, 1, 64, "Side of a patch; a patch becomes one token."),
    NEAP_INT(config, width, 64, 4, 16384, "Channels of a token, and width of the features."),
    NEAP_INT(config, depth, 3, 1, 1024, "Number of blocks."),
    NEAP_INT(config, heads, 4, 1, 256, "Number of attention heads, a divisor of the width."),
    NEAP_INT(config, stem, 0, 0, 4096,
             "Channels after the first stride-2 convolution of the stem; 0: plain patches."),
    NEAP_INT(config, convolutions, 0, 0, MAX_CONVOLUTIONS,
             "Number of residual 3x3 convolutions after each stage of the stem."),
    NEAP_REAL(config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP, as a multiple of width."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(vit) = NEAP_ONE_COMPONENT("vit", "1.0.0", "MIT", "Vision transformer as a classifier.", "architecture/2",
                                      config, params, functions);
