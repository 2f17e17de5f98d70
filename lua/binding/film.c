/* Films in Lua: film_open(path, frames, { height, width, channels } [, { key = text }]) -> a writer. */
#include "binding.h"

static neap_film *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_FILM);
}

static int abandon(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_FILM);
    neap_film_abandon(*handle);
    *handle = NULL;
    return 0;
}

static int film_open(lua_State *L)
{
    int count;
    const char *path = neap_lua_check_text(L, 1);
    lua_Integer frames = luaL_checkinteger(L, 2);
    neap_shape frame = neap_lua_check_shape(L, 3);
    const neap_pair *pairs = neap_lua_read_pairs(L, 4, &count);
    void **handle = neap_lua_handle(L, NEAP_LUA_FILM);
    *handle = neap_film_open(path, frames, frame, pairs, count);
    return *handle ? 1 : neap_lua_raise(L);
}

/* film_check(path, frames, shape of a frame): raises if the film would be too large */
static int film_check(lua_State *L)
{
    neap_shape frame = neap_lua_check_shape(L, 3);
    return neap_film_check(neap_lua_check_text(L, 1), luaL_checkinteger(L, 2), frame) < 0 ? neap_lua_raise_usage(L) : 0;
}

/* add(picture, seconds) */
static int add(lua_State *L)
{
    neap_film *film = check(L);
    return neap_film_add(film, neap_lua_check_tensor(L, 2), luaL_checknumber(L, 3)) < 0 ? neap_lua_raise(L) : 0;
}

/* save(): completes the film and puts the file in its place */
static int save(lua_State *L)
{
    neap_film *film = check(L);
    *(void **)lua_touserdata(L, 1) = NULL;
    return neap_film_close(film) < 0 ? neap_lua_raise(L) : 0;
}

static const luaL_Reg methods[] = {{"add", add}, {"save", save}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"film_open", film_open}, {"film_check", film_check}, {NULL, NULL}};

void neap_lua_open_film(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_FILM, methods, abandon);
    luaL_setfuncs(L, functions, 0);
}
