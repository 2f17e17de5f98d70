/* Batch norm and group norm: statistics over pixels, with a leaky ReLU or SiLU in the same pass. */
#include <math.h>

#include "ops/composite.h"

enum { EPS, SLOPE, MOMENTUM }; /* of attrs.f */
enum { X, SCALE, SHIFT, RUNNING_MEAN, RUNNING_VARIANCE };

/* x [B, .., C] as sets that share statistics: one channel of the batch for batch norm, a sample's C / groups channels
 * for group norm. */
typedef struct sets {
    int64_t outer, n, channels, width;
} sets;

static sets sets_of(const neap_call *call)
{
    const neap_shape s = call->in[X]->shape;
    const int64_t channels = s.dim[s.rank - 1], rows = neap_row_count(s);
    if (call->op == &neap_ops[NEAP_OP_batch_norm])
        return (sets){1, rows, channels, 1};
    return (sets){s.dim[0], s.dim[0] ? rows / s.dim[0] : 0, channels, channels / call->attrs.i[0]};
}

/* --- Shapes -------------------------------------------------------------------------------------------------------- */

static bool per_channel(const neap_call *call)
{
    const neap_shape s = call->in[X]->shape;
    for (int i = 1; i < call->count; i++)
        if (!neap_shape_equal(call->in[i]->shape, neap_dims(s.dim[s.rank - 1])))
            return false;
    return true;
}

static int check_real(const neap_call *call, int place, const char *name, double most)
{
    const double value = call->attrs.f[place];
    if (value >= 0 && value <= most)
        return 0;
    return neap_fail("%s: %s: expected 0 to %g, got %g", call->op->info.name, name, most, value);
}

int neap_shape_batch_norm(neap_call *call)
{
    if (check_real(call, EPS, "eps", HUGE_VAL) < 0 || check_real(call, MOMENTUM, "momentum", 1) < 0)
        return -1;
    const neap_shape s = call->shape = call->in[X]->shape;
    if (s.rank < 2 || s.dim[s.rank - 1] < 1 || call->count == 4 || !per_channel(call))
        return neap_op_fail(call, "x [B, .., C], scale and shift [C], and a running mean and variance [C] or none");
    if (s.dim[0] < 2)
        return neap_fail("batch_norm: expected a batch of at least 2, got %lld", (long long)s.dim[0]);
    return neap_row_count(s) ? 0 : neap_op_fail(call, "x with pixels");
}

int neap_shape_group_norm(neap_call *call)
{
    if (check_real(call, EPS, "eps", HUGE_VAL) < 0)
        return -1;
    const neap_shape s = call->shape = call->in[X]->shape;
    const int64_t groups = call->attrs.i[0];
    if (s.rank < 2 || s.dim[s.rank - 1] < 1 || !per_channel(call))
        return neap_op_fail(call, "x [B, .., C], scale and shift [C]");
    if (groups < 1 || s.dim[s.rank - 1] % groups)
        return neap_fail("%s: groups: expected a divisor of %lld channels, got %lld", call->op->info.name,
                         (long long)s.dim[s.rank - 1], (long long)groups);
    return 0;
}

static bool has_silu(const neap_call *call)
{
    return call->op == &neap_ops[NEAP_OP_group_norm_silu];
}

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static neap_set_norm_args args_of(const neap_call *call, sets s)
{
    return (neap_set_norm_args){.outer = s.outer, .n = s.n, .channels = s.channels, .width = s.width,
                                .eps = call->attrs.f[EPS], .slope = call->attrs.f[SLOPE], .silu = has_silu(call),
                                .x = neap_tensor_bytes(call->in[X]), .scale = neap_tensor_bytes(call->in[SCALE]),
                                .shift = neap_tensor_bytes(call->in[SHIFT]), .mean = neap_tensor_bytes(call->aux[0]),
                                .rstd = neap_tensor_bytes(call->aux[1])};
}

static int make_statistics(neap_call *call, sets s)
{
    for (int i = 0; i < 2; i++)
        if (!(call->aux[i] = neap_empty(call->dtype, neap_dims(s.outer * (s.channels / s.width)))))
            return -1;
    return 0;
}

static int run_forward(neap_call *call, sets s, void *variance)
{
    neap_set_norm_args args = args_of(call, s);
    args.y = neap_tensor_bytes(call->out);
    args.variance = variance;
    return neap_size(call->out) ? call->kernels->set_norm(&args) : 0;
}

int neap_group_norm_forward(neap_call *call)
{
    const sets s = sets_of(call);
    return make_statistics(call, s) < 0 ? -1 : run_forward(call, s, NULL);
}

/* running <- (1 - momentum) running + momentum * scale * value */
static int run_along(const neap_call *call, int input, neap_tensor *value, double scale)
{
    const double momentum = call->attrs.f[MOMENTUM];
    neap_tensor *running = call->in[input];
    neap_tensor *next = neap_add(neap_affine(running, 1 - momentum, 0), neap_affine(value, momentum * scale, 0));
    if (!next)
        return -1;
    neap_tensor_copy(running, next);
    neap_tensor_touch(running);
    return 0;
}

/* The running variance is the unbiased estimate: n / (n - 1) times the variance of the batch. */
int neap_batch_norm_forward(neap_call *call)
{
    const sets s = sets_of(call);
    neap_tensor *variance = neap_empty(call->dtype, neap_dims(s.channels));
    if (!variance || make_statistics(call, s) < 0 || run_forward(call, s, neap_tensor_bytes(variance)) < 0)
        return -1;
    if (call->count == 3)
        return 0;
    if (run_along(call, RUNNING_MEAN, call->aux[0], 1) < 0)
        return -1;
    return run_along(call, RUNNING_VARIANCE, variance, (double)s.n / (double)(s.n - 1));
}

/* --- Backward ------------------------------------------------------------------------------------------------------ */

static int fused_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const sets s = sets_of(call);
    neap_tensor *gy = neap_tensor_pack(g);
    gx[X] = call->wants[X] ? neap_empty(call->dtype, call->in[X]->shape) : NULL;
    gx[SCALE] = neap_zeros(call->dtype, call->in[SCALE]->shape);
    gx[SHIFT] = neap_zeros(call->dtype, call->in[SHIFT]->shape);
    if (!gy || (call->wants[X] && !gx[X]) || !gx[SCALE] || !gx[SHIFT])
        return -1;
    neap_set_norm_args args = args_of(call, s);
    args.gy = neap_tensor_bytes(gy);
    args.gx = gx[X] ? neap_tensor_bytes(gx[X]) : NULL;
    args.gscale = neap_tensor_bytes(gx[SCALE]);
    args.gshift = neap_tensor_bytes(gx[SHIFT]);
    return neap_size(gy) ? call->kernels->set_norm_gradient(&args) : 0;
}

static neap_tensor *set_mean(neap_tensor *x)
{
    return neap_mean(x, (int[]){1, 3}, 2, true);
}

static neap_tensor *channel_sum(const neap_call *call, neap_tensor *x)
{
    return neap_reshape(neap_sum(x, (int[]){0, 1}, 2, false), call->in[SCALE]->shape);
}

/* What arrives at s when g arrives at the activation of s. */
static neap_tensor *through(const neap_call *call, neap_tensor *s, neap_tensor *g)
{
    if (has_silu(call))
        return neap_mul(g, neap_silu_slope(s));
    neap_tensor *above = neap_gt(s, neap_zeros(call->dtype, neap_dims(1)));
    return neap_where(above, g, neap_affine(g, call->attrs.f[SLOPE], 0));
}

/* In ops, so that it can be differentiated in turn: sets as [outer, n, groups, width]. */
static int composite_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const sets of = sets_of(call);
    const neap_shape view = neap_dims(of.outer, of.n, of.channels / of.width, of.width);
    const neap_shape channels = neap_dims(1, 1, of.channels / of.width, of.width);
    neap_tensor *x = neap_reshape(call->in[X], view), *scale = neap_reshape(call->in[SCALE], channels);
    neap_tensor *distance = neap_sub(x, set_mean(x));
    neap_tensor *rstd = neap_rsqrt(neap_affine(set_mean(neap_square(distance)), 1, call->attrs.f[EPS]));
    neap_tensor *normal = neap_mul(distance, rstd);
    neap_tensor *s = neap_add(neap_mul(normal, scale), neap_reshape(call->in[SHIFT], channels));
    g = through(call, s, neap_reshape(g, view));
    neap_tensor *gs = neap_mul(g, scale);
    neap_tensor *rest = neap_sub(gs, neap_mul(normal, set_mean(neap_mul(gs, normal))));
    gx[X] = neap_reshape(neap_mul(rstd, neap_sub(rest, set_mean(gs))), call->in[X]->shape);
    gx[SCALE] = channel_sum(call, neap_mul(g, normal));
    gx[SHIFT] = channel_sum(call, g);
    return gx[X] && gx[SCALE] && gx[SHIFT] ? 0 : -1;
}

static int gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_recording() ? composite_gradient(call, g, gx) : fused_gradient(call, g, gx);
}

int neap_batch_norm_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return gradient(call, g, gx);
}

int neap_group_norm_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return gradient(call, g, gx);
}

/* --- C faces ------------------------------------------------------------------------------------------------------- */

neap_tensor *neap_batch_norm(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, neap_tensor *running_mean,
                             neap_tensor *running_variance, double momentum, double eps, double slope)
{
    const neap_attrs a = {.f = {[EPS] = eps, [SLOPE] = slope, [MOMENTUM] = momentum}};
    /* With a message pending, NULL means that making one failed. */
    const bool running = running_mean || running_variance || neap_failed();
    return neap_op_apply(NEAP_OP_batch_norm, (neap_tensor *[]){x, scale, shift, running_mean, running_variance},
                         running ? 5 : 3, &a);
}

neap_tensor *neap_group_norm(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, int64_t groups, double eps,
                             double slope)
{
    return neap_apply3(NEAP_OP_group_norm, x, scale, shift, &(neap_attrs){.i = {groups}, .f = {[EPS] = eps, [SLOPE] = slope}});
}

neap_tensor *neap_group_norm_silu(neap_tensor *x, neap_tensor *scale, neap_tensor *shift, int64_t groups, double eps)
{
    return neap_apply3(NEAP_OP_group_norm_silu, x, scale, shift, &(neap_attrs){.i = {groups}, .f = {[EPS] = eps}});
}
