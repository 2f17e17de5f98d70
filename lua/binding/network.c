/* Models in Lua: making, parameters, sizes, objective and autoencoder. Their calls are in network_calls.c. */
#include "binding.h"

static neap_network *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_NETWORK);
}

static int network_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_NETWORK);
    neap_network_release(*handle);
    *handle = NULL;
    return 0;
}

/* network(component, seed [, elements]): builds a model of at most `elements` elements of parameters. */
static int new_network(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    uint64_t seed = (uint64_t)neap_lua_check_whole(L, 2);
    int64_t elements = neap_lua_opt_whole(L, 3, INT64_MAX);
    void **handle = neap_lua_handle(L, NEAP_LUA_NETWORK);
    *handle = neap_network_new_within(instance, seed, elements);
    return *handle ? 1 : neap_lua_raise(L);
}

/* parameters() -> { { name, tensor }, ... } with the buffers, in the order of the architecture */
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

/* parameter(name) -> tensor, or nil */
static int parameter(lua_State *L)
{
    neap_tensor *x = neap_model_find(neap_network_model(check(L)), luaL_checkstring(L, 2));
    if (x)
        *neap_lua_slot(L) = neap_keep(x);
    else
        lua_pushnil(L);
    return 1;
}

/* size() -> elements of all parameters */
static int size(lua_State *L)
{
    lua_pushinteger(L, neap_model_size(neap_network_model(check(L))));
    return 1;
}

static void set_whole(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_extent(lua_State *L, const char *key, const neap_extent *e)
{
    if (!e->channels)
        return;
    lua_createtable(L, 0, 3);
    set_whole(L, "height", e->height);
    set_whole(L, "width", e->width);
    set_whole(L, "channels", e->channels);
    lua_setfield(L, -2, key);
}

void neap_lua_push_spec(lua_State *L, const neap_spec *s)
{
    const struct {
        const char *key;
        int64_t value;
    } rows[] = {{"text", s->text}, {"tokens", s->tokens}, {"pooled", s->pooled}};
    lua_newtable(L);
    set_whole(L, "height", s->height);
    set_whole(L, "width", s->width);
    set_whole(L, "channels", s->channels);
    set_whole(L, "classes", s->classes);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value)
            set_whole(L, rows[i].key, rows[i].value);
    set_extent(L, "picture", &s->picture);
    set_extent(L, "latent", &s->latent);
}

/* spec() -> sizes, with those of the pictures that users see: with an autoencoder, not those of the latents */
static int spec(lua_State *L)
{
    neap_spec own = {.size = sizeof own};
    neap_network_picture_spec(check(L), &own);
    neap_lua_push_spec(L, &own);
    return 1;
}

/* noise_shape(n) -> { n, ... }: the shape of the noise that n samples start from */
static int noise_shape(lua_State *L)
{
    const neap_shape shape = neap_network_noise_shape(check(L), neap_lua_check_whole(L, 2));
    lua_createtable(L, shape.rank, 0);
    for (int i = 0; i < shape.rank; i++) {
        lua_pushinteger(L, shape.dim[i]);
        lua_seti(L, -2, i + 1);
    }
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

/* set_objective(component): the objective that the network was trained by; sampling converts its output to a velocity by
 * it */
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

/* origin() -> the path of the checkpoint that the model was loaded from, or nil */
static int origin(lua_State *L)
{
    lua_pushstring(L, neap_network_origin(check(L)));
    return 1;
}

static int set_origin(lua_State *L)
{
    return neap_network_set_origin(check(L), luaL_checkstring(L, 2)) < 0 ? neap_lua_raise(L) : 0;
}

static int freeze(lua_State *L)
{
    return neap_network_freeze(check(L)) < 0 ? neap_lua_raise(L) : 0;
}

/* --- Autoencoders --------------------------------------------------------------------------------------------------- */

/* set_autoencoder(model): the network works in the latents of that model from now on */
static int set_autoencoder(lua_State *L)
{
    neap_network *autoencoder = neap_lua_check(L, 2, NEAP_LUA_NETWORK);
    return neap_network_set_autoencoder(check(L), autoencoder) < 0 ? neap_lua_raise(L) : 0;
}

/* autoencoder() -> that model, or nil */
static int autoencoder(lua_State *L)
{
    neap_network *own = neap_network_autoencoder(check(L));
    if (own)
        *neap_lua_handle(L, NEAP_LUA_NETWORK) = neap_network_keep(own);
    else
        lua_pushnil(L);
    return 1;
}

/* measure(data, examples, seed) -> number of constant channels: measures and stores the statistics of this autoencoder's
 * latents */
static int measure(lua_State *L)
{
    neap_source *source = neap_lua_check(L, 2, NEAP_LUA_SOURCE);
    const int64_t examples = neap_lua_check_whole(L, 3);
    const uint64_t seed = (uint64_t)neap_lua_check_whole(L, 4);
    const int constant = neap_autoencoder_measure(check(L), source, examples, seed);
    lua_pushinteger(L, constant);
    return constant < 0 ? neap_lua_raise(L) : 1;
}

/* fingerprint() -> the hash of the weights as text; see neap_network_fingerprint */
static int fingerprint(lua_State *L)
{
    char text[NEAP_FINGERPRINT];
    lua_pushstring(L, neap_network_fingerprint(check(L), text));
    return 1;
}

static int measured(lua_State *L)
{
    lua_pushboolean(L, neap_autoencoder_measured(check(L)));
    return 1;
}

/* to_latents(x), to_pictures(z): without an autoencoder, return the argument itself */
static int to_latents(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_to_latents(network, x, NULL, 0));
}

static int to_pictures(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_to_pictures(network, x));
}

static int text_of(lua_State *L)
{
    const neap_network *network = check(L);
    lua_pushfstring(L, "model %s, %I parameters", neap_instance_component(neap_network_instance(network))->name,
                    (LUAI_UACINT)neap_model_size(neap_network_model(network)));
    return 1;
}

static const luaL_Reg methods[] = {
    {"parameters", parameters},
    {"parameter", parameter},
    {"size", size},
    {"spec", spec},
    {"noise_shape", noise_shape},
    {"component", component},
    {"offers", offers},
    {"objective", objective},
    {"set_objective", set_objective},
    {"origin", origin},
    {"set_origin", set_origin},
    {"freeze", freeze},
    {"autoencoder", autoencoder},
    {"set_autoencoder", set_autoencoder},
    {"measure", measure},
    {"measured", measured},
    {"fingerprint", fingerprint},
    {"to_latents", to_latents},
    {"to_pictures", to_pictures},
    {NULL, NULL},
};

void neap_lua_open_network(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_NETWORK, methods, network_close);
    luaL_getmetatable(L, NEAP_LUA_NETWORK);
    lua_pushcfunction(L, text_of);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    neap_lua_add_calls(L);
    lua_pushcfunction(L, new_network);
    lua_setfield(L, -2, "network");
}
