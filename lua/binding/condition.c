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

neap_condition *neap_lua_condition(const neap_lua_parts *parts, int64_t rows)
{
    neap_condition *c = NULL;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (parts->part[kind])
            c = neap_condition_with(c ? c : neap_condition_new(rows), kind, parts->part[kind]);
    return c;
}
