/*
 * The data set `tensors`: examples that a recipe has as tensors. Its config has their hashes, so that a resumed run is compared with
 * the examples that it began with. The examples stay in memory until the program ends, because any instance may be opened again.
 */
#include <pthread.h>
#include <string.h>

#include <neap/memory.h>

#include "examples.h"

typedef struct config {
    const char *examples, *test;
} config;

typedef struct entry {
    struct entry *next;
    neap_lua_examples *examples;
    char hash[NEAP_LUA_HASH];
} entry;

static struct {
    pthread_mutex_t lock;
    entry *first;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static neap_lua_examples *find(const char *hash)
{
    neap_lua_examples *found = NULL;
    pthread_mutex_lock(&all.lock);
    for (const entry *e = all.first; e && !found; e = e->next)
        if (strcmp(e->hash, hash) == 0)
            found = neap_lua_examples_keep(e->examples);
    pthread_mutex_unlock(&all.lock);
    return found;
}

/* Takes over the examples. */
static int add(neap_lua_examples *examples, char hash[NEAP_LUA_HASH])
{
    neap_lua_examples *same = find(neap_lua_examples_hash(examples, hash));
    entry *made = same ? NULL : neap_calloc(1, sizeof *made);
    if (!made) {
        neap_lua_examples_release(same);
        neap_lua_examples_release(examples);
        return same ? 0 : -1;
    }
    *made = (entry){.examples = examples};
    memcpy(made->hash, hash, NEAP_LUA_HASH);
    pthread_mutex_lock(&all.lock);
    made->next = all.first;
    all.first = made;
    pthread_mutex_unlock(&all.lock);
    return 0;
}

/* tensors_add(table) -> the hash of its examples, which stay in memory */
static int tensors_add(lua_State *L)
{
    char hash[NEAP_LUA_HASH];
    if (add(neap_lua_read_examples(L, 1), hash) < 0)
        return neap_lua_raise(L);
    lua_pushstring(L, hash);
    return 1;
}

static void *open_tensors(const void *settings)
{
    const config *c = settings;
    neap_lua_examples *found = find(c->examples);
    return found ? found : neap_fail_null("the examples %s are only in the memory of the recipe that made them; a data set that is "
                                          "defined by neap.define.dataset is found again", c->examples);
}

static int choose(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    const config *c = neap_instance_config(instance);
    const neap_value value = {.type = NEAP_PARAM_TEXT, .text = c->test};
    (void)draw, (void)count;
    if (part == NEAP_PART_TRAIN)
        return 0;
    if (!*c->test)
        return neap_fail("the data set has no part for testing; give one as test = { x = .. }");
    return neap_instance_set(instance, "examples", &value);
}

static const neap_dataset functions = {.size = sizeof functions, .open = open_tensors, .close = neap_lua_examples_close,
                                       .spec = neap_lua_examples_spec, .count = neap_lua_examples_count,
                                       .read = neap_lua_examples_read, .label_name = neap_lua_examples_label_name,
                                       .part = choose};

static const neap_param params[] = {
    NEAP_REQUIRED_TEXT(config, examples, "Hash of the examples, made from x =, labels =, texts =, .. of the call."),
    NEAP_TEXT(config, test, "", "Hash of the examples of the test part, made from test = { x = .. }."),
    NEAP_PARAMS_END,
};

static const neap_plugin plugin = NEAP_ONE_COMPONENT("tensors", "1.0.0", "MIT", "Examples that a recipe has as tensors.",
                                                     "dataset/2", config, params, functions);

void neap_lua_open_tensors(lua_State *L)
{
    neap_registry_add(&plugin, NULL);
    neap_error_clear(); /* a plugin has the name */
    lua_pushcfunction(L, tensors_add);
    lua_setfield(L, -2, "tensors_add");
}
