/* Kinds of components, and the interfaces that this host serves. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>

#include "plugin/host.h"

#define MAX_REQUIRED 6

/* One row for each version of an interface. The versions of a kind are adjacent, oldest first. `size` ends after the last
 * required member; shorter structs are refused. Plugins may lack the members behind it; read those with NEAP_MEMBER. */
#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
static const struct {
    const char *kind, *interface;
    size_t size;
    size_t required[MAX_REQUIRED]; /* offsets of members that may not be NULL; ends with 0 */
} interfaces[] = {
    {"architecture", "architecture/2", END_OF(neap_architecture, spec),
     {offsetof(neap_architecture, build), offsetof(neap_architecture, destroy), offsetof(neap_architecture, spec)}},
    {"objective", "objective/2", END_OF(neap_objective, loss),
     {offsetof(neap_objective, needs), offsetof(neap_objective, phases), offsetof(neap_objective, loss)}},
    {"sampler", "sampler/2", END_OF(neap_sampler, sample),
     {offsetof(neap_sampler, needs), offsetof(neap_sampler, sample)}},
    {"guidance", "guidance/2", END_OF(neap_guidance, velocity), {offsetof(neap_guidance, velocity)}},
    {"dataset", "dataset/2", END_OF(neap_dataset, read),
     {offsetof(neap_dataset, open), offsetof(neap_dataset, close), offsetof(neap_dataset, spec),
      offsetof(neap_dataset, count), offsetof(neap_dataset, read)}},
    {"metric", "metric/2", END_OF(neap_metric, score),
     {offsetof(neap_metric, scores), offsetof(neap_metric, score)}},
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
    for (int i = 0; i < MAX_REQUIRED && interfaces[index].required[i]; i++) {
        const void *member;
        memcpy(&member, (const char *)component->functions + interfaces[index].required[i], sizeof member);
        if (!member)
            return neap_fail("the member at offset %zu of %s may not be NULL", interfaces[index].required[i],
                             component->interface);
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
