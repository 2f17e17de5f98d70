/*
 * Pacing Lua's collector by what it cannot see: the bytes of tensors. A handle weighs a few bytes to Lua and may hold
 * megabytes, so the collector would come far too late. When what lies outside has grown by an eighth (and a little)
 * over the least since the last full collection, the young objects are collected, and all of them if that freed too
 * little. The least, because a step's tensors come and go by themselves with the tape: measured against a peak, as many
 * bytes could lie dead in the next valley, and the next climb would begin on top of them.
 *
 * A full collection walks Lua's own heap; half of that may pile up before one is due, so that allocations pay for it.
 */
#include "binding.h"

#define MARGIN ((size_t)8 << 20)
#define HANDLE_BYTES 512 /* a tensor's own structs and its node on the tape, roughly */

static size_t handles;
static size_t least; /* outside bytes: after the last full collection, or fewer since */

void neap_lua_collect_count(int made)
{
    handles += (size_t)made;
}

static size_t outside(void)
{
    return neap_memory().live + handles * HANDLE_BYTES;
}

static size_t slack(lua_State *L)
{
    return least / 8 + ((size_t)lua_gc(L, LUA_GCCOUNT) << 10) / 2 + MARGIN;
}

void neap_lua_collect_start(lua_State *L)
{
    lua_gc(L, LUA_GCGEN, 0, 0);
    least = outside();
}

void neap_lua_collect_pace(lua_State *L)
{
    size_t now = outside(), most = slack(L);
    if (now < least)
        least = now;
    if (now <= least + most)
        return;
    lua_gc(L, LUA_GCSTEP, 0);
    if (outside() <= least + most / 2)
        return;
    lua_gc(L, LUA_GCCOLLECT);
    least = outside();
}
