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
    neap_lua_parts parts = {{NULL}};
    if (lua_isnoneornil(L, index))
        return parts;
    parts.part[NEAP_LABELS] = neap_lua_test_tensor(L, index);
    if (parts.part[NEAP_LABELS])
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
    neap_condition *c = NULL;
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

static const luaL_Reg functions[] = {{"texts", texts}, {"text_check", text_check}, {NULL, NULL}};

void neap_lua_open_condition(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
