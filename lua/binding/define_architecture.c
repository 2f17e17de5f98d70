/*
 * Architectures in Lua: build(config, model) -> self, any value; spec(self, config) -> sizes; the functions of neap_architecture
 * with self first. The host asks for those that the definition has.
 */
#include <neap/memory.h>

#include "define.h"

#define BUILDER "neap.builder"

/* What the core has as self. */
typedef struct built {
    const neap_instance *instance;
    int self; /* reference in the registry of Lua */
} built;

/* One call of a function. */
typedef struct applying {
    built *built;
    const char *function;
    neap_model *model;
    neap_tensor *x, *t, *r, *result;
    const neap_condition *condition;
    neap_condition *prepared; /* kept */
    neap_spec *spec;
} applying;

/* --- The model in Lua, during build --------------------------------------------------------------------------------------------- */

static neap_model *check(lua_State *L)
{
    return neap_lua_check_current(L, 1, BUILDER);
}

static const struct {
    const char *name;
    neap_init_kind kind;
} inits[] = {
    {"zero", NEAP_INIT_ZERO}, {"one", NEAP_INIT_ONE}, {"normal", NEAP_INIT_NORMAL}, {"uniform", NEAP_INIT_UNIFORM},
    {"xavier", NEAP_INIT_XAVIER_UNIFORM}, {"kaiming", NEAP_INIT_KAIMING_UNIFORM},
};

/* "zero", or { normal = 0.02 } */
static neap_init init_at(lua_State *L, int index)
{
    const bool scaled = lua_istable(L, index);
    for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
        if (!scaled && lua_type(L, index) == LUA_TSTRING) {
            lua_pushstring(L, inits[i].name);
            const bool same = lua_rawequal(L, -1, index);
            lua_pop(L, 1);
            if (same)
                return (neap_init){inits[i].kind, 1};
        } else if (scaled) {
            const bool found = lua_getfield(L, index, inits[i].name) == LUA_TNUMBER;
            const double scale = lua_tonumber(L, -1);
            lua_pop(L, 1);
            if (found)
                return (neap_init){inits[i].kind, scale};
        }
    }
    neap_lua_error(L, "init: expected 'zero', 'one', 'xavier', 'kaiming' or { normal = 0.02 }, got %s",
                   luaL_tolstring(L, index, NULL));
    return (neap_init){0};
}

static int add_tensor(lua_State *L, bool trained)
{
    neap_model *model = check(L);
    const char *name = neap_lua_check_text(L, 2);
    const neap_shape shape = neap_lua_check_shape(L, 3);
    const neap_init init = init_at(L, 4);
    neap_tensor **slot = neap_lua_slot(L);
    *slot = neap_keep(trained ? neap_model_parameter(model, shape, init, "%s", name)
                              : neap_model_buffer(model, shape, init, "%s", name));
    return *slot ? 1 : neap_lua_raise(L);
}

/* parameter(name, shape, init) -> tensor */
static int parameter(lua_State *L)
{
    return add_tensor(L, true);
}

/* buffer(name, shape, init) -> tensor that no gradient trains */
static int buffer(lua_State *L)
{
    return add_tensor(L, false);
}

static const luaL_Reg methods[] = {{"parameter", parameter}, {"buffer", buffer}, {NULL, NULL}};

/* builder.NAME: a function of the table of layers, which lua/neap/define/layers.lua fills */
static int property(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "neap.layers");
    lua_pushvalue(L, 2);
    if (lua_gettable(L, -2) == LUA_TNIL)
        return neap_lua_error(L, "model: there is no '%s'", luaL_tolstring(L, 2, NULL));
    return 1;
}

/* set_layers(table): functions of Lua that models have while they are built */
static int set_layers(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "neap.layers");
    return 0;
}

void neap_lua_open_builder(lua_State *L)
{
    neap_lua_current_class(L, BUILDER, methods, property);
    lua_pushcfunction(L, set_layers);
    lua_setfield(L, -2, "set_layers");
}

/* --- Life ----------------------------------------------------------------------------------------------------------------------- */

static int call_build(lua_State *L)
{
    applying *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->built->instance, "build");
    neap_lua_push_config(L, now->built->instance);
    neap_lua_push_current(L, BUILDER, now->model);
    lua_call(L, 2, 1);
    if (lua_isnil(L, 2))
        return neap_lua_fail_result(L, now->built->instance, "build", "expected the network's own value as the result, got nil");
    now->built->self = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void *build(const void *config, neap_model *model)
{
    built *b = neap_calloc(1, sizeof *b);
    if (!b)
        return NULL;
    *b = (built){neap_instance_of(config), LUA_NOREF};
    applying now = {.built = b, .function = "build", .model = model};
    neap_scope scope = neap_scope_open();
    const int status = neap_lua_enter(call_build, &now);
    neap_scope_close(scope);
    if (status == 0)
        return b;
    neap_free(b);
    return NULL;
}

static void destroy(void *self)
{
    built *b = self;
    neap_lua_unref(b->self);
    neap_free(b);
}

/* --- Sizes ---------------------------------------------------------------------------------------------------------------------- */

/* { height =, width =, channels = } in a field of the table at the top of the stack; absent: zeros. */
static neap_extent extent_field(lua_State *L, const char *key)
{
    neap_extent e = {0};
    if (lua_getfield(L, -1, key) != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        const int index = lua_gettop(L);
        e = (neap_extent){neap_lua_integer(L, index, "height", 1), neap_lua_integer(L, index, "width", 1),
                          neap_lua_integer(L, index, "channels", 0)};
    }
    lua_pop(L, 1);
    return e;
}

/* The sizes in the table at the top of the stack. */
static neap_spec check_spec(lua_State *L)
{
    const int index = lua_gettop(L);
    neap_spec spec = {.height = neap_lua_integer(L, index, "height", 1), .width = neap_lua_integer(L, index, "width", 1),
                      .channels = neap_lua_integer(L, index, "channels", 0),
                      .classes = neap_lua_integer(L, index, "classes", 0), .text = neap_lua_integer(L, index, "text", 0),
                      .tokens = neap_lua_integer(L, index, "tokens", 0), .pooled = neap_lua_integer(L, index, "pooled", 0)};
    spec.picture = extent_field(L, "picture");
    spec.latent = extent_field(L, "latent");
    lua_getfield(L, index, "scales");
    spec.scales = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return spec;
}

static int call_spec(lua_State *L)
{
    applying *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->built->instance, "spec");
    lua_rawgeti(L, LUA_REGISTRYINDEX, now->built->self);
    neap_lua_push_config(L, now->built->instance);
    lua_call(L, 2, 1);
    if (!lua_istable(L, 2))
        return neap_lua_fail_result(L, now->built->instance, "spec", "expected a table of sizes as the result, got %s",
                                    luaL_typename(L, 2));
    *now->spec = check_spec(L);
    return 0;
}

static int spec(const void *self, neap_spec *out)
{
    neap_spec own = {0};
    applying now = {.built = (built *)(uintptr_t)self, .spec = &own};
    return neap_lua_enter(call_spec, &now) < 0 ? -1 : neap_spec_fill(out, own);
}

/* --- Functions ------------------------------------------------------------------------------------------------------------------- */

/* (self, x [, t [, r]], condition) */
static int call_function(lua_State *L)
{
    applying *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->built->instance, now->function);
    lua_rawgeti(L, LUA_REGISTRYINDEX, now->built->self);
    neap_lua_push_tensor(L, now->x);
    if (now->t)
        neap_lua_push_tensor(L, now->t);
    if (now->r)
        neap_lua_push_tensor(L, now->r);
    neap_lua_push_condition(L, now->condition);
    lua_call(L, lua_gettop(L) - 2, 1);
    now->result = neap_lua_keep_result(L, 2, now->built->instance, now->function);
    return 0;
}

static neap_tensor *apply(applying now)
{
    return now.x ? neap_lua_enter_tensor(call_function, &now, &now.result) : NULL;
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    return t ? apply((applying){.built = self, .function = "velocity", .x = x, .t = t, .condition = condition}) : NULL;
}

static neap_tensor *average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition)
{
    const applying now = {.built = self, .function = "average", .x = x, .t = t, .r = r, .condition = condition};
    return t && r ? apply(now) : NULL;
}

static neap_tensor *generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    return apply((applying){.built = self, .function = "generate", .x = z, .condition = condition});
}

static neap_tensor *discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    return apply((applying){.built = self, .function = "discriminate", .x = x, .condition = condition});
}

static neap_tensor *encode(void *self, neap_tensor *x)
{
    return apply((applying){.built = self, .function = "encode", .x = x});
}

static neap_tensor *decode(void *self, neap_tensor *z)
{
    return apply((applying){.built = self, .function = "decode", .x = z});
}

static neap_tensor *features(void *self, neap_tensor *x)
{
    return apply((applying){.built = self, .function = "features", .x = x});
}

static neap_tensor *classify(void *self, neap_tensor *x)
{
    return apply((applying){.built = self, .function = "classify", .x = x});
}

/* prepare(self, condition) -> condition, as condition:with makes it */
static int call_prepare(lua_State *L)
{
    applying *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->built->instance, "prepare");
    lua_rawgeti(L, LUA_REGISTRYINDEX, now->built->self);
    neap_lua_push_condition(L, now->condition);
    lua_call(L, 2, 1);
    void **handle = luaL_testudata(L, 2, NEAP_LUA_CONDITION);
    if (!handle || !*handle)
        return neap_lua_fail_result(L, now->built->instance, "prepare", "expected a condition as the result, got %s",
                                    luaL_typename(L, 2));
    now->prepared = neap_condition_keep(*handle);
    return 0;
}

static neap_condition *prepare(void *self, const neap_condition *condition)
{
    applying now = {.built = self, .condition = condition};
    if (!condition || neap_lua_enter(call_prepare, &now) < 0)
        return NULL;
    neap_condition *result = neap_condition_return(neap_scope_open(), now.prepared);
    neap_condition_release(now.prepared);
    return result;
}

#define SET(f, name) (f)->name = neap_lua_defines(L, #name) ? name : NULL

void neap_lua_architecture_functions(lua_State *L)
{
    neap_architecture *f = neap_lua_permanent(L, sizeof *f);
    *f = (neap_architecture){.size = sizeof *f, .build = build, .destroy = destroy, .spec = spec};
    SET(f, velocity);
    SET(f, average);
    SET(f, generate);
    SET(f, discriminate);
    SET(f, encode);
    SET(f, decode);
    SET(f, features);
    SET(f, classify);
    SET(f, prepare);
}
