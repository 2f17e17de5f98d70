/*
 * The diffusion transformer with adaLN-Zero (Peebles and Xie, Scalable Diffusion Models with Transformers, 2023).
 * Names and initialisation are those of the published checkpoints.
 */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>

#define TIME_FEATURES 256
#define EPS 1e-6

typedef struct config {
    int64_t size, rows, columns, channels, patch, width, depth, heads, classes;
    double mlp_ratio;
} config;

typedef struct dit_block {
    neap_linear_layer modulation, qkv, proj, fc1, fc2;
    int64_t heads;
} dit_block;

typedef struct dit {
    const config *config;
    int64_t height, width;
    neap_tensor *positions; /* owned; [T, D] */
    neap_linear_layer embed, time1, time2, final_modulation, final;
    neap_tensor *labels; /* [classes + 1, D], borrowed; NULL where unconditional */
    dit_block block[];
} dit;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static const neap_init xavier = {NEAP_INIT_XAVIER_UNIFORM, 0}, small = {NEAP_INIT_NORMAL, 0.02}, zero = {NEAP_INIT_ZERO, 0};

static int make_block(dit_block *b, neap_model *model, const config *c, int i)
{
    int64_t d = c->width, inner = (int64_t)((double)d * c->mlp_ratio);
    b->heads = c->heads;
    return neap_linear_make(&b->qkv, model, d, 3 * d, xavier, "blocks.%d.attn.qkv", i) < 0 ||
                   neap_linear_make(&b->proj, model, d, d, xavier, "blocks.%d.attn.proj", i) < 0 ||
                   neap_linear_make(&b->fc1, model, d, inner, xavier, "blocks.%d.mlp.fc1", i) < 0 ||
                   neap_linear_make(&b->fc2, model, inner, d, xavier, "blocks.%d.mlp.fc2", i) < 0 ||
                   neap_linear_make(&b->modulation, model, d, 6 * d, zero, "blocks.%d.adaLN_modulation.1", i) < 0
               ? -1
               : 0;
}

static int make_ends(dit *m, neap_model *model)
{
    const config *c = m->config;
    int64_t d = c->width, pixels = c->patch * c->patch * c->channels;
    if (c->classes &&
        !(m->labels = neap_model_parameter(model, neap_dims(c->classes + 1, d), small, "y_embedder.embedding_table.weight")))
        return -1;
    return neap_linear_make(&m->embed, model, pixels, d, xavier, "x_embedder.proj") < 0 ||
                   neap_linear_make(&m->time1, model, TIME_FEATURES, d, small, "t_embedder.mlp.0") < 0 ||
                   neap_linear_make(&m->time2, model, d, d, small, "t_embedder.mlp.2") < 0 ||
                   neap_linear_make(&m->final_modulation, model, d, 2 * d, zero, "final_layer.adaLN_modulation.1") < 0 ||
                   neap_linear_make(&m->final, model, d, pixels, zero, "final_layer.linear") < 0
               ? -1
               : 0;
}

static int check(const config *c, int64_t height, int64_t width)
{
    if (height % c->patch || width % c->patch)
        return neap_fail("patch: expected a divisor of %lld and %lld, got %lld", (long long)height, (long long)width,
                         (long long)c->patch);
    if (c->width % c->heads)
        return neap_fail("heads: expected a divisor of the width %lld, got %lld", (long long)c->width, (long long)c->heads);
    return c->width % 4 ? neap_fail("width: expected a multiple of 4, got %lld", (long long)c->width) : 0;
}

static void destroy(void *self)
{
    dit *m = self;
    neap_release(m->positions);
    neap_free(m);
}

static int make(dit *m, neap_model *model)
{
    const config *c = m->config;
    int status = make_ends(m, model);
    for (int i = 0; status == 0 && i < c->depth; i++)
        status = make_block(&m->block[i], model, c, i);
    neap_scope scope = neap_scope_open();
    if (status == 0)
        m->positions = neap_keep(neap_grid_positions(m->height / c->patch, m->width / c->patch, c->width));
    neap_scope_close(scope);
    return m->positions ? 0 : -1;
}

static void *build(const void *settings, neap_model *model)
{
    const config *c = settings;
    int64_t height = c->rows ? c->rows : c->size, width = c->columns ? c->columns : c->size;
    dit *m = check(c, height, width) < 0 ? NULL : neap_calloc(1, sizeof *m + (size_t)c->depth * sizeof *m->block);
    if (!m)
        return NULL;
    m->config = c;
    m->height = height;
    m->width = width;
    if (make(m, model) < 0) {
        destroy(m);
        return NULL;
    }
    return m;
}

static neap_spec spec(const void *self)
{
    const dit *m = self;
    return (neap_spec){m->height, m->width, m->config->channels, m->config->classes};
}

/* --- Velocity ---------------------------------------------------------------------------------------------------- */

static neap_tensor *run_block(const dit_block *b, neap_tensor *x, neap_tensor *c)
{
    neap_tensor *m[6];
    neap_scope scope = neap_scope_open();
    neap_chunk(neap_linear_apply(&b->modulation, c), 6, m, 1);
    neap_tensor *h = neap_linear_apply(&b->qkv, neap_modulated_norm(x, m[0], m[1], EPS));
    x = neap_linear_apply_gated(&b->proj, x, m[2], neap_self_attention(h, (int)b->heads));
    h = neap_linear_apply_gelu(&b->fc1, neap_modulated_norm(x, m[3], m[4], EPS));
    return neap_scope_return(scope, neap_linear_apply_gated(&b->fc2, x, m[5], h));
}

/* SiLU of the sum of time and label embeddings: what every modulation starts from. */
static neap_tensor *condition(const dit *m, neap_tensor *t, neap_tensor *labels)
{
    neap_tensor *c = neap_linear_apply(&m->time1, neap_time_features(t, TIME_FEATURES));
    c = neap_linear_apply(&m->time2, neap_silu(c));
    return neap_silu(m->labels ? neap_add(c, neap_label_embedding(m->labels, labels)) : c);
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    const dit *m = self;
    neap_tensor *part[2];
    neap_tensor *c = condition(m, t, labels);
    neap_tensor *h = neap_add(neap_linear_apply(&m->embed, neap_patchify(x, m->config->patch)), m->positions);
    for (int64_t i = 0; i < m->config->depth; i++)
        h = run_block(&m->block[i], h, c);
    neap_chunk(neap_linear_apply(&m->final_modulation, c), 2, part, 1);
    h = neap_linear_apply(&m->final, neap_modulated_norm(h, part[0], part[1], EPS));
    return neap_unpatchify(h, m->config->patch, m->height, m->width);
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity};

static const neap_param params[] = {
    NEAP_INT(config, size, 32, 1, 4096, "Side of a square picture."),
    NEAP_INT(config, rows, 0, 0, 4096, "Rows of a picture; 0: size."),
    NEAP_INT(config, columns, 0, 0, 4096, "Columns of a picture; 0: size."),
    NEAP_INT(config, channels, 4, 1, 4096, "Channels of a picture."),
    NEAP_INT(config, patch, 2, 1, 64, "Side of a patch; a patch becomes one token."),
    NEAP_INT(config, width, 384, 4, 16384, "Channels of a token."),
    NEAP_INT(config, depth, 12, 1, 1024, "Blocks."),
    NEAP_INT(config, heads, 6, 1, 256, "Attention heads; a divisor of the width."),
    NEAP_INT(config, classes, 0, 0, 1000000, "Classes; 0: unconditional. The null class is one row more."),
    NEAP_REAL(config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP over the width."),
    NEAP_PARAMS_END,
};

static const neap_component dit_components[] = {
    {"architecture/1", "dit", "Diffusion transformer with adaLN-Zero.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(dit) = {NEAP_ABI, sizeof(neap_plugin), "dit", "1.0.0", "MIT", "Diffusion transformer.", dit_components};
