/* Sizes and embedders of the diffusion transformer. */
#include "dit.h"

/* Published sizes (Peebles and Xie 2023, table 1). */
const char *const dit_presets[] = {"S", "B", "L", "XL", NULL};
static const struct {
    int64_t width, depth, heads;
} presets[] = {{384, 12, 6}, {768, 12, 12}, {1024, 24, 16}, {1152, 28, 16}};

transformer_config dit_sizes(const dit_config *c)
{
    return (transformer_config){
        .rows = c->rows ? c->rows : c->size, .columns = c->columns ? c->columns : c->size,
        .channels = c->channels, .patch = c->patch, .width = c->width ? c->width : presets[c->preset].width,
        .depth = c->depth ? c->depth : presets[c->preset].depth, .heads = c->heads ? c->heads : presets[c->preset].heads,
        .mlp_ratio = c->mlp_ratio, .qk_norm = c->qk_norm, .rope = c->rope, .swiglu = c->swiglu, .rms_norm = c->rms_norm,
    };
}

int dit_embedder_make(dit_embedder *e, neap_model *model, int64_t in, int64_t width, const char *path)
{
    if (neap_linear_make(&e->first, model, in, width, dit_small, "%s.mlp.0", path) < 0)
        return -1;
    return neap_linear_make(&e->second, model, width, width, dit_small, "%s.mlp.2", path);
}

neap_tensor *dit_embedder_apply(const dit_embedder *e, neap_tensor *x)
{
    return neap_linear_apply(&e->second, neap_silu(neap_linear_apply(&e->first, x)));
}
