/* The normalisation layer: batch norm with running statistics, or group norm. */
#include <neap/nn.h>

#include "nn/path.h"

#define EPS 1e-5
#define MOMENTUM 0.1

static _Thread_local bool training;

bool neap_training_set(bool on)
{
    const bool was = training;
    training = on;
    return was;
}

bool neap_training(void)
{
    return training;
}

static const neap_init zero = {NEAP_INIT_ZERO, 0}, one = {NEAP_INIT_ONE, 0};

int neap_norm_make(neap_norm_layer *layer, neap_model *model, int64_t channels, int64_t groups, const char *path, ...)
{
    char full[NEAP_PATH_BYTES];
    const neap_shape shape = neap_dims(channels);
    va_list args;
    *layer = (neap_norm_layer){.groups = groups, .eps = EPS};
    va_start(args, path);
    int status = neap_layer_path("norm", full, path, args);
    va_end(args);
    if (status < 0)
        return -1;
    layer->scale = neap_model_parameter(model, shape, one, "%s.weight", full);
    layer->shift = neap_model_parameter(model, shape, zero, "%s.bias", full);
    if (!layer->scale || !layer->shift || groups)
        return layer->scale && layer->shift ? 0 : -1;
    layer->mean = neap_model_buffer(model, shape, zero, "%s.running_mean", full);
    layer->variance = neap_model_buffer(model, shape, one, "%s.running_var", full);
    return layer->mean && layer->variance ? 0 : -1;
}

/* Batch norm by the running statistics: a scale and a shift. */
static neap_tensor *frozen(const neap_norm_layer *layer, neap_tensor *x, double slope)
{
    neap_tensor *scale = neap_mul(layer->scale, neap_rsqrt(neap_affine(layer->variance, 1, layer->eps)));
    neap_tensor *y = neap_add(neap_mul(neap_sub(x, layer->mean), scale), layer->shift);
    return slope == 1 ? y : neap_leaky_relu(y, slope);
}

neap_tensor *neap_norm_apply(const neap_norm_layer *layer, neap_tensor *x, double slope)
{
    if (layer->groups)
        return neap_group_norm(x, layer->scale, layer->shift, layer->groups, layer->eps, slope);
    if (!training)
        return frozen(layer, x, slope);
    return neap_batch_norm(x, layer->scale, layer->shift, layer->mean, layer->variance, MOMENTUM, layer->eps,
                           slope);
}

neap_tensor *neap_norm_apply_silu(const neap_norm_layer *layer, neap_tensor *x)
{
    if (layer->groups)
        return neap_group_norm_silu(x, layer->scale, layer->shift, layer->groups, layer->eps);
    return neap_silu(neap_norm_apply(layer, x, 1));
}
