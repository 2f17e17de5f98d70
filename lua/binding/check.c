/* What checks of plugins need of the core: loading one file, its symbols, guarded reads, losses, detached tensors. */
#include <string.h>

#include "binding.h"

/* plugin_load(path): registers the components of one file */
static int plugin_load(lua_State *L)
{
    return neap_registry_load(neap_lua_check_text(L, 1)) < 0 ? neap_lua_raise(L) : 0;
}

/* plugin_strays(path) -> the symbols that the file exports besides neap_plugin_v2, as text */
static int plugin_strays(lua_State *L)
{
    char *list = neap_registry_strays(neap_lua_check_text(L, 1));
    if (!list)
        return neap_lua_raise(L);
    lua_pushstring(L, list);
    neap_free(list);
    return 1;
}

/* blocks() -> small blocks and bytes of tensors in use */
static int blocks(lua_State *L)
{
    const neap_memory_stats stats = neap_memory();
    lua_pushinteger(L, stats.blocks);
    lua_pushinteger(L, (lua_Integer)stats.live);
    return 2;
}

/* --- Reading an example between guard bands -------------------------------------------------------------------------- */

#define GUARD 256       /* bytes on each side of a part */
#define PATTERN 0x5a    /* of the guard bands */

static const char *const part_names[] = {"x", "label", "text", "length", "picture"};
#define PARTS 5

/* The parts of an example, each between two guard bands in one block. */
typedef struct guarded {
    size_t bytes[PARTS];
    unsigned char *start[PARTS], *block;
    size_t total;
} guarded;

static int make_guarded(guarded *g, const neap_spec *s)
{
    const size_t sizes[PARTS] = {
        (size_t)(s->height * s->width * s->channels) * sizeof(float),
        s->classes ? sizeof(int32_t) : 0,
        (size_t)s->text,
        s->text ? sizeof(int32_t) : 0,
        (size_t)(s->picture.height * s->picture.width * s->picture.channels) * sizeof(float),
    };
    for (int i = 0; i < PARTS; i++) {
        g->bytes[i] = sizes[i];
        g->total += GUARD + (sizes[i] + 63) / 64 * 64;
    }
    g->total += GUARD;
    g->block = neap_calloc(g->total, 1);
    if (!g->block)
        return -1;
    memset(g->block, PATTERN, g->total);
    unsigned char *at = g->block + GUARD;
    for (int i = 0; i < PARTS; i++, at += GUARD) {
        g->start[i] = at;
        memset(at, 0, sizes[i]);
        at += (sizes[i] + 63) / 64 * 64;
    }
    return 0;
}

static bool is_untouched(const unsigned char *from, const unsigned char *to)
{
    for (; from < to; from++)
        if (*from != PATTERN)
            return false;
    return true;
}

static int check_guards(const guarded *g)
{
    const unsigned char *before = g->block;
    for (int i = 0; i < PARTS; i++) {
        if (!is_untouched(before, g->start[i]))
            return neap_fail("read: wrote before '%s' or behind '%s', outside of the example", part_names[i],
                             part_names[i ? i - 1 : 0]);
        before = g->start[i] + g->bytes[i];
    }
    return is_untouched(before, g->block + g->total) ? 0 : neap_fail("read: wrote behind '%s', outside of the example",
                                                                      part_names[PARTS - 1]);
}

static void *part(const guarded *g, int i)
{
    return g->bytes[i] ? g->start[i] : NULL;
}

static int read_between(const neap_dataset *functions, void *self, int64_t index)
{
    neap_spec s = {.size = sizeof s};
    guarded g = {.total = 0};
    int status = functions->spec(self, &s) < 0 || make_guarded(&g, &s) < 0 ? -1 : 0;
    const neap_example e = {sizeof e, part(&g, 0), part(&g, 1), part(&g, 2), part(&g, 3), part(&g, 4)};
    if (status == 0 && functions->read(self, index, &e) < 0)
        status = neap_fail("read: failed without a message");
    if (status == 0)
        status = check_guards(&g);
    neap_free(g.block);
    return status;
}

/* guarded_read(component, index): reads an example of a data set, and raises an error if it writes outside of the example */
static int guarded_read(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    const neap_component *component = neap_instance_component(instance);
    const neap_dataset *functions = component->functions;
    const lua_Integer index = luaL_checkinteger(L, 2);
    void *self = functions->open(neap_instance_config(instance));
    const int status = self ? read_between(functions, self, index) : neap_fail("open: returned NULL without a message");
    if (self)
        functions->close(self);
    if (status == 0)
        return 0;
    neap_fail_in(component->name);
    return neap_lua_raise(L);
}

/* --- The loss of a phase --------------------------------------------------------------------------------------------- */

static neap_tensor *loss_of(const neap_objective *o, const void *config, int phase, neap_network *n, neap_step *step)
{
    neap_tensor *loss = NULL;
    for (int i = 0; i <= phase; i++) { /* the phases before may share tensors with this one */
        loss = o->loss(config, i, n, step);
        if (!loss)
            return neap_fail_null("loss: returned NULL without a message");
    }
    return neap_failed() ? NULL : loss;
}

/* phase_loss(objective, phase from 0, model, x, condition, seed [, noise]) -> the loss in training mode, with its tape */
static int phase_loss(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    const neap_component *component = neap_instance_component(instance);
    const int phase = (int)luaL_checkinteger(L, 2);
    neap_network *network = neap_lua_check(L, 3, NEAP_LUA_NETWORK);
    neap_batch batch = {.x = neap_lua_check_tensor(L, 4)};
    const neap_lua_parts parts = neap_lua_check_condition(L, "phase_loss", 5);
    const neap_random random = {(uint64_t)luaL_checkinteger(L, 6), 0};
    batch.noise = neap_lua_test_tensor(L, 7);
    neap_tensor **slot = neap_lua_slot(L);
    neap_scope scope = neap_scope_open();
    const bool trained = neap_training_set(true);
    batch.condition = neap_lua_condition(&parts, neap_dim(batch.x, 0));
    neap_step *step = neap_step_new(&batch, random, 1);
    if (step)
        *slot = neap_keep(loss_of(component->functions, neap_instance_config(instance), phase, network, step));
    neap_step_free(step);
    neap_training_set(trained);
    neap_scope_close(scope);
    if (*slot)
        return 1;
    neap_fail_in(component->name);
    return neap_lua_raise(L);
}

/* objective_phases(objective) -> { { name, part, begins }, ... } and the functions that it needs, { "velocity", ... } */
static int objective_phases(lua_State *L)
{
    const neap_instance *instance = neap_lua_check_instance(L, 1);
    const neap_objective *o = neap_instance_component(instance)->functions;
    int64_t (*begins)(const void *, int) = NEAP_MEMBER(o, begins);
    lua_newtable(L);
    for (int i = 0; o->phases[i].name; i++) {
        lua_newtable(L);
        lua_pushstring(L, o->phases[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, o->phases[i].part);
        lua_setfield(L, -2, "part");
        lua_pushinteger(L, begins ? begins(neap_instance_config(instance), i) : 1);
        lua_setfield(L, -2, "begins");
        lua_seti(L, -2, i + 1);
    }
    lua_newtable(L);
    for (int i = 0; o->needs[i]; i++) {
        lua_pushstring(L, o->needs[i]);
        lua_seti(L, -2, i + 1);
    }
    return 2;
}

/* --- Detached tensors: kept in one pass, and given again in later ones ------------------------------------------------- */

#define DETACHED 256

static struct {
    neap_tensor *kept[DETACHED];
    int count, next;
    bool replay;
} detached;

static neap_tensor *keep_or_replace(void *user, neap_tensor *x)
{
    (void)user;
    if (!detached.replay && detached.count < DETACHED) {
        const void *data = neap_data(neap_contiguous(x));
        neap_tensor *copy = data ? neap_from(neap_dtype_of(x), neap_shape_of(x), data) : NULL;
        if (copy)
            detached.kept[detached.count++] = neap_keep(copy);
        return x;
    }
    neap_tensor *kept = detached.next < detached.count ? detached.kept[detached.next++] : NULL;
    return kept && neap_shape_equal(neap_shape_of(kept), neap_shape_of(x)) ? kept : x;
}

static void forget_detached(void)
{
    for (int i = 0; i < detached.count; i++)
        neap_release(detached.kept[i]);
    detached.count = 0;
}

/* hold_detached("keep" | "replay" | "pause" | "off"): keeps copies of the results of detach in order, gives them again, does
 * neither, or forgets them */
static int hold_detached(lua_State *L)
{
    const char *mode = luaL_checkstring(L, 1);
    const bool keep = strcmp(mode, "keep") == 0;
    detached.replay = strcmp(mode, "replay") == 0;
    detached.next = 0;
    if (keep || strcmp(mode, "off") == 0)
        forget_detached();
    neap_on_detach(keep || detached.replay ? keep_or_replace : NULL, NULL);
    return 0;
}

static const luaL_Reg functions[] = {
    {"plugin_load", plugin_load}, {"plugin_strays", plugin_strays}, {"blocks", blocks}, {"guarded_read", guarded_read},
    {"phase_loss", phase_loss}, {"objective_phases", objective_phases}, {"hold_detached", hold_detached}, {NULL, NULL},
};

void neap_lua_open_check(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
