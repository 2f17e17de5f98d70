/*
 * Pacing Lua's collector by what it cannot see: the bytes of tensors. A handle weighs a few bytes to Lua and may hold
 * megabytes, so the collector would come far too late. When what lies outside has grown by an eighth (and a little)
 * over what was alive after the last full collection, the young objects are collected, and all of them if that freed
 * too little. So dead tensors never exceed an eighth of the live ones, and collections are paid for by allocations.
 */
#include "binding.h"

#define MARGIN ((size_t)8 << 20)
#define HANDLE_BYTES 512 /* a tensor's own structs and its node on the tape, roughly */

static size_t alive, limit; /* outside bytes after the last full collection; when to collect next */

static size_t outside(void)
{
    return neap_memory().live + (size_t)neap_lua_handles() * HANDLE_BYTES;
}

static size_t above(size_t bytes, size_t share)
{
    return bytes + bytes / share + MARGIN;
}

void neap_lua_collect_start(lua_State *L)
{
    lua_gc(L, LUA_GCGEN, 0, 0);
    alive = outside();
    limit = above(alive, 8);
}

void neap_lua_collect_pace(lua_State *L)
{
    if (outside() <= limit)
        return;
    lua_gc(L, LUA_GCSTEP, 0);
    if (outside() > alive + (limit - alive) / 2) {
        lua_gc(L, LUA_GCCOLLECT);
        alive = outside();
    }
    limit = above(alive, 8);
}
