/* What a prompt asks of its terminal, and pictures as the bytes that terminals show. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "binding.h"

/* terminal_size() -> rows, columns of standard output; nil if it is no terminal, or one without a size */
static int terminal_size(lua_State *L)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return 0;
    lua_pushinteger(L, size.ws_row);
    lua_pushinteger(L, size.ws_col);
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
