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

neap_optimizer_config neap_lua_optimizer(lua_State *L, int index)
{
    neap_optimizer_config config = {
        .kind = kind_of(L, index),
        .lr = neap_lua_number(L, index, "lr", 1e-3),
        .beta1 = neap_lua_number(L, index, "beta1", 0.9),
        .beta2 = neap_lua_number(L, index, "beta2", 0.999),
        .eps = neap_lua_number(L, index, "eps", 1e-8),
        .momentum = neap_lua_number(L, index, "momentum", 0),
        .weight_decay = neap_lua_number(L, index, "weight_decay", 0),
        .clip = neap_lua_number(L, index, "clip", 0),
        .ema = neap_lua_number(L, index, "ema", 0),
    };
    if (neap_optimizer_check(&config) < 0)
        neap_lua_raise_usage(L);
    return config;
}

/* optimizer_check(settings): fails for those that an optimizer would refuse. */
static int check(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    neap_lua_optimizer(L, 1);
    return 0;
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
    if (!*handle)
        return neap_lua_raise(L);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1); /* keeps the model alive */
    return 1;
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

/* step(number [, lr_scale]) -> norm of the gradients; clears them. `number` counts from 1. */
static int step(lua_State *L)
{
    neap_optimizer *optimizer = neap_lua_check(L, 1, NEAP_LUA_OPTIMIZER);
    lua_Integer number = luaL_checkinteger(L, 2);
    double scale = luaL_optnumber(L, 3, 1), norm = 0;
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
    lua_pushnumber(L, neap_schedule(luaL_checknumber(L, 1), luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), decay,
                                    luaL_optnumber(L, 5, 0)));
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

static const luaL_Reg methods[] = {{"step", step}, {"clear", clear}, {NULL, NULL}};

void neap_lua_open_optimizer(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_OPTIMIZER, methods, optimizer_close);
    lua_pushcfunction(L, new_optimizer);
    lua_setfield(L, -2, "optimizer");
    lua_pushcfunction(L, check);
    lua_setfield(L, -2, "optimizer_check");
    lua_pushcfunction(L, schedule);
    lua_setfield(L, -2, "schedule");
}
