/* Layers of the style kl: residual blocks, attention, and the middle between encoder or decoder and latents. */
#include <stdio.h>

#include "vae_gan.h"

#define EPS 1e-6

/* U(-a, a), a = sqrt(1 / in): a third of the variance that keeps that of x, so that a residual block begins as little
 * more than its input. */
#define SHARE 0.40824829046386302
static const neap_init init = {NEAP_INIT_KAIMING_UNIFORM, SHARE};

neap_conv_spec vae_gan_conv(int64_t in, int64_t out, int64_t kernel)
{
    return (neap_conv_spec){.in = in, .out = out, .kernel = kernel, .window = {1, kernel / 2, 1, 1}, .bias = true,
                            .init = init};
}

neap_tensor *vae_gan_enlarge(neap_tensor *x)
{
    return x ? neap_resize(x, 2 * neap_dim(x, 1), 2 * neap_dim(x, 2), NEAP_NEAREST) : NULL;
}

/* --- Norms -------------------------------------------------------------------------------------------------------- */

int vae_gan_norm_make(neap_norm_layer *layer, neap_model *model, const vae_gan_config *c, int64_t channels,
                      const char *path, const char *name)
{
    const int status = neap_norm_make(layer, model, channels, c->groups, "%s.%s", path, name);
    layer->eps = EPS;
    return status;
}

/* --- Residual blocks ---------------------------------------------------------------------------------------------- */

int vae_gan_resnet_make(vae_gan_resnet *b, neap_model *model, const vae_gan_config *c, int64_t in, int64_t out,
                        const char *path)
{
    const neap_conv_spec first = vae_gan_conv(in, out, 3), second = vae_gan_conv(out, out, 3);
    const neap_conv_spec change = vae_gan_conv(in, out, 1);
    if (vae_gan_norm_make(&b->norm1, model, c, in, path, "norm1") < 0 ||
        neap_conv_make(&b->conv1, model, &first, "%s.conv1", path) < 0 ||
        vae_gan_norm_make(&b->norm2, model, c, out, path, "norm2") < 0 ||
        neap_conv_make(&b->conv2, model, &second, "%s.conv2", path) < 0)
        return -1;
    return in == out ? 0 : neap_conv_make(&b->shortcut, model, &change, "%s.conv_shortcut", path);
}

neap_tensor *vae_gan_resnet_apply(const vae_gan_resnet *b, neap_tensor *x)
{
    neap_tensor *h = neap_conv_apply(&b->conv1, neap_norm_apply_silu(&b->norm1, x));
    h = neap_conv_apply(&b->conv2, neap_norm_apply_silu(&b->norm2, h));
    return neap_add(b->shortcut.weight ? neap_conv_apply(&b->shortcut, x) : x, h);
}

/* --- The middle --------------------------------------------------------------------------------------------------- */

static int make_attention(vae_gan_attention *a, neap_model *model, const vae_gan_config *c, int64_t width,
                          const char *path)
{
    if (vae_gan_norm_make(&a->norm, model, c, width, path, "group_norm") < 0 ||
        neap_linear_make(&a->q, model, width, width, init, "%s.to_q", path) < 0 ||
        neap_linear_make(&a->k, model, width, width, init, "%s.to_k", path) < 0 ||
        neap_linear_make(&a->v, model, width, width, init, "%s.to_v", path) < 0)
        return -1;
    return neap_linear_make(&a->out, model, width, width, init, "%s.to_out.0", path);
}

static neap_tensor *attend(const vae_gan_attention *a, neap_tensor *x)
{
    if (!x)
        return NULL;
    const neap_shape pixels = neap_dims(neap_dim(x, 0), neap_dim(x, 1) * neap_dim(x, 2), 1, neap_dim(x, 3));
    neap_tensor *h = neap_reshape(neap_norm_apply(&a->norm, x, 1), pixels);
    h = neap_attention(neap_linear_apply(&a->q, h), neap_linear_apply(&a->k, h), neap_linear_apply(&a->v, h), NULL);
    return neap_add(x, neap_reshape(neap_linear_apply(&a->out, h), neap_shape_of(x)));
}

int vae_gan_middle_make(vae_gan_middle *m, neap_model *model, const vae_gan_config *c, int64_t width, const char *part)
{
    char path[64];
    m->attends = c->attention;
    snprintf(path, sizeof path, "%s.mid_block.attentions.0", part);
    if (c->attention && make_attention(&m->attention, model, c, width, path) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s.mid_block.resnets.%d", part, i);
        if (vae_gan_resnet_make(&m->block[i], model, c, width, width, path) < 0)
            return -1;
    }
    return 0;
}

neap_tensor *vae_gan_middle_apply(const vae_gan_middle *m, neap_tensor *x)
{
    x = vae_gan_resnet_apply(&m->block[0], x);
    return vae_gan_resnet_apply(&m->block[1], m->attends ? attend(&m->attention, x) : x);
}
