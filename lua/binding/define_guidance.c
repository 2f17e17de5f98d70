/*
 * Guidances in Lua: velocity(config, field, x, t) -> the guided velocity [, the conditional one]. Where the second result is
 * missing and another guidance needs it, the network is evaluated for it.
 */
#include <string.h>

#include <neap/sampling.h>

#include "define.h"

#define CONDITIONAL "neap.conditional"

typedef struct guiding {
    const neap_instance *instance;
    const neap_conditional *field;
    neap_tensor *x, *t, *result, *conditional; /* the last two are kept */
    bool uses_null;
} guiding;

/* --- The field in Lua --------------------------------------------------------------------------------------------------------- */

static const guiding *check(lua_State *L)
{
    return neap_lua_check_current(L, 1, CONDITIONAL);
}

/* velocity(x, t [, condition [, model]]): by default under the samples' own condition, by the network that is sampled */
static int velocity_under(lua_State *L)
{
    const neap_conditional *field = check(L)->field;
    neap_tensor *x = neap_lua_check_tensor(L, 2), *t = neap_lua_check_tensor(L, 3);
    void **condition = lua_isnoneornil(L, 4) ? NULL : luaL_checkudata(L, 4, NEAP_LUA_CONDITION);
    neap_network *network = lua_isnoneornil(L, 5) ? NULL : neap_lua_check(L, 5, NEAP_LUA_NETWORK);
    const neap_condition *under = condition ? *condition : field->condition;
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, field->velocity(field, network, x, t, under));
}

/* guided(guidance, x, t) -> the velocity by another guidance, or by none for nil, and the conditional velocity */
static int guided(lua_State *L)
{
    const neap_conditional *field = check(L)->field;
    const neap_instance *guidance = lua_isnoneornil(L, 2) ? NULL : neap_lua_check_instance(L, 2);
    neap_tensor *x = neap_lua_check_tensor(L, 3), *t = neap_lua_check_tensor(L, 4), *plain = NULL;
    neap_tensor **slot = neap_lua_slot(L), **other = neap_lua_slot(L);
    neap_scope scope = neap_scope_open();
    *slot = neap_keep(neap_guided_velocity(guidance, field, x, t, &plain));
    *other = neap_keep(*slot ? plain : NULL);
    neap_scope_close(scope);
    return *slot && *other ? 2 : neap_lua_raise(L);
}

static const luaL_Reg methods[] = {{"velocity", velocity_under}, {"guided", guided}, {NULL, NULL}};

/* condition: of the samples, or nil; rows: their indices in the batch, i32 [n] */
static int property(lua_State *L)
{
    const neap_conditional *field = check(L)->field;
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "condition") == 0)
        neap_lua_push_condition(L, field->condition);
    else if (strcmp(key, "rows") == 0)
        neap_lua_push_tensor(L, field->rows);
    else
        return neap_lua_error(L, "field: there is no '%s'", key);
    return 1;
}

/* --- The interface -------------------------------------------------------------------------------------------------------------- */

static int call_velocity(lua_State *L)
{
    guiding *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "velocity");
    neap_lua_push_config(L, now->instance);
    neap_lua_push_current(L, CONDITIONAL, now);
    neap_lua_push_tensor(L, now->x);
    neap_lua_push_tensor(L, now->t);
    lua_call(L, 4, 2);
    if (!lua_isnil(L, 3))
        now->conditional = neap_lua_keep_like(L, 3, now->x, now->instance, "velocity");
    now->result = neap_lua_keep_like(L, 2, now->x, now->instance, "velocity");
    return 0;
}

/* Hands the conditional velocity to the innermost scope; evaluates it where the function returned none. */
static neap_tensor *conditional_of(guiding *now)
{
    if (!now->conditional)
        return now->field->velocity(now->field, NULL, now->x, now->t, now->field->condition);
    neap_tensor *held = neap_scope_return(neap_scope_open(), now->conditional);
    neap_release(now->conditional);
    now->conditional = NULL;
    return held;
}

static neap_tensor *velocity(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    guiding now = {.instance = neap_instance_of(config), .field = field, .x = x, .t = t};
    neap_tensor *v = x && t ? neap_lua_enter_tensor(call_velocity, &now, &now.result) : NULL;
    if (v && conditional)
        *conditional = conditional_of(&now);
    neap_release(now.conditional);
    return v;
}

/* (definition's `uses_null`: true, false, or a function of the config) */
static int call_uses_null(lua_State *L)
{
    guiding *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "uses_null");
    if (lua_isfunction(L, -1)) {
        neap_lua_push_config(L, now->instance);
        lua_call(L, 1, 1);
    }
    now->uses_null = lua_toboolean(L, -1);
    return 0;
}

static bool uses_null(const void *config)
{
    guiding now = {.instance = neap_instance_of(config)};
    return neap_lua_enter(call_uses_null, &now) == 0 && now.uses_null;
}

void neap_lua_guidance_functions(lua_State *L)
{
    neap_guidance *functions = neap_lua_permanent(L, sizeof *functions);
    *functions = (neap_guidance){sizeof *functions, velocity, uses_null};
}

void neap_lua_open_conditional(lua_State *L)
{
    neap_lua_current_class(L, CONDITIONAL, methods, property);
}
