/*
 * Objectives in Lua:
 *   loss(config, model, step, phase) -> a scalar; velocity(config, output, x, t) -> the velocity;
 *   repeats(config, phase), begins(config, phase) -> whole numbers; dropout(config) -> a probability; check(config, model).
 */
#include <string.h>

#include "define.h"

#define STEP "neap.step"

/* One call of a function. */
typedef struct training {
    const neap_instance *instance;
    const char *function;
    int phase;
    neap_network *network;
    neap_step *step;
    neap_tensor *output, *x, *t, *result;
    double number;
} training;

static const char *phase_name(const training *now)
{
    return ((const neap_objective *)neap_instance_component(now->instance)->functions)->phases[now->phase].name;
}

/* --- The step in Lua -------------------------------------------------------------------------------------------------------- */

static training *check(lua_State *L)
{
    return neap_lua_check_current(L, 1, STEP);
}

static neap_shape shape_at(lua_State *L, int index, neap_shape fallback)
{
    return lua_isnoneornil(L, index) ? fallback : neap_lua_check_shape(L, index);
}

/* normal(purpose [, shape]), uniform(purpose [, shape]): random numbers of this step, by default of x's shape and one for each row */
static int normal(lua_State *L)
{
    const neap_step *step = check(L)->step;
    const neap_random random = neap_random_fork(step->random, luaL_checkstring(L, 2));
    const neap_shape shape = shape_at(L, 3, neap_shape_of(step->x));
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_randn(random, step->first, shape));
}

static int uniform(lua_State *L)
{
    const neap_step *step = check(L)->step;
    const neap_random random = neap_random_fork(step->random, luaL_checkstring(L, 2));
    const neap_shape shape = shape_at(L, 3, neap_dims(neap_dim(step->x, 0)));
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_rand(random, step->first, shape));
}

/* drop(probability) -> the step's condition, in which each row is null with this probability; nil without a condition */
static int drop(lua_State *L)
{
    const neap_step *step = check(L)->step;
    const double probability = luaL_checknumber(L, 2);
    if (!step->condition || probability == 0) {
        neap_lua_push_condition(L, step->condition);
        return 1;
    }
    void **handle = neap_lua_handle(L, NEAP_LUA_CONDITION);
    neap_scope scope = neap_scope_open();
    *handle = neap_condition_keep(
        neap_condition_drop(step->condition, probability, neap_random_fork(step->random, "drop"), step->first));
    neap_scope_close(scope);
    return *handle ? 1 : neap_lua_raise(L);
}

/* The name, with the life of the definition: metrics outlive the step. A name that is new is added to a table of the definition. */
static const char *permanent_name(lua_State *L, const training *now)
{
    luaL_checkstring(L, 2);
    neap_lua_push_function(L, now->instance, "reported");
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return lua_tostring(L, 2);
}

/* report(name, value): a value, or a tensor of one element, among the metrics of the step */
static int report(lua_State *L)
{
    training *now = check(L);
    neap_tensor *x = neap_lua_test_tensor(L, 3);
    const double value = x ? neap_item(x) : luaL_checknumber(L, 3);
    if (neap_failed())
        return neap_lua_raise(L);
    return neap_step_report(now->step, permanent_name(L, now), value) < 0 ? neap_lua_raise(L) : 0;
}

/* share(slot, tensor), shared(slot): passes a tensor to later phases of the step, in a slot from 0 to 3 */
static int share(lua_State *L)
{
    training *now = check(L);
    const lua_Integer slot = luaL_checkinteger(L, 2);
    neap_tensor *x = neap_lua_check_tensor(L, 3);
    return neap_step_share(now->step, (int)slot, x) < 0 ? neap_lua_raise(L) : 0;
}

static int shared(lua_State *L)
{
    const training *now = check(L);
    neap_tensor *x = neap_step_shared(now->step, (int)luaL_checkinteger(L, 2));
    if (neap_failed())
        return neap_lua_raise(L);
    neap_lua_push_tensor(L, x);
    return 1;
}

static const luaL_Reg methods[] = {
    {"normal", normal}, {"uniform", uniform}, {"drop", drop}, {"report", report}, {"share", share}, {"shared", shared},
    {NULL, NULL},
};

static void push_x(lua_State *L, const neap_step *step)
{
    neap_lua_push_tensor(L, step->x);
}

static void push_noise(lua_State *L, const neap_step *step)
{
    neap_lua_push_tensor(L, step->noise);
}

static void push_step_condition(lua_State *L, const neap_step *step)
{
    neap_lua_push_condition(L, step->condition);
}

static void push_number(lua_State *L, const neap_step *step)
{
    lua_pushinteger(L, step->number);
}

static void push_first(lua_State *L, const neap_step *step)
{
    lua_pushinteger(L, (lua_Integer)step->first);
}

static void push_global(lua_State *L, const neap_step *step)
{
    lua_pushinteger(L, step->global);
}

/* The members of neap_step. */
static int property(lua_State *L)
{
    static const struct {
        const char *name;
        void (*push)(lua_State *L, const neap_step *step);
    } known[] = {{"x", push_x}, {"noise", push_noise}, {"condition", push_step_condition}, {"number", push_number},
                 {"first", push_first}, {"global", push_global}};
    const char *key = luaL_checkstring(L, 2);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, key) != 0)
            continue;
        known[i].push(L, check(L)->step);
        return 1;
    }
    return neap_lua_error(L, "step: there is no '%s'", key);
}

/* --- Loss and velocity -------------------------------------------------------------------------------------------------------- */

static int call_loss(lua_State *L)
{
    training *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "loss");
    neap_lua_push_config(L, now->instance);
    neap_lua_push_network(L, now->network);
    neap_lua_push_current(L, STEP, now);
    lua_pushstring(L, phase_name(now));
    lua_call(L, 4, 1);
    now->result = neap_lua_keep_result(L, 2, now->instance, "loss");
    return 0;
}

static neap_tensor *loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    training now = {.instance = neap_instance_of(config), .phase = phase, .network = network, .step = step};
    return neap_lua_enter_tensor(call_loss, &now, &now.result);
}

static int call_velocity(lua_State *L)
{
    training *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "velocity");
    neap_lua_push_config(L, now->instance);
    neap_lua_push_tensor(L, now->output);
    neap_lua_push_tensor(L, now->x);
    neap_lua_push_tensor(L, now->t);
    lua_call(L, 4, 1);
    now->result = neap_lua_keep_like(L, 2, now->x, now->instance, "velocity");
    return 0;
}

static neap_tensor *velocity(const void *config, neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    training now = {.instance = neap_instance_of(config), .output = output, .x = x, .t = t};
    return output && x && t ? neap_lua_enter_tensor(call_velocity, &now, &now.result) : NULL;
}

/* --- Numbers: repeats, begins, dropout ------------------------------------------------------------------------------------------ */

static int call_number(lua_State *L)
{
    training *now = lua_touserdata(L, 1);
    int is_number;
    neap_lua_push_function(L, now->instance, now->function);
    neap_lua_push_config(L, now->instance);
    if (now->phase >= 0)
        lua_pushstring(L, phase_name(now));
    else
        lua_pushnil(L);
    lua_call(L, 2, 1);
    now->number = lua_tonumberx(L, 2, &is_number);
    if (!is_number)
        neap_lua_fail_result(L, now->instance, now->function, "expected a number as the result, got %s", luaL_typename(L, 2));
    return 0;
}

/* These functions have no way to fail: after an error the message is pending, which the caller meets. */
static double number_of(const void *config, const char *function, int phase, double fallback)
{
    training now = {.instance = neap_instance_of(config), .function = function, .phase = phase};
    return neap_lua_enter(call_number, &now) < 0 ? fallback : now.number;
}

static int64_t repeats(const void *config, int phase)
{
    return (int64_t)number_of(config, "repeats", phase, 1);
}

static int64_t begins(const void *config, int phase)
{
    return (int64_t)number_of(config, "begins", phase, 1);
}

static double dropout(const void *config)
{
    return number_of(config, "dropout", -1, 0);
}

static int call_check(lua_State *L)
{
    const training *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "check");
    neap_lua_push_config(L, now->instance);
    neap_lua_push_network(L, now->network);
    lua_call(L, 2, 0);
    return 0;
}

static int check_network(const void *config, neap_network *network)
{
    training now = {.instance = neap_instance_of(config), .network = network};
    return neap_lua_enter(call_check, &now);
}

/* --- The interface -------------------------------------------------------------------------------------------------------------- */

/* A text of the definition that is the same for all configs. */
static int push_predicts(lua_State *L)
{
    training *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "predicts");
    now->function = lua_tostring(L, -1); /* the definition keeps it */
    return 0;
}

static const char *predicts(const void *config)
{
    training now = {.instance = neap_instance_of(config)};
    return neap_lua_enter(push_predicts, &now) < 0 ? "unknown" : now.function;
}

/* Phases from the list { { name =, part = }, ... } of the table at index 1. */
static const neap_phase *read_phases(lua_State *L)
{
    lua_getfield(L, 1, "phases");
    const lua_Integer count = luaL_len(L, -1);
    neap_phase *phases = neap_lua_permanent(L, (size_t)(count + 1) * sizeof *phases);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, -2, i + 1);
        lua_getfield(L, -1, "name");
        lua_getfield(L, -2, "part");
        phases[i] = (neap_phase){luaL_checkstring(L, -2), luaL_checkstring(L, -1)};
        lua_pop(L, 3);
    }
    lua_pop(L, 2);
    return phases;
}

void neap_lua_objective_functions(lua_State *L)
{
    const char *const *needs = neap_lua_permanent_texts(L, "needs");
    const neap_phase *phases = read_phases(L);
    lua_newtable(L);
    lua_setfield(L, 1, "reported");
    neap_objective *f = neap_lua_permanent(L, sizeof *f);
    *f = (neap_objective){.size = sizeof *f, .needs = needs, .phases = phases, .loss = loss};
    f->velocity = neap_lua_defines(L, "velocity") ? velocity : NULL;
    f->repeats = neap_lua_defines(L, "repeats") ? repeats : NULL;
    f->begins = neap_lua_defines(L, "begins") ? begins : NULL;
    f->dropout = neap_lua_defines(L, "dropout") ? dropout : NULL;
    f->check = neap_lua_defines(L, "check") ? check_network : NULL;
    lua_getfield(L, 1, "guard");
    f->guard = lua_tostring(L, -1);
    lua_pop(L, 1);
    if (lua_getfield(L, 1, "predicts") == LUA_TSTRING)
        f->predicts = predicts;
    lua_pop(L, 1);
}

void neap_lua_open_step(lua_State *L)
{
    neap_lua_current_class(L, STEP, methods, property);
}
