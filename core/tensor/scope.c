/* Scopes: a stack of tensors per thread; a scope is a height of it. */
#include <neap/error.h>
#include <neap/memory.h>

#include "tensor/tensor.h"

static _Thread_local struct {
    neap_tensor **item;
    size_t count, capacity;
} stack;

static bool reserve_one(void)
{
    if (stack.count < stack.capacity)
        return true;
    size_t capacity = stack.capacity ? 2 * stack.capacity : 256;
    neap_tensor **item = neap_realloc(stack.item, capacity * sizeof *item);
    if (!item)
        return false;
    stack.item = item;
    stack.capacity = capacity;
    return true;
}

neap_tensor *neap_scope_adopt(neap_tensor *x)
{
    if (!x)
        return NULL;
    if (!reserve_one()) {
        neap_release(x);
        return NULL;
    }
    return stack.item[stack.count++] = x;
}

neap_scope neap_scope_open(void)
{
    return stack.count;
}

void neap_scope_close(neap_scope scope)
{
    while (stack.count > scope)
        neap_release(stack.item[--stack.count]);
    if (stack.count == 0) {
        neap_free(stack.item);
        stack.item = NULL;
        stack.capacity = 0;
    }
}

neap_tensor *neap_scope_return(neap_scope scope, neap_tensor *result)
{
    neap_keep(result);
    neap_scope_close(scope);
    return neap_scope_adopt(result);
}
