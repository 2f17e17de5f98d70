/* Machine and process in Lua: clock, terminal, threads, precision, memory, errors, build. */
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

#ifndef NEAP_BUILD_FLAGS
#define NEAP_BUILD_FLAGS "unknown"
#endif

static int now(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    return 1;
}

/* is_terminal(descriptor) */
static int is_terminal(lua_State *L)
{
    lua_pushboolean(L, isatty((int)neap_lua_check_whole(L, 1)));
    return 1;
}

static int threads(lua_State *L)
{
    if (!lua_isnoneornil(L, 1) && neap_threads_set((int)neap_lua_check_whole(L, 1)) < 0)
        return neap_lua_raise_usage(L);
    lua_pushinteger(L, neap_threads());
    return 1;
}

/* precision([name]) -> the previous one; "f32" or "bf16" */
static int precision(lua_State *L)
{
    neap_dtype dtype = neap_lua_check_dtype(L, 1, neap_precision());
    if (dtype != NEAP_F32 && dtype != NEAP_BF16)
        return neap_lua_error(L, "precision: expected f32 or bf16, got '%s'", neap_dtype_name(dtype));
    lua_pushstring(L, neap_dtype_name(neap_precision_set(dtype)));
    return 1;
}

/* memory() -> { live, peak, reserved, resident_peak }, in bytes */
static int memory(lua_State *L)
{
    neap_memory_stats stats = neap_memory();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)stats.live);
    lua_setfield(L, -2, "live");
    lua_pushinteger(L, (lua_Integer)stats.peak);
    lua_setfield(L, -2, "peak");
    lua_pushinteger(L, (lua_Integer)stats.reserved);
    lua_setfield(L, -2, "reserved");
    lua_pushinteger(L, (lua_Integer)usage.ru_maxrss * 1024);
    lua_setfield(L, -2, "resident_peak");
    return 1;
}

/* nearest(word, names) -> the nearest name, or nil */
static int nearest(lua_State *L)
{
    const char *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    int count = (int)luaL_len(L, 2);
    const char **names = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *names, 0);
    for (int i = 0; i < count; i++) {
        lua_geti(L, 2, i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return neap_lua_error(L, "nearest: expected names, got %s", luaL_typename(L, -1));
        names[i] = lua_tostring(L, -1); /* held by the list */
        lua_pop(L, 1);
    }
    lua_pushstring(L, neap_nearest(word, names, count));
    return 1;
}

/* reason(message) -> a caught message without the recipe's line, which the next raise puts before it again */
static int reason(lua_State *L)
{
    neap_lua_push_reason(L, luaL_tolstring(L, 1, NULL));
    return 1;
}

/* is_library(source): is this the `source` of debug.getinfo of a Lua file of the library? */
static int is_library(lua_State *L)
{
    const lua_Debug frame = {.source = luaL_checkstring(L, 1), .currentline = 1};
    lua_pushboolean(L, !neap_lua_is_recipe(&frame));
    return 1;
}

/* fail(message) and fail_usage(message): raised with the recipe's own line. */
static int fail(lua_State *L)
{
    return neap_lua_error(L, "%s", luaL_checkstring(L, 1));
}

static int fail_usage(lua_State *L)
{
    neap_error_clear();
    neap_fail("%s", luaL_checkstring(L, 1));
    return neap_lua_raise_usage(L);
}

/* The message of the last usage error. If the program ends with that message, its status is 2. */
static int usage_message(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "neap.usage");
    return 1;
}

static int machine(lua_State *L)
{
    const int64_t features = neap_cpu_features();
    const char *gemm = features < 0 ? NULL : neap_gemm_name();
    if (!gemm)
        return neap_lua_raise(L);
    lua_newtable(L);
    lua_pushstring(L, gemm);
    lua_setfield(L, -2, "gemm");
    lua_pushstring(L, neap_cpu_name());
    lua_setfield(L, -2, "cpu");
    lua_pushstring(L, neap_cpu_level_name(features));
    lua_setfield(L, -2, "isa");
    lua_pushstring(L, neap_cpu_level_name(neap_cpu_supported()));
    lua_setfield(L, -2, "isa_supported");
    lua_pushstring(L, NEAP_BUILD_FLAGS);
    lua_setfield(L, -2, "flags");
    lua_pushstring(L, __VERSION__);
    lua_setfield(L, -2, "compiler");
    return 1;
}

/* openblas() loads OpenBLAS -> its version and kernels; or nil and the reason */
static int openblas(lua_State *L)
{
    const char *name = neap_openblas_name();
    lua_pushstring(L, name);
    if (name)
        return 1;
    lua_pushstring(L, neap_error_message());
    neap_error_clear();
    return 2;
}

static const luaL_Reg functions[] = {
    {"now", now}, {"is_terminal", is_terminal}, {"threads", threads},
    {"precision", precision}, {"memory", memory},
    {"nearest", nearest}, {"reason", reason}, {"fail", fail}, {"fail_usage", fail_usage}, {"usage_message", usage_message},
    {"is_library", is_library}, {"machine", machine}, {"openblas", openblas}, {NULL, NULL},
};

void neap_lua_open_system(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    lua_pushstring(L, NEAP_VERSION);
    lua_setfield(L, -2, "version");
}
