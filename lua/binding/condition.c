/* Conditions in Lua: labels as a tensor, or a table of tensors by kind. */
#include <string.h>

#include "binding.h"

static int kind_of(const char *name)
{
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (strcmp(neap_condition_kind_name(kind), name) == 0)
            return kind;
    return -1;
}

/* Reads { labels =, text =, lengths =, tokens =, pooled =, picture = }. */
static void read_table(lua_State *L, const char *who, int index, neap_lua_parts *parts)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2);
        const int kind = kind_of(name);
        neap_tensor *x = neap_lua_test_tensor(L, -1);
        if (kind < 0)
            neap_lua_error(L, "%s: condition: expected labels, text, lengths, tokens, pooled or picture, got '%s'", who, name);
        if (!x)
            neap_lua_error(L, "%s: condition: %s: expected a tensor, got %s", who, name, luaL_typename(L, -1));
        parts->part[kind] = x;
    }
}

neap_lua_parts neap_lua_check_condition(lua_State *L, const char *who, int index)
{
    neap_lua_parts parts = {.whole = NULL};
    if (lua_isnoneornil(L, index))
        return parts;
    void **whole = luaL_testudata(L, index, NEAP_LUA_CONDITION);
    parts.whole = whole ? *whole : NULL;
    parts.part[NEAP_LABELS] = whole ? NULL : neap_lua_test_tensor(L, index);
    if (parts.whole || parts.part[NEAP_LABELS])
        return parts;
    if (!lua_istable(L, index))
        neap_lua_error(L, "%s: condition: expected labels or a table of tensors, got %s", who, luaL_typename(L, index));
    read_table(L, who, lua_absindex(L, index), &parts);
    return parts;
}

void neap_lua_check_takes(lua_State *L, const char *who, const neap_network *network, const neap_lua_parts *parts)
{
    neap_spec s = {.size = sizeof s};
    neap_network_spec(network, &s);
    if (s.classes || s.text || s.tokens || s.pooled || s.picture.channels)
        return;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (parts->part[kind])
            neap_lua_error(L, "%s: %s takes no condition, got '%s'", who,
                           neap_instance_component(neap_network_instance(network))->name,
                           neap_condition_kind_name((neap_condition_kind)kind));
}

neap_condition *neap_lua_condition(const neap_lua_parts *parts, int64_t rows)
{
    neap_condition *c = parts->whole;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (parts->part[kind])
            c = neap_condition_with(c ? c : neap_condition_new(rows), kind, parts->part[kind]);
    return c;
}

/* --- Texts ---------------------------------------------------------------------------------------------------------- */

/* The strings of the table at index 2, in a userdata that is left on the stack; the table keeps them alive. */
static const neap_string *read_strings(lua_State *L, lua_Integer *count)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    *count = luaL_len(L, 2);
    neap_string *strings = lua_newuserdatauv(L, ((size_t)*count + 1) * sizeof *strings, 0);
    for (lua_Integer i = 0; i < *count; i++) {
        if (lua_geti(L, 2, i + 1) != LUA_TSTRING) /* a number would become another string than the table's */
            neap_lua_error(L, "text: expected a text, got %s", luaL_typename(L, -1));
        strings[i].bytes = lua_tolstring(L, -1, &strings[i].size);
        lua_pop(L, 1);
    }
    return strings;
}

/* texts(what, { text, ... }, most) -> text u8 [N, L], lengths i32 [N]; see neap_condition_texts */
static int texts(lua_State *L)
{
    lua_Integer rows;
    const lua_Integer most = neap_lua_check_whole(L, 3);
    const char *what = neap_lua_check_text(L, 1);
    const neap_string *strings = read_strings(L, &rows);
    neap_tensor **text = neap_lua_slot(L), **lengths = neap_lua_slot(L);
    neap_scope scope = neap_scope_open();
    const neap_condition *c = neap_condition_texts(what, strings, rows, most);
    *text = neap_keep(neap_condition_get(c, NEAP_TEXT));
    *lengths = neap_keep(neap_condition_get(c, NEAP_LENGTHS));
    neap_scope_close(scope);
    return *lengths ? 2 : neap_lua_raise_usage(L);
}

/* text_check(text) -> nil, or why it is no text of a condition */
static int text_check(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    if (neap_string_check((neap_string){bytes, size}) == 0)
        return 0;
    lua_pushstring(L, neap_error_message());
    neap_error_clear();
    return 1;
}

/* --- Conditions that the core passes to Lua ---------------------------------------------------------------------------- */

void neap_lua_push_condition(lua_State *L, const neap_condition *c)
{
    neap_condition *own = (neap_condition *)(uintptr_t)c; /* the number of owners changes */
    if (own)
        *neap_lua_handle(L, NEAP_LUA_CONDITION) = neap_condition_keep(own);
    else
        lua_pushnil(L);
}

static neap_condition *check(lua_State *L, int index)
{
    return neap_lua_check(L, index, NEAP_LUA_CONDITION);
}

static int close_condition(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_CONDITION);
    neap_condition_release(*handle);
    *handle = NULL;
    return 0;
}

/* Evaluates an expression in its own scope, puts the result into the empty handle, and returns it or raises. */
#define RETURN_CONDITION(L, handle, expression)                                                                     \
    do {                                                                                                            \
        neap_scope scope_ = neap_scope_open();                                                                      \
        *(handle) = neap_condition_keep(expression);                                                                \
        neap_scope_close(scope_);                                                                                   \
        return *(handle) ? 1 : neap_lua_raise(L);                                                                   \
    } while (0)

/* rows() -> number of rows */
static int rows(lua_State *L)
{
    lua_pushinteger(L, neap_condition_rows(check(L, 1)));
    return 1;
}

/* null() -> what is used for rows that are told nothing; see neap_condition_null */
static int null(lua_State *L)
{
    neap_condition *c = check(L, 1);
    void **handle = neap_lua_handle(L, NEAP_LUA_CONDITION);
    RETURN_CONDITION(L, handle, neap_condition_null(c));
}

/* join(other) -> the rows of this one, then those of the other */
static int join(lua_State *L)
{
    neap_condition *a = check(L, 1), *b = check(L, 2);
    void **handle = neap_lua_handle(L, NEAP_LUA_CONDITION);
    RETURN_CONDITION(L, handle, neap_condition_join(a, b));
}

/* take(rows) -> the rows with these indices, i32 [n] */
static int take(lua_State *L)
{
    neap_condition *c = check(L, 1);
    neap_tensor *indices = neap_lua_check_tensor(L, 2);
    void **handle = neap_lua_handle(L, NEAP_LUA_CONDITION);
    RETURN_CONDITION(L, handle, neap_condition_take(c, indices));
}

/* with(kind, tensor) -> the condition with one kind set; nil removes it */
static int with(lua_State *L)
{
    neap_condition *c = check(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const int kind = kind_of(name);
    neap_tensor *x = lua_isnoneornil(L, 3) ? NULL : neap_lua_check_tensor(L, 3);
    if (kind < 0)
        return neap_lua_error(L, "condition: expected labels, text, lengths, tokens, pooled or picture, got '%s'", name);
    void **handle = neap_lua_handle(L, NEAP_LUA_CONDITION);
    RETURN_CONDITION(L, handle, neap_condition_with(c, kind, x));
}

static const luaL_Reg methods[] = {
    {"rows", rows}, {"null", null}, {"join", join}, {"take", take}, {"with", with}, {NULL, NULL},
};

/* condition.labels, .text, ...: the tensor of a kind, or nil */
static int part(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    const int kind = kind_of(name);
    if (kind < 0)
        return neap_lua_error(L, "condition: expected labels, text, lengths, tokens, pooled or picture, got '%s'", name);
    neap_tensor *x = neap_condition_get(check(L, 1), kind);
    if (x)
        *neap_lua_slot(L) = neap_keep(x);
    else
        lua_pushnil(L);
    return 1;
}

static const luaL_Reg functions[] = {{"texts", texts}, {"text_check", text_check}, {NULL, NULL}};

void neap_lua_open_condition(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    neap_lua_class(L, NEAP_LUA_CONDITION, methods, close_condition);
    luaL_getmetatable(L, NEAP_LUA_CONDITION);
    lua_getfield(L, -1, "__index");
    lua_pushcclosure(L, part, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
