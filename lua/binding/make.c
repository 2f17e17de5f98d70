/* New tensors: from numbers and nested tables, constant, arithmetic sequences, random. */
#include <string.h>

#include "binding.h"

static int64_t check_size(lua_State *L, int index)
{
    int whole;
    lua_Integer size = lua_tointegerx(L, index, &whole);
    if (!whole || lua_type(L, index) != LUA_TNUMBER)
        neap_lua_error(L, "shape: expected whole numbers, got %s", luaL_tolstring(L, index, NULL));
    return size;
}

static void add_size(lua_State *L, neap_shape *shape, int index)
{
    if (shape->rank == NEAP_MAX_RANK)
        neap_lua_error(L, "shape: expected at most %d axes", NEAP_MAX_RANK);
    shape->dim[shape->rank++] = check_size(L, index);
}

neap_shape neap_lua_check_shape(lua_State *L, int index)
{
    neap_shape shape = {0};
    if (lua_type(L, index) != LUA_TTABLE) {
        add_size(L, &shape, index);
        return shape;
    }
    for (lua_Integer i = 1; lua_geti(L, index, i) != LUA_TNIL; i++) {
        add_size(L, &shape, lua_gettop(L));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return shape;
}

neap_dtype neap_lua_check_dtype(lua_State *L, int index, neap_dtype fallback)
{
    if (lua_isnoneornil(L, index))
        return fallback;
    int dtype = neap_dtype_parse(luaL_checkstring(L, index));
    return dtype < 0 ? (neap_dtype)neap_lua_raise(L) : (neap_dtype)dtype;
}

/* --- From nested tables ------------------------------------------------------------------------------------------------ */

static neap_shape measure(lua_State *L, int index)
{
    neap_shape shape = {0};
    int top = lua_gettop(L);
    lua_pushvalue(L, index);
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (shape.rank == NEAP_MAX_RANK)
            neap_lua_error(L, "tensor: expected at most %d nested tables", NEAP_MAX_RANK);
        shape.dim[shape.rank++] = (int64_t)lua_rawlen(L, -1);
        lua_geti(L, -1, 1);
    }
    lua_settop(L, top);
    return shape;
}

static double *fill(lua_State *L, int index, const neap_shape *shape, int axis, double *out)
{
    luaL_checkstack(L, 2, "tensor");
    if (axis == shape->rank) {
        if (lua_type(L, index) != LUA_TNUMBER)
            neap_lua_error(L, "tensor: expected a number, got %s", luaL_typename(L, index));
        *out = lua_tonumber(L, index);
        return out + 1;
    }
    if (lua_type(L, index) != LUA_TTABLE || (int64_t)lua_rawlen(L, index) != shape->dim[axis])
        neap_lua_error(L, "tensor: axis %d: expected tables of %d entries throughout, got %s of %d", axis,
                       (int)shape->dim[axis], luaL_typename(L, index), (int)lua_rawlen(L, index));
    for (int64_t i = 0; i < shape->dim[axis]; i++) {
        lua_geti(L, index, i + 1);
        out = fill(L, lua_gettop(L), shape, axis + 1, out);
        lua_pop(L, 1);
    }
    return out;
}

static neap_tensor *converted(neap_dtype dtype, neap_shape shape, const double *values)
{
    neap_tensor *x = neap_empty(dtype, shape);
    return neap_write(x, NEAP_F64, values) < 0 ? NULL : x;
}

/* tensor(numbers [, dtype]) */
static int make_tensor(lua_State *L)
{
    luaL_checkany(L, 1);
    neap_shape shape = measure(L, 1);
    neap_dtype dtype = neap_lua_check_dtype(L, 2, NEAP_F32);
    double *values = lua_newuserdatauv(L, ((size_t)neap_shape_size(shape) + 1) * sizeof *values, 0);
    fill(L, 1, &shape, 0, values);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, converted(dtype, shape, values));
}

/* --- Filled and counted -------------------------------------------------------------------------------------------------- */

/* full(shape, value [, dtype]) */
static int make_full(lua_State *L)
{
    neap_shape shape = neap_lua_check_shape(L, 1);
    double value = neap_lua_check_number(L, 2);
    neap_dtype dtype = neap_lua_check_dtype(L, 3, NEAP_F32);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_full(dtype, shape, value));
}

/* count(start, step, count [, dtype]) */
static int make_count(lua_State *L)
{
    double start = neap_lua_check_number(L, 1), step = neap_lua_check_number(L, 2);
    lua_Integer count = neap_lua_check_whole(L, 3);
    neap_dtype dtype = neap_lua_check_dtype(L, 4, NEAP_F32);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_arange(dtype, start, step, count));
}

/* --- Random: random(kind, seed, stream, first, shape); stream is a name or a number ---------------------------------- */

static neap_random check_stream(lua_State *L, int index)
{
    neap_random root = {(uint64_t)neap_lua_check_whole(L, index), 0};
    if (lua_type(L, index + 1) == LUA_TNUMBER)
        return neap_random_at(root, (uint64_t)neap_lua_check_whole(L, index + 1));
    return neap_random_fork(root, luaL_checkstring(L, index + 1));
}

static int make_random(lua_State *L)
{
    bool normal = strcmp(luaL_checkstring(L, 1), "normal") == 0;
    neap_random random = check_stream(L, 2);
    uint64_t first = (uint64_t)neap_lua_check_whole(L, 4);
    neap_shape shape = neap_lua_check_shape(L, 5);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, normal ? neap_randn(random, first, shape) : neap_rand(random, first, shape));
}

/* uniform(seed, stream, sample) -> one number in [0, 1) */
static int uniform(lua_State *L)
{
    float value;
    neap_random_uniform(check_stream(L, 1), (uint64_t)neap_lua_check_whole(L, 3), 1, &value);
    lua_pushnumber(L, (double)value);
    return 1;
}

static const luaL_Reg functions[] = {
    {"tensor", make_tensor}, {"full", make_full}, {"count", make_count}, {"random", make_random}, {"uniform", uniform},
    {NULL, NULL},
};

void neap_lua_open_make(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
