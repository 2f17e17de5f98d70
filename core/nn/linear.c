/* The linear layer. */
#include <string.h>

#include <neap/error.h>
#include <neap/nn.h>

#include "nn/path.h"

int neap_linear_make(neap_linear_layer *layer, neap_model *model, int64_t in, int64_t out, neap_init init,
                     const char *path, ...)
{
    char full[NEAP_PATH_BYTES];
    va_list args;
    *layer = (neap_linear_layer){0};
    va_start(args, path);
    int status = neap_layer_path("linear", full, path, args);
    va_end(args);
    if (status < 0)
        return -1;
    layer->weight = neap_model_parameter(model, neap_dims(out, in), init, "%s.weight", full);
    layer->bias = neap_model_parameter(model, neap_dims(out), (neap_init){NEAP_INIT_ZERO, 0}, "%s.bias", full);
    if (!layer->weight || !layer->bias)
        return -1;
    layer->path = neap_model_name(model, neap_model_count(model) - 2);
    return 0;
}

/* Fails with the path of the layer if the last axis of x is not `in`. layer->path ends in ".weight", which is cut off. */
static int check(const neap_linear_layer *layer, const neap_tensor *x)
{
    char got[NEAP_SHAPE_TEXT];
    int64_t in = neap_dim(layer->weight, 1);
    if (!x)
        return -1;
    if (neap_dim(x, -1) == in)
        return 0;
    int stem = (int)(strlen(layer->path) - strlen(".weight"));
    return neap_fail("%.*s: expected [*, %lld], got %s", stem, layer->path, (long long)in,
                     neap_shape_text(neap_shape_of(x), got));
}

neap_tensor *neap_linear_apply(const neap_linear_layer *layer, neap_tensor *x)
{
    if (check(layer, x) < 0)
        return NULL;
    return layer->bias ? neap_linear(x, layer->weight, layer->bias) : neap_linear_nobias(x, layer->weight);
}

neap_tensor *neap_linear_apply_gelu(const neap_linear_layer *layer, neap_tensor *x)
{
    if (check(layer, x) < 0)
        return NULL;
    return layer->bias ? neap_linear_gelu(x, layer->weight, layer->bias)
                       : neap_gelu_tanh(neap_linear_nobias(x, layer->weight));
}

neap_tensor *neap_linear_apply_gated(const neap_linear_layer *layer, neap_tensor *residual, neap_tensor *gate,
                                     neap_tensor *x)
{
    if (check(layer, x) < 0)
        return NULL;
    return layer->bias ? neap_linear_gated_add(residual, gate, x, layer->weight, layer->bias)
                       : neap_gated_add(residual, gate, neap_linear_nobias(x, layer->weight));
}
