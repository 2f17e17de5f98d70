/* Tensors in Lua: the handle, operators, properties. Methods come from the op table (ops.c). */
#include <string.h>

#include "binding.h"

neap_tensor **neap_lua_slot(lua_State *L)
{
    neap_lua_collect_pace(L);
    neap_tensor **slot = lua_newuserdatauv(L, sizeof *slot, 0);
    *slot = NULL;
    luaL_setmetatable(L, NEAP_LUA_TENSOR);
    neap_lua_collect_count(1);
    return slot;
}

neap_tensor *neap_lua_test_tensor(lua_State *L, int index)
{
    neap_tensor **slot = luaL_testudata(L, index, NEAP_LUA_TENSOR);
    if (slot && !*slot)
        neap_lua_error(L, "tensor: closed already");
    return slot ? *slot : NULL;
}

neap_tensor *neap_lua_check_tensor(lua_State *L, int index)
{
    neap_tensor *x = neap_lua_test_tensor(L, index);
    if (!x)
        neap_lua_error(L, "expected a tensor, got %s", luaL_typename(L, index));
    return x;
}

static int tensor_close(lua_State *L)
{
    neap_tensor **slot = luaL_checkudata(L, 1, NEAP_LUA_TENSOR);
    neap_release(*slot);
    *slot = NULL;
    return 0;
}

static int tensor_gc(lua_State *L)
{
    neap_lua_collect_count(-1);
    return tensor_close(L);
}

/* --- Operators: a tensor with a tensor, or with a number ------------------------------------------------------------- */

typedef neap_tensor *binary_op(neap_tensor *a, neap_tensor *b);
typedef neap_tensor *number_op(neap_tensor *x, double n);

typedef struct operation {
    binary_op *both;
    number_op *right, *left; /* x op n, and n op x */
} operation;

static neap_tensor *like(const neap_tensor *x, double n)
{
    return neap_full(neap_dtype_of(x), (neap_shape){0}, n);
}

static neap_tensor *add_number(neap_tensor *x, double n)
{
    return neap_affine(x, 1, n);
}

static neap_tensor *sub_number(neap_tensor *x, double n)
{
    return neap_affine(x, 1, -n);
}

static neap_tensor *number_sub(neap_tensor *x, double n)
{
    return neap_affine(x, -1, n);
}

static neap_tensor *mul_number(neap_tensor *x, double n)
{
    return neap_affine(x, n, 0);
}

static neap_tensor *div_number(neap_tensor *x, double n)
{
    return neap_div(x, like(x, n));
}

static neap_tensor *number_div(neap_tensor *x, double n)
{
    return neap_div(like(x, n), x);
}

/* a ^ b of two tensors, for a > 0. */
static neap_tensor *power(neap_tensor *a, neap_tensor *b)
{
    return neap_exp(neap_mul(b, neap_log(a)));
}

static neap_tensor *number_power(neap_tensor *x, double n)
{
    return power(like(x, n), x);
}

static const operation operations[] = {
    {neap_add, add_number, add_number}, {neap_sub, sub_number, number_sub}, {neap_mul, mul_number, mul_number},
    {neap_div, div_number, number_div}, {power, neap_power, number_power},
};
static const char *const events[] = {"__add", "__sub", "__mul", "__div", "__pow"};

static double operand(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        neap_lua_error(L, "arithmetic: expected a tensor or a number, got %s", luaL_typename(L, index));
    return lua_tonumber(L, index);
}

static int operate(lua_State *L)
{
    const operation *op = &operations[lua_tointeger(L, lua_upvalueindex(1))];
    neap_tensor *a = neap_lua_test_tensor(L, 1), *b = neap_lua_test_tensor(L, 2);
    double n = a && b ? 0 : operand(L, a ? 2 : 1);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, a && b ? op->both(a, b) : a ? op->right(a, n) : op->left(b, n));
}

static int negate(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_neg(x));
}

static int length(lua_State *L)
{
    const neap_tensor *x = neap_lua_check_tensor(L, 1);
    lua_pushinteger(L, neap_rank(x) ? neap_dim(x, 0) : 0);
    return 1;
}

/* --- Properties ------------------------------------------------------------------------------------------------------ */

static void push_dtype(lua_State *L, neap_tensor *x)
{
    lua_pushstring(L, neap_dtype_name(neap_dtype_of(x)));
}

static void push_requires_grad(lua_State *L, neap_tensor *x)
{
    lua_pushboolean(L, neap_requires_grad(x));
}

static void push_grad(lua_State *L, neap_tensor *x)
{
    neap_tensor *grad = neap_grad(x);
    if (grad)
        *neap_lua_slot(L) = neap_keep(grad);
    else
        lua_pushnil(L);
}

static const struct property {
    const char *name;
    void (*push)(lua_State *L, neap_tensor *x);
} properties[] = {{"dtype", push_dtype}, {"requires_grad", push_requires_grad}, {"grad", push_grad}};

#define PROPERTIES (sizeof properties / sizeof *properties)

static int unknown(lua_State *L, const char *key)
{
    const char *names[NEAP_LUA_MOST_NAMES];
    for (size_t i = 0; i < PROPERTIES; i++)
        names[i] = properties[i].name;
    return neap_lua_no_name(L, "tensor", key, lua_upvalueindex(1), names, PROPERTIES);
}

static int tensor_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    for (size_t i = 0; key && i < PROPERTIES; i++)
        if (strcmp(properties[i].name, key) == 0) {
            properties[i].push(L, x);
            return 1;
        }
    return key ? unknown(L, key) : neap_lua_error(L, "tensor: has no numeric indices; read elements with slice, item or tolist");
}

static int tensor_newindex(lua_State *L)
{
    return neap_lua_error(L, "tensor: has no fields to set; x:assign(y) writes elements, x:require_grad(on) turns gradients on");
}

static const luaL_Reg metamethods[] = {
    {"__gc", tensor_gc}, {"__close", tensor_close}, {"__unm", negate}, {"__len", length}, {"__newindex", tensor_newindex},
    {NULL, NULL},
};

/* The table of methods is core.methods; Lua files add to it. */
void neap_lua_open_tensor(lua_State *L)
{
    luaL_newmetatable(L, NEAP_LUA_TENSOR);
    luaL_setfuncs(L, metamethods, 0);
    for (int i = 0; i < (int)(sizeof events / sizeof *events); i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, operate, 1);
        lua_setfield(L, -2, events[i]);
    }
    lua_newtable(L);
    lua_pushcfunction(L, tensor_close);
    lua_setfield(L, -2, "close");
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "methods");
    lua_pushcclosure(L, tensor_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
