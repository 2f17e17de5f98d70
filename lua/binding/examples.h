/* Examples in memory: what data sets written in Lua read from. They do not change, so any thread may read. */
#ifndef NEAP_BINDING_EXAMPLES_H
#define NEAP_BINDING_EXAMPLES_H

#include "define.h"

typedef struct neap_lua_examples neap_lua_examples;

/*
 * Reads a table { x, labels, text, lengths, picture, noise, names, classes } at `index`, and returns the examples, which the caller
 * owns; raises for shapes that do not fit. x f32 [N, H, W, C]; labels i32 [N]; text u8 [N, L] and lengths i32 [N]; picture f32 [N, h,
 * w, c]; noise f32 of x's shape; names: a list of the labels' names. All but x may be nil. The tensors are copied.
 */
neap_lua_examples *neap_lua_read_examples(lua_State *L, int index);
neap_lua_examples *neap_lua_examples_keep(neap_lua_examples *e);
void neap_lua_examples_release(neap_lua_examples *e); /* on any thread */
bool neap_lua_examples_have_noise(const neap_lua_examples *e);

/* A hash of all values, as text. */
#define NEAP_LUA_HASH 17
const char *neap_lua_examples_hash(const neap_lua_examples *e, char text[NEAP_LUA_HASH]);

/* Members of neap_dataset whose self is a neap_lua_examples. */
void neap_lua_examples_close(void *self);
int neap_lua_examples_spec(const void *self, neap_spec *out);
int64_t neap_lua_examples_count(const void *self);
int neap_lua_examples_read(const void *self, int64_t index, const neap_example *out);
int neap_lua_examples_noise(const void *self, int64_t index, float *z);
const char *neap_lua_examples_label_name(const void *self, int64_t label);

/* Each adds to the table on top of the stack. */
void neap_lua_open_examples(lua_State *L);
void neap_lua_open_tensors(lua_State *L); /* tensors.c: the data set `tensors` */

#endif
