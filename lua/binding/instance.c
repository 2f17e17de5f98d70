/* Instances in Lua: components with settings from a table, checked against the parameter table. */
#include "binding.h"

neap_instance *neap_lua_test_instance(lua_State *L, int index)
{
    void **handle = luaL_testudata(L, index, NEAP_LUA_INSTANCE);
    return handle ? *handle : NULL;
}

neap_instance *neap_lua_check_instance(lua_State *L, int index)
{
    neap_instance *instance = neap_lua_test_instance(L, index);
    if (!instance)
        neap_lua_error(L, "expected a component, got %s", luaL_typename(L, index));
    return instance;
}

void neap_lua_push_instance(lua_State *L, neap_instance *instance)
{
    void **handle = neap_lua_handle(L, NEAP_LUA_INSTANCE);
    *handle = neap_instance_keep(instance);
}

static int instance_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_INSTANCE);
    neap_instance_release(*handle);
    *handle = NULL;
    return 0;
}

static neap_value number_at(lua_State *L, int index)
{
    if (lua_isinteger(L, index))
        return (neap_value){.type = NEAP_PARAM_INT, .integer = lua_tointeger(L, index), .real = lua_tonumber(L, index)};
    return (neap_value){.type = NEAP_PARAM_REAL, .real = lua_tonumber(L, index)};
}

static neap_value value_at(lua_State *L, const neap_component *component, const char *key, int index)
{
    neap_instance *inner = neap_lua_test_instance(L, index);
    void **source = inner ? NULL : luaL_testudata(L, index, NEAP_LUA_SOURCE);
    if (source && *source) /* an open data set is accepted in place of its component */
        inner = neap_source_instance(*source);
    if (inner)
        return (neap_value){.type = NEAP_PARAM_COMPONENT, .component = inner};
    void **network = luaL_testudata(L, index, NEAP_LUA_NETWORK);
    if (network && *network)
        return (neap_value){.type = NEAP_PARAM_NETWORK, .network = *network};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        return number_at(L, index);
    case LUA_TBOOLEAN:
        return (neap_value){.type = NEAP_PARAM_FLAG, .integer = lua_toboolean(L, index)};
    case LUA_TSTRING:
        return (neap_value){.type = NEAP_PARAM_TEXT, .text = neap_lua_check_text(L, index)};
    default:
        neap_fail("%s: %s: expected a number, a flag, a text, a component or a model, got a %s", component->name, key,
                  luaL_typename(L, index));
        neap_lua_raise_usage(L);
        return (neap_value){0};
    }
}

void neap_lua_set(lua_State *L, neap_instance *instance, int index)
{
    const neap_component *component = neap_instance_component(instance);
    if (lua_type(L, index) != LUA_TSTRING) {
        neap_fail("%s: expected settings by name: %s { name = value }", component->name, component->name);
        neap_lua_raise_usage(L);
    }
    neap_value value = value_at(L, component, lua_tostring(L, index), index + 1);
    if (neap_instance_set(instance, lua_tostring(L, index), &value) < 0)
        neap_lua_raise_usage(L);
}

static void set_all(lua_State *L, neap_instance *instance, int index)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        neap_lua_set(L, instance, lua_gettop(L) - 1);
}

/* Values as text from a command line, parsed by the type of each parameter. */
static void set_texts(lua_State *L, neap_instance *instance, int index)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
            neap_instance_set_text(instance, lua_tostring(L, -2), lua_tostring(L, -1)) < 0)
            neap_lua_raise_usage(L);
}

/* component(kind, name, settings [, texts]) -> instance; texts are parsed by the type of each parameter */
static int new_instance(lua_State *L)
{
    const char *kind = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
    void **handle = neap_lua_handle(L, NEAP_LUA_INSTANCE);
    const neap_component *component = neap_registry_find(kind, name);
    neap_lua_load_with(L);
    if (!component)
        return neap_lua_raise_usage(L);
    *handle = neap_instance_new(component);
    if (!*handle)
        return neap_lua_raise(L);
    if (lua_istable(L, 3))
        set_all(L, *handle, 3);
    if (lua_istable(L, 4))
        set_texts(L, *handle, 4);
    if (neap_instance_check(*handle) < 0)
        return neap_lua_raise_usage(L);
    return 1;
}

/* component_from_json(kind, name, json) -> instance */
static int from_json(lua_State *L)
{
    void **handle = neap_lua_handle(L, NEAP_LUA_INSTANCE);
    neap_lua_load_with(L);
    *handle = neap_instance_from_json(luaL_checkstring(L, 1), luaL_checkstring(L, 2), luaL_checkstring(L, 3));
    return *handle ? 1 : neap_lua_raise(L);
}

static int json(lua_State *L)
{
    char *text = neap_instance_json(neap_lua_check_instance(L, 1));
    if (!text)
        return neap_lua_raise(L);
    lua_pushstring(L, text);
    neap_free(text);
    return 1;
}

static int name(lua_State *L)
{
    lua_pushstring(L, neap_instance_component(neap_lua_check_instance(L, 1))->name);
    return 1;
}

/* "sampler" of "sampler/2" */
static int kind(lua_State *L)
{
    const char *interface = neap_instance_component(neap_lua_check_instance(L, 1))->interface;
    size_t length = 0;
    while (interface[length] && interface[length] != '/')
        length++;
    lua_pushlstring(L, interface, length);
    return 1;
}

static int version(lua_State *L)
{
    lua_pushstring(L, neap_registry_plugin(neap_instance_component(neap_lua_check_instance(L, 1)))->version);
    return 1;
}

static int plugin(lua_State *L)
{
    lua_pushstring(L, neap_registry_plugin(neap_instance_component(neap_lua_check_instance(L, 1)))->name);
    return 1;
}

static int text_of(lua_State *L)
{
    const neap_instance *instance = neap_lua_check_instance(L, 1);
    const char *own = neap_instance_component(instance)->name;
    char *settings = neap_instance_json(instance);
    neap_error_clear(); /* of a network without a file, which JSON cannot name */
    lua_pushfstring(L, "%s %s", own, settings ? settings : "{...}");
    neap_free(settings);
    return 1;
}

static const luaL_Reg methods[] = {
    {"json", json}, {"name", name}, {"kind", kind}, {"version", version}, {"plugin", plugin}, {NULL, NULL},
};

void neap_lua_open_instance(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_INSTANCE, methods, instance_close);
    luaL_getmetatable(L, NEAP_LUA_INSTANCE);
    lua_pushcfunction(L, text_of);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    lua_pushcfunction(L, new_instance);
    lua_setfield(L, -2, "component");
    lua_pushcfunction(L, from_json);
    lua_setfield(L, -2, "component_from_json");
}
