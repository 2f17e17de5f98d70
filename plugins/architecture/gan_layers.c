/* Layers with a spectral norm, and the sides that a generator can reach. */
#include "gan.h"

#define LEAST_BASE 4
#define MOST_BASE 7

int gan_base_of(const gan_config *c, const char *style, gan_base *base)
{
    *base = (gan_base){0, c->rows, c->columns};
    while (base->rows % 2 == 0 && base->columns % 2 == 0 && (base->rows > MOST_BASE || base->columns > MOST_BASE)) {
        base->rows /= 2;
        base->columns /= 2;
        base->stages++;
    }
    if (base->stages > 0 && base->stages <= GAN_MOST_STAGES && base->rows >= LEAST_BASE && base->rows <= MOST_BASE &&
        base->columns >= LEAST_BASE && base->columns <= MOST_BASE)
        return 0;
    return neap_fail("rows, columns: %s doubles %d to %d pixels once or more; expected such sides, got %lld by %lld", style,
                     LEAST_BASE, MOST_BASE, (long long)c->rows, (long long)c->columns);
}

/* The buffer that follows the weight's singular vector, or NULL where nothing does. */
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

/* The weight as it is, or under its spectral norm. */
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
