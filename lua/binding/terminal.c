/* What a prompt asks of its terminal, and pictures as the bytes that terminals show. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "binding.h"

/* terminal_size(descriptor) -> columns, rows; nil for each that is unknown, both where the descriptor is no terminal */
static int terminal_size(lua_State *L)
{
    struct winsize size = {0};
    if (ioctl((int)luaL_checkinteger(L, 1), TIOCGWINSZ, &size) < 0)
        return 0;
    const unsigned short sides[] = {size.ws_col, size.ws_row};
    for (int i = 0; i < 2; i++)
        if (sides[i] > 0)
            lua_pushinteger(L, sides[i]);
        else
            lua_pushnil(L);
    return 2;
}

/* (bytes, size): pushes a copy; runs protected, so that the bytes are freed without memory for it, too. */
static int copy_bytes(lua_State *L)
{
    lua_pushlstring(L, lua_touserdata(L, 1), (size_t)lua_tointeger(L, 2));
    return 1;
}

static int push_bytes(lua_State *L, unsigned char *bytes, size_t size)
{
    if (!bytes)
        return neap_lua_raise(L);
    lua_pushcfunction(L, copy_bytes);
    lua_pushlightuserdata(L, bytes);
    lua_pushinteger(L, (lua_Integer)size);
    const int status = lua_pcall(L, 2, 1, 0);
    neap_free(bytes);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* png_bytes(picture) -> the PNG file */
static int png_bytes(lua_State *L)
{
    size_t size = 0;
    unsigned char *bytes = neap_png_bytes(neap_lua_check_tensor(L, 1), &size);
    return push_bytes(L, bytes, size);
}

/* picture_bytes(picture) -> 8-bit values in the order [H, W, C] */
static int picture_bytes(lua_State *L)
{
    neap_tensor *picture = neap_lua_check_tensor(L, 1);
    unsigned char *bytes = neap_picture_bytes(picture);
    return push_bytes(L, bytes, (size_t)neap_size(picture));
}

static const luaL_Reg functions[] = {
    {"terminal_size", terminal_size}, {"png_bytes", png_bytes}, {"picture_bytes", picture_bytes}, {NULL, NULL},
};

void neap_lua_open_terminal(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
