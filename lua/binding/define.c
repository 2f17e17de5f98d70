/*
 * Definitions: a component is registered from a table of Lua. lua/neap/define.lua checks the table and puts it into the form that
 * is read here.
 *
 * Everything that the registry points to lies in userdata that the table keeps alive, and the registry of Lua keeps the table. So an
 * error in between leaves nothing behind.
 */
#include <math.h>
#include <string.h>

#include <neap/sampling.h>

#include "examples.h"

/* --- Parameters: rows { name =, type =, default =, low =, high =, required =, text =, choices =, help = } ------------------- */

/* Each parameter has a word of its own. So three rows steps, shift, times in front are a neap_grid. */
#define WORD 8
_Static_assert(offsetof(neap_grid, shift) == WORD && offsetof(neap_grid, times) == 2 * WORD && sizeof(neap_grid) == 3 * WORD,
               "a neap_grid has one word for each parameter");

static const char *const types[] = {"", "int", "real", "flag", "text", "choice", "component", "network", NULL};

/* A text that the row at the top of the stack keeps alive, or NULL. */
static const char *row_text(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1);
    return text;
}

static int row_type(lua_State *L)
{
    lua_getfield(L, -1, "type");
    const int type = luaL_checkoption(L, -1, NULL, types);
    lua_pop(L, 1);
    return type;
}

/* The choices of the row at the top of the stack. */
static const char *const *row_choices(lua_State *L)
{
    if (lua_getfield(L, -1, "choices") != LUA_TTABLE) {
        lua_pop(L, 1);
        return NULL;
    }
    const lua_Integer count = luaL_len(L, -1);
    const char **choices = neap_lua_permanent(L, (size_t)(count + 1) * sizeof *choices);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, -2, i + 1);
        choices[i] = luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return choices;
}

static void read_row(lua_State *L, neap_param *param, lua_Integer index)
{
    const int row = lua_gettop(L);
    lua_getfield(L, row, "required");
    param->required = lua_toboolean(L, -1);
    lua_settop(L, row);
    param->name = row_text(L, "name");
    param->type = row_type(L);
    param->offset = (size_t)index * WORD;
    param->fallback = neap_lua_number(L, row, "default", 0);
    param->low = neap_lua_number(L, row, "low", -HUGE_VAL);
    param->high = neap_lua_number(L, row, "high", HUGE_VAL);
    param->text = row_text(L, "text");
    param->help = row_text(L, "help");
    param->choices = row_choices(L);
}

/* The rows of the field `params`, with the end of a table. */
static const neap_param *read_params(lua_State *L, size_t *config_size)
{
    lua_getfield(L, 1, "params");
    const lua_Integer count = luaL_len(L, -1);
    neap_param *params = neap_lua_permanent(L, (size_t)(count + 1) * sizeof *params);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, -2, i + 1);
        read_row(L, &params[i], i);
        lua_pop(L, 1);
    }
    params[count] = (neap_param)NEAP_PARAMS_END;
    lua_pop(L, 2);
    *config_size = (size_t)(count + 1) * WORD;
    return params;
}

/* --- Components --------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *kind, *interface;
    neap_lua_functions *functions;
} kinds[] = {
    {"architecture", "architecture/2", neap_lua_architecture_functions},
    {"objective", "objective/2", neap_lua_objective_functions},
    {"sampler", "sampler/2", neap_lua_sampler_functions},
    {"guidance", "guidance/2", neap_lua_guidance_functions},
    {"dataset", "dataset/2", neap_lua_dataset_functions},
    {"metric", "metric/2", neap_lua_metric_functions},
};

static int kind_at(lua_State *L, const char *kind)
{
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return i;
    return neap_lua_error(L, "define: no kind '%s' can be written in Lua", kind);
}

static const char *table_text(lua_State *L, const char *key)
{
    lua_pushvalue(L, 1);
    const char *text = row_text(L, key);
    lua_pop(L, 1);
    return text;
}

/* define(table): registers the component of a table { kind, name, help, version, license, origin, params, functions }.
 * One that was defined by the same origin is replaced. */
static int define(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    neap_lua_permanent_start(L);
    const int kind = kind_at(L, table_text(L, "kind"));
    neap_lua_definition *d = neap_lua_permanent(L, sizeof *d);
    const char *name = table_text(L, "name"), *help = table_text(L, "help");
    neap_component *c = &d->component[0];
    *c = (neap_component){.interface = kinds[kind].interface, .name = name, .help = help};
    c->params = read_params(L, &c->config_size);
    kinds[kind].functions(L);
    c->functions = lua_touserdata(L, -1);
    d->plugin = (neap_plugin){NEAP_ABI, sizeof d->plugin, name, table_text(L, "version"), table_text(L, "license"), help, c};
    lua_pushvalue(L, 1);
    d->table = luaL_ref(L, LUA_REGISTRYINDEX); /* for good, because the registry has no way to remove a component */
    return neap_registry_replace(&d->plugin, table_text(L, "origin")) < 0 ? neap_lua_raise(L) : 0;
}

static const luaL_Reg functions[] = {{"define", define}, {NULL, NULL}};

void neap_lua_open_define(lua_State *L)
{
    neap_lua_callbacks_start();
    neap_lua_open_field(L);
    neap_lua_open_step(L);
    neap_lua_open_conditional(L);
    neap_lua_open_builder(L);
    neap_lua_open_examples(L);
    neap_lua_open_tensors(L);
    luaL_setfuncs(L, functions, 0);
}
