/* The tape as text, for whoever looks for a wrong gradient. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <neap/memory.h>

#include "autograd/node.h"

typedef struct text {
    char *data;
    size_t length, capacity;
    bool failed;
} text;

static void reserve(text *t, size_t bytes)
{
    const size_t capacity = 2 * (t->length + bytes);
    if (t->length + bytes <= t->capacity)
        return;
    char *grown = neap_realloc(t->data, capacity);
    t->failed = !grown;
    if (grown) {
        t->data = grown;
        t->capacity = capacity;
    }
}

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = t->failed ? 0 : vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (!t->failed)
        reserve(t, (size_t)length + 1);
    if (!t->failed)
        t->length += (size_t)vsnprintf(t->data + t->length, t->capacity - t->length, format, again);
    va_end(again);
}

static void put_tensor(text *t, const neap_tensor *x)
{
    char shape[NEAP_SHAPE_TEXT];
    put(t, " %s %s%s", neap_dtype_name(x->dtype), neap_shape_text(x->shape, shape), x->storage ? " saved" : "");
}

/* The list is sorted by sequence; numbers start from 1. */
static int64_t number_of(const neap_tape_list *list, const neap_tape_node *node)
{
    int64_t low = 0, high = list->count - 1;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (list->node[middle]->sequence < node->sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low + 1;
}

/* The node that made an input. */
static void put_source(text *t, const neap_tape_list *list, const neap_node *edge)
{
    const neap_tape_node *node = (const neap_tape_node *)edge;
    if (!node)
        put(t, "constant");
    else if (node->name)
        put(t, "leaf '%s'", node->name);
    else
        put(t, "%s#%lld", node->call.op ? "" : "leaf ", (long long)number_of(list, node));
}

static void put_node(text *t, const neap_tape_list *list, const neap_tape_node *node)
{
    const neap_call *call = &node->call;
    put(t, "#%lld", (long long)number_of(list, node));
    if (!node->spent)
        put_tensor(t, call->out);
    put(t, " = %s(", call->op->info.name);
    for (int i = 0; i < call->count; i++) {
        put(t, "%s", i ? ", " : "");
        put_source(t, list, node->edge[i]);
        if (!node->spent)
            put_tensor(t, call->in[i]);
    }
    put(t, ")");
    for (int i = 0; i < NEAP_OP_AUX && !node->spent; i++)
        if (call->aux[i]) {
            put(t, "; statistics");
            put_tensor(t, call->aux[i]);
        }
    put(t, "%s\n", node->spent ? "; released by a backward pass" : "");
}

static void put_list(text *t, const neap_tape_list *list, const neap_tensor *y)
{
    char shape[NEAP_SHAPE_TEXT];
    int64_t ops = 0;
    for (int64_t i = 0; i < list->count; i++)
        ops += list->node[i]->call.op != NULL;
    const int64_t leaves = list->count - ops;
    put(t, "tape of %s %s: %lld %s, %lld %s\n", neap_dtype_name(y->dtype), neap_shape_text(y->shape, shape), (long long)ops,
        ops == 1 ? "op" : "ops", (long long)leaves, leaves == 1 ? "leaf" : "leaves");
    for (int64_t i = list->count - 1; i >= 0; i--)
        if (list->node[i]->call.op)
            put_node(t, list, list->node[i]);
}

char *neap_tape_dump(neap_tensor *y)
{
    neap_tape_list list = {0};
    text t = {0};
    if (!y || !y->node)
        return neap_failed() ? NULL : neap_fail_null("dump: expected a tensor made from one that requires a gradient, got %s",
                                                     y ? "one without a tape" : "NULL");
    if (neap_tape_list_fill(&list, y) == 0)
        put_list(&t, &list, y);
    neap_free(list.node);
    if (t.failed) {
        neap_free(t.data);
        t.data = NULL;
    }
    return t.data;
}
