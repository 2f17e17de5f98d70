/* Finds the first tensor on the tape that holds NaN or infinity. */
#include <stdio.h>

#include <neap/memory.h>

#include "autograd/node.h"

/* Unsaved tensors have no elements; integers are always finite. */
static bool is_finite(neap_tensor *x)
{
    if (!x || !x->storage || !neap_is_real(x))
        return true;
    neap_scope scope = neap_scope_open();
    neap_tensor *packed = neap_tensor_pack(x);
    bool finite = !packed || neap_kernels_for(x->dtype)->all_finite(neap_size(packed), neap_tensor_bytes(packed));
    neap_scope_close(scope);
    return finite;
}

/* Writes the first tensor of a node that is not finite to `text`. */
static bool describe(const neap_tape_node *node, char text[NEAP_BLAME_TEXT])
{
    const neap_call *call = &node->call;
    char shape[NEAP_SHAPE_TEXT];
    for (int i = 0; i < call->count; i++)
        if (!is_finite(call->in[i])) {
            snprintf(text, NEAP_BLAME_TEXT, "input %d of '%s', %s", i, call->op->info.name,
                     neap_shape_text(call->in[i]->shape, shape));
            return true;
        }
    if (!call->op || is_finite(call->out))
        return false;
    snprintf(text, NEAP_BLAME_TEXT, "the output of '%s', %s", call->op->info.name, neap_shape_text(call->out->shape, shape));
    return true;
}

bool neap_find_not_finite(neap_tensor *y, char text[NEAP_BLAME_TEXT])
{
    neap_tape_list list = {0};
    bool was = neap_record(false), found = false;
    int status = y ? neap_tape_list_fill(&list, y) : -1;
    for (int64_t i = 0; status == 0 && !found && i < list.count; i++)
        found = !list.node[i]->spent && describe(list.node[i], text);
    neap_free(list.node);
    neap_record(was);
    return found;
}
