/* Recording calls on the tape, and leaves. */
#include <neap/memory.h>

#include "autograd/node.h"

static _Thread_local bool recording_off;
static _Atomic uint64_t next_sequence = 1;

bool neap_record(bool on)
{
    bool was = !recording_off;
    recording_off = !on;
    return was;
}

bool neap_recording(void)
{
    return !recording_off;
}

void neap_tape_forget(neap_tape_node *node)
{
    for (int i = 0; i < node->call.count; i++) {
        neap_release(node->call.in[i]);
        node->call.in[i] = NULL;
    }
    for (int i = 0; i < NEAP_OP_AUX; i++) {
        neap_release(node->call.aux[i]);
        node->call.aux[i] = NULL;
    }
    neap_release(node->call.out);
    node->call.out = NULL;
    node->spent = true;
}

static void destroy(neap_node *self)
{
    neap_tape_node *node = (neap_tape_node *)self;
    neap_tape_forget(node);
    for (int i = 0; i < node->call.count; i++)
        neap_node_release(node->edge[i]);
    neap_release(node->pending);
    neap_release(node->grad);
    neap_free(node->name);
    neap_free(node);
}

static neap_tape_node *node_new(void)
{
    neap_tape_node *node = neap_calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->head.owners = 1;
    node->head.destroy = destroy;
    node->sequence = atomic_fetch_add(&next_sequence, 1);
    return node;
}

bool neap_tape_wants(const neap_call *call)
{
    if (recording_off || call->op->needs & NEAP_NO_GRADIENT)
        return false;
    for (int i = 0; i < call->count; i++)
        if (call->in[i]->node)
            return true;
    return false;
}

/* A reference to x's elements, or its shape and dtype alone. */
static neap_tensor *save(const neap_tensor *x, bool elements)
{
    return elements ? neap_tensor_alias(x) : neap_tensor_placeholder(x);
}

static bool save_inputs(neap_tape_node *node, const neap_call *call)
{
    bool whole = true;
    node->call.count = 0;
    for (int i = 0; i < call->count; i++) {
        const neap_tensor *x = call->in[i];
        node->call.in[i] = save(x, call->op->needs >> i & 1);
        node->call.wants[i] = x->node != NULL;
        node->edge[i] = neap_node_keep(x->node);
        node->version[i] = x->storage ? x->storage->version : 0;
        node->call.count = i + 1;
        whole = whole && node->call.in[i];
    }
    return whole;
}

static bool save_aux(neap_tape_node *node, const neap_call *call)
{
    bool whole = true;
    for (int i = 0; i < NEAP_OP_AUX; i++) {
        node->call.aux[i] = NULL;
        if (call->aux[i] && call->op->needs & NEAP_NEEDS_AUX)
            whole = (node->call.aux[i] = save(call->aux[i], true)) && whole;
    }
    return whole;
}

int neap_tape_record(neap_call *call)
{
    neap_tape_node *node = node_new();
    if (!node)
        return -1;
    node->call = *call;
    bool whole = save_inputs(node, call);
    whole = save_aux(node, call) && whole;
    node->call.out = save(call->out, call->op->needs & NEAP_NEEDS_OUT);
    node->out_version = call->out->storage->version;
    if (!whole || !node->call.out) {
        neap_node_release(&node->head);
        return -1;
    }
    call->out->node = &node->head;
    return 0;
}

int neap_require_grad(neap_tensor *x, bool on)
{
    if (!x)
        return -1;
    neap_tape_node *node = neap_tape_node_of(x);
    if (node && node->call.op)
        return neap_fail("require_grad: expected a leaf, got the result of '%s'", node->call.op->info.name);
    if (!neap_is_real(x))
        return neap_fail("require_grad: expected f32 or f64, got %s", neap_dtype_name(x->dtype));
    if (on && !node)
        x->node = (neap_node *)node_new();
    if (!on) {
        neap_node_release(x->node);
        x->node = NULL;
    }
    return on && !x->node ? -1 : 0;
}

int neap_tape_name(neap_tensor *leaf, const char *name)
{
    neap_tape_node *node = leaf ? neap_tape_node_of(leaf) : NULL;
    if (!node || node->call.op)
        return neap_failed() ? -1 : neap_fail("tape_name: expected a leaf that requires a gradient");
    char *owned = neap_strdup(name);
    if (name && !owned)
        return -1;
    neap_free(node->name);
    node->name = owned;
    return 0;
}

bool neap_requires_grad(const neap_tensor *x)
{
    return x && x->node;
}

neap_tensor *neap_grad(const neap_tensor *leaf)
{
    return leaf && leaf->node ? neap_tape_node_of(leaf)->grad : NULL;
}

void neap_grad_clear(neap_tensor *leaf)
{
    if (!leaf || !leaf->node)
        return;
    neap_release(neap_tape_node_of(leaf)->grad);
    neap_tape_node_of(leaf)->grad = NULL;
}

static _Thread_local struct {
    neap_detached *replace;
    void *user;
} on_detach;

void neap_on_detach(neap_detached *replace, void *user)
{
    on_detach.replace = replace;
    on_detach.user = user;
}

neap_tensor *neap_detach(neap_tensor *x)
{
    neap_tensor *result = x ? neap_scope_adopt(neap_tensor_alias(x)) : NULL;
    return result && on_detach.replace ? on_detach.replace(on_detach.user, result) : result;
}
