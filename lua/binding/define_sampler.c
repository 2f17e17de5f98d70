/*
 * Samplers in Lua, in one of two forms:
 *   step(config, field, x, t, s, state) -> x at time s: one step of a grid of times. `state` is a table of the call's own.
 *   sample(config, field, x) -> x at time field.to: all steps.
 */
#include <string.h>

#include <neap/sampling.h>

#include "define.h"

#define FIELD "neap.field"

/* One call of a sampler. */
typedef struct sampling {
    const neap_instance *instance;
    const neap_field *field;
    const neap_watch *watch;
    neap_random random;
    neap_time_step step; /* count 0: the sampler takes its steps itself */
    neap_tensor *x, *result;
    int state;           /* of a sampler with `step`: reference to its table in the registry of Lua */
} sampling;

/* --- The field in Lua ------------------------------------------------------------------------------------------------------- */

static const sampling *check(lua_State *L)
{
    return neap_lua_check_current(L, 1, FIELD);
}

static int fail_member(lua_State *L, const char *name)
{
    return neap_lua_error(L, "field: the network offers no '%s'; name it in the sampler's `needs`", name);
}

/* velocity(x, t [, rows]): t is a number, or a tensor with a time for each row of x */
static int velocity(lua_State *L)
{
    const neap_field *field = check(L)->field;
    neap_tensor *x = neap_lua_check_tensor(L, 2), *t = neap_lua_test_tensor(L, 3);
    neap_tensor *rows = lua_isnoneornil(L, 4) ? NULL : neap_lua_check_tensor(L, 4);
    const double all = t ? 0 : luaL_checknumber(L, 3);
    if (!field->velocity)
        return fail_member(L, "velocity");
    neap_tensor **slot = neap_lua_slot(L);
    if (!t && !rows)
        NEAP_LUA_RETURN(L, slot, neap_velocity_at(field, x, all));
    NEAP_LUA_RETURN(L, slot, field->velocity(field->self, x, t ? neap_cast(t, NEAP_F64)
                                                               : neap_full(NEAP_F64, neap_dims(neap_dim(x, 0)), all), rows));
}

static int generate(lua_State *L)
{
    const neap_field *field = check(L)->field;
    neap_tensor *z = neap_lua_check_tensor(L, 2);
    if (!field->generate)
        return fail_member(L, "generate");
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, field->generate(field->self, z));
}

/* average(x, t, r): the mean velocity between two times */
static int average(lua_State *L)
{
    const neap_field *field = check(L)->field;
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    const double t = luaL_checknumber(L, 3), r = luaL_checknumber(L, 4);
    if (!field->average)
        return fail_member(L, "average");
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, field->average(field->self, x, t, r));
}

/* drift(x, t, strength): of the reverse SDE; see neap_reverse_drift */
static int drift(lua_State *L)
{
    const sampling *s = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    const double t = luaL_checknumber(L, 3), strength = luaL_checknumber(L, 4);
    if (!s->field->velocity)
        return fail_member(L, "velocity");
    if (s->step.count && neap_reverse_check(s->step, neap_instance_component(s->instance)->name) < 0)
        return neap_lua_raise(L);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_reverse_drift(s->field, x, t, strength));
}

/* noise(x, variance [, index]): of x's shape, a function of the seed, the step and the number of the sample. `index` is the number
 * of the step, which a sampler with `sample` must give. */
static int noise(lua_State *L)
{
    const sampling *s = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    const double variance = luaL_checknumber(L, 3);
    const neap_time_step step = {.random = s->random,
                                 .index = s->step.count ? luaL_optinteger(L, 4, s->step.index) : luaL_checkinteger(L, 4)};
    if (!(variance >= 0))
        return neap_lua_error(L, "noise: expected a variance from 0, got %g", variance);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_reverse_noise(s->field, x, step, variance));
}

/* report(step, steps, t, x): tells the watcher of the sampling about a step; for samplers with `sample` */
static int report(lua_State *L)
{
    const sampling *s = check(L);
    const lua_Integer step = luaL_checkinteger(L, 2), steps = luaL_checkinteger(L, 3);
    const double t = luaL_checknumber(L, 4);
    neap_tensor *x = neap_lua_check_tensor(L, 5);
    return s->watch && s->watch->step(s->watch->user, step, steps, t, x) ? neap_lua_raise(L) : 0;
}

/* from, to: times; first: number of the first sample; index, count: of the step, from 0, and of all steps */
static int property(lua_State *L)
{
    const sampling *s = check(L);
    const char *key = luaL_checkstring(L, 2);
    const struct {
        const char *name;
        double value;
        int64_t whole;
    } known[] = {{"from", s->field->from, -1}, {"to", s->field->to, -1}, {"first", 0, (int64_t)s->field->first},
                 {"index", 0, s->step.index}, {"count", 0, s->step.count}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, key) != 0)
            continue;
        if (known[i].whole < 0)
            lua_pushnumber(L, known[i].value);
        else
            lua_pushinteger(L, known[i].whole);
        return 1;
    }
    return neap_lua_error(L, "field: there is no '%s'", key);
}

static const luaL_Reg methods[] = {
    {"velocity", velocity}, {"generate", generate}, {"average", average}, {"drift", drift}, {"noise", noise}, {"report", report},
    {NULL, NULL},
};

void neap_lua_open_field(lua_State *L)
{
    neap_lua_current_class(L, FIELD, methods, property);
}

/* --- step(config, field, x, t, s, state) ---------------------------------------------------------------------------------------- */

static int make_state(lua_State *L)
{
    sampling *s = lua_touserdata(L, 1);
    lua_newtable(L);
    s->state = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int call_step(lua_State *L)
{
    sampling *s = lua_touserdata(L, 1);
    neap_lua_push_function(L, s->instance, "step");
    neap_lua_push_config(L, s->instance);
    neap_lua_push_current(L, FIELD, s);
    neap_lua_push_tensor(L, s->x);
    lua_pushnumber(L, s->step.t);
    lua_pushnumber(L, s->step.next);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->state);
    lua_call(L, 6, 1);
    s->result = neap_lua_keep_like(L, 2, s->x, s->instance, "step");
    return 0;
}

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    sampling *s = self;
    (void)field;
    s->x = x;
    s->step = step;
    return x ? neap_lua_enter_tensor(call_step, s, &s->result) : NULL;
}

static neap_tensor *sample_by_steps(const void *config, const neap_field *field, neap_tensor *x, neap_random random,
                                    const neap_watch *watch)
{
    sampling s = {.instance = neap_instance_of(config), .field = field, .watch = watch, .random = random};
    if (!x || neap_lua_enter(make_state, &s) < 0)
        return NULL;
    neap_tensor *result = neap_integrate(config, field, x, random, watch, advance, &s);
    neap_lua_unref(s.state);
    return result;
}

/* --- sample(config, field, x) --------------------------------------------------------------------------------------------------- */

static int call_sample(lua_State *L)
{
    sampling *s = lua_touserdata(L, 1);
    neap_lua_push_function(L, s->instance, "sample");
    neap_lua_push_config(L, s->instance);
    neap_lua_push_current(L, FIELD, s);
    neap_lua_push_tensor(L, s->x);
    lua_call(L, 3, 1);
    s->result = neap_lua_keep_result(L, 2, s->instance, "sample");
    return 0;
}

static neap_tensor *sample_whole(const void *config, const neap_field *field, neap_tensor *x, neap_random random,
                                 const neap_watch *watch)
{
    sampling s = {.instance = neap_instance_of(config), .field = field, .watch = watch, .random = random, .x = x};
    return x ? neap_lua_enter_tensor(call_sample, &s, &s.result) : NULL;
}

void neap_lua_sampler_functions(lua_State *L)
{
    const char *const *needs = neap_lua_permanent_texts(L, "needs");
    neap_sampler *functions = neap_lua_permanent(L, sizeof *functions);
    *functions = (neap_sampler){sizeof *functions, needs, neap_lua_defines(L, "step") ? sample_by_steps : sample_whole};
}
