/* The registry: plugins, and their components sorted by kind and name. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/host.h"

/* Plugins are never unloaded, so records and entries live as long as the process. */
typedef struct record {
    struct record *next;
    const neap_plugin *plugin;
    char *origin;
    neap_file_id file;
} record;

typedef struct entry {
    const neap_component *component;
    const record *from;
    int kind; /* HIDDEN: it was replaced */
} entry;

#define HIDDEN (-2) /* no kind: neap_kind_index returns -1 for an unknown one */

static struct {
    pthread_mutex_t lock;
    record *records;
    entry *entries;
    int count;
    char *searched; /* "a, b"; NULL: no folder */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int compare_entries(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    return a->kind != b->kind ? (a->kind > b->kind) - (a->kind < b->kind)
                              : strcmp(a->component->name, b->component->name);
}

static const entry *find_entry(int kind, const char *name)
{
    for (int i = 0; i < registry.count; i++) {
        if (registry.entries[i].kind == kind && strcmp(registry.entries[i].component->name, name) == 0)
            return &registry.entries[i];
    }
    return NULL;
}

static const entry *entry_of(const neap_component *component)
{
    for (int i = 0; i < registry.count; i++) {
        if (registry.entries[i].component == component)
            return &registry.entries[i];
    }
    return NULL;
}

static bool has_file(neap_file_id file)
{
    for (const record *r = registry.records; r && file.inode; r = r->next) {
        if (r->file.device == file.device && r->file.inode == file.inode)
            return true;
    }
    return false;
}

/* May a component of this origin take the place of an entry? Only neap_registry_replace passes an origin. */
static bool is_replaceable(const entry *other, const char *origin)
{
    return origin && strcmp(other->from->origin, origin) == 0;
}

/* Hides the entries that a plugin replaces. Their components remain registered, for their instances. */
static void hide_replaced(const neap_plugin *plugin)
{
    for (const neap_component *component = plugin->components; component->interface; component++)
        for (int i = 0; i < registry.count; i++)
            if (registry.entries[i].kind == neap_component_kind(component) &&
                strcmp(registry.entries[i].component->name, component->name) == 0)
                registry.entries[i].kind = HIDDEN;
}

static int check_free(const neap_plugin *plugin, const char *replaces)
{
    for (const neap_component *component = plugin->components; component->interface; component++) {
        if (!neap_component_is_newest(plugin, component))
            continue;
        const entry *other = find_entry(neap_component_kind(component), component->name);
        if (other && !is_replaceable(other, replaces))
            return neap_fail("%s '%s' is taken by %s", neap_kind_at(other->kind), component->name, other->from->origin);
    }
    return 0;
}

static int insert(const neap_plugin *plugin, record *from)
{
    int added = 0;
    while (plugin->components[added].interface)
        added++;
    entry *entries = neap_realloc(registry.entries, (size_t)(registry.count + added) * sizeof *entries);
    if (!entries)
        return -1;
    registry.entries = entries;
    hide_replaced(plugin);
    for (int i = 0; i < added; i++) {
        const neap_component *component = &plugin->components[i];
        if (neap_component_is_newest(plugin, component))
            entries[registry.count++] = (entry){component, from, neap_component_kind(component)};
    }
    qsort(entries, (size_t)registry.count, sizeof *entries, compare_entries);
    from->next = registry.records;
    __atomic_store_n(&registry.records, from, __ATOMIC_RELEASE); /* neap_registry_file takes no lock */
    return 0;
}

static int add_locked(const neap_plugin *plugin, const char *origin, neap_file_id file, const char *replaces)
{
    if (has_file(file))
        return 0;
    if (check_free(plugin, replaces))
        return -1;
    record *from = neap_calloc(1, sizeof *from);
    char *copy = neap_strdup(origin);
    if (from)
        *from = (record){NULL, plugin, copy, file};
    if (from && copy && !insert(plugin, from))
        return 0;
    neap_free(copy);
    neap_free(from);
    return -1;
}

static int add(const neap_plugin *plugin, const char *origin, neap_file_id file, const char *replaces)
{
    if (neap_plugin_validate(plugin))
        return -1;
    pthread_mutex_lock(&registry.lock);
    int status = add_locked(plugin, origin, file, replaces);
    pthread_mutex_unlock(&registry.lock);
    return status;
}

int neap_registry_add_file(const neap_plugin *plugin, const char *origin, neap_file_id file)
{
    return add(plugin, origin, file, NULL);
}

static int add_named(const neap_plugin *plugin, const char *origin, const char *replaces)
{
    char where[160];
    if (!plugin)
        return neap_fail("plugin: expected a neap_plugin, got NULL");
    if (!add(plugin, origin ? origin : "built in", (neap_file_id){0}, replaces))
        return 0;
    /* `name` may be read only when the header fits. */
    bool named = plugin->abi == NEAP_ABI && plugin->size >= sizeof *plugin && plugin->name;
    snprintf(where, sizeof where, "plugin %.60s (%.80s)", named ? plugin->name : "?", origin ? origin : "built in");
    return neap_fail_in(where);
}

int neap_registry_add(const neap_plugin *plugin, const char *origin)
{
    return add_named(plugin, origin, NULL);
}

int neap_registry_replace(const neap_plugin *plugin, const char *origin)
{
    return add_named(plugin, origin, origin);
}

int neap_registry_count(const char *kind)
{
    int wanted = kind ? neap_kind_index(kind, strlen(kind)) : -1, count = 0;
    pthread_mutex_lock(&registry.lock);
    for (int i = 0; i < registry.count; i++)
        count += registry.entries[i].kind == wanted;
    pthread_mutex_unlock(&registry.lock);
    return count;
}

const neap_component *neap_registry_at(const char *kind, int index)
{
    int wanted = kind ? neap_kind_index(kind, strlen(kind)) : -1;
    const neap_component *found = NULL;
    pthread_mutex_lock(&registry.lock);
    for (int i = 0; i < registry.count && !found; i++) {
        if (registry.entries[i].kind == wanted && index-- == 0)
            found = registry.entries[i].component;
    }
    pthread_mutex_unlock(&registry.lock);
    return found;
}

static int fail_kind(const char *kind)
{
    const char *names[16];
    int count = 0;
    while (count < 16 && (names[count] = neap_kind_at(count)))
        count++;
    const char *near = neap_nearest(kind, names, count);
    if (near)
        return neap_fail("kind '%s' is not known; did you mean '%s'?", kind, near);
    return neap_fail("kind '%s' is not known", kind);
}

void neap_registry_note_folder(const char *folder)
{
    pthread_mutex_lock(&registry.lock);
    const bool first = !registry.searched;
    char *longer = neap_format("%s%s%s", first ? "" : registry.searched, first ? "" : ", ", folder);
    if (longer) {
        neap_free(registry.searched);
        registry.searched = longer;
    }
    pthread_mutex_unlock(&registry.lock);
}

char *neap_registry_searched(void)
{
    pthread_mutex_lock(&registry.lock);
    char *copy = neap_strdup(registry.searched ? registry.searched : "");
    pthread_mutex_unlock(&registry.lock);
    return copy;
}

static int fail_name(const char *kind, const char *name)
{
    int count = neap_registry_count(kind);
    const char **names = neap_calloc((size_t)count, sizeof *names);
    for (int i = 0; names && i < count; i++) {
        const neap_component *component = neap_registry_at(kind, i);
        names[i] = component ? component->name : NULL;
    }
    const char *near = names ? neap_nearest(name, names, count) : NULL;
    neap_free(names);
    if (near)
        return neap_fail("%s '%s' is not known; did you mean '%s'?", kind, name, near);
    char *searched = neap_registry_searched();
    const bool any = searched && *searched;
    neap_fail("%s '%s' is not known%s%s", kind, name, any ? "; plugins were searched in " : "", any ? searched : "");
    neap_free(searched);
    return -1;
}

const neap_component *neap_registry_find(const char *kind, const char *name)
{
    if (!kind || !name)
        return neap_fail_null("registry: expected a kind and a name");
    int wanted = neap_kind_index(kind, strlen(kind));
    if (wanted < 0) {
        fail_kind(kind);
        return NULL;
    }
    pthread_mutex_lock(&registry.lock);
    const entry *found = find_entry(wanted, name);
    const neap_component *component = found ? found->component : NULL;
    pthread_mutex_unlock(&registry.lock);
    if (!component)
        fail_name(kind, name);
    return component;
}

const neap_plugin *neap_registry_plugin(const neap_component *component)
{
    pthread_mutex_lock(&registry.lock);
    const entry *found = entry_of(component);
    const neap_plugin *plugin = found ? found->from->plugin : NULL;
    pthread_mutex_unlock(&registry.lock);
    return plugin;
}

const char *neap_registry_origin(const neap_component *component)
{
    pthread_mutex_lock(&registry.lock);
    const entry *found = entry_of(component);
    const char *origin = found ? found->from->origin : NULL;
    pthread_mutex_unlock(&registry.lock);
    return origin;
}

static bool has_component(const neap_plugin *plugin, const neap_component *component)
{
    for (const neap_component *own = plugin->components; own->interface; own++)
        if (own == component)
            return true;
    return false;
}

const char *neap_registry_file(const neap_component *component)
{
    for (const record *r = __atomic_load_n(&registry.records, __ATOMIC_ACQUIRE); r; r = r->next)
        if (has_component(r->plugin, component))
            return r->origin;
    return NULL;
}
