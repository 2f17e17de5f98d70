/*
 * The diffusion transformer with joint attention (Esser et al., Scaling Rectified Flow Transformers for High-Resolution Image
 * Synthesis, 2024): picture and text are two streams, each with its own parameters, that share one attention in every block.
 * The last block computes no text, which nothing would read. With `still`, text does not move: each block reads keys and
 * values of the same tokens, without a modulation or an MLP of their own.
 *
 * The sequence of the attention is picture, then text, and padding is masked. Names of parameters are those of the published
 * checkpoints, but for the pooled embedder; the text of the last block has keys and values alone.
 */
#include <neap/error.h>
#include <neap/memory.h>

#include "mmdit.h"

typedef struct mmdit {
    const mmdit_config *config;
    transformer_config sizes; /* zeros replaced by the preset's sizes */
    transformer_positions positions;
    dit_embedder time;
    dit_context context; /* text and pooled vectors */
    neap_linear_layer embed, tokens, final_modulation, final;
    neap_tensor *labels; /* [classes + 1, D], borrowed; NULL: none */
    mmdit_block block[];
} mmdit;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static int make_condition(mmdit *m, neap_model *model)
{
    const dit_config *c = &m->config->dit;
    const int64_t d = m->sizes.width, tokens = c->text ? c->text_width : c->tokens;
    const neap_shape table = neap_dims(c->classes + 1, d);
    if (c->classes && !(m->labels = neap_model_parameter(model, table, dit_small, "y_embedder.embedding_table.weight")))
        return -1;
    if (dit_embedder_make(&m->time, model, DIT_TIME_FEATURES, d, "t_embedder") < 0 ||
        dit_context_make(&m->context, model, c, &m->sizes) < 0)
        return -1;
    return neap_linear_make(&m->tokens, model, tokens, d, transformer_xavier, "context_embedder");
}

static int make_ends(mmdit *m, neap_model *model)
{
    const int64_t d = m->sizes.width, patch = transformer_patch_size(&m->sizes);
    if (neap_linear_make(&m->embed, model, patch, d, transformer_xavier, "x_embedder.proj") < 0 ||
        neap_linear_make(&m->final_modulation, model, d, 2 * d, dit_zero, "final_layer.adaLN_modulation.1") < 0)
        return -1;
    return neap_linear_make(&m->final, model, d, patch, dit_zero, "final_layer.linear");
}

static int make_blocks(mmdit *m, neap_model *model)
{
    const int depth = (int)m->sizes.depth;
    for (int i = 0; i < depth; i++) {
        const mmdit_role role = m->config->still ? MMDIT_STILL : i == depth - 1 ? MMDIT_LAST : MMDIT_MOVING;
        if (mmdit_block_make(&m->block[i], model, &m->sizes, role, i) < 0)
            return -1;
    }
    return 0;
}

static int check(const dit_config *c, const transformer_config *sizes)
{
    const text_encoder_config text = {c->text, c->text_width, c->text_depth, c->text_heads, c->text_words};
    if (!c->text && !c->tokens)
        return neap_fail("text: expected a number of bytes from 1, or the width of given tokens, got neither");
    if (c->text && c->tokens)
        return neap_fail("tokens: expected 0 beside a text, got %lld", (long long)c->tokens);
    if (c->text && c->pooled)
        return neap_fail("pooled: expected 0 beside a text, got %lld", (long long)c->pooled);
    return transformer_check(sizes) < 0 || (c->text && text_encoder_check(&text) < 0) ? -1 : 0;
}

static void destroy(void *self)
{
    mmdit *m = self;
    transformer_positions_free(&m->positions);
    dit_context_free(&m->context);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    const mmdit_config *c = settings;
    const transformer_config sizes = dit_sizes(&c->dit);
    mmdit *m = check(&c->dit, &sizes) < 0 ? NULL : neap_calloc(1, sizeof *m + (size_t)sizes.depth * sizeof *m->block);
    if (!m)
        return NULL;
    m->config = c;
    m->sizes = sizes;
    if (make_condition(m, model) < 0 || make_ends(m, model) < 0 || make_blocks(m, model) < 0 ||
        transformer_positions_make(&m->positions, &m->sizes, 0) < 0) {
        destroy(m);
        return NULL;
    }
    return m;
}

static int spec(const void *self, neap_spec *out)
{
    const mmdit *m = self;
    const dit_config *c = &m->config->dit;
    return neap_spec_fill(out, (neap_spec){.height = m->sizes.rows, .width = m->sizes.columns, .channels = m->sizes.channels,
                                           .classes = c->classes, .text = c->text, .tokens = c->tokens, .pooled = c->pooled});
}

/* --- Velocity ---------------------------------------------------------------------------------------------------- */

/* What modulates every norm: time, label and pooled text, [B, D]. */
static neap_tensor *condition_of(const mmdit *m, neap_tensor *t, const neap_condition *condition)
{
    neap_tensor *sum = dit_embedder_apply(&m->time, neap_time_features(t, DIT_TIME_FEATURES));
    if (m->labels)
        sum = neap_add(sum, neap_label_embedding(m->labels, neap_condition_get(condition, NEAP_LABELS)));
    return neap_silu(dit_context_time(&m->context, sum, condition));
}

/* Text that does not move is normed once for all blocks, as a modulated norm would do in each. */
static neap_tensor *text_of(const mmdit *m, const neap_condition *condition)
{
    neap_tensor *text = neap_linear_apply(&m->tokens, neap_condition_get(condition, NEAP_TOKENS));
    return m->config->still ? neap_layer_norm(text, TRANSFORMER_EPS) : text;
}

static neap_condition *prepare(void *self, const neap_condition *condition)
{
    return dit_context_prepare(&((const mmdit *)self)->context, condition);
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const mmdit *m = self;
    const transformer_config *c = &m->sizes;
    condition = dit_context_fill(&m->context, condition);
    neap_tensor *part[2], *h = neap_add(neap_linear_apply(&m->embed, neap_patchify(x, c->patch)), m->positions.added);
    neap_tensor *text = text_of(m, condition), *modulation = condition_of(m, t, condition);
    for (int64_t i = 0; i < c->depth; i++)
        mmdit_block_run(&m->block[i], modulation, neap_condition_get(condition, NEAP_LENGTHS), &h, &text);
    neap_chunk(neap_linear_apply(&m->final_modulation, modulation), 2, part, 1);
    h = neap_linear_apply(&m->final, dit_modulated_norm(c, h, part[0], part[1]));
    return neap_unpatchify(h, c->patch, c->rows, c->columns);
}

/* --- The component ----------------------------------------------------------------------------------------------- */

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity, .prepare = prepare};

static const neap_param params[] = {
    DIT_SIZE_PARAMS,
    NEAP_INT(dit_config, classes, 0, 0, 1000000,
             "Number of classes; 0: none. The null class is one more row of the table."),
    NEAP_REAL(dit_config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP, as a multiple of width."),
    NEAP_FLAG(dit_config, qk_norm, 0, "RMS norm of queries and keys per head, with a learned gain."),
    TEXT_ENCODER_PARAMS(dit_config),
    NEAP_INT(dit_config, tokens, 0, 0, 65536, "Width of tokens that are given in place of a text; 0: none."),
    NEAP_INT(dit_config, pooled, 0, 0, 65536, "Width of a pooled vector that is given beside tokens; 0: none."),
    NEAP_FLAG(mmdit_config, still, 0, "Text does not move: the picture reads the same tokens in every block."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(mmdit) = NEAP_ONE_COMPONENT("mmdit", "1.0.0", "MIT",
                                        "Diffusion transformer with joint attention of picture and text, sizes S to XL.",
                                        "architecture/2", mmdit_config, params, functions);
