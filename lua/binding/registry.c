/* The registry as tables, for `neap list` and `neap help`. */
#include "binding.h"

static const char *const types[] = {"", "int", "real", "flag", "text", "choice", "component", "network"};

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, double value)
{
    if (value >= -0x1p53 && value <= 0x1p53 && value == (double)(lua_Integer)value)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void push_choices(lua_State *L, const neap_param *param)
{
    lua_newtable(L);
    for (int i = 0; param->choices && param->choices[i]; i++) {
        lua_pushstring(L, param->choices[i]);
        lua_seti(L, -2, i + 1);
    }
}

static void push_param(lua_State *L, const neap_param *param)
{
    lua_newtable(L);
    set_text(L, "name", param->name);
    set_text(L, "type", types[param->type]);
    set_text(L, "help", param->help);
    set_text(L, "text", param->text);
    set_number(L, "default", param->fallback);
    set_number(L, "low", param->low);
    set_number(L, "high", param->high);
    lua_pushboolean(L, param->required);
    lua_setfield(L, -2, "required");
    push_choices(L, param);
    lua_setfield(L, -2, "choices");
}

static void push_component(lua_State *L, const neap_component *component)
{
    const neap_plugin *plugin = neap_registry_plugin(component);
    lua_newtable(L);
    set_text(L, "name", component->name);
    set_text(L, "help", component->help);
    set_text(L, "interface", component->interface);
    set_text(L, "plugin", plugin->name);
    set_text(L, "version", plugin->version);
    set_text(L, "license", plugin->license);
    set_text(L, "origin", neap_registry_origin(component));
    lua_newtable(L);
    for (int i = 0; component->params[i].type != NEAP_PARAM_END; i++) {
        push_param(L, &component->params[i]);
        lua_seti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "params");
}

/* components(kind) -> { { name, help, params, ... }, ... } in order of name */
static int components(lua_State *L)
{
    const char *kind = luaL_checkstring(L, 1);
    lua_newtable(L);
    for (int i = 0; i < neap_registry_count(kind); i++) {
        push_component(L, neap_registry_at(kind, i));
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

static int kinds(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; neap_kind_at(i); i++) {
        lua_pushstring(L, neap_kind_at(i));
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* find(kind, name) -> { name, help, params, ... }; an error for an unknown name suggests the nearest one. */
static int find(lua_State *L)
{
    const neap_component *component = neap_registry_find(luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    if (!component)
        return neap_lua_raise_usage(L);
    push_component(L, component);
    return 1;
}

/* searched() -> the folders where plugins were searched, "a, b" */
static int searched(lua_State *L)
{
    char *text = neap_registry_searched();
    lua_pushstring(L, text ? text : "");
    neap_free(text);
    neap_error_clear();
    return 1;
}

static const luaL_Reg functions[] = {
    {"components", components}, {"kinds", kinds}, {"find", find}, {"searched", searched}, {NULL, NULL},
};

void neap_lua_open_registry(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
