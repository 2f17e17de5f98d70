/*
 * Declarations shared by the files of the Lua binding.
 *
 * A handle is a userdata that owns one reference to an object of the core. A function that Lua calls reads its arguments,
 * makes an empty handle, and only then opens a scope: between neap_scope_open and neap_scope_close nothing may raise a Lua
 * error, which is a longjmp. A failure is raised after the scope is closed.
 */
#ifndef NEAP_BINDING_H
#define NEAP_BINDING_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <neap/neap.h>

/* --- Errors (raise.c) ----------------------------------------------------------------------------------------------- */

/* Sets the folder that contains neap/. The line of an error is the innermost one outside of the library. */
void neap_lua_library(const char *folder);

/* Is this a line of a recipe: Lua code outside of the library? The frame has "S" and "l" of lua_getinfo. */
bool neap_lua_is_recipe(const lua_Debug *frame);

/* Raises the pending message of the core, after the file and line of the recipe. */
int neap_lua_raise(lua_State *L);
/* The same for a usage error: the program ends with status 2. */
int neap_lua_raise_usage(lua_State *L);
/* Raises a message of the binding. */
int neap_lua_error(lua_State *L, const char *format, ...);
/* Pushes the file and line of the recipe that is running, with ": "; "" if there is none. */
void neap_lua_push_where(lua_State *L);
/* Pushes a message that was caught, without the line of the recipe that is running. */
void neap_lua_push_reason(lua_State *L, const char *message);

/* --- Tensors (tensor.c, read.c) ------------------------------------------------------------------------------------- */

#define NEAP_LUA_TENSOR "neap.tensor"

/* Pushes an empty handle, and may run the collector before. */
neap_tensor **neap_lua_slot(lua_State *L);
neap_tensor *neap_lua_test_tensor(lua_State *L, int index);  /* NULL if it is no tensor */
neap_tensor *neap_lua_check_tensor(lua_State *L, int index);

/* Evaluates an expression in its own scope, puts the result into the handle on top of the stack, and returns it or raises. */
#define NEAP_LUA_RETURN(L, slot, expression)                                                                        \
    do {                                                                                                            \
        neap_scope result_scope_ = neap_scope_open();                                                               \
        *(slot) = neap_keep(expression);                                                                            \
        neap_scope_close(result_scope_);                                                                            \
        return *(slot) ? 1 : neap_lua_raise(L);                                                                     \
    } while (0)

neap_shape neap_lua_check_shape(lua_State *L, int index); /* a table of sizes, or one size */
neap_dtype neap_lua_check_dtype(lua_State *L, int index, neap_dtype fallback);

/* --- Memory (state.c, collect.c) --------------------------------------------------------------------------------------- */

lua_State *neap_lua_new_state(void); /* NULL without memory */
void neap_lua_collect_start(lua_State *L);
void neap_lua_collect_pace(lua_State *L);
void neap_lua_collect_count(int made); /* handles of tensors made (1) and collected (-1) */

/* --- Handles of other things ------------------------------------------------------------------------------------------ */

#define NEAP_LUA_INSTANCE "neap.component"
#define NEAP_LUA_NETWORK "neap.model"
#define NEAP_LUA_SOURCE "neap.dataset"
#define NEAP_LUA_TRAINER "neap.trainer"
#define NEAP_LUA_OPTIMIZER "neap.optimizer"
#define NEAP_LUA_SAFETENSORS "neap.safetensors"
#define NEAP_LUA_FILM "neap.film"
#define NEAP_LUA_PIECES "neap.pieces"

/* Pushes an empty userdata for one pointer, which is closed exactly once. */
void **neap_lua_handle(lua_State *L, const char *type);
void *neap_lua_check(lua_State *L, int index, const char *type); /* raises if it is closed */
/* Fails because an object of a class, the name without "neap.", has nothing of that name, and says the nearest: of the `count`
 * names, and of the keys of the table at `methods`, which are added to them. */
#define NEAP_LUA_MOST_NAMES 512
int neap_lua_no_name(lua_State *L, const char *class, const char *key, int methods, const char **names, int count);
/* Makes a metatable with __index = methods, and __gc and __close = close. Reading a name that is no method raises an error. Leaves
 * the stack as it was. */
void neap_lua_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction close);

neap_instance *neap_lua_test_instance(lua_State *L, int index);
neap_instance *neap_lua_check_instance(lua_State *L, int index);
void neap_lua_push_instance(lua_State *L, neap_instance *instance); /* gains an owner */
/* Sets the parameter that is named at `index` to the value above it; raises for one that is refused. */
void neap_lua_set(lua_State *L, neap_instance *instance, int index);
/* Pushes a table of the sizes; those of condition and latents only when they are not 0. */
void neap_lua_push_spec(lua_State *L, const neap_spec *spec);
void neap_lua_add_calls(lua_State *L); /* adds the calls of network_calls.c to the methods of models */
neap_optimizer_config neap_lua_optimizer(lua_State *L, int index);
void neap_lua_add_state(lua_State *L, neap_optimizer *optimizer); /* appends { name, tensor } to the table on top of the stack */

/* A text without NUL bytes, at which C would cut it off; raises if there is one. */
const char *neap_lua_check_text(lua_State *L, int index);

/* Numbers, as luaL_checkinteger and luaL_checknumber read them, but no text that Lua would convert: in a recipe, numbers are not
 * given as text. */
lua_Integer neap_lua_check_whole(lua_State *L, int index);
lua_Integer neap_lua_opt_whole(lua_State *L, int index, lua_Integer fallback);
double neap_lua_check_number(lua_State *L, int index);
double neap_lua_opt_number(lua_State *L, int index, double fallback);

/* A field of the table at `index`; the fallback if it is nil. */
lua_Integer neap_lua_integer(lua_State *L, int index, const char *key, lua_Integer fallback);
double neap_lua_number(lua_State *L, int index, const char *key, double fallback);

/* --- Networks by path (loader.c) --------------------------------------------------------------------------------------- */

/* Runs the loader of networks on this coroutine's stack from now on. Call it before setting parameters, which may load
 * one. */
void neap_lua_load_with(lua_State *L);

/* --- Conditions (condition.c) ------------------------------------------------------------------------------------------ */

#define NEAP_LUA_CONDITION "neap.condition"

/* The tensors of a condition by kind, or NULL; or a condition as a whole. Borrowed from the Lua argument. */
typedef struct neap_lua_parts {
    neap_tensor *part[NEAP_CONDITION_KINDS];
    neap_condition *whole;
} neap_lua_parts;

/* Reads labels as a tensor, a table { kind = tensor }, a condition that the core has passed to Lua, or nil. Messages begin with `who`. */
neap_lua_parts neap_lua_check_condition(lua_State *L, const char *who, int index);
/* Raises for a condition of a network that takes none. Of another network, kinds that it does not take are left out. */
void neap_lua_check_takes(lua_State *L, const char *who, const neap_network *network, const neap_lua_parts *parts);
/* The condition of these parts, in the innermost scope; NULL without a message when there are none. */
neap_condition *neap_lua_condition(const neap_lua_parts *parts, int64_t rows);
void neap_lua_push_condition(lua_State *L, const neap_condition *c); /* gains an owner; NULL: nil */

/* --- Places (place.c) ------------------------------------------------------------------------------------------------ */

/* A folder of the installed program. If a folder in the same layout relative to the running program exists, writes its path to
 * `text` and returns that; else returns `folder`, the one of configure. */
const char *neap_lua_place(const char *folder, char *text, size_t room);

/* --- Texts of pictures (files.c) ------------------------------------------------------------------------------------- */

/* The entries of a table { key = text }, sorted by key, as an array that is left on the stack; none if the value is nil. */
const neap_pair *neap_lua_read_pairs(lua_State *L, int index, int *count);

/* --- Signals (interrupt.c, coroutine.c, bus.c, crash.c) ----------------------------------------------------------------- */

void neap_lua_signals_start(void);              /* on the main thread, first of all */
void neap_lua_catch_bus_errors(void);           /* bus.c: of files that are mapped to memory */
void neap_lua_catch_crashes(void);              /* crash.c: of components */
int neap_lua_signal_status(void);               /* exit status after the last signal; 0: none came */
lua_State *neap_lua_running(lua_State *L);      /* sets the running coroutine; returns the previous one */
lua_State *neap_lua_current(void);              /* the running coroutine; NULL while the program ends */
void neap_lua_coroutines_start(lua_State *L);   /* after luaL_openlibs, with the main coroutine */

/* --- What the process inherits (descriptors.c, locale.c) ---------------------------------------------------------------- */

/* Opens /dev/null for each of descriptors 0, 1 and 2 that is closed; otherwise the next file to be opened, such as the metrics of
 * a run, would get that number and receive what is printed. False on failure, with a message on standard error. */
bool neap_lua_open_descriptors(void);

/* Fixes number format and text order to the C locale; os.setlocale cannot change them. */
void neap_lua_locale_start(lua_State *L);

/* --- The parts of require "neap.core": each adds functions to the table on top of the stack. ------------------------- */

void neap_lua_open_tensor(lua_State *L);
void neap_lua_open_make(lua_State *L);
void neap_lua_open_read(lua_State *L);
void neap_lua_open_ops(lua_State *L);
void neap_lua_open_gradient(lua_State *L);
void neap_lua_open_autograd(lua_State *L);
void neap_lua_open_instance(lua_State *L);
void neap_lua_open_registry(lua_State *L);
void neap_lua_open_network(lua_State *L);
void neap_lua_open_loader(lua_State *L);
void neap_lua_open_answers(lua_State *L);
void neap_lua_open_source(lua_State *L);
void neap_lua_open_trainer(lua_State *L);
void neap_lua_open_optimizer(lua_State *L);
void neap_lua_open_condition(lua_State *L);
void neap_lua_open_sampling(lua_State *L);
void neap_lua_open_score(lua_State *L);
void neap_lua_open_safetensors(lua_State *L);
void neap_lua_open_files(lua_State *L);
void neap_lua_open_folder(lua_State *L);
void neap_lua_open_lock(lua_State *L);
void neap_lua_open_film(lua_State *L);
void neap_lua_open_paths(lua_State *L);
void neap_lua_open_draw(lua_State *L);
void neap_lua_open_pixels(lua_State *L);
void neap_lua_open_json(lua_State *L);
void neap_lua_open_system(lua_State *L);
void neap_lua_open_interrupt(lua_State *L);
void neap_lua_open_line(lua_State *L);
void neap_lua_open_terminal(lua_State *L);
void neap_lua_open_bench(lua_State *L);
void neap_lua_open_define(lua_State *L);
void neap_lua_open_isolate(lua_State *L);
void neap_lua_open_exact(lua_State *L);
void neap_lua_open_check(lua_State *L);

#endif
