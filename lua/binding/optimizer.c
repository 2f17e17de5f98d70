/* Optimizers for training loops in Lua: they step on the gradients that `backward` stored. */
#include <string.h>

#include "binding.h"

static int optimizer_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_OPTIMIZER);
    neap_optimizer_free(*handle);
    *handle = NULL;
    return 0;
}

static neap_optimizer_kind kind_of(lua_State *L, int index)
{
    lua_getfield(L, index, "kind");
    const char *name = lua_tostring(L, -1);
    int kind = NEAP_ADAMW;
    while (name && kind < NEAP_OPTIMIZER_COUNT && strcmp(name, neap_optimizer_name((neap_optimizer_kind)kind)) != 0)
        kind++;
    if (kind == NEAP_OPTIMIZER_COUNT)
        luaL_error(L, "optimizer: expected a kind, got '%s'", name);
    lua_pop(L, 1);
    return (neap_optimizer_kind)kind;
}

/* The numbers among the settings, and their defaults. */
static const struct {
    const char *key;
    size_t offset;
    double fallback;
} numbers[] = {
    {"lr", offsetof(neap_optimizer_config, lr), 1e-3},
    {"beta1", offsetof(neap_optimizer_config, beta1), 0.9},
    {"beta2", offsetof(neap_optimizer_config, beta2), 0.999},
    {"eps", offsetof(neap_optimizer_config, eps), 1e-8},
    {"momentum", offsetof(neap_optimizer_config, momentum), 0},
    {"weight_decay", offsetof(neap_optimizer_config, weight_decay), 0},
    {"clip", offsetof(neap_optimizer_config, clip), 0},
    {"ema", offsetof(neap_optimizer_config, ema), 0},
};
#define NUMBERS (sizeof numbers / sizeof *numbers)

static double *number_of(neap_optimizer_config *config, size_t index)
{
    return (double *)(void *)((char *)config + numbers[index].offset);
}

static neap_optimizer_config read_settings(lua_State *L, int index)
{
    neap_optimizer_config config = {.kind = kind_of(L, index)};
    for (size_t i = 0; i < NUMBERS; i++)
        *number_of(&config, i) = neap_lua_number(L, index, numbers[i].key, numbers[i].fallback);
    return config;
}

neap_optimizer_config neap_lua_optimizer(lua_State *L, int index)
{
    neap_optimizer_config config = read_settings(L, index);
    if (neap_optimizer_check(&config) < 0)
        neap_lua_raise_usage(L);
    return config;
}

/* optimizer_settings(settings) -> all settings, with defaults for those that are not given; fails for those that an optimizer
 * would refuse. */
static int settings(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    neap_optimizer_config config = neap_lua_optimizer(L, 1);
    lua_createtable(L, 0, NUMBERS + 1);
    lua_pushstring(L, neap_optimizer_name(config.kind));
    lua_setfield(L, -2, "kind");
    for (size_t i = 0; i < NUMBERS; i++) {
        lua_pushnumber(L, *number_of(&config, i));
        lua_setfield(L, -2, numbers[i].key);
    }
    return 1;
}

/* optimizer(model, settings): settings are `kind`, "adamw" or "sgd", the settings of that kind, and `part`, a prefix of
 * the names of the parameters that it updates */
static int new_optimizer(lua_State *L)
{
    neap_network *network = neap_lua_check(L, 1, NEAP_LUA_NETWORK);
    luaL_checktype(L, 2, LUA_TTABLE);
    neap_optimizer_config config = neap_lua_optimizer(L, 2);
    lua_getfield(L, 2, "part");
    const char *part = luaL_optstring(L, -1, "");
    void **handle = neap_lua_handle(L, NEAP_LUA_OPTIMIZER);
    *handle = neap_optimizer_new(neap_network_model(network), part, &config);
    return *handle ? 1 : neap_lua_raise(L);
}

/* optimizer_of(names, tensors, settings): of loose tensors */
static int new_optimizer_of(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    const int count = (int)luaL_len(L, 1);
    neap_optimizer_config config = neap_lua_optimizer(L, 3);
    const char **names = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *names, 0); /* the tables own names and tensors */
    neap_tensor **tensors = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *tensors, 0);
    for (int i = 0; i < count; i++) {
        lua_geti(L, 1, i + 1);
        names[i] = luaL_checkstring(L, -1);
        lua_geti(L, 2, i + 1);
        tensors[i] = neap_lua_check_tensor(L, -1);
        lua_pop(L, 2);
    }
    void **handle = neap_lua_handle(L, NEAP_LUA_OPTIMIZER);
    *handle = neap_optimizer_new_of(names, tensors, count, &config);
    return *handle ? 1 : neap_lua_raise_usage(L);
}

/* configure(settings): sets the settings of later steps */
static int configure(lua_State *L)
{
    neap_optimizer *optimizer = neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER);
    luaL_checktype(L, 2, LUA_TTABLE);
    neap_optimizer_config config = read_settings(L, 2);
    return neap_optimizer_configure(optimizer, &config) < 0 ? neap_lua_raise_usage(L) : 0;
}

static bool has_gradient(const neap_optimizer *optimizer)
{
    for (int i = 0; i < neap_optimizer_count(optimizer); i++)
        if (neap_grad(neap_optimizer_parameter(optimizer, i)))
            return true;
    return false;
}

static int apply(neap_optimizer *optimizer, neap_tensor **gradients, int64_t step, double scale, double *norm)
{
    int count = neap_optimizer_count(optimizer), status = 0;
    neap_scope scope = neap_scope_open();
    for (int i = 0; i < count && status == 0; i++) {
        neap_tensor *p = neap_optimizer_parameter(optimizer, i), *g = neap_grad(p);
        gradients[i] = neap_contiguous(g ? g : neap_zeros(NEAP_F32, neap_shape_of(p)));
        status = gradients[i] ? 0 : -1;
    }
    if (status == 0)
        status = neap_optimizer_step(optimizer, gradients, step, scale, norm);
    for (int i = 0; i < count; i++)
        neap_grad_clear(neap_optimizer_parameter(optimizer, i));
    neap_scope_close(scope);
    return status;
}

/* step(number [, lr_scale]) -> norm of the gradients; clears them. `number` counts from 1. Parameters without a gradient count as
 * having zeros; fails where none has one. */
static int step(lua_State *L)
{
    neap_optimizer *optimizer = neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER);
    lua_Integer number = neap_lua_check_whole(L, 2);
    double scale = neap_lua_opt_number(L, 3, 1), norm = 0;
    if (!has_gradient(optimizer))
        return neap_lua_error(L, "step: none of the parameters has a gradient: call backward on a loss made from them first");
    size_t count = (size_t)neap_optimizer_count(optimizer);
    neap_tensor **gradients = lua_newuserdatauv(L, count * sizeof *gradients, 0);
    bool was = neap_record(false);
    int status = apply(optimizer, gradients, number, scale, &norm);
    neap_record(was);
    if (status < 0)
        return neap_lua_raise(L);
    lua_pushnumber(L, norm);
    return 1;
}

/* schedule(step, warmup, total, "none"|"linear"|"cosine", floor) -> factor of the learning rate */
static int schedule(lua_State *L)
{
    static const char *const names[] = {"none", "linear", "cosine", NULL};
    neap_decay decay = (neap_decay)luaL_checkoption(L, 4, "none", names);
    lua_pushnumber(L, neap_schedule(neap_lua_check_number(L, 1), neap_lua_check_whole(L, 2), neap_lua_check_whole(L, 3), decay,
                                    neap_lua_opt_number(L, 5, 0)));
    return 1;
}

/* clear(): clears the gradients that `backward` stored */
static int clear(lua_State *L)
{
    neap_optimizer *optimizer = neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER);
    for (int i = 0; i < neap_optimizer_count(optimizer); i++)
        neap_grad_clear(neap_optimizer_parameter(optimizer, i));
    return 0;
}

void neap_lua_add_state(lua_State *L, neap_optimizer *optimizer)
{
    const char *const *names;
    neap_tensor *const *tensors;
    int count = neap_optimizer_state(optimizer, &names, &tensors);
    for (int i = 0; i < count; i++) {
        lua_createtable(L, 2, 0);
        lua_pushstring(L, names[i]);
        lua_seti(L, -2, 1);
        *neap_lua_slot(L) = neap_keep(tensors[i]);
        lua_seti(L, -2, 2);
        lua_seti(L, -2, luaL_len(L, -2) + 1);
    }
}

/* state() -> { { name, tensor }, ... }: moments and averages */
static int state(lua_State *L)
{
    neap_optimizer *optimizer = neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER);
    lua_newtable(L);
    neap_lua_add_state(L, optimizer);
    return 1;
}

/* swap_ema(): swaps parameters with their averages */
static int swap_ema(lua_State *L)
{
    return neap_optimizer_swap_ema(neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER)) < 0 ? neap_lua_raise(L) : 0;
}

static const luaL_Reg methods[] = {
    {"step", step}, {"clear", clear}, {"configure", configure}, {"state", state}, {"swap_ema", swap_ema}, {NULL, NULL},
};

void neap_lua_open_optimizer(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_OPTIMIZER, methods, optimizer_close);
    lua_pushcfunction(L, new_optimizer);
    lua_setfield(L, -2, "optimizer");
    lua_pushcfunction(L, new_optimizer_of);
    lua_setfield(L, -2, "optimizer_of");
    lua_pushcfunction(L, settings);
    lua_setfield(L, -2, "optimizer_settings");
    lua_pushcfunction(L, schedule);
    lua_setfield(L, -2, "schedule");
}
