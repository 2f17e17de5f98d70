/* Kinds of components, and the interfaces that this host serves. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>

#include "plugin/host.h"

#define MAX_REQUIRED 6

/* One row for each version of an interface. The versions of a kind are adjacent, oldest first. `size` ends after the last
 * required member; shorter structs are refused. Plugins may lack the members behind it; read those with NEAP_MEMBER. */
#define REQUIRED(type, member) {#member, offsetof(type, member)}
#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
static const struct {
    const char *kind, *interface;
    size_t size;
    struct {
        const char *name;
        size_t offset;
    } required[MAX_REQUIRED]; /* members that may not be NULL; ends with an empty row */
} interfaces[] = {
    {"architecture", "architecture/2", END_OF(neap_architecture, spec),
     {REQUIRED(neap_architecture, build), REQUIRED(neap_architecture, destroy), REQUIRED(neap_architecture, spec)}},
    {"objective", "objective/2", END_OF(neap_objective, loss),
     {REQUIRED(neap_objective, needs), REQUIRED(neap_objective, phases), REQUIRED(neap_objective, loss)}},
    {"sampler", "sampler/2", END_OF(neap_sampler, sample),
     {REQUIRED(neap_sampler, needs), REQUIRED(neap_sampler, sample)}},
    {"guidance", "guidance/2", END_OF(neap_guidance, velocity), {REQUIRED(neap_guidance, velocity)}},
    {"dataset", "dataset/2", END_OF(neap_dataset, read),
     {REQUIRED(neap_dataset, open), REQUIRED(neap_dataset, close), REQUIRED(neap_dataset, spec),
      REQUIRED(neap_dataset, count), REQUIRED(neap_dataset, read)}},
    {"metric", "metric/2", END_OF(neap_metric, score),
     {REQUIRED(neap_metric, scores), REQUIRED(neap_metric, score)}},
};
#define INTERFACES ((int)(sizeof interfaces / sizeof *interfaces))

static bool begins_kind(int i)
{
    return i == 0 || strcmp(interfaces[i].kind, interfaces[i - 1].kind) != 0;
}

const char *neap_kind_at(int index)
{
    for (int i = 0; i < INTERFACES; i++)
        if (begins_kind(i) && index-- == 0)
            return interfaces[i].kind;
    return NULL;
}

int neap_kind_index(const char *kind, size_t length)
{
    int index = 0;
    for (int i = 0; i < INTERFACES; i++) {
        if (!begins_kind(i))
            continue;
        if (strlen(interfaces[i].kind) == length && memcmp(interfaces[i].kind, kind, length) == 0)
            return index;
        index++;
    }
    return -1;
}

int neap_component_kind(const neap_component *component)
{
    return neap_kind_index(component->interface, strcspn(component->interface, "/"));
}

int neap_interface_index(const neap_component *component)
{
    for (int i = 0; i < INTERFACES; i++)
        if (strcmp(component->interface, interfaces[i].interface) == 0)
            return i;
    return -1;
}

static bool is_newer(const neap_component *other, const neap_component *component)
{
    return neap_component_kind(other) == neap_component_kind(component) &&
           neap_interface_index(other) > neap_interface_index(component) && strcmp(other->name, component->name) == 0;
}

bool neap_component_is_newest(const neap_plugin *plugin, const neap_component *component)
{
    if (neap_interface_index(component) < 0)
        return false;
    for (const neap_component *other = plugin->components; other->interface; other++)
        if (is_newer(other, component))
            return false;
    return true;
}

/* "sampler/2", or "sampler/2 and sampler/3". */
static int fail_version(const neap_component *component)
{
    char served[96] = "";
    const char *kind = neap_kind_at(neap_component_kind(component));
    for (int i = 0; kind && i < INTERFACES; i++)
        if (strcmp(interfaces[i].kind, kind) == 0)
            snprintf(served + strlen(served), sizeof served - strlen(served), "%s%s", *served ? " and " : "",
                     interfaces[i].interface);
    return neap_fail("interface '%s' is not served; this neap serves %s", component->interface, served);
}

static int check_functions(const neap_component *component, int index)
{
    size_t size = 0;
    if (component->functions)
        memcpy(&size, component->functions, sizeof size);
    if (size < interfaces[index].size)
        return neap_fail("expected at least %zu bytes of %s, got %zu", interfaces[index].size, component->interface, size);
    for (int i = 0; i < MAX_REQUIRED && interfaces[index].required[i].name; i++) {
        const void *member;
        memcpy(&member, (const char *)component->functions + interfaces[index].required[i].offset, sizeof member);
        if (!member)
            return neap_fail("%s: the member '%s' may not be NULL", component->interface, interfaces[index].required[i].name);
    }
    return 0;
}

int neap_interface_check(const neap_component *component)
{
    const int index = neap_interface_index(component);
    if (index >= 0)
        return check_functions(component, index);
    if (neap_component_kind(component) >= 0)
        return fail_version(component);
    return neap_fail("interface '%s' is not known", component->interface);
}
