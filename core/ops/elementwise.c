/* Elementwise ops of one argument. */
#include <math.h>

#include <neap/parallel.h>

#include "ops/composite.h"

static const neap_unary_id kernel_of[NEAP_OP_COUNT] = {
#define UNARY(name) [NEAP_OP_##name] = NEAP_K_##name,
#include "kernels/kernels.def"
};

typedef struct unary_job {
    neap_unary_fn *kernel;
    const char *x;
    char *y;
    size_t size;
    double p, q;
} unary_job;

static void unary_range(void *user, int64_t begin, int64_t end)
{
    const unary_job *job = user;
    job->kernel(end - begin, job->x + (size_t)begin * job->size, job->y + (size_t)begin * job->size, job->p, job->q);
}

int neap_unary_forward(neap_call *call)
{
    unary_job job = {call->kernels->unary[kernel_of[call->op - neap_ops]], neap_tensor_bytes(call->in[0]),
                     neap_tensor_bytes(call->out), neap_dtype_size(call->dtype), call->attrs.f[0], call->attrs.f[1]};
    neap_parallel(neap_size(call->out), 16384, unary_range, &job);
    return 0;
}

int neap_cast_forward(neap_call *call)
{
    neap_tensor *x = neap_tensor_pack(call->in[0]);
    if (x)
        neap_convert(neap_size(x), x->dtype, neap_tensor_bytes(x), call->dtype, neap_tensor_bytes(call->out));
    return neap_has(x);
}

int neap_cast_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_cast(g, call->in[0]->dtype));
}

/* --- Gradients -------------------------------------------------------------------------------------------------- */

static neap_tensor *constant(const neap_tensor *like, double value)
{
    return neap_full(like->dtype, (neap_shape){0}, value);
}

/* Uses the fused kernel of f'(x) dy unless the gradient is differentiated in turn. */
static neap_tensor *fused(const neap_call *call, neap_binary_id id, neap_tensor *g)
{
    neap_tensor *dy = neap_tensor_pack(g), *y = dy ? neap_empty(dy->dtype, dy->shape) : NULL;
    if (y)
        call->kernels->binary[id](neap_size(y), neap_tensor_bytes(call->in[0]), 1, neap_tensor_bytes(dy), 1,
                                  neap_tensor_bytes(y));
    return y;
}

int neap_zero_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    (void)call;
    return neap_has(gx[0] = neap_zeros(g->dtype, g->shape));
}

int neap_neg_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    (void)call;
    return neap_has(gx[0] = neap_neg(g));
}

int neap_exp_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, call->out));
}

int neap_log_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_div(g, call->in[0]));
}

int neap_sqrt_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_div(neap_affine(g, 0.5, 0), call->out));
}

int neap_rsqrt_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(neap_affine(g, -0.5, 0), neap_power(call->out, 3)));
}

int neap_abs_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_sign(call->in[0])));
}

int neap_sin_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_cos(call->in[0])));
}

int neap_cos_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_neg(neap_mul(g, neap_sin(call->in[0]))));
}

int neap_tanh_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_affine(neap_square(call->out), -1, 1)));
}

int neap_erf_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *bell = neap_exp(neap_neg(neap_square(call->in[0])));
    return neap_has(gx[0] = neap_mul(g, neap_affine(bell, M_2_SQRTPI, 0)));
}

int neap_sigmoid_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_mul(call->out, neap_affine(call->out, -1, 1))));
}

int neap_silu_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (!neap_recording())
        return neap_has(gx[0] = fused(call, NEAP_K_silu_gradient, g));
    return neap_has(gx[0] = neap_mul(g, neap_silu_slope(call->in[0])));
}

int neap_gelu_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (!neap_recording())
        return neap_has(gx[0] = fused(call, NEAP_K_gelu_gradient, g));
    neap_tensor *x = call->in[0];
    neap_tensor *below = neap_affine(neap_erf(neap_affine(x, M_SQRT1_2, 0)), 0.5, 0.5);
    neap_tensor *bell = neap_affine(neap_exp(neap_affine(neap_square(x), -0.5, 0)), M_2_SQRTPI * M_SQRT1_2 / 2, 0);
    return neap_has(gx[0] = neap_mul(g, neap_add(below, neap_mul(x, bell))));
}

int neap_gelu_tanh_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (!neap_recording())
        return neap_has(gx[0] = fused(call, NEAP_K_gelu_tanh_gradient, g));
    const double a = M_2_SQRTPI * M_SQRT1_2, b = 0.044715;
    neap_tensor *x = call->in[0], *square = neap_square(x);
    neap_tensor *t = neap_tanh(neap_affine(neap_mul(x, neap_affine(square, b, 1)), a, 0));
    neap_tensor *inner = neap_affine(square, 3 * a * b, a);
    neap_tensor *rise = neap_mul(neap_mul(x, inner), neap_affine(neap_square(t), -0.5, 0.5));
    return neap_has(gx[0] = neap_mul(g, neap_add(neap_affine(t, 0.5, 0.5), rise)));
}

int neap_relu_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *zero = constant(g, 0);
    return neap_has(gx[0] = neap_where(neap_gt(call->out, zero), g, zero));
}

int neap_softplus_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_sigmoid(call->in[0])));
}

int neap_square_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_mul(g, neap_affine(call->in[0], 2, 0)));
}

int neap_reciprocal_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_neg(neap_mul(g, neap_square(call->out))));
}

int neap_leaky_relu_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *above = neap_gt(call->in[0], constant(g, 0));
    return neap_has(gx[0] = neap_where(above, g, neap_affine(g, call->attrs.f[0], 0)));
}

int neap_clamp_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *x = call->in[0], *zero = constant(g, 0);
    neap_tensor *inside = neap_where(neap_ge(x, constant(g, call->attrs.f[0])), g, zero);
    return neap_has(gx[0] = neap_where(neap_le(x, constant(g, call->attrs.f[1])), inside, zero));
}

int neap_affine_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_affine(g, call->attrs.f[0], 0));
}

int neap_power_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    double p = call->attrs.f[0];
    return neap_has(gx[0] = neap_mul(g, neap_affine(neap_power(call->in[0], p - 1), p, 0)));
}
