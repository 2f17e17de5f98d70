/*
 * The diffusion transformer (Peebles and Xie, Scalable Diffusion Models with Transformers, 2023) with adaLN-Zero or
 * in-context conditioning, or with cross-attention as in PixArt-alpha (Chen et al. 2023). Optional later additions: norms of
 * queries and keys, rotary positions, a gated MLP, RMS norms. Parameter names and initialisation are those of the published
 * checkpoints. With `interval` it predicts the mean velocity between two times (Geng et al. 2025) and gets t - r as a
 * second input.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "dit.h"

typedef struct dit {
    const dit_config *config;
    transformer_config sizes; /* zeros replaced by the preset's sizes */
    transformer_positions positions;
    dit_embedder time, gap; /* gap: t - r, with interval */
    dit_context context;
    neap_linear_layer embed, final;
    neap_linear_layer final_modulation; /* DIT_ADALN */
    neap_linear_layer modulation;       /* DIT_CROSS: [B, D] to [B, 6 D], for all blocks */
    neap_tensor *final_table;           /* DIT_CROSS: [2, D], borrowed */
    transformer_norm final_norm;        /* DIT_IN_CONTEXT */
    neap_tensor *labels;                /* [classes + 1, D], borrowed; NULL if unconditional */
    dit_block block[];
} dit;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static int make_condition(dit *m, neap_model *model)
{
    const int64_t d = m->sizes.width;
    if (dit_embedder_make(&m->time, model, DIT_TIME_FEATURES, d, "t_embedder") < 0)
        return -1;
    return m->config->interval ? dit_embedder_make(&m->gap, model, DIT_TIME_FEATURES, d, "gap_embedder") : 0;
}

static int make_final_cross(dit *m, neap_model *model)
{
    const int64_t d = m->sizes.width;
    const neap_init random = {NEAP_INIT_NORMAL, 1 / sqrt((double)d)};
    m->final_table = neap_model_parameter(model, neap_dims(2, d), random, "final_layer.scale_shift_table");
    return m->final_table ? neap_linear_make(&m->modulation, model, d, 6 * d, dit_small, "t_block.1") : -1;
}

static int make_final_adaln(dit *m, neap_model *model)
{
    const int64_t d = m->sizes.width;
    return neap_linear_make(&m->final_modulation, model, d, 2 * d, dit_zero, "final_layer.adaLN_modulation.1");
}

static int make_final_in_context(dit *m, neap_model *model)
{
    return transformer_norm_make(&m->final_norm, model, &m->sizes, "final_layer.norm_final");
}

static int make_final(dit *m, neap_model *model)
{
    static int (*const make[])(dit *, neap_model *) = {
        [DIT_ADALN] = make_final_adaln, [DIT_IN_CONTEXT] = make_final_in_context, [DIT_CROSS] = make_final_cross};
    if (make[m->config->conditioning](m, model) < 0)
        return -1;
    return neap_linear_make(&m->final, model, m->sizes.width, transformer_patch_size(&m->sizes), dit_zero, "final_layer.linear");
}

/* Values of a patch of the input, with those of the picture that is joined to it. */
static int64_t input_size(const dit *m)
{
    transformer_config c = m->sizes;
    if (m->config->picture == DIT_PICTURE_CHANNELS)
        c.channels += dit_context_picture(m->config, &m->sizes).channels;
    return transformer_patch_size(&c);
}

static int make_layers(dit *m, neap_model *model)
{
    const transformer_config *c = &m->sizes;
    const int64_t classes = m->config->classes;
    const neap_shape table = neap_dims(classes + 1, c->width);
    if (classes && !(m->labels = neap_model_parameter(model, table, dit_small, "y_embedder.embedding_table.weight")))
        return -1;
    if (neap_linear_make(&m->embed, model, input_size(m), c->width, transformer_xavier, "x_embedder.proj") < 0 ||
        make_condition(m, model) < 0 || make_final(m, model) < 0)
        return -1;
    for (int i = 0; i < c->depth; i++)
        if (dit_block_make(&m->block[i], model, c, m->config->conditioning, i) < 0)
            return -1;
    return dit_context_make(&m->context, model, m->config, c);
}

/* Number of tokens before those of the picture: time and, if conditional, class. */
static int64_t extra_tokens(const dit *m)
{
    return m->config->conditioning == DIT_IN_CONTEXT ? 1 + (m->config->classes != 0) : 0;
}

static void destroy(void *self)
{
    dit *m = self;
    transformer_positions_free(&m->positions);
    dit_context_free(&m->context);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    const transformer_config sizes = dit_sizes(settings);
    if (transformer_check(&sizes) < 0 || dit_context_check(settings, &sizes) < 0)
        return NULL;
    dit *m = neap_calloc(1, sizeof *m + (size_t)sizes.depth * sizeof *m->block);
    if (!m)
        return NULL;
    m->config = settings;
    m->sizes = sizes;
    if (make_layers(m, model) < 0 || transformer_positions_make(&m->positions, &m->sizes, extra_tokens(m)) < 0) {
        destroy(m);
        return NULL;
    }
    return m;
}

static int spec(const void *self, neap_spec *out)
{
    const dit *m = self;
    const dit_config *c = m->config;
    return neap_spec_fill(out, (neap_spec){.height = m->sizes.rows, .width = m->sizes.columns, .channels = m->sizes.channels,
                                           .classes = c->classes, .text = c->text, .tokens = c->tokens, .pooled = c->pooled,
                                           .picture = dit_context_picture(c, &m->sizes)});
}

/* --- Velocity ---------------------------------------------------------------------------------------------------- */

/* What the layers between embedding and last layer receive besides h. */
typedef struct inputs {
    neap_tensor *time, *labels;
    const neap_condition *condition;
} inputs;

static neap_tensor *run_blocks(const dit *m, neap_tensor *h, const dit_given *given)
{
    for (int64_t i = 0; i < m->sizes.depth; i++)
        h = dit_block_run(&m->block[i], &m->positions, h, given);
    return h;
}

/* The sum of the time and label embeddings. */
static neap_tensor *embed_both(const dit *m, const inputs *in)
{
    return m->labels ? neap_add(in->time, neap_label_embedding(m->labels, in->labels)) : in->time;
}

/* Time and label modulate every norm. */
static neap_tensor *run_adaln(const dit *m, neap_tensor *h, const inputs *in)
{
    neap_tensor *part[2], *both = neap_silu(embed_both(m, in));
    h = run_blocks(m, h, &(dit_given){.modulation = both});
    neap_chunk(neap_linear_apply(&m->final_modulation, both), 2, part, 1);
    return dit_modulated_norm(&m->sizes, h, part[0], part[1]);
}

/* The last norm is modulated by a table and the embedding itself. */
static neap_tensor *run_cross(const dit *m, neap_tensor *h, const inputs *in)
{
    neap_tensor *part[2], *both = embed_both(m, in);
    dit_given given = {.modulation = neap_linear_apply(&m->modulation, neap_silu(both))};
    given.tokens = dit_context_tokens(&m->context, in->condition, &given.lengths);
    h = run_blocks(m, h, &given);
    neap_chunk(m->final_table, 2, part, 0);
    return dit_modulated_norm(&m->sizes, h, neap_add(both, part[0]), neap_add(both, part[1]));
}

/* Time and label are tokens before those of the picture; they are removed before the last layer. */
static neap_tensor *run_in_context(const dit *m, neap_tensor *h, const inputs *in)
{
    const int64_t extra = extra_tokens(m);
    const neap_shape token = neap_dims(-1, 1, m->sizes.width);
    neap_tensor *part[3] = {neap_reshape(in->time, token), NULL, NULL};
    if (m->labels)
        part[1] = neap_reshape(neap_label_embedding(m->labels, in->labels), token);
    part[extra] = h;
    h = run_blocks(m, neap_concat(part, (int)extra + 1, 1), NULL);
    return h ? transformer_norm_apply(&m->final_norm, &m->sizes, neap_slice(h, 1, extra, neap_dim(h, 1))) : NULL;
}

static neap_tensor *field(const dit *m, neap_tensor *x, neap_tensor *time, const neap_condition *condition)
{
    static neap_tensor *(*const run[])(const dit *, neap_tensor *, const inputs *) = {
        [DIT_ADALN] = run_adaln, [DIT_IN_CONTEXT] = run_in_context, [DIT_CROSS] = run_cross};
    const transformer_config *c = &m->sizes;
    condition = dit_context_fill(&m->context, condition);
    const inputs in = {dit_context_time(&m->context, time, condition), neap_condition_get(condition, NEAP_LABELS), condition};
    neap_tensor *h = neap_patchify(dit_context_channels(&m->context, x, condition), c->patch);
    h = neap_linear_apply(&m->embed, h);
    h = m->positions.added ? neap_add(h, m->positions.added) : h;
    h = run[m->config->conditioning](m, h, &in);
    return neap_unpatchify(neap_linear_apply(&m->final, h), c->patch, c->rows, c->columns);
}

static neap_tensor *between(const dit *m, neap_tensor *x, neap_tensor *t, neap_tensor *gap, const neap_condition *condition)
{
    neap_tensor *time = dit_embedder_apply(&m->time, neap_slow_time_features(t, DIT_TIME_FEATURES));
    gap = dit_embedder_apply(&m->gap, neap_slow_time_features(gap, DIT_TIME_FEATURES));
    return field(m, x, neap_add(time, gap), condition);
}

static neap_tensor *average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition)
{
    const dit *m = self;
    if (!m->config->interval)
        return neap_fail_null("average: expected a network with interval = true, got one with a single time");
    return between(m, x, t, neap_sub(t, r), condition);
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const dit *m = self;
    if (m->config->interval)
        return between(m, x, t, neap_affine(t, 0, 0), condition);
    return field(m, x, dit_embedder_apply(&m->time, neap_time_features(t, DIT_TIME_FEATURES)), condition);
}

static neap_condition *prepare(void *self, const neap_condition *condition)
{
    return dit_context_prepare(&((const dit *)self)->context, condition);
}

/* --- The component ----------------------------------------------------------------------------------------------- */

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity, .average = average, .prepare = prepare};

static const char *const conditionings[] = {[DIT_ADALN] = "adaln", [DIT_IN_CONTEXT] = "in_context", [DIT_CROSS] = "cross",
                                           NULL};
static const char *const pictures[] = {[DIT_NO_PICTURE] = "none", [DIT_PICTURE_CHANNELS] = "channels",
                                       [DIT_PICTURE_TOKENS] = "tokens", NULL};

static const neap_param params[] = {
    DIT_SIZE_PARAMS,
    NEAP_INT(dit_config, classes, 0, 0, 1000000,
             "Number of classes; 0: unconditional. The null class is one more row of the table."),
    NEAP_REAL(dit_config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP, as a multiple of width."),
    NEAP_CHOICE(dit_config, conditioning, DIT_ADALN, conditionings,
                "Time and class modulate every block (adaln) or are additional tokens (in_context); cross: they modulate, and "
                "every block attends to the tokens of a text or a picture."),
    NEAP_FLAG(dit_config, qk_norm, 0, "RMS norm of queries and keys per head, with a learned gain."),
    NEAP_FLAG(dit_config, rope, 0,
              "Rotary positions, half of a head by row, half by column, instead of added positions."),
    NEAP_FLAG(dit_config, swiglu, 0, "Gated MLP (SwiGLU) with two thirds of the inner width."),
    NEAP_FLAG(dit_config, rms_norm, 0, "RMS norms instead of layer norms."),
    NEAP_FLAG(dit_config, interval, 0, "Predict the mean velocity between two times, for the objective mean_flow."),
    TEXT_ENCODER_PARAMS(dit_config),
    NEAP_INT(dit_config, tokens, 0, 0, 65536, "Width of tokens that are given in place of a text, for cross; 0: none."),
    NEAP_INT(dit_config, pooled, 0, 0, 65536, "Width of a pooled vector that is given in place of a text; 0: none."),
    NEAP_CHOICE(dit_config, picture, DIT_NO_PICTURE, pictures,
                "A picture as condition: resized, as further channels of the input, or as tokens for cross."),
    NEAP_INT(dit_config, picture_rows, 0, 0, 4096, "Rows of the condition's picture; 0: those of the pictures."),
    NEAP_INT(dit_config, picture_columns, 0, 0, 4096, "Columns of the condition's picture; 0: those of the pictures."),
    NEAP_INT(dit_config, picture_channels, 0, 0, 4096, "Channels of the condition's picture; 0: those of the pictures."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(dit) = NEAP_ONE_COMPONENT("dit", "1.0.0", "MIT",
                                      "Diffusion transformer: adaLN-Zero, in-context or cross-attention conditioning, sizes S to XL.",
                                      "architecture/2", dit_config, params, functions);
