/* Pooling, resizing and comparison of pictures in Lua; lua/neap/pixels.lua checks the arguments of the first two. */
#include "binding.h"

typedef neap_tensor *pool_fn(neap_tensor *x, int64_t kernel, int64_t stride, int64_t padding);

static int pool(lua_State *L, pool_fn *f)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    const lua_Integer kernel = neap_lua_check_whole(L, 2), stride = neap_lua_check_whole(L, 3), padding = neap_lua_check_whole(L, 4);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, f(x, kernel, stride, padding));
}

/* max_pool(x, kernel, stride, padding), and likewise average_pool */
static int max_pool(lua_State *L)
{
    return pool(L, neap_max_pool);
}

static int average_pool(lua_State *L)
{
    return pool(L, neap_average_pool);
}

/* resize(x, rows, columns, mode): 0 nearest, 1 linear */
static int resize(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    const lua_Integer rows = neap_lua_check_whole(L, 2), columns = neap_lua_check_whole(L, 3), mode = neap_lua_check_whole(L, 4);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_resize(x, rows, columns, (neap_resample_mode)mode));
}

/* picture_fit(x, rows, columns) -> [rows, columns, C]: the middle of a picture f32 [H, W, C], scaled by the Lanczos filter */
static int picture_fit(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1);
    const lua_Integer rows = neap_lua_check_whole(L, 2), columns = neap_lua_check_whole(L, 3);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_picture_fit(x, rows, columns));
}

static int compare(lua_State *L, neap_tensor *(*f)(neap_tensor *x, neap_tensor *y))
{
    neap_tensor *x = neap_lua_check_tensor(L, 1), *y = neap_lua_check_tensor(L, 2);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, f(x, y));
}

/* psnr(x, y) -> dB of each picture, and likewise ssim */
static int psnr(lua_State *L)
{
    return compare(L, neap_psnr);
}

static int ssim(lua_State *L)
{
    return compare(L, neap_ssim);
}

static const luaL_Reg functions[] = {
    {"max_pool", max_pool}, {"average_pool", average_pool}, {"resize", resize},
    {"picture_fit", picture_fit}, {"psnr", psnr}, {"ssim", ssim}, {NULL, NULL},
};

void neap_lua_open_pixels(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
