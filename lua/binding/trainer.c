/* The training step in Lua: rehearse, step, state. The loop around it is lua/neap/train.lua. */
#include "binding.h"

static neap_trainer *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_TRAINER);
}

static int trainer_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_TRAINER);
    neap_trainer_free(*handle);
    *handle = NULL;
    return 0;
}

#define MOST_PHASES 16

/* Reads the setting `phases`, { name = settings, ... }, into `own`. Leaves the table on the stack: it owns the names. */
static int read_phases(lua_State *L, neap_phase_optimizer own[MOST_PHASES])
{
    int count = 0;
    if (lua_getfield(L, 4, "phases") != LUA_TTABLE)
        return 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (count == MOST_PHASES || lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1))
            luaL_error(L, "trainer: phases: expected settings by the names of at most %d phases", MOST_PHASES);
        own[count++] = (neap_phase_optimizer){lua_tostring(L, -2), neap_lua_optimizer(L, lua_gettop(L))};
    }
    return count;
}

/* trainer(model, data, objective, settings): settings are batch, seed, those of the optimizer, and `phases`, with an
 * optimizer for each phase. */
static int new_trainer(lua_State *L)
{
    neap_network *network = neap_lua_check(L, 1, NEAP_LUA_NETWORK);
    neap_source *source = neap_lua_check(L, 2, NEAP_LUA_SOURCE);
    neap_instance *objective = neap_lua_check_instance(L, 3);
    neap_phase_optimizer own[MOST_PHASES];
    luaL_checktype(L, 4, LUA_TTABLE);
    neap_trainer_config config = {.batch = neap_lua_integer(L, 4, "batch", 64),
                                  .seed = (uint64_t)neap_lua_integer(L, 4, "seed", 0),
                                  .optimizer = neap_lua_optimizer(L, 4), .own = own};
    config.own_count = read_phases(L, own);
    void **handle = neap_lua_handle(L, NEAP_LUA_TRAINER);
    *handle = neap_trainer_new(network, source, objective, &config);
    if (!*handle)
        return neap_lua_raise(L);
    for (int i = 1; i <= 3; i++) { /* keeps alive what the trainer borrows */
        lua_pushvalue(L, i);
        lua_setiuservalue(L, -2, i);
    }
    return 1;
}

/* rehearse([last]) -> bytes at the peak, seconds per step; `last` is the run's last step */
static int rehearse(lua_State *L)
{
    size_t peak;
    double seconds;
    if (neap_trainer_rehearse(check(L), neap_lua_opt_whole(L, 2, 1), &peak, &seconds) < 0)
        return neap_lua_raise(L);
    lua_pushinteger(L, (lua_Integer)peak);
    lua_pushnumber(L, seconds);
    return 2;
}

/* step(number, lr_scale) -> { loss, gradient_norm, reports = { name = value } } */
static int step(lua_State *L)
{
    neap_train_report report;
    if (neap_trainer_step(check(L), neap_lua_check_whole(L, 2), neap_lua_opt_number(L, 3, 1), &report) < 0)
        return neap_lua_raise(L);
    lua_createtable(L, 0, 3);
    lua_pushnumber(L, report.loss);
    lua_setfield(L, -2, "loss");
    lua_pushnumber(L, report.gradient_norm);
    lua_setfield(L, -2, "gradient_norm");
    lua_createtable(L, 0, report.reports);
    for (int i = 0; i < report.reports; i++) {
        lua_pushnumber(L, report.report[i].value);
        lua_setfield(L, -2, report.report[i].name);
    }
    lua_setfield(L, -2, "reports");
    return 1;
}

/* state() -> { { name, tensor }, ... }: the state of the optimizers of all phases */
static int state(lua_State *L)
{
    const neap_trainer *trainer = check(L);
    lua_newtable(L);
    for (int i = 0; i < neap_trainer_optimizers(trainer); i++)
        neap_lua_add_state(L, neap_trainer_optimizer(trainer, i));
    return 1;
}

/* swap_ema(): swaps parameters with their averages, in phases that keep averages */
static int swap_ema(lua_State *L)
{
    const neap_trainer *trainer = check(L);
    for (int i = 0; i < neap_trainer_optimizers(trainer); i++) {
        neap_optimizer *optimizer = neap_trainer_optimizer(trainer, i);
        if (neap_optimizer_averages(optimizer) && neap_optimizer_swap_ema(optimizer) < 0)
            return neap_lua_raise(L);
    }
    return 0;
}

/* phases() -> number of phases */
static int phases(lua_State *L)
{
    lua_pushinteger(L, neap_trainer_optimizers(check(L)));
    return 1;
}

static const luaL_Reg methods[] = {
    {"phases", phases}, {"rehearse", rehearse}, {"step", step}, {"state", state}, {"swap_ema", swap_ema}, {NULL, NULL},
};

void neap_lua_open_trainer(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_TRAINER, methods, trainer_close);
    lua_pushcfunction(L, new_trainer);
    lua_setfield(L, -2, "trainer");
}
