/* Calls of the core to functions of a definition in Lua. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "define.h"

/* --- Protected calls ---------------------------------------------------------------------------------------------------- */

static pthread_t recipe_thread;

/* The calls that have begun and not ended, the innermost first. An object of one call holds the call's number. */
typedef struct active_call {
    uint64_t number;
    const struct active_call *outer;
} active_call;

static const active_call *innermost;
static uint64_t calls;

/* The handler of errors: gives any error a text, while the place where it was raised is still known. */
static int text_of_error(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING)
        return 1;
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
        return 1;
    neap_lua_push_where(L);
    lua_pushfstring(L, "the error is a %s value, not text", luaL_typename(L, 1));
    lua_concat(L, 2);
    return 1;
}

static int call_protected(lua_State *L, lua_CFunction body, void *job)
{
    const int top = lua_gettop(L);
    lua_pushcfunction(L, text_of_error);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, job);
    const int status = lua_pcall(L, 1, 0, top + 1);
    const char *message = status == LUA_OK ? NULL : lua_tostring(L, -1);
    if (status != LUA_OK) {
        neap_error_clear(); /* the message of Lua is the whole one */
        neap_fail("%s", message ? message : "an error without a message");
    }
    lua_settop(L, top);
    return status == LUA_OK ? 0 : -1;
}

/* Is the core now in work that must not be interrupted? */
static bool is_held(void)
{
    const bool held = neap_cancel_hold(true);
    neap_cancel_hold(held);
    return held;
}

/* A signal ends Lua code that runs for long, as it ends that of the core. */
static int call_interruptible(lua_State *L, lua_CFunction body, void *job)
{
    if (is_held())
        return call_protected(L, body, job);
    const bool polled = neap_lua_poll(false);
    const int status = call_protected(L, body, job);
    neap_lua_poll(polled);
    return status;
}

/* An error may leave recording or training mode as an inner function had set it. */
static int call_in_mode(lua_State *L, lua_CFunction body, void *job)
{
    const active_call call = {++calls, innermost};
    const bool trains = neap_training(), records = neap_record(true);
    neap_record(records);
    innermost = &call;
    const int status = call_interruptible(L, body, job);
    innermost = call.outer;
    neap_record(records);
    neap_training_set(trains);
    return status;
}

int neap_lua_enter(lua_CFunction body, void *job)
{
    if (neap_failed())
        return -1;
    if (!pthread_equal(pthread_self(), recipe_thread))
        return neap_fail("is written in Lua, which only the thread of the recipe may call");
    lua_State *L = neap_lua_current();
    if (!L || !lua_checkstack(L, LUA_MINSTACK))
        return neap_fail("no memory to call Lua");
    return call_in_mode(L, body, job);
}

neap_tensor *neap_lua_enter_tensor(lua_CFunction body, void *job, neap_tensor **result)
{
    *result = NULL;
    neap_scope scope = neap_scope_open();
    const int status = neap_lua_enter(body, job);
    neap_tensor *x = neap_scope_return(scope, status == 0 ? *result : NULL);
    neap_release(*result);
    return x;
}

/* --- Arguments ------------------------------------------------------------------------------------------------------------ */

static const neap_lua_definition *definition_of(const neap_instance *instance)
{
    const char *component = (const char *)neap_instance_component(instance);
    return (const void *)(component - offsetof(neap_lua_definition, component));
}

void neap_lua_push_function(lua_State *L, const neap_instance *instance, const char *name)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, definition_of(instance)->table);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

void neap_lua_push_tensor(lua_State *L, neap_tensor *x)
{
    if (x)
        *neap_lua_slot(L) = neap_keep(x);
    else
        lua_pushnil(L);
}

void neap_lua_push_network(lua_State *L, neap_network *network)
{
    if (network)
        *neap_lua_handle(L, NEAP_LUA_NETWORK) = neap_network_keep(network);
    else
        lua_pushnil(L);
}

static void push_component(lua_State *L, neap_instance *component)
{
    if (component)
        neap_lua_push_instance(L, component);
    else
        lua_pushnil(L);
}

static void push_value(lua_State *L, const neap_param *param, const neap_value *value)
{
    switch (param->type) {
    case NEAP_PARAM_INT:
        lua_pushinteger(L, value->integer);
        return;
    case NEAP_PARAM_REAL:
        lua_pushnumber(L, value->real);
        return;
    case NEAP_PARAM_FLAG:
        lua_pushboolean(L, value->integer != 0);
        return;
    case NEAP_PARAM_COMPONENT:
        push_component(L, value->component);
        return;
    case NEAP_PARAM_NETWORK:
        neap_lua_push_network(L, value->network);
        return;
    default:
        lua_pushstring(L, value->text);
    }
}

void neap_lua_push_config(lua_State *L, const neap_instance *instance)
{
    lua_newtable(L);
    for (const neap_param *param = neap_instance_component(instance)->params; param->type != NEAP_PARAM_END; param++) {
        const neap_value value = neap_instance_get(instance, param);
        push_value(L, param, &value);
        lua_setfield(L, -2, param->name);
    }
}

/* --- Results ---------------------------------------------------------------------------------------------------------------- */

int neap_lua_fail_result(lua_State *L, const neap_instance *instance, const char *function, const char *format, ...)
{
    char text[512];
    lua_Debug place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    neap_lua_push_function(L, instance, function);
    if (lua_type(L, -1) == LUA_TFUNCTION && lua_getinfo(L, ">S", &place) && *place.source == '@')
        lua_pushfstring(L, "%s:%d: %s: %s", place.source + 1, place.linedefined, function, text);
    else
        lua_pushfstring(L, "%s: %s", function, text);
    return lua_error(L);
}

static neap_tensor *result_at(lua_State *L, int index, const neap_instance *instance, const char *function)
{
    neap_tensor *x = neap_lua_test_tensor(L, index);
    if (!x)
        neap_lua_fail_result(L, instance, function, "expected a tensor as the result, got %s", luaL_typename(L, index));
    return x;
}

neap_tensor *neap_lua_keep_result(lua_State *L, int index, const neap_instance *instance, const char *function)
{
    return neap_keep(result_at(L, index, instance, function));
}

neap_tensor *neap_lua_keep_like(lua_State *L, int index, const neap_tensor *like, const neap_instance *instance,
                                const char *function)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    neap_tensor *x = result_at(L, index, instance, function);
    if (neap_dtype_of(x) != neap_dtype_of(like) || !neap_shape_equal(neap_shape_of(x), neap_shape_of(like)))
        neap_lua_fail_result(L, instance, function, "expected %s %s as the result, got %s %s",
                             neap_dtype_name(neap_dtype_of(like)), neap_shape_text(neap_shape_of(like), want),
                             neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
    return neap_keep(x);
}

/* --- Objects of one call ---------------------------------------------------------------------------------------------------- */

typedef struct current {
    void *object;
    uint64_t call;
} current;

void neap_lua_push_current(lua_State *L, const char *type, void *object)
{
    current *made = lua_newuserdatauv(L, sizeof *made, 0);
    *made = (current){object, innermost->number};
    luaL_setmetatable(L, type);
}

static bool is_active(uint64_t number)
{
    for (const active_call *call = innermost; call; call = call->outer)
        if (call->number == number)
            return true;
    return false;
}

void *neap_lua_check_current(lua_State *L, int index, const char *type)
{
    const current *given = luaL_testudata(L, index, type);
    const char *name = type + strlen("neap.");
    if (!given)
        neap_lua_error(L, "expected a %s, got %s", name, luaL_typename(L, index));
    if (!is_active(given->call))
        neap_lua_error(L, "%s: the call that it was made for has ended", name);
    return given->object;
}

/* (object, key): a method, or what the function `property` returns; the upvalues are both. */
static int current_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

void neap_lua_current_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction property)
{
    luaL_newmetatable(L, type);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcfunction(L, property);
    lua_pushcclosure(L, current_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void neap_lua_callbacks_start(void)
{
    recipe_thread = pthread_self();
}

void neap_lua_unref(int reference)
{
    lua_State *L = neap_lua_current();
    if (L && pthread_equal(pthread_self(), recipe_thread) && lua_checkstack(L, LUA_MINSTACK))
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
}
