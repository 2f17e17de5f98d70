/*
 * The diffusion transformer (Peebles and Xie, Scalable Diffusion Models with Transformers, 2023) with adaLN-Zero or
 * in-context conditioning. With `text`, the pooled vector of a text is added to the embedding of the time. Optional later
 * additions: norms of queries and keys, rotary positions, a gated MLP, RMS norms. Parameter names and initialisation are
 * those of the published checkpoints. With `interval` it predicts the mean velocity between two times (Geng et al. 2025)
 * and gets t - r as a second input.
 */
#include <neap/error.h>
#include <neap/memory.h>

#include "dit.h"

typedef struct dit {
    const dit_config *config;
    transformer_config sizes; /* zeros replaced by the preset's sizes */
    transformer_positions positions;
    dit_embedder time, gap; /* gap: t - r, with interval */
    text_encoder text;
    dit_embedder pooled; /* with text */
    neap_linear_layer embed, final_modulation, final;
    transformer_norm final_norm; /* DIT_IN_CONTEXT */
    neap_tensor *labels;         /* [classes + 1, D], borrowed; NULL if unconditional */
    dit_block block[];
} dit;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static text_encoder_config text_of(const dit_config *c)
{
    return (text_encoder_config){c->text, c->text_width, c->text_depth, c->text_heads, c->text_words};
}

static int make_condition(dit *m, neap_model *model)
{
    const int64_t d = m->sizes.width;
    if (dit_embedder_make(&m->time, model, DIT_TIME_FEATURES, d, "t_embedder") < 0)
        return -1;
    return m->config->interval ? dit_embedder_make(&m->gap, model, DIT_TIME_FEATURES, d, "gap_embedder") : 0;
}

static int make_text(dit *m, neap_model *model)
{
    const text_encoder_config c = text_of(m->config);
    if (!c.bytes)
        return 0;
    if (text_encoder_make(&m->text, model, &c) < 0)
        return -1;
    return dit_embedder_make(&m->pooled, model, c.width, m->sizes.width, "pooled_embedder");
}

static int make_final(dit *m, neap_model *model)
{
    const transformer_config *c = &m->sizes;
    const int64_t d = c->width;
    const int status =
        m->config->conditioning == DIT_IN_CONTEXT
            ? transformer_norm_make(&m->final_norm, model, c, "final_layer.norm_final")
            : neap_linear_make(&m->final_modulation, model, d, 2 * d, dit_zero, "final_layer.adaLN_modulation.1");
    if (status < 0)
        return -1;
    return neap_linear_make(&m->final, model, d, transformer_patch_size(c), dit_zero, "final_layer.linear");
}

static int make_layers(dit *m, neap_model *model)
{
    const transformer_config *c = &m->sizes;
    const int64_t classes = m->config->classes;
    const neap_shape table = neap_dims(classes + 1, c->width);
    if (classes && !(m->labels = neap_model_parameter(model, table, dit_small, "y_embedder.embedding_table.weight")))
        return -1;
    if (neap_linear_make(&m->embed, model, transformer_patch_size(c), c->width, transformer_xavier, "x_embedder.proj") < 0 ||
        make_condition(m, model) < 0 || make_final(m, model) < 0)
        return -1;
    for (int i = 0; i < c->depth; i++)
        if (dit_block_make(&m->block[i], model, c, m->config->conditioning, i) < 0)
            return -1;
    return make_text(m, model);
}

/* Number of tokens before those of the picture: time and, if conditional, class. */
static int64_t context(const dit *m)
{
    return m->config->conditioning == DIT_IN_CONTEXT ? 1 + (m->config->classes != 0) : 0;
}

static void destroy(void *self)
{
    dit *m = self;
    transformer_positions_free(&m->positions);
    text_encoder_free(&m->text);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    const transformer_config sizes = dit_sizes(settings);
    const text_encoder_config text = text_of(settings);
    if (transformer_check(&sizes) < 0 || (text.bytes && text_encoder_check(&text) < 0))
        return NULL;
    dit *m = neap_calloc(1, sizeof *m + (size_t)sizes.depth * sizeof *m->block);
    if (!m)
        return NULL;
    m->config = settings;
    m->sizes = sizes;
    if (make_layers(m, model) < 0 || transformer_positions_make(&m->positions, &m->sizes, context(m)) < 0) {
        destroy(m);
        return NULL;
    }
    return m;
}

static int spec(const void *self, neap_spec *out)
{
    const dit *m = self;
    return neap_spec_fill(out, (neap_spec){.height = m->sizes.rows, .width = m->sizes.columns,
                                           .channels = m->sizes.channels, .classes = m->config->classes,
                                           .text = m->config->text});
}

/* --- Velocity ---------------------------------------------------------------------------------------------------- */

/* The sum of the time and label embeddings modulates every norm. */
static neap_tensor *run_modulated(const dit *m, neap_tensor *h, neap_tensor *time, neap_tensor *labels)
{
    neap_tensor *part[2];
    neap_tensor *condition = neap_silu(m->labels ? neap_add(time, neap_label_embedding(m->labels, labels)) : time);
    for (int64_t i = 0; i < m->sizes.depth; i++)
        h = dit_block_run(&m->block[i], &m->positions, h, condition);
    neap_chunk(neap_linear_apply(&m->final_modulation, condition), 2, part, 1);
    return dit_modulated_norm(&m->sizes, h, part[0], part[1]);
}

/* Time and label are tokens before those of the picture; they are removed before the last layer. */
static neap_tensor *run_in_context(const dit *m, neap_tensor *h, neap_tensor *time, neap_tensor *labels)
{
    const int64_t extra = context(m);
    const neap_shape token = neap_dims(-1, 1, m->sizes.width);
    neap_tensor *part[3] = {neap_reshape(time, token), NULL, NULL};
    if (m->labels)
        part[1] = neap_reshape(neap_label_embedding(m->labels, labels), token);
    part[extra] = h;
    h = neap_concat(part, (int)extra + 1, 1);
    for (int64_t i = 0; i < m->sizes.depth; i++)
        h = dit_block_run(&m->block[i], &m->positions, h, NULL);
    if (!h)
        return NULL;
    return transformer_norm_apply(&m->final_norm, &m->sizes, neap_slice(h, 1, extra, neap_dim(h, 1)));
}

/* The embedding of the time and, with text, of the text's pooled vector. */
static neap_tensor *with_pooled(const dit *m, neap_tensor *time, const neap_condition *condition)
{
    if (!m->config->text)
        return time;
    return neap_add(time, dit_embedder_apply(&m->pooled, neap_condition_get(condition, NEAP_POOLED)));
}

static neap_tensor *field(const dit *m, neap_tensor *x, neap_tensor *time, const neap_condition *condition)
{
    const transformer_config *c = &m->sizes;
    const bool in_context = m->config->conditioning == DIT_IN_CONTEXT;
    if (m->config->text && !(condition = text_encoder_fill(&m->text, condition)))
        return NULL;
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    neap_tensor *h = neap_linear_apply(&m->embed, neap_patchify(x, c->patch));
    h = m->positions.added ? neap_add(h, m->positions.added) : h;
    time = with_pooled(m, time, condition);
    h = in_context ? run_in_context(m, h, time, labels) : run_modulated(m, h, time, labels);
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
    const dit *m = self;
    return m->config->text ? text_encoder_prepare(&m->text, condition) : (neap_condition *)(uintptr_t)condition;
}

/* --- The component ----------------------------------------------------------------------------------------------- */

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity, .average = average, .prepare = prepare};

static const char *const conditionings[] = {[DIT_ADALN] = "adaln", [DIT_IN_CONTEXT] = "in_context", NULL};

static const neap_param params[] = {
    DIT_SIZE_PARAMS,
    NEAP_INT(dit_config, classes, 0, 0, 1000000,
             "Number of classes; 0: unconditional. The null class is one more row of the table."),
    NEAP_REAL(dit_config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP, as a multiple of width."),
    NEAP_CHOICE(dit_config, conditioning, DIT_ADALN, conditionings,
                "Time and class modulate every block (adaln) or are additional tokens (in_context)."),
    NEAP_FLAG(dit_config, qk_norm, 0, "RMS norm of queries and keys per head, with a learned gain."),
    NEAP_FLAG(dit_config, rope, 0,
              "Rotary positions, half of a head by row, half by column, instead of added positions."),
    NEAP_FLAG(dit_config, swiglu, 0, "Gated MLP (SwiGLU) with two thirds of the inner width."),
    NEAP_FLAG(dit_config, rms_norm, 0, "RMS norms instead of layer norms."),
    NEAP_FLAG(dit_config, interval, 0, "Predict the mean velocity between two times, for the objective mean_flow."),
    TEXT_ENCODER_PARAMS(dit_config),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(dit) = NEAP_ONE_COMPONENT("dit", "1.0.0", "MIT",
                                      "Diffusion transformer: adaLN-Zero or in-context conditioning, sizes S to XL.",
                                      "architecture/2", dit_config, params, functions);
