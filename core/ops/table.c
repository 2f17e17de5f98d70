/* The op table itself: ops.def turned into an array, and lookups in it. */
#include <string.h>

#include "ops/op.h"

#define ATTRS(...) ((const neap_attr[]){__VA_ARGS__ __VA_OPT__(, ) {NULL, NEAP_ATTR_END, false, 0}})
#define LIST(name) {#name, NEAP_ATTR_LIST, false, 0}
#define FLAG(name) {#name, NEAP_ATTR_FLAG, false, 0}
#define INT(name, fallback) {#name, NEAP_ATTR_INT, false, fallback}
#define REAL(name, fallback) {#name, NEAP_ATTR_REAL, false, fallback}
#define NEED_INT(name) {#name, NEAP_ATTR_INT, true, 0}
#define NEED_REAL(name) {#name, NEAP_ATTR_REAL, true, 0}

#define IN(i) (1u << (i))
#define OUT NEAP_NEEDS_OUT
#define AUX NEAP_NEEDS_AUX
#define STRIDES NEAP_TAKES_STRIDES
#define DTYPES NEAP_TAKES_DTYPES
#define VIEW (NEAP_MAKES_VIEW | NEAP_TAKES_STRIDES)
#define NO_GRADIENT NEAP_NO_GRADIENT
#define WRITES(i) ((unsigned)NEAP_WRITES << (i))

#define OP(name, low, high, attrs, needs, shape, forward, gradient, help)                                           \
    [NEAP_OP_##name] = {{#name, low, high, attrs, !((needs) & NEAP_NO_GRADIENT), help},                             \
                        needs, neap_shape_##shape, neap_##forward, neap_##gradient},
const neap_op neap_ops[NEAP_OP_COUNT] = {
#include "ops/ops.def"
};

int neap_op_count(void)
{
    return NEAP_OP_COUNT;
}

const neap_op_info *neap_op_at(int op)
{
    return op >= 0 && op < NEAP_OP_COUNT ? &neap_ops[op].info : NULL;
}

int neap_op_find(const char *name)
{
    for (int i = 0; i < NEAP_OP_COUNT; i++)
        if (strcmp(neap_ops[i].info.name, name) == 0)
            return i;
    return -1;
}

int neap_no_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    (void)g, (void)gx;
    return neap_fail("%s: has no gradient", call->op->info.name);
}
