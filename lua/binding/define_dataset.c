/*
 * Data sets in Lua: open(config) -> a table of tensors, which neap_lua_read_examples describes. It runs once, where the data set is
 * opened; reading examples calls no Lua. part(config, part, draw, count) -> { parameter = value }, and true for a generated data set.
 */
#include "examples.h"

typedef struct opening {
    const neap_instance *instance;
    neap_lua_examples *examples; /* owned */
    bool noise;
    /* of part */
    neap_instance *changed;
    neap_part part;
    int64_t draw, count;
    bool drawn;
} opening;

static int call_open(lua_State *L)
{
    opening *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "read"); /* lua/neap/define.lua: converts what `open` returns */
    neap_lua_push_config(L, now->instance);
    lua_call(L, 1, 1);
    neap_lua_examples *e = neap_lua_read_examples(L, 2);
    now->examples = e;
    if (neap_lua_examples_have_noise(e) != now->noise)
        return neap_lua_fail_result(L, now->instance, "open", now->noise ? "expected noise in the result, got none"
                                                                         : "got noise; the definition needs noise = true");
    return 0;
}

static void *open_with(const void *config, bool noise)
{
    opening now = {.instance = neap_instance_of(config), .noise = noise};
    if (neap_lua_enter(call_open, &now) == 0)
        return now.examples;
    neap_lua_examples_release(now.examples);
    return NULL;
}

static void *open_plain(const void *config)
{
    return open_with(config, false);
}

static void *open_paired(const void *config)
{
    return open_with(config, true);
}

/* Sets the parameters in the table at index 2. */
static void change(lua_State *L, neap_instance *instance)
{
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
        neap_lua_set(L, instance, lua_gettop(L) - 1);
}

static int call_part(lua_State *L)
{
    opening *now = lua_touserdata(L, 1);
    neap_lua_push_function(L, now->instance, "part");
    neap_lua_push_config(L, now->instance);
    lua_pushstring(L, now->part == NEAP_PART_TEST ? "test" : "train");
    lua_pushinteger(L, now->draw);
    lua_pushinteger(L, now->count);
    lua_call(L, 4, 2);
    now->drawn = lua_toboolean(L, 3);
    if (!lua_istable(L, 2))
        return neap_lua_fail_result(L, now->instance, "part", "expected a table of parameters as the result, got %s",
                                    luaL_typename(L, 2));
    change(L, now->changed);
    return 0;
}

static int part(neap_instance *instance, neap_part which, int64_t draw, int64_t count)
{
    opening now = {.instance = instance, .changed = instance, .part = which, .draw = draw, .count = count};
    return neap_lua_enter(call_part, &now) < 0 ? -1 : now.drawn;
}

void neap_lua_dataset_functions(lua_State *L)
{
    lua_getfield(L, 1, "noise");
    const bool paired = lua_toboolean(L, -1);
    lua_pop(L, 1);
    neap_dataset *f = neap_lua_permanent(L, sizeof *f);
    *f = (neap_dataset){.size = sizeof *f, .open = paired ? open_paired : open_plain, .close = neap_lua_examples_close,
                        .spec = neap_lua_examples_spec, .count = neap_lua_examples_count, .read = neap_lua_examples_read,
                        .label_name = neap_lua_examples_label_name, .noise = paired ? neap_lua_examples_noise : NULL,
                        .part = neap_lua_defines(L, "part") ? part : NULL};
}
