/* The C functions of elementwise and view ops. */
#include <string.h>

#include "ops/op.h"

#define UNARY(name)                                                                                                 \
    neap_tensor *neap_##name(neap_tensor *x)                                                                        \
    {                                                                                                               \
        return neap_apply1(NEAP_OP_##name, x, NULL);                                                                \
    }
UNARY(neg) UNARY(exp) UNARY(log) UNARY(sqrt) UNARY(rsqrt) UNARY(abs) UNARY(sign) UNARY(sin) UNARY(cos) UNARY(tanh)
UNARY(erf) UNARY(sigmoid) UNARY(silu) UNARY(gelu) UNARY(gelu_tanh) UNARY(relu) UNARY(softplus) UNARY(square)
UNARY(reciprocal) UNARY(floor)

#define BINARY(name)                                                                                                \
    neap_tensor *neap_##name(neap_tensor *a, neap_tensor *b)                                                        \
    {                                                                                                               \
        return neap_apply2(NEAP_OP_##name, a, b, NULL);                                                             \
    }
BINARY(add) BINARY(sub) BINARY(mul) BINARY(div) BINARY(maximum) BINARY(minimum) BINARY(eq) BINARY(ne) BINARY(lt)
BINARY(le) BINARY(gt) BINARY(ge)

neap_tensor *neap_leaky_relu(neap_tensor *x, double slope)
{
    return neap_apply1(NEAP_OP_leaky_relu, x, &(neap_attrs){.f = {slope}});
}

neap_tensor *neap_clamp(neap_tensor *x, double low, double high)
{
    return neap_apply1(NEAP_OP_clamp, x, &(neap_attrs){.f = {low, high}});
}

neap_tensor *neap_affine(neap_tensor *x, double scale, double shift)
{
    return neap_apply1(NEAP_OP_affine, x, &(neap_attrs){.f = {scale, shift}});
}

neap_tensor *neap_power(neap_tensor *x, double exponent)
{
    return neap_apply1(NEAP_OP_power, x, &(neap_attrs){.f = {exponent}});
}

neap_tensor *neap_where(neap_tensor *condition, neap_tensor *a, neap_tensor *b)
{
    return neap_apply3(NEAP_OP_where, condition, a, b, NULL);
}

neap_tensor *neap_cast(neap_tensor *x, neap_dtype dtype)
{
    return x && x->dtype == dtype ? x : neap_apply1(NEAP_OP_cast, x, &(neap_attrs){.i = {dtype}});
}

neap_tensor *neap_reshape(neap_tensor *x, neap_shape shape)
{
    neap_attrs attrs = {.count = shape.rank};
    memcpy(attrs.list, shape.dim, sizeof shape.dim);
    return neap_apply1(NEAP_OP_reshape, x, &attrs);
}

neap_tensor *neap_expand(neap_tensor *x, neap_shape shape)
{
    neap_attrs attrs = {.count = shape.rank};
    memcpy(attrs.list, shape.dim, sizeof shape.dim);
    return neap_apply1(NEAP_OP_expand, x, &attrs);
}

neap_tensor *neap_permute(neap_tensor *x, const int *axes)
{
    neap_attrs attrs = {.count = x ? x->shape.rank : 0};
    for (int i = 0; i < attrs.count; i++)
        attrs.list[i] = axes[i];
    return neap_apply1(NEAP_OP_permute, x, &attrs);
}

neap_tensor *neap_slice(neap_tensor *x, int axis, int64_t start, int64_t stop)
{
    return neap_apply1(NEAP_OP_slice, x, &(neap_attrs){.i = {axis, start, stop}});
}

neap_tensor *neap_contiguous(neap_tensor *x)
{
    return x && neap_is_contiguous(x) ? x : neap_apply1(NEAP_OP_contiguous, x, NULL);
}
