/* Elementwise ops of two and three arguments, with broadcasting. */
#include "ops/broadcast.h"
#include "ops/composite.h"

#define KERNEL_OF(name) [NEAP_OP_##name] = NEAP_K_##name,
static const neap_binary_id kernel_of[NEAP_OP_COUNT] = {KERNEL_OF(add) KERNEL_OF(sub) KERNEL_OF(mul) KERNEL_OF(div)
                                                            KERNEL_OF(maximum) KERNEL_OF(minimum)};
static const neap_compare_id compare_of[NEAP_OP_COUNT] = {
#define COMPARE(name) KERNEL_OF(name)
#include "kernels/kernels.def"
};

static void binary_segment(const neap_broadcast *loop, int64_t n, const char *const *x, char *y)
{
    const neap_call *call = loop->user;
    call->kernels->binary[kernel_of[call->op - neap_ops]](n, x[0], loop->step[0], x[1], loop->step[1], y);
}

int neap_binary_forward(neap_call *call)
{
    neap_broadcast_run(call->out, call->in, 2, binary_segment, call);
    return 0;
}

static void compare_segment(const neap_broadcast *loop, int64_t n, const char *const *x, char *y)
{
    const neap_call *call = loop->user;
    call->kernels->compare[compare_of[call->op - neap_ops]](n, x[0], loop->step[0], x[1], loop->step[1], (uint8_t *)y);
}

int neap_compare_forward(neap_call *call)
{
    neap_broadcast_run(call->out, call->in, 2, compare_segment, call);
    return 0;
}

static void where_segment(const neap_broadcast *loop, int64_t n, const char *const *x, char *y)
{
    const neap_call *call = loop->user;
    call->kernels->select(n, (const uint8_t *)x[0], loop->step[0], x[1], loop->step[1], x[2], loop->step[2], y);
}

int neap_where_forward(neap_call *call)
{
    neap_broadcast_run(call->out, call->in, 3, where_segment, call);
    return 0;
}

/* --- Gradients -------------------------------------------------------------------------------------------------- */

static int to_inputs(const neap_call *call, neap_tensor *ga, neap_tensor *gb, neap_tensor **gx)
{
    gx[0] = ga ? neap_sum_to(ga, call->in[0]->shape) : NULL;
    gx[1] = gb ? neap_sum_to(gb, call->in[1]->shape) : NULL;
    return (call->wants[0] && !gx[0]) || (call->wants[1] && !gx[1]) ? -1 : 0;
}

int neap_add_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return to_inputs(call, call->wants[0] ? g : NULL, call->wants[1] ? g : NULL, gx);
}

int neap_sub_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return to_inputs(call, call->wants[0] ? g : NULL, call->wants[1] ? neap_neg(g) : NULL, gx);
}

int neap_mul_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *a = call->in[0], *b = call->in[1];
    return to_inputs(call, call->wants[0] ? neap_mul(g, b) : NULL, call->wants[1] ? neap_mul(g, a) : NULL, gx);
}

int neap_div_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *ga = neap_div(g, call->in[1]);
    return to_inputs(call, ga, call->wants[1] ? neap_neg(neap_mul(ga, call->out)) : NULL, gx);
}

/* The share of each side in the gradient: 1 for the selected element, 1/2 for equal ones. */
static int extreme_gradient(const neap_call *call, neap_tensor *wins, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *equal = neap_cast(neap_eq(call->in[0], call->in[1]), g->dtype);
    neap_tensor *share = neap_add(neap_cast(wins, g->dtype), neap_affine(equal, 0.5, 0));
    return to_inputs(call, neap_mul(g, share), neap_mul(g, neap_affine(share, -1, 1)), gx);
}

int neap_maximum_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return extreme_gradient(call, neap_gt(call->in[0], call->in[1]), g, gx);
}

int neap_minimum_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return extreme_gradient(call, neap_lt(call->in[0], call->in[1]), g, gx);
}

int neap_where_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *zero = neap_full(g->dtype, (neap_shape){0}, 0);
    if (call->wants[1])
        gx[1] = neap_sum_to(neap_where(call->in[0], g, zero), call->in[1]->shape);
    if (call->wants[2])
        gx[2] = neap_sum_to(neap_where(call->in[0], zero, g), call->in[2]->shape);
    return (call->wants[1] && !gx[1]) || (call->wants[2] && !gx[2]) ? -1 : 0;
}
