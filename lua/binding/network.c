/* Models in Lua: an architecture built, its parameters, its calls. */
#include "binding.h"

static neap_network *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_NETWORK);
}

static int network_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_NETWORK);
    neap_network_free(*handle);
    *handle = NULL;
    return 0;
}

/* network(component, seed [, elements]): the parameters have at most so many elements. */
static int new_network(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    uint64_t seed = (uint64_t)luaL_checkinteger(L, 2);
    int64_t elements = luaL_optinteger(L, 3, INT64_MAX);
    void **handle = neap_lua_handle(L, NEAP_LUA_NETWORK);
    *handle = neap_network_new_within(instance, seed, elements);
    return *handle ? 1 : neap_lua_raise(L);
}

/* parameters() -> { { name, tensor }, ... } in the model's order */
static int parameters(lua_State *L)
{
    const neap_model *model = neap_network_model(check(L));
    int count = neap_model_count(model);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_createtable(L, 2, 0);
        lua_pushstring(L, neap_model_name(model, i));
        lua_seti(L, -2, 1);
        *neap_lua_slot(L) = neap_keep(neap_model_tensor(model, i));
        lua_seti(L, -2, 2);
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

static int parameter(lua_State *L)
{
    neap_tensor *x = neap_model_find(neap_network_model(check(L)), luaL_checkstring(L, 2));
    if (x)
        *neap_lua_slot(L) = neap_keep(x);
    else
        lua_pushnil(L);
    return 1;
}

static int size(lua_State *L)
{
    lua_pushinteger(L, neap_model_size(neap_network_model(check(L))));
    return 1;
}

void neap_lua_push_spec(lua_State *L, neap_spec spec)
{
    const struct {
        const char *key;
        int64_t value;
    } rows[] = {{"height", spec.height}, {"width", spec.width}, {"channels", spec.channels}, {"classes", spec.classes}};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lua_pushinteger(L, rows[i].value);
        lua_setfield(L, -2, rows[i].key);
    }
}

static int spec(lua_State *L)
{
    neap_lua_push_spec(L, neap_network_spec(check(L)));
    return 1;
}

static int latent(lua_State *L)
{
    lua_pushinteger(L, neap_network_latent(check(L)));
    return 1;
}

static int component(lua_State *L)
{
    neap_lua_push_instance(L, neap_network_instance(check(L)));
    return 1;
}

static int offers(lua_State *L)
{
    lua_pushboolean(L, neap_network_offers(check(L), luaL_checkstring(L, 2)));
    return 1;
}

/* set_objective(component): what the network was trained by, which says what its answers mean */
static int set_objective(lua_State *L)
{
    neap_instance *objective = neap_lua_check_instance(L, 2);
    neap_network_set_objective(check(L), objective);
    return 0;
}

/* objective() -> that component, or nil */
static int objective(lua_State *L)
{
    neap_instance *own = neap_network_objective(check(L));
    if (own)
        neap_lua_push_instance(L, own);
    else
        lua_pushnil(L);
    return 1;
}

/* --- Calls ------------------------------------------------------------------------------------------------------------- */

static neap_tensor *time_of(neap_tensor *x, neap_tensor *t, double all)
{
    return t ? t : neap_full(NEAP_F32, neap_dims(neap_dim(x, 0)), all);
}

/* A tensor of times, or NULL where there is a number for all; `what` names it in messages. */
static neap_tensor *check_time(lua_State *L, int index, const char *what)
{
    neap_tensor *t = neap_lua_test_tensor(L, index);
    if (!t && lua_type(L, index) != LUA_TNUMBER)
        neap_lua_error(L, "%s: expected a number or a tensor, got %s", what, luaL_typename(L, index));
    return t;
}

static neap_tensor *optional_labels(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) ? NULL : neap_lua_check_tensor(L, index);
}

/* velocity(x, t [, labels]); t a number for all or f32 [B] */
static int velocity(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), *t = check_time(L, 3, "velocity: t");
    double all = lua_tonumber(L, 3);
    neap_tensor *labels = optional_labels(L, 4), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_velocity(network, x, time_of(x, t, all), labels));
}

/* average(x, t, r [, labels]); t and r as t of velocity */
static int average(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    neap_tensor *t = check_time(L, 3, "average: t"), *r = check_time(L, 4, "average: r");
    double all_t = lua_tonumber(L, 3), all_r = lua_tonumber(L, 4);
    neap_tensor *labels = optional_labels(L, 5), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_average(network, x, time_of(x, t, all_t), time_of(x, r, all_r), labels));
}

typedef neap_tensor *labelled(neap_network *network, neap_tensor *x, neap_tensor *labels);
typedef neap_tensor *plain(neap_network *network, neap_tensor *x);

static int call_labelled(lua_State *L, labelled *call)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), *labels = optional_labels(L, 3);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, call(network, x, labels));
}

static int call_plain(lua_State *L, plain *call)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, call(network, x));
}

static int generate(lua_State *L)
{
    return call_labelled(L, neap_network_generate);
}

static int discriminate(lua_State *L)
{
    return call_labelled(L, neap_network_discriminate);
}

static int encode(lua_State *L)
{
    return call_plain(L, neap_network_encode);
}

static int decode(lua_State *L)
{
    return call_plain(L, neap_network_decode);
}

static int classify(lua_State *L)
{
    return call_plain(L, neap_network_classify);
}

static int text_of(lua_State *L)
{
    const neap_network *network = check(L);
    lua_pushfstring(L, "model %s, %I parameters", neap_instance_component(neap_network_instance(network))->name,
                    (LUAI_UACINT)neap_model_size(neap_network_model(network)));
    return 1;
}

static const luaL_Reg methods[] = {
    {"parameters", parameters},     {"parameter", parameter}, {"size", size},         {"spec", spec},
    {"component", component},       {"offers", offers},       {"velocity", velocity}, {"average", average},
    {"generate", generate},         {"discriminate", discriminate}, {"encode", encode}, {"decode", decode},
    {"classify", classify},         {"set_objective", set_objective}, {"objective", objective}, {"latent", latent},
    {NULL, NULL},
};

void neap_lua_open_network(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_NETWORK, methods, network_close);
    luaL_getmetatable(L, NEAP_LUA_NETWORK);
    lua_pushcfunction(L, velocity);
    lua_setfield(L, -2, "__call");
    lua_pushcfunction(L, text_of);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    lua_pushcfunction(L, new_network);
    lua_setfield(L, -2, "network");
}
