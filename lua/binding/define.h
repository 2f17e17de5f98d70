/*
 * Components whose functions are written in Lua: their definitions, and calls from the core to Lua.
 *
 * The functions in C that the host calls are shared by all components of a kind. They find the definition by the instance of their
 * config (neap_instance_of), and call Lua protected, on the coroutine that is running. An error in Lua becomes a message of the
 * core. Only the thread that runs the recipe may call.
 */
#ifndef NEAP_BINDING_DEFINE_H
#define NEAP_BINDING_DEFINE_H

#include "binding.h"

/* --- Definitions (define.c) ------------------------------------------------------------------------------------------ */

typedef struct neap_lua_definition {
    neap_plugin plugin;
    neap_component component[2]; /* the second row ends the list */
    int table;                   /* what neap.define was given, referenced in the registry of Lua; keeps all texts alive */
} neap_lua_definition;

/* Of each kind: makes the struct of its interface from the table at index 1, in a userdata that it leaves on the stack. */
typedef void neap_lua_functions(lua_State *L);
neap_lua_functions neap_lua_sampler_functions, neap_lua_objective_functions, neap_lua_architecture_functions,
    neap_lua_guidance_functions, neap_lua_metric_functions, neap_lua_dataset_functions;

/* --- What a definition keeps (permanent.c) ------------------------------------------------------------------------------ */

void neap_lua_permanent_start(lua_State *L); /* before the others, once for a table at index 1 */
/* Pushes a zeroed userdata of `bytes`, and keeps it as long as the table at index 1. */
void *neap_lua_permanent(lua_State *L, size_t bytes);
/* The texts of the list in a field of the table at index 1, ending with NULL; kept as long as the table. */
const char *const *neap_lua_permanent_texts(lua_State *L, const char *key);
/* Does the table at index 1 have this function? */
bool neap_lua_defines(lua_State *L, const char *function);

/* --- Calls (callback.c) ------------------------------------------------------------------------------------------------ */

/* Runs body(L), with `job` as light userdata at index 1. `body` pushes a function of the definition and calls it. Restores
 * recording and training mode. A signal ends the Lua code where the core may be interrupted, thus not in a training step. Returns 0, or -1 with the message of the error, which begins with its place in the recipe. Returns -1
 * at once if a message is pending. */
int neap_lua_enter(lua_CFunction body, void *job);

/* The same in a scope. `body` sets *result to a tensor that it has kept; the result belongs to the scope outside. */
neap_tensor *neap_lua_enter_tensor(lua_CFunction body, void *job, neap_tensor **result);

/* For bodies; they may raise. */
void neap_lua_push_function(lua_State *L, const neap_instance *instance, const char *name);
/* { parameter = value } of an instance: components inside as handles, networks as models. */
void neap_lua_push_config(lua_State *L, const neap_instance *instance);
void neap_lua_push_tensor(lua_State *L, neap_tensor *x); /* NULL: nil */
void neap_lua_push_network(lua_State *L, neap_network *network);
/* Raises an error that names the function and the line of its definition. */
int neap_lua_fail_result(lua_State *L, const neap_instance *instance, const char *function, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The tensor that the function returned at `index`, kept; raises for anything else. */
neap_tensor *neap_lua_keep_result(lua_State *L, int index, const neap_instance *instance, const char *function);
/* The same, of the dtype and shape of `like`. */
neap_tensor *neap_lua_keep_like(lua_State *L, int index, const neap_tensor *like, const neap_instance *instance,
                                const char *function);

/* Pushes an object of the innermost call of neap_lua_enter: a userdata of class `type` with a pointer. neap_lua_check_current raises
 * when that call has ended. */
void neap_lua_push_current(lua_State *L, const char *type, void *object);
void *neap_lua_check_current(lua_State *L, int index, const char *type);
/* Makes the metatable of such a class, whose __index looks in `methods` and then calls `property(L)` with (object, key). */
void neap_lua_current_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction property);

/* Gives up a reference in the registry of Lua, from anywhere in the core. Keeps it where no Lua code may run: on another thread, or
 * while the program ends. */
void neap_lua_unref(int reference);

/* Turns polling for signals on or off (interrupt.c), and returns the former state. */
bool neap_lua_poll(bool on);

void neap_lua_callbacks_start(void); /* on the thread of the recipe */

/* Classes of objects that callbacks get. neap_lua_open_builder adds to the table on top of the stack. */
void neap_lua_open_field(lua_State *L);
void neap_lua_open_step(lua_State *L);
void neap_lua_open_conditional(lua_State *L);
void neap_lua_open_builder(lua_State *L);

#endif
