/* Aids for wrong gradients: the tape as text, and Lua functions against central differences. */
#include <neap/memory.h>

#include "binding.h"

/* --- The tape ------------------------------------------------------------------------------------------------------------ */

static int push_text(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 1));
    return 1;
}

/* tape_dump(y) -> text */
static int tape_dump(lua_State *L)
{
    neap_tensor *y = neap_lua_check_tensor(L, 1);
    char *text = neap_tape_dump(y);
    if (!text)
        return neap_lua_raise(L);
    lua_pushcfunction(L, push_text); /* protected: the text is freed where Lua runs out of memory */
    lua_pushlightuserdata(L, text);
    const int status = lua_pcall(L, 1, 1, 0);
    neap_free(text);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* --- A Lua function as a function of the core ---------------------------------------------------------------------------- */

enum { FUNCTION = 1, INPUTS, TOLERANCE, SECOND, OUTCOME }; /* places on the stack; OUTCOME: the last result, or error */

typedef struct lua_function {
    lua_State *L;
    bool failed;
} lua_function;

/* (function, inputs): calls the function with the entries of inputs, and returns its first result, a tensor. */
static int call_function(lua_State *L)
{
    const int count = (int)luaL_len(L, 2);
    luaL_checkstack(L, count + LUA_MINSTACK, "autograd.check");
    lua_pushvalue(L, 1);
    for (int i = 1; i <= count; i++)
        lua_geti(L, 2, i);
    lua_call(L, count, 1);
    if (!neap_lua_test_tensor(L, -1))
        neap_lua_error(L, "autograd.check: expected a tensor from the function, got %s", luaL_typename(L, -1));
    return 1;
}

/* x is unused: the handles in INPUTS hold the same tensors. */
static neap_tensor *call_lua(void *user, neap_tensor *const *x)
{
    lua_function *f = user;
    (void)x;
    if (!lua_checkstack(f->L, 4))
        return neap_fail_null("autograd.check: out of memory");
    lua_pushcfunction(f->L, call_function);
    lua_pushvalue(f->L, FUNCTION);
    lua_pushvalue(f->L, INPUTS);
    f->failed = lua_pcall(f->L, 2, 1, 0) != LUA_OK;
    lua_replace(f->L, OUTCOME);
    return f->failed ? neap_fail_null("autograd.check: the function failed")
                     : *(neap_tensor **)lua_touserdata(f->L, OUTCOME);
}

/* --- The check --------------------------------------------------------------------------------------------------------- */

static bool is_integer(const neap_tensor *x)
{
    return neap_dtype_of(x) == NEAP_I32 || neap_dtype_of(x) == NEAP_U8;
}

static neap_tensor *copy_double(neap_tensor *x)
{
    neap_tensor *copy = neap_empty(NEAP_F64, neap_shape_of(x));
    return copy && neap_read(x, NEAP_F64, neap_data(copy)) == 0 ? copy : NULL;
}

/* Pushes a copy of x in f64, or x itself where it holds integers. */
static neap_tensor *push_input(lua_State *L, neap_tensor *x)
{
    neap_tensor **slot = neap_lua_slot(L);
    neap_scope scope = neap_scope_open();
    *slot = neap_keep(is_integer(x) ? x : copy_double(x));
    neap_scope_close(scope);
    if (!*slot)
        neap_lua_raise(L);
    return *slot;
}

/* Replaces INPUTS by a table of the tensors to call with. Lists those to differentiate, with their numbers and shapes. */
static int read_inputs(lua_State *L, neap_tensor **x, int *numbers, neap_shape *shapes)
{
    int count = 0;
    if (lua_type(L, INPUTS) != LUA_TTABLE)
        neap_lua_error(L, "autograd.check: expected a table of tensors, got %s", luaL_typename(L, INPUTS));
    lua_newtable(L);
    const int copies = lua_gettop(L);
    for (int i = 1; lua_geti(L, INPUTS, i) != LUA_TNIL; i++) {
        neap_tensor *given = neap_lua_test_tensor(L, -1);
        if (!given)
            neap_lua_error(L, "autograd.check: input %d: expected a tensor, got %s", i, luaL_typename(L, -1));
        neap_tensor *input = push_input(L, given);
        lua_seti(L, copies, i);
        lua_pop(L, 1);
        if (is_integer(input))
            continue;
        if (count == NEAP_MAX_ARITY)
            neap_lua_error(L, "autograd.check: expected at most %d tensors in f32 or f64", NEAP_MAX_ARITY);
        numbers[count] = i;
        shapes[count] = neap_shape_of(input);
        x[count++] = input;
    }
    lua_settop(L, copies);
    lua_replace(L, INPUTS);
    return count;
}

/* The place of an element along each axis. */
static void push_index(lua_State *L, neap_shape shape, int64_t element)
{
    lua_createtable(L, shape.rank, 0);
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        lua_pushinteger(L, element % shape.dim[axis]);
        lua_seti(L, -2, axis + 1);
        element /= shape.dim[axis];
    }
}

static void push_report(lua_State *L, const neap_gradient_report *report, neap_shape shape, int number)
{
    lua_createtable(L, 0, 7);
    lua_pushinteger(L, report->order);
    lua_setfield(L, -2, "order");
    lua_pushinteger(L, number);
    lua_setfield(L, -2, "input");
    push_index(L, shape, report->element);
    lua_setfield(L, -2, "index");
    lua_pushnumber(L, report->analytic);
    lua_setfield(L, -2, "analytic");
    lua_pushnumber(L, report->numeric);
    lua_setfield(L, -2, "numeric");
    lua_pushnumber(L, report->error);
    lua_setfield(L, -2, "error");
    lua_pushboolean(L, report->wrong);
    lua_setfield(L, -2, "wrong");
}

/* The inputs stay alive whatever f does with its handles. */
static int run_check(lua_function *f, neap_tensor *const *x, int count, neap_gradient_report *worst)
{
    const double tolerance = lua_tonumber(f->L, TOLERANCE);
    const bool second = lua_toboolean(f->L, SECOND);
    for (int i = 0; i < count; i++)
        neap_keep(x[i]);
    const int status = neap_gradient_check(call_lua, f, x, count, tolerance, second, worst);
    for (int i = 0; i < count; i++)
        neap_release(x[i]);
    return status;
}

/* gradient_check(f, inputs, tolerance, second) -> { order, input, index, analytic, numeric, error, wrong }; see
 * lua/neap/autograd.lua. An error of f is raised as it is. */
static int gradient_check(lua_State *L)
{
    neap_tensor *x[NEAP_MAX_ARITY];
    neap_shape shapes[NEAP_MAX_ARITY];
    int numbers[NEAP_MAX_ARITY];
    neap_gradient_report worst = {0};
    lua_settop(L, OUTCOME);
    const int count = read_inputs(L, x, numbers, shapes);
    lua_function f = {L, false};
    const int status = run_check(&f, x, count, &worst);
    if (f.failed) {
        neap_error_clear();
        lua_settop(L, OUTCOME);
        return lua_error(L);
    }
    if (status < 0 && !worst.wrong)
        return neap_lua_raise(L);
    neap_error_clear();
    push_report(L, &worst, shapes[worst.input], numbers[worst.input]);
    return 1;
}

static const luaL_Reg functions[] = {{"tape_dump", tape_dump}, {"gradient_check", gradient_check}, {NULL, NULL}};

void neap_lua_open_autograd(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
