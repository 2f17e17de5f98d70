/* Losses: means over a batch, in forms that neither overflow nor cancel. */
#include "ops/rules.h"

/* --- cross_entropy ----------------------------------------------------------------------------------------------- */

int neap_shape_cross_entropy(neap_call *call)
{
    const neap_shape logits = call->in[0]->shape;
    const neap_dtype dtype = call->in[0]->dtype;
    if ((dtype != NEAP_F32 && dtype != NEAP_F64) || logits.rank != 2 || call->in[1]->dtype != NEAP_I32 ||
        logits.dim[0] < 1 || !neap_shape_equal(call->in[1]->shape, neap_dims(logits.dim[0])))
        return neap_op_fail(call, "logits [B, N] in f32 or f64 and labels in i32 [B], B from 1");
    return 0;
}

static int check_labels(const neap_tensor *labels, int64_t classes)
{
    const int32_t *label = neap_tensor_bytes(labels);
    for (int64_t i = 0; i < labels->shape.dim[0]; i++)
        if (label[i] < 0 || label[i] >= classes)
            return neap_fail("cross_entropy: label %lld: expected 0 to %lld, got %d", (long long)i,
                             (long long)classes - 1, label[i]);
    return 0;
}

static neap_tensor *column(neap_tensor *labels)
{
    return neap_reshape(labels, neap_dims(labels->shape.dim[0], 1));
}

int neap_cross_entropy_forward(neap_call *call)
{
    if (check_labels(call->in[1], call->in[0]->shape.dim[1]) != 0)
        return -1;
    neap_tensor *picked = neap_gather(neap_log_softmax(call->in[0], 1), column(call->in[1]), 1);
    return neap_forward_put(call, neap_neg(neap_mean(picked, NULL, 0, false)));
}

/* (softmax - one at the label) / B */
int neap_cross_entropy_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const neap_shape logits = call->in[0]->shape;
    neap_tensor *ones = neap_full(g->dtype, neap_dims(logits.dim[0], 1), 1);
    neap_tensor *hit = neap_scatter_add(ones, column(call->in[1]), 1, logits.dim[1]);
    neap_tensor *slope = neap_sub(neap_softmax(call->in[0], 1), hit);
    gx[0] = neap_mul(slope, neap_affine(g, 1.0 / (double)logits.dim[0], 0));
    return neap_has(gx[0]);
}

neap_tensor *neap_cross_entropy(neap_tensor *logits, neap_tensor *labels)
{
    return neap_apply2(NEAP_OP_cross_entropy, logits, labels, NULL);
}

/* --- bce_with_logits --------------------------------------------------------------------------------------------- */

int neap_shape_bce(neap_call *call)
{
    if (!neap_shape_equal(call->in[0]->shape, call->in[1]->shape) || neap_size(call->in[0]) < 1)
        return neap_op_fail(call, "logits and targets of one shape, with at least one element");
    return 0;
}

/* -t log s(x) - (1 - t) log(1 - s(x)) = (max(x, 0) - t x) + softplus(-|x|): no cancellation for
 * confident correct answers. */
int neap_bce_forward(neap_call *call)
{
    neap_tensor *x = call->in[0], *straight = neap_sub(neap_relu(x), neap_mul(call->in[1], x));
    neap_tensor *each = neap_add(straight, neap_softplus(neap_neg(neap_abs(x))));
    return neap_forward_put(call, neap_mean(each, NULL, 0, false));
}

int neap_bce_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *x = call->in[0], *t = call->in[1], *share = neap_affine(g, 1.0 / (double)neap_size(x), 0);
    if (call->wants[0])
        gx[0] = neap_mul(neap_sub(neap_sigmoid(x), t), share);
    if (call->wants[1])
        gx[1] = neap_neg(neap_mul(x, share));
    return (call->wants[0] && !gx[0]) || (call->wants[1] && !gx[1]) ? -1 : 0;
}

neap_tensor *neap_bce_with_logits(neap_tensor *logits, neap_tensor *targets)
{
    return neap_apply2(NEAP_OP_bce_with_logits, logits, targets, NULL);
}

/* --- mse --------------------------------------------------------------------------------------------------------- */

neap_tensor *neap_mse(neap_tensor *a, neap_tensor *b)
{
    return neap_mean(neap_square(neap_sub(a, b)), NULL, 0, false);
}
