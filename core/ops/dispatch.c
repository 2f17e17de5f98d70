/* Applies an op: checks, shape rule, forward pass, tape. */
#include <string.h>

#include <neap/cancel.h>

#include "autograd/node.h"

static int check_inputs(const neap_call *call)
{
    const neap_op_info *info = &call->op->info;
    if (call->count < info->min_arity || call->count > info->max_arity)
        return neap_fail("%s: expected %d to %d tensors, got %d", info->name, info->min_arity, info->max_arity, call->count);
    for (int i = 0; i < call->count; i++) {
        const neap_tensor *x = call->in[i];
        if (!x->storage)
            return neap_fail("%s: input %d was not saved for the gradient that reads it; add IN(i) or OUT to that gradient's row "
                             "in ops.def", info->name, i);
        if (call->op->needs & NEAP_TAKES_DTYPES)
            continue;
        if (!neap_is_real(x) || x->dtype != call->in[0]->dtype)
            return neap_fail("%s: input %d: expected %s, got %s", info->name, i,
                             i ? neap_dtype_name(call->in[0]->dtype) : "f32 or f64", neap_dtype_name(x->dtype));
    }
    return 0;
}

static int check_written(const neap_call *call)
{
    for (int i = 0; i < call->count; i++) {
        const neap_tensor *x = call->in[i];
        if (call->op->needs & (unsigned)NEAP_WRITES << i && (x->node || !neap_is_contiguous(x)))
            return neap_fail("%s: input %d is updated in place: expected a contiguous tensor that requires no gradient",
                             call->op->info.name, i);
    }
    return 0;
}

static int pack_inputs(neap_call *call)
{
    if (call->op->needs & NEAP_TAKES_STRIDES)
        return 0;
    for (int i = 0; i < call->count; i++)
        if (!(call->in[i] = neap_tensor_pack(call->in[i])))
            return -1;
    return 0;
}

static void choose_kernels(neap_call *call)
{
    for (int i = 0; i < call->count && !call->kernels; i++)
        if (neap_is_real(call->in[i]))
            call->kernels = neap_kernels_for(call->in[i]->dtype);
}

static int run(neap_call *call)
{
    if (neap_check_abandon() < 0 || check_inputs(call) < 0 || check_written(call) < 0 || pack_inputs(call) < 0)
        return -1;
    choose_kernels(call);
    call->dtype = call->in[0]->dtype;
    if (call->op->shape(call) < 0)
        return -1;
    call->recorded = neap_tape_wants(call);
    if (!(call->op->needs & NEAP_MAKES_VIEW) && !(call->out = neap_empty(call->dtype, call->shape)))
        return -1;
    bool was = neap_record(false);
    int status = call->op->forward(call);
    neap_record(was);
    if (status < 0 || !call->out)
        return -1;
    return call->recorded ? neap_tape_record(call) : 0;
}

neap_tensor *neap_op_apply(int op, neap_tensor *const *inputs, int count, const neap_attrs *attrs)
{
    neap_call call = {.op = &neap_ops[op], .count = count};
    if (count > NEAP_MAX_ARITY)
        return neap_fail_null("%s: expected at most %d tensors, got %d", call.op->info.name, NEAP_MAX_ARITY, count);
    for (int i = 0; i < count; i++)
        if (!inputs[i])
            return neap_failed() ? NULL : neap_fail_null("%s: input %d: expected a tensor, got NULL", call.op->info.name, i);
    if (count)
        memcpy(call.in, inputs, (size_t)count * sizeof *inputs);
    if (attrs)
        call.attrs = *attrs;
    neap_scope scope = neap_scope_open();
    return neap_scope_return(scope, run(&call) < 0 ? NULL : call.out);
}

neap_tensor *neap_apply1(neap_op_id op, neap_tensor *x, const neap_attrs *attrs)
{
    return neap_op_apply(op, &x, 1, attrs);
}

neap_tensor *neap_apply2(neap_op_id op, neap_tensor *a, neap_tensor *b, const neap_attrs *attrs)
{
    return neap_op_apply(op, (neap_tensor *[]){a, b}, 2, attrs);
}

neap_tensor *neap_apply3(neap_op_id op, neap_tensor *a, neap_tensor *b, neap_tensor *c, const neap_attrs *attrs)
{
    return neap_op_apply(op, (neap_tensor *[]){a, b, c}, 3, attrs);
}
