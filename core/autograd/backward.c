/*
 * The backward pass: visits nodes from the youngest to the oldest; each passes the gradient of its output to its inputs.
 */
#include <neap/memory.h>

#include "autograd/node.h"

typedef struct pass {
    neap_tape_list tape;
    unsigned flags;
} pass;

static void mark_useful(pass *p)
{
    for (int64_t i = 0; i < p->tape.count; i++) {
        neap_tape_node *node = p->tape.node[i];
        for (int j = 0; j < node->call.count; j++) {
            const neap_tape_node *from = (neap_tape_node *)node->edge[j];
            node->call.wants[j] = from && from->useful;
            node->useful = node->useful || node->call.wants[j];
        }
    }
}

/* Adding in place is safe: tensor and elements have one owner, and there is no history. */
static bool may_add_into(const neap_tensor *x)
{
    return x->owners == 1 && x->storage->owners == 1 && !x->node && neap_is_contiguous(x);
}

static int accumulate(neap_tape_node *node, neap_tensor *g)
{
    if (!g)
        return -1;
    if (!node->pending) {
        node->pending = neap_keep(g);
        return 0;
    }
    if (!neap_recording() && may_add_into(node->pending) && neap_is_contiguous(g)) {
        void *sum = neap_tensor_bytes(node->pending);
        neap_kernels_for(g->dtype)->binary[NEAP_K_add](neap_size(g), sum, 1, neap_tensor_bytes(g), 1, sum);
        return 0;
    }
    neap_tensor *sum = neap_add(node->pending, g);
    if (!sum)
        return -1;
    neap_release(node->pending);
    node->pending = neap_keep(sum);
    return 0;
}

/* The gradient of a slice is added to its part of the input's, where that may be done in place: padded with zeros, it would be
 * as large as the input. */
static bool add_slice(const neap_tape_node *node)
{
    const neap_call *call = &node->call;
    neap_tensor *g = node->pending, *sum = NULL;
    if (call->op == &neap_ops[NEAP_OP_slice])
        sum = ((neap_tape_node *)node->edge[0])->pending;
    if (!sum || neap_recording() || !may_add_into(sum) || !neap_is_contiguous(g) || !neap_size(g))
        return false;
    const int64_t axis = call->attrs.i[0], size = (int64_t)neap_dtype_size(g->dtype);
    int64_t blocks = 1;
    for (int64_t i = 0; i < axis; i++)
        blocks *= g->shape.dim[i];
    const int64_t block = neap_size(g) / blocks, step = neap_size(sum) / blocks;
    char *to = (char *)neap_tensor_bytes(sum) + call->attrs.i[1] * (block / g->shape.dim[axis]) * size;
    const char *from = neap_tensor_bytes(g);
    for (int64_t i = 0; i < blocks; i++, to += step * size, from += block * size)
        neap_kernels_for(g->dtype)->binary[NEAP_K_add](block, to, 1, from, 1, to);
    return true;
}

static int check_unchanged(const neap_tape_node *node)
{
    const neap_call *call = &node->call;
    if (node->spent)
        return neap_fail("backward: '%s' was differentiated already: compute the loss again, or pass keep_graph to the earlier "
                         "pass", call->op->info.name);
    for (int i = 0; i < call->count; i++)
        if (call->in[i]->storage && call->in[i]->storage->version != node->version[i])
            return neap_fail("backward: input %d of '%s' was written in place after the forward pass", i, call->op->info.name);
    if (call->out->storage && call->out->storage->version != node->out_version)
        return neap_fail("backward: the output of '%s' was written in place after the forward pass",
                         call->op->info.name);
    return 0;
}

/* Saved tensors have a history only while the gradient is computed from them: a saved output would form a cycle. */
static void set_history(neap_tape_node *node, bool on)
{
    for (int i = 0; i < node->call.count; i++) {
        neap_tensor *x = node->call.in[i];
        neap_node_release(x->node);
        x->node = on ? neap_node_keep(node->edge[i]) : NULL;
    }
    neap_node_release(node->call.out->node);
    node->call.out->node = on ? neap_node_keep(&node->head) : NULL;
}

static int pass_on(neap_tape_node *node, neap_tensor **gx)
{
    const neap_call *call = &node->call;
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    for (int i = 0; i < call->count; i++) {
        if (!call->wants[i])
            continue;
        if (!gx[i])
            return neap_failed() ? -1 : neap_fail("backward: '%s' computed no gradient of input %d", call->op->info.name, i);
        if (!neap_shape_equal(gx[i]->shape, call->in[i]->shape))
            return neap_fail("backward: gradient %d of '%s': expected %s, got %s", i, call->op->info.name,
                             neap_shape_text(call->in[i]->shape, want), neap_shape_text(gx[i]->shape, got));
        if (accumulate((neap_tape_node *)node->edge[i], gx[i]) < 0)
            return -1;
    }
    return 0;
}

static int visit(pass *p, neap_tape_node *node)
{
    neap_tensor *gx[NEAP_MAX_ARITY] = {0};
    if (check_unchanged(node) < 0)
        return -1;
    bool graph = p->flags & NEAP_CREATE_GRAPH;
    neap_scope scope = neap_scope_open();
    if (graph)
        set_history(node, true);
    const bool added = add_slice(node);
    int status = added ? 0 : node->call.op->gradient(&node->call, node->pending, gx);
    if (graph)
        set_history(node, false);
    if (status == 0 && !added)
        status = pass_on(node, gx);
    neap_scope_close(scope);
    if (!(p->flags & (NEAP_CREATE_GRAPH | NEAP_KEEP_GRAPH)))
        neap_tape_forget(node);
    return status;
}

static bool passes_on(const neap_tape_node *node)
{
    for (int i = 0; i < node->call.count; i++)
        if (node->call.wants[i])
            return true;
    return false;
}

static int run(pass *p, neap_tensor *const *keep, int kept)
{
    for (int64_t i = p->tape.count - 1; i >= 0; i--) {
        neap_tape_node *node = p->tape.node[i];
        bool target = !node->call.op;
        if (target || !node->pending || !passes_on(node))
            continue;
        if (visit(p, node) < 0)
            return -1;
        for (int k = 0; k < kept; k++)
            target = target || keep[k]->node == &node->head;
        if (!target) {
            neap_release(node->pending);
            node->pending = NULL;
        }
    }
    return 0;
}

static void finish(pass *p)
{
    for (int64_t i = 0; i < p->tape.count; i++) {
        neap_release(p->tape.node[i]->pending);
        p->tape.node[i]->pending = NULL;
    }
    neap_free(p->tape.node);
}

static neap_tensor *first_gradient(neap_tensor *y, neap_tensor *seed)
{
    char text[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!seed && neap_size(y) != 1)
        return neap_fail_null("backward: expected one element or a seed, got %s: take the mean or the sum first",
                              neap_shape_text(y->shape, text));
    if (seed && (!neap_shape_equal(seed->shape, y->shape) || seed->dtype != y->dtype))
        return neap_fail_null("backward: expected a seed like y, %s %s, got %s %s", neap_dtype_name(y->dtype),
                              neap_shape_text(y->shape, text), neap_dtype_name(seed->dtype),
                              neap_shape_text(seed->shape, got));
    return seed ? seed : neap_full(y->dtype, y->shape, 1);
}

/* Runs a pass to the tensors x, or to all leaves where x is NULL; `take` reads the pending gradients before their release. */
static int differentiate(neap_tensor *y, neap_tensor *seed, unsigned flags, neap_tensor *const *x, int count,
                         int (*take)(pass *p, neap_tensor *const *x, int count, neap_tensor **out), neap_tensor **out)
{
    pass p = {.flags = flags};
    bool was = neap_record(flags & NEAP_CREATE_GRAPH);
    neap_tensor *g = first_gradient(y, seed);
    int status = g ? neap_tape_list_fill(&p.tape, y) : -1;
    if (status == 0) {
        for (int64_t i = 0; i < p.tape.count; i++)
            p.tape.node[i]->useful = !x && !p.tape.node[i]->call.op;
        for (int i = 0; i < count; i++)
            if (x[i]->node)
                neap_tape_node_of(x[i])->useful = true;
        mark_useful(&p);
        status = y->node ? accumulate(neap_tape_node_of(y), g) : 0;
    }
    if (status == 0)
        status = run(&p, x, count);
    if (status == 0)
        status = take(&p, x, count, out);
    finish(&p);
    neap_record(was);
    return status;
}

static int take_targets(pass *p, neap_tensor *const *x, int count, neap_tensor **out)
{
    int status = 0;
    for (int i = 0; i < count; i++) {
        neap_tape_node *node = neap_tape_node_of(x[i]);
        bool reached = node && node->pass == p->tape.number && node->pending;
        out[i] = reached ? neap_scope_adopt(neap_keep(node->pending)) : neap_zeros(x[i]->dtype, x[i]->shape);
        status = out[i] ? status : -1;
    }
    return status;
}

static int take_leaves(pass *p, neap_tensor *const *x, int count, neap_tensor **out)
{
    (void)x, (void)count, (void)out;
    for (int64_t i = 0; i < p->tape.count; i++) {
        neap_tape_node *node = p->tape.node[i];
        if (node->call.op || !node->pending)
            continue;
        neap_scope scope = neap_scope_open();
        neap_tensor *sum = node->grad ? neap_add(node->grad, node->pending) : node->pending;
        neap_keep(sum);
        neap_scope_close(scope);
        if (!sum)
            return -1;
        neap_release(node->grad);
        node->grad = sum;
    }
    return 0;
}

int neap_gradients(neap_tensor *y, neap_tensor *seed, neap_tensor *const *x, int count, unsigned flags,
                   neap_tensor **gradients)
{
    for (int i = 0; i < count; i++)
        gradients[i] = NULL;
    bool whole = y != NULL;
    for (int i = 0; i < count; i++)
        whole = whole && x[i];
    if (!whole)
        return neap_failed() ? -1 : neap_fail("gradients: expected a tensor, got NULL");
    return differentiate(y, seed, flags, x, count, take_targets, gradients);
}

int neap_backward(neap_tensor *y, neap_tensor *seed, unsigned flags)
{
    if (!y)
        return neap_failed() ? -1 : neap_fail("backward: expected a tensor, got NULL");
    if (!y->node && !neap_recording())
        return neap_fail("backward: the tensor was made without recording: compute it and its gradient outside of no_grad");
    if (!y->node)
        return neap_fail("backward: the tensor has no history: make it from a parameter, or a tensor marked by require_grad, "
                         "outside of no_grad");
    return differentiate(y, seed, flags, NULL, 0, take_leaves, NULL);
}
