/* Scopes: a stack of objects per thread; a scope is a height of it. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/tensor.h>

#include "tensor/scope.h"

typedef struct held {
    void *object;
    void (*release)(void *object);
} held;

static _Thread_local struct {
    held *item;
    size_t count, capacity;
} stack;

static bool reserve_one(void)
{
    if (stack.count < stack.capacity)
        return true;
    size_t capacity = stack.capacity ? 2 * stack.capacity : 256;
    held *item = neap_realloc(stack.item, capacity * sizeof *item);
    if (!item)
        return false;
    stack.item = item;
    stack.capacity = capacity;
    return true;
}

void *neap_scope_hold(void *object, void (*release)(void *object))
{
    if (!object)
        return NULL;
    if (!reserve_one()) {
        release(object);
        return NULL;
    }
    stack.item[stack.count++] = (held){object, release};
    return object;
}

neap_scope neap_scope_open(void)
{
    return stack.count;
}

void neap_scope_close(neap_scope scope)
{
    while (stack.count > scope) {
        const held last = stack.item[--stack.count];
        last.release(last.object);
    }
    if (stack.count == 0) {
        neap_free(stack.item);
        stack.item = NULL;
        stack.capacity = 0;
    }
}
