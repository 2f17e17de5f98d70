/* Layers with an optional spectral norm, and the resolutions of generators. */
#include "gan.h"

#define MIN_BASE 4
#define MAX_BASE 7

int gan_base_of(const gan_config *c, const char *style, gan_base *base)
{
    *base = (gan_base){0, c->rows, c->columns};
    while (base->rows % 2 == 0 && base->columns % 2 == 0 && (base->rows > MAX_BASE || base->columns > MAX_BASE)) {
        base->rows /= 2;
        base->columns /= 2;
        base->stages++;
    }
    if (base->stages > 0 && base->stages <= GAN_MAX_STAGES && base->rows >= MIN_BASE && base->rows <= MAX_BASE &&
        base->columns >= MIN_BASE && base->columns <= MAX_BASE)
        return 0;
    return neap_fail("rows, columns: %s: expected %d to %d pixels doubled once or more, got %lld by %lld", style,
                     MIN_BASE, MAX_BASE, (long long)c->rows, (long long)c->columns);
}

/* Makes the buffer that estimates the weight's first singular vector; NULL without a spectral norm. */
static int make_vector(neap_tensor **u, bool spectral, neap_model *model, neap_tensor *weight, const char *path)
{
    *u = NULL;
    if (!spectral)
        return 0;
    *u = neap_model_buffer(model, neap_dims(neap_dim(weight, 0)), (neap_init){NEAP_INIT_NORMAL, 1}, "%s.u", path);
    return *u ? 0 : -1;
}

int gan_table_make(gan_table *t, bool spectral, neap_model *model, neap_shape shape, neap_init init, const char *path)
{
    t->weight = neap_model_parameter(model, shape, init, "%s.weight", path);
    return t->weight ? make_vector(&t->u, spectral, model, t->weight, path) : -1;
}

/* The weight, divided by its spectral norm if it has the buffer. */
static neap_tensor *normalised(neap_tensor *weight, neap_tensor *u)
{
    return u ? neap_spectral_weight(weight, u) : weight;
}

neap_tensor *gan_table_weight(const gan_table *t)
{
    return normalised(t->weight, t->u);
}

int gan_linear_make(gan_linear *l, bool spectral, neap_model *model, int64_t in, int64_t out, neap_init init,
                    const char *path)
{
    if (neap_linear_make(&l->layer, model, in, out, init, "%s", path) < 0)
        return -1;
    return make_vector(&l->u, spectral, model, l->layer.weight, path);
}

neap_tensor *gan_linear_apply(const gan_linear *l, neap_tensor *x)
{
    neap_linear_layer layer = l->layer;
    if (!(layer.weight = normalised(layer.weight, l->u)))
        return NULL;
    return neap_linear_apply(&layer, x);
}

int gan_conv_make(gan_conv *l, bool spectral, neap_model *model, const neap_conv_spec *spec, const char *path)
{
    if (neap_conv_make(&l->layer, model, spec, "%s", path) < 0)
        return -1;
    return make_vector(&l->u, spectral, model, l->layer.weight, path);
}

neap_tensor *gan_conv_apply(const gan_conv *l, neap_tensor *x)
{
    neap_conv_layer layer = l->layer;
    if (!(layer.weight = normalised(layer.weight, l->u)))
        return NULL;
    return neap_conv_apply(&layer, x);
}
