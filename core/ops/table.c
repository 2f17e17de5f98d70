/* The op table: ops.def as an array, its limits checked at compile time, and lookups. */
#include <string.h>

#include "ops/op.h"

/* --- Limits: a row that exceeds one does not compile --------------------------------------------------------------- */

/* Attributes are counted by kind in one number, a byte for each; more than NEAP_MAX_ATTRS in all set its top byte. */
#define LIST(name) 1
#define INT(name, fallback) (1 << 8)
#define FLAG(name) (1 << 8)
#define NEED_INT(name) (1 << 8)
#define REAL(name, fallback) (1 << 16)
#define NEED_REAL(name) (1 << 16)
#define ADD(a, b, c, d, e, f, g, h, over, ...) (a + b + c + d + e + f + g + h + (over ? 1 << 24 : 0))
#define ATTRS(...) ADD(__VA_ARGS__ __VA_OPT__(, ) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_Static_assert(NEAP_MAX_ATTRS == 8, "ADD sums NEAP_MAX_ATTRS attributes");

/* The inputs that `needs` names, a bit for each; bit 63 for one that has no bit of NEAP_WRITES. */
#define IN(i) (1ull << (i))
#define WRITES(i) (1ull << (i) | ((i) < NEAP_MAX_WRITTEN ? 0 : 1ull << 63))
#define OUT 0ull
#define AUX 0ull
#define STRIDES 0ull
#define DTYPES 0ull
#define VIEW 0ull
#define NO_GRADIENT 0ull

#define OP(name, low, high, attrs, needs, shape, forward, gradient, help)                                               _Static_assert(0 < (low) && (low) <= (high) && (high) <= NEAP_MAX_ARITY,                                                           "op " #name ": expected 1 <= fewest inputs <= most inputs <= NEAP_MAX_ARITY");                       _Static_assert(((needs) + 0ull) >> (high) == 0, "op " #name ": IN or WRITES of an input that it does not have");    _Static_assert((attrs) < 1 << 24, "op " #name ": more than NEAP_MAX_ATTRS attributes");                             _Static_assert(((attrs) & 255) <= 1, "op " #name ": more than one LIST");                                           _Static_assert(((attrs) >> 8 & 255) <= NEAP_MAX_INTS, "op " #name ": more than NEAP_MAX_INTS INTs and FLAGs");      _Static_assert(((attrs) >> 16 & 255) <= NEAP_MAX_REALS, "op " #name ": more than NEAP_MAX_REALS REALs");
#include "ops/ops.def"
#undef OP
#undef LIST
#undef INT
#undef FLAG
#undef NEED_INT
#undef REAL
#undef NEED_REAL
#undef ATTRS
#undef IN
#undef WRITES
#undef OUT
#undef AUX
#undef STRIDES
#undef DTYPES
#undef VIEW
#undef NO_GRADIENT

/* --- The table ----------------------------------------------------------------------------------------------------- */

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
