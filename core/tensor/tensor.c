/* Tensors: storage, owners, and the properties of a tensor. */
#include <stdlib.h>
#include <string.h>

#include <neap/memory.h>

#include "tensor/scope.h"
#include "tensor/tensor.h"

static void storage_release(neap_storage *storage)
{
    if (!storage || atomic_fetch_sub(&storage->owners, 1) != 1)
        return;
    neap_buffer_free(storage->data);
    neap_free(storage);
}

neap_storage *neap_storage_new(size_t bytes)
{
    neap_storage *storage = neap_calloc(1, sizeof *storage);
    if (!storage)
        return NULL;
    storage->owners = 1;
    storage->bytes = bytes;
    storage->data = neap_buffer_new(bytes ? bytes : 1);
    if (!storage->data) {
        neap_free(storage);
        return NULL;
    }
    return storage;
}

neap_node *neap_node_keep(neap_node *node)
{
    if (node)
        atomic_fetch_add(&node->owners, 1);
    return node;
}

void neap_node_release(neap_node *node)
{
    static _Thread_local neap_node *dead;
    static _Thread_local bool draining;
    if (!node || atomic_fetch_sub(&node->owners, 1) != 1)
        return;
    node->next_dead = dead;
    dead = node;
    if (draining)
        return;
    draining = true;
    while (dead) {
        neap_node *next = dead;
        dead = next->next_dead;
        next->destroy(next);
    }
    draining = false;
}

neap_tensor *neap_keep(neap_tensor *x)
{
    if (x)
        atomic_fetch_add(&x->owners, 1);
    return x;
}

void neap_release(neap_tensor *x)
{
    if (!x || atomic_fetch_sub(&x->owners, 1) != 1)
        return;
    storage_release(x->storage);
    neap_node_release(x->node);
    neap_free(x);
}

static void release_held(void *x)
{
    neap_release(x);
}

neap_tensor *neap_scope_adopt(neap_tensor *x)
{
    return neap_scope_hold(x, release_held);
}

neap_tensor *neap_scope_return(neap_scope scope, neap_tensor *result)
{
    neap_keep(result);
    neap_scope_close(scope);
    return neap_scope_adopt(result);
}

neap_tensor *neap_tensor_new(neap_dtype dtype, neap_shape shape)
{
    neap_tensor *x = neap_calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->owners = 1;
    x->dtype = dtype;
    x->shape = shape;
    neap_strides_of(shape, x->stride);
    return x;
}

neap_tensor *neap_tensor_alias(const neap_tensor *x)
{
    neap_tensor *view = neap_tensor_new(x->dtype, x->shape);
    if (!view)
        return NULL;
    memcpy(view->stride, x->stride, sizeof view->stride);
    view->offset = x->offset;
    view->storage = x->storage;
    if (view->storage)
        atomic_fetch_add(&view->storage->owners, 1);
    return view;
}

neap_tensor *neap_tensor_placeholder(const neap_tensor *x)
{
    return neap_tensor_new(x->dtype, x->shape);
}

void neap_tensor_touch(neap_tensor *x)
{
    x->storage->version++;
}

neap_dtype neap_dtype_of(const neap_tensor *x)
{
    return x->dtype;
}

neap_shape neap_shape_of(const neap_tensor *x)
{
    return x->shape;
}

int neap_rank(const neap_tensor *x)
{
    return x->shape.rank;
}

int64_t neap_dim(const neap_tensor *x, int axis)
{
    if (axis < 0)
        axis += x->shape.rank;
    return axis >= 0 && axis < x->shape.rank ? x->shape.dim[axis] : 0;
}

int64_t neap_size(const neap_tensor *x)
{
    return neap_shape_size(x->shape);
}

bool neap_is_contiguous(const neap_tensor *x)
{
    int64_t step = 1;
    for (int i = x->shape.rank - 1; i >= 0; i--) {
        if (x->shape.dim[i] != 1 && x->stride[i] != step)
            return neap_size(x) == 0;
        step *= x->shape.dim[i];
    }
    return true;
}
