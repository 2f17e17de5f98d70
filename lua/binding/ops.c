/*
 * One Lua function and method per row of the op table: neap.sum(x, ...) and x:sum(...).
 *
 * The tensors come first, or one table of them; a number among them becomes a scalar tensor. Attributes follow in the order
 * of the row, or by name in a last table: x:sum(1, true), x:sum({0, 1}), x:sum { axes = { 0, 1 }, keep = true }.
 * Axes and indices count from 0, as in C; negative axes count from the end.
 */
#include <string.h>

#include "binding.h"

typedef struct op_call {
    const neap_op_info *info;
    int id, count;
    neap_tensor *in[NEAP_MAX_ARITY];
    double number[NEAP_MAX_ARITY]; /* used if in[i] is NULL */
    neap_attrs attrs;
    bool given[NEAP_MAX_ATTRS];
} op_call;

/* --- Tensors ----------------------------------------------------------------------------------------------------------- */

static bool add_input(lua_State *L, op_call *call, int index)
{
    neap_tensor *x = neap_lua_test_tensor(L, index);
    bool number = !x && call->count < call->info->min_arity && lua_type(L, index) == LUA_TNUMBER;
    if ((!x && !number) || call->count == call->info->max_arity)
        return false;
    call->number[call->count] = number ? lua_tonumber(L, index) : 0;
    call->in[call->count++] = x;
    return true;
}

static bool holds_tensors(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    bool tensors = lua_geti(L, index, 1) == LUA_TUSERDATA;
    lua_pop(L, 1);
    return tensors;
}

static void add_table(lua_State *L, op_call *call, int index)
{
    for (lua_Integer i = 1; lua_geti(L, index, i) != LUA_TNIL; i++) {
        if (!add_input(L, call, lua_gettop(L)))
            neap_lua_error(L, "%s: input %d: expected a tensor, and at most %d of them", call->info->name, (int)i,
                           call->info->max_arity);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Returns the index of the first attribute. */
static int read_inputs(lua_State *L, op_call *call)
{
    int index = 1, last = lua_gettop(L);
    if (holds_tensors(L, 1)) {
        add_table(L, call, 1);
        index = 2;
    } else {
        while (index <= last && add_input(L, call, index))
            index++;
    }
    if (call->count < call->info->min_arity)
        neap_lua_error(L, "%s: expected %d tensor%s, got %d%s%s", call->info->name, call->info->min_arity,
                       call->info->min_arity == 1 ? "" : "s", call->count, index <= last ? " and then " : "",
                       index <= last ? luaL_typename(L, index) : "");
    return index;
}

/* --- Attributes -------------------------------------------------------------------------------------------------------- */

static int64_t whole(lua_State *L, const op_call *call, const neap_attr *attr, int index)
{
    int is_whole;
    lua_Integer value = lua_tointegerx(L, index, &is_whole);
    if (!is_whole || lua_type(L, index) != LUA_TNUMBER)
        neap_lua_error(L, "%s: %s: expected a whole number, got %s", call->info->name, attr->name,
                       luaL_tolstring(L, index, NULL));
    return value;
}

static void add_to_list(lua_State *L, op_call *call, const neap_attr *attr, int index)
{
    if (call->attrs.count == NEAP_MAX_LIST)
        neap_lua_error(L, "%s: %s: expected at most %d entries", call->info->name, attr->name, NEAP_MAX_LIST);
    call->attrs.list[call->attrs.count++] = whole(L, call, attr, index);
}

static void set_list(lua_State *L, op_call *call, const neap_attr *attr, int index)
{
    call->attrs.count = 0;
    if (lua_type(L, index) != LUA_TTABLE) {
        add_to_list(L, call, attr, index);
        return;
    }
    for (lua_Integer i = 1; lua_geti(L, index, i) != LUA_TNIL; i++) {
        add_to_list(L, call, attr, lua_gettop(L));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static int64_t integer_of(lua_State *L, const op_call *call, const neap_attr *attr, int index)
{
    if (strcmp(attr->name, "dtype") == 0 && lua_type(L, index) == LUA_TSTRING) {
        int dtype = neap_dtype_parse(lua_tostring(L, index));
        return dtype < 0 ? neap_lua_raise(L) : dtype;
    }
    return whole(L, call, attr, index);
}

/* INT and FLAG attributes fill attrs.i, REAL ones attrs.f, each in the order of the row. */
static int place_of(const op_call *call, int which)
{
    bool real = call->info->attrs[which].type == NEAP_ATTR_REAL;
    int place = 0;
    for (int i = 0; i < which; i++) {
        neap_attr_type type = call->info->attrs[i].type;
        place += real ? type == NEAP_ATTR_REAL : type == NEAP_ATTR_INT || type == NEAP_ATTR_FLAG;
    }
    return place;
}

static void set_attr(lua_State *L, op_call *call, int which, int index)
{
    const neap_attr *attr = &call->info->attrs[which];
    int place = place_of(call, which);
    call->given[which] = true;
    if (attr->type == NEAP_ATTR_LIST) {
        set_list(L, call, attr, index);
    } else if (attr->type == NEAP_ATTR_INT) {
        call->attrs.i[place] = integer_of(L, call, attr, index);
    } else if (lua_type(L, index) != (attr->type == NEAP_ATTR_FLAG ? LUA_TBOOLEAN : LUA_TNUMBER)) {
        neap_lua_error(L, "%s: %s: expected %s, got %s", call->info->name, attr->name,
                       attr->type == NEAP_ATTR_FLAG ? "true or false" : "a number", luaL_typename(L, index));
    } else if (attr->type == NEAP_ATTR_FLAG) {
        call->attrs.i[place] = lua_toboolean(L, index);
    } else {
        call->attrs.f[place] = lua_tonumber(L, index);
    }
}

static int find_attr(lua_State *L, const op_call *call, const char *key)
{
    const char *names[NEAP_MAX_ATTRS];
    int count = 0;
    for (; call->info->attrs[count].type != NEAP_ATTR_END; count++) {
        names[count] = call->info->attrs[count].name;
        if (strcmp(names[count], key) == 0)
            return count;
    }
    const char *nearest = neap_nearest(key, names, count);
    return nearest ? neap_lua_error(L, "%s: unknown attribute '%s'; did you mean '%s'?", call->info->name, key, nearest)
                   : neap_lua_error(L, "%s: unknown attribute '%s'", call->info->name, key);
}

static void set_named(lua_State *L, op_call *call, int index)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            neap_lua_error(L, "%s: expected a table of attributes by name, or a list; not both in one", call->info->name);
        set_attr(L, call, find_attr(L, call, lua_tostring(L, -2)), lua_gettop(L));
    }
}

/* Has this table a string key, so that it is no list? */
static bool is_named(lua_State *L, int index)
{
    bool named = false;
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    int top = lua_gettop(L);
    for (lua_pushnil(L); !named && lua_next(L, index); lua_pop(L, 1))
        named = lua_type(L, -2) == LUA_TSTRING;
    lua_settop(L, top);
    return named;
}

static void set_defaults(op_call *call)
{
    for (int i = 0; call->info->attrs[i].type != NEAP_ATTR_END; i++) {
        const neap_attr *attr = &call->info->attrs[i];
        if (attr->type == NEAP_ATTR_REAL)
            call->attrs.f[place_of(call, i)] = attr->fallback;
        else if (attr->type != NEAP_ATTR_LIST)
            call->attrs.i[place_of(call, i)] = (int64_t)attr->fallback;
    }
}

/* A leading LIST takes all numbers that follow: x:reshape(2, 3). */
static int read_list(lua_State *L, op_call *call, int index, int last)
{
    call->given[0] = true;
    for (; index <= last && lua_type(L, index) == LUA_TNUMBER; index++)
        add_to_list(L, call, &call->info->attrs[0], index);
    return index;
}

static void read_attrs(lua_State *L, op_call *call, int index)
{
    const neap_attr *attrs = call->info->attrs;
    int which = 0, last = lua_gettop(L);
    set_defaults(call);
    if (attrs[0].type == NEAP_ATTR_LIST && index <= last && lua_type(L, index) == LUA_TNUMBER) {
        index = read_list(L, call, index, last);
        which = 1;
    }
    for (; index <= last; index++) {
        if (is_named(L, index))
            set_named(L, call, index);
        else if (attrs[which].type == NEAP_ATTR_END)
            neap_lua_error(L, "%s: unexpected argument %d", call->info->name, index);
        else if (lua_isnil(L, index))
            which++;
        else
            set_attr(L, call, which++, index);
    }
    for (int i = 0; attrs[i].type != NEAP_ATTR_END; i++)
        if (attrs[i].required && !call->given[i])
            neap_lua_error(L, "%s: %s is required", call->info->name, attrs[i].name);
}

/* --- The call ------------------------------------------------------------------------------------------------------------ */

static neap_dtype number_dtype(const op_call *call)
{
    for (int i = 0; i < call->count; i++)
        if (call->in[i] && (neap_dtype_of(call->in[i]) == NEAP_F32 || neap_dtype_of(call->in[i]) == NEAP_F64))
            return neap_dtype_of(call->in[i]);
    return NEAP_F32;
}

static neap_tensor *apply(op_call *call)
{
    neap_dtype dtype = number_dtype(call);
    for (int i = 0; i < call->count; i++)
        if (!call->in[i])
            call->in[i] = neap_full(dtype, (neap_shape){0}, call->number[i]);
    return neap_op_apply(call->id, call->in, call->count, &call->attrs);
}

static int call_op(lua_State *L)
{
    op_call call = {.id = (int)lua_tointeger(L, lua_upvalueindex(1))};
    call.info = neap_op_at(call.id);
    read_attrs(L, &call, read_inputs(L, &call));
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, apply(&call));
}

static const char *const attr_types[] = {"", "list", "int", "flag", "real"};

static void push_attrs(lua_State *L, const neap_op_info *info)
{
    lua_newtable(L);
    for (int i = 0; info->attrs[i].type != NEAP_ATTR_END; i++) {
        lua_newtable(L);
        lua_pushstring(L, info->attrs[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, attr_types[info->attrs[i].type]);
        lua_setfield(L, -2, "type");
        lua_pushboolean(L, info->attrs[i].required);
        lua_setfield(L, -2, "required");
        lua_pushnumber(L, info->attrs[i].fallback);
        lua_setfield(L, -2, "default");
        lua_seti(L, -2, i + 1);
    }
}

/* core.op_table() -> { { name, help, min, max, attrs, differentiable }, ... }, for help pages. */
static int op_table(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; i < neap_op_count(); i++) {
        const neap_op_info *info = neap_op_at(i);
        lua_newtable(L);
        lua_pushstring(L, info->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, info->help);
        lua_setfield(L, -2, "help");
        lua_pushinteger(L, info->min_arity);
        lua_setfield(L, -2, "min");
        lua_pushinteger(L, info->max_arity);
        lua_setfield(L, -2, "max");
        lua_pushboolean(L, info->differentiable);
        lua_setfield(L, -2, "differentiable");
        push_attrs(L, info);
        lua_setfield(L, -2, "attrs");
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* core.ops[name] and core.methods[name]: one closure serves as both. */
void neap_lua_open_ops(lua_State *L)
{
    lua_newtable(L);
    lua_getfield(L, -2, "methods");
    for (int i = 0; i < neap_op_count(); i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, call_op, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, neap_op_at(i)->name);
        lua_setfield(L, -3, neap_op_at(i)->name);
    }
    lua_pop(L, 1);
    lua_setfield(L, -2, "ops");
    lua_pushcfunction(L, op_table);
    lua_setfield(L, -2, "op_table");
}
