/*
 * Runs Lua's collector by the bytes of tensors, which Lua cannot see: a handle takes a few bytes of Lua memory and may hold
 * megabytes. When the outside bytes have grown by an eighth, plus a margin, over their minimum since the last full collection,
 * the young objects are collected, and all objects if that freed too little. The minimum is the base because the tensors of
 * a step come and go with the tape: with the peak as base, as many bytes of garbage could stay unnoticed below it, and the next
 * peak would add to them.
 *
 * A full collection walks the heap of Lua. So the outside bytes may also grow by half of that heap, and allocations pay for
 * the walk.
 */
#include "binding.h"

#define MARGIN ((size_t)8 << 20)
#define HANDLE_BYTES 512 /* structs of a tensor and its node on the tape, roughly */

static size_t handles;
static size_t least; /* minimum of the outside bytes since the last full collection */

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
