/* The convolution layer. */
#include <string.h>

#include <neap/error.h>
#include <neap/nn.h>

#include "nn/path.h"

static neap_shape weight_shape(const neap_conv_spec *s)
{
    const int64_t groups = s->window.groups;
    return s->transposed ? neap_dims(s->in, s->kernel, s->kernel, s->out / groups)
                         : neap_dims(s->out, s->kernel, s->kernel, s->in / groups);
}

static int check_spec(const neap_conv_spec *s, const char *path)
{
    const int64_t groups = s->window.groups;
    if (groups >= 1 && s->in >= 1 && s->out >= 1 && s->kernel >= 1 && s->in % groups == 0 && s->out % groups == 0)
        return 0;
    return neap_fail("%s: expected channels divisible by groups and a kernel, all from 1, got %lld to %lld in %lld groups and "
                     "kernel %lld", path, (long long)s->in, (long long)s->out, (long long)groups, (long long)s->kernel);
}

int neap_conv_make(neap_conv_layer *layer, neap_model *model, const neap_conv_spec *spec, const char *path, ...)
{
    char full[NEAP_PATH_BYTES];
    va_list args;
    *layer = (neap_conv_layer){.window = spec->window, .in = spec->in, .transposed = spec->transposed};
    va_start(args, path);
    int status = neap_layer_path("conv", full, path, args);
    va_end(args);
    if (status < 0 || check_spec(spec, full) < 0)
        return -1;
    if (!(layer->weight = neap_model_parameter(model, weight_shape(spec), spec->init, "%s.weight", full)))
        return -1;
    layer->path = neap_model_name(model, neap_model_count(model) - 1);
    if (!spec->bias)
        return 0;
    layer->bias = neap_model_parameter(model, neap_dims(spec->out), (neap_init){NEAP_INIT_ZERO, 0}, "%s.bias", full);
    return layer->bias ? 0 : -1;
}

/* Fails with the path of the layer if x has the wrong channels. */
static int check(const neap_conv_layer *layer, const neap_tensor *x)
{
    char got[NEAP_SHAPE_TEXT];
    if (!x)
        return -1;
    if (neap_rank(x) == 4 && neap_dim(x, 3) == layer->in)
        return 0;
    const int stem = (int)(strlen(layer->path) - strlen(".weight"));
    return neap_fail("%.*s: expected [*, *, *, %lld], got %s", stem, layer->path, (long long)layer->in,
                     neap_shape_text(neap_shape_of(x), got));
}

neap_tensor *neap_conv_apply(const neap_conv_layer *layer, neap_tensor *x)
{
    if (check(layer, x) < 0)
        return NULL;
    return layer->transposed ? neap_conv2d_transpose(x, layer->weight, layer->bias, layer->window)
                             : neap_conv2d(x, layer->weight, layer->bias, layer->window);
}
