/* Elements of tensors in Lua: as numbers, nested tables and text, and written in place. */
#include <math.h>
#include <stdio.h>

#include "binding.h"

/* Pushes a userdata with all elements as doubles; a Lua error cannot leak it. */
static double *elements(lua_State *L, neap_tensor *x)
{
    double *values = lua_newuserdatauv(L, ((size_t)neap_size(x) + 1) * sizeof *values, 0);
    if (neap_read(x, NEAP_F64, values) < 0)
        neap_lua_raise(L);
    return values;
}

static int item(lua_State *L)
{
    double value = neap_item(neap_lua_check_tensor(L, 1));
    if (neap_failed())
        return neap_lua_raise(L);
    lua_pushnumber(L, value);
    return 1;
}

static void push_number(lua_State *L, neap_dtype dtype, double value)
{
    if (dtype == NEAP_I32 || dtype == NEAP_U8)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
}

static const double *push_nested(lua_State *L, const neap_tensor *x, int axis, const double *values)
{
    luaL_checkstack(L, 3, "tolist");
    if (axis == neap_rank(x)) {
        push_number(L, neap_dtype_of(x), *values);
        return values + 1;
    }
    int64_t count = neap_dim(x, axis);
    lua_createtable(L, (int)count, 0);
    for (int64_t i = 0; i < count; i++) {
        values = push_nested(L, x, axis + 1, values);
        lua_seti(L, -2, i + 1);
    }
    return values;
}

static int tolist(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    push_nested(L, x, 0, elements(L, x));
    return 1;
}

static int shape(lua_State *L)
{
    const neap_tensor *x = neap_lua_check_tensor(L, 1);
    lua_createtable(L, neap_rank(x), 0);
    for (int i = 0; i < neap_rank(x); i++) {
        lua_pushinteger(L, neap_dim(x, i));
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* size() is the number of elements, size(axis) that of one axis. */
static int size(lua_State *L)
{
    const neap_tensor *x = neap_lua_check_tensor(L, 1);
    lua_Integer axis = neap_lua_opt_whole(L, 2, 0);
    if (axis < -neap_rank(x) || axis >= (lua_isnoneornil(L, 2) ? 1 : neap_rank(x)))
        return neap_lua_error(L, "size: axis: expected %d to %d, got %d", -neap_rank(x), neap_rank(x) - 1, (int)axis);
    lua_pushinteger(L, lua_isnoneornil(L, 2) ? neap_size(x) : neap_dim(x, (int)axis));
    return 1;
}

/* Copies y first: it may be a view of x. */
static int write_elements(neap_tensor *x, neap_tensor *y)
{
    const void *bytes = neap_data(neap_contiguous(y));
    neap_tensor *copy = bytes ? neap_from(neap_dtype_of(y), neap_shape_of(y), bytes) : NULL;
    return copy ? neap_write(x, neap_dtype_of(y), neap_data(copy)) : -1;
}

/* assign(x, y): the elements of y into x, in place; for parameters between steps. Returns x. */
static int assign(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1), *y = neap_lua_check_tensor(L, 2);
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!neap_shape_equal(neap_shape_of(x), neap_shape_of(y)))
        return neap_lua_error(L, "assign: expected %s, got %s", neap_shape_text(neap_shape_of(x), want),
                              neap_shape_text(neap_shape_of(y), got));
    neap_lua_collect_pace(L);
    neap_scope scope = neap_scope_open();
    int status = write_elements(x, y);
    neap_scope_close(scope);
    if (status < 0)
        return neap_lua_raise(L);
    lua_pushvalue(L, 1);
    return 1;
}

/* --- Text ------------------------------------------------------------------------------------------------------------------- */

#define ROWS 6
#define COLUMNS 8

/* Appends `, 3 NaN`; nothing for 0. */
static void add_count(luaL_Buffer *text, int64_t count, const char *what)
{
    char line[48];
    snprintf(line, sizeof line, ", %lld %s", (long long)count, what);
    luaL_addstring(text, count ? line : "");
}

static void add_range(luaL_Buffer *text, const double *values, int64_t count)
{
    double low = INFINITY, high = -INFINITY;
    int64_t nan = 0, infinite = 0;
    char line[96];
    for (int64_t i = 0; i < count; i++) {
        nan += isnan(values[i]) != 0;
        infinite += isinf(values[i]) != 0;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    neap_print(line, sizeof line, " from %.5g to %.5g", low, high);
    luaL_addstring(text, count > 1 && low <= high ? line : ""); /* no range if all are NaN */
    add_count(text, nan, "NaN");
    add_count(text, infinite, "infinite");
}

static void add_rows(luaL_Buffer *text, const double *values, int64_t rows, int64_t columns)
{
    char number[40];
    for (int64_t r = 0; r < rows && r < ROWS; r++) {
        luaL_addstring(text, "\n ");
        for (int64_t c = 0; c < columns && c < COLUMNS; c++) {
            double value = values[r * columns + c];
            neap_print(number, sizeof number, " %10.5g", isnan(value) ? fabs(value) : value); /* prints NaN without its sign */
            luaL_addstring(text, number);
        }
        luaL_addstring(text, columns > COLUMNS ? " .." : "");
    }
    luaL_addstring(text, rows > ROWS ? "\n  .." : "");
}

/* `tensor f32 [2, 3] from -1 to 2.5` and the first elements, with the last axis as columns. */
static int text_of(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    char dims[NEAP_SHAPE_TEXT];
    luaL_Buffer text;
    const double *values = elements(L, x);
    int64_t count = neap_size(x), columns = neap_rank(x) ? neap_dim(x, -1) : 1;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "tensor ");
    luaL_addstring(&text, neap_dtype_name(neap_dtype_of(x)));
    luaL_addstring(&text, " ");
    luaL_addstring(&text, neap_shape_text(neap_shape_of(x), dims));
    add_range(&text, values, count);
    add_rows(&text, values, columns ? count / columns : 0, columns);
    luaL_pushresult(&text);
    return 1;
}

static const luaL_Reg methods[] = {
    {"item", item}, {"tolist", tolist}, {"shape", shape}, {"size", size}, {"assign", assign}, {NULL, NULL},
};

void neap_lua_open_read(lua_State *L)
{
    lua_getfield(L, -1, "methods");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
    luaL_getmetatable(L, NEAP_LUA_TENSOR);
    lua_pushcfunction(L, text_of);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
}
