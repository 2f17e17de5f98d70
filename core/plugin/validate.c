/* Checks a plugin before it is registered: its header, its texts, its interfaces, and every row of its tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/host.h"

#define MAX_ROWS 1024                /* a longer table lacks its last row */
#define MAX_CONFIG ((size_t)1 << 20) /* bytes */

static bool is_name(const char *text)
{
    if (!text || *text < 'a' || *text > 'z')
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static const char *shown(const char *text)
{
    return text ? text : "nothing";
}

int neap_plugin_check_header(uint32_t abi, uint32_t size)
{
    if (abi != NEAP_ABI)
        return neap_fail("expected ABI %d, got ABI %u", NEAP_ABI, abi);
    if (size < sizeof(neap_plugin)) /* a newer header may have more members at its end */
        return neap_fail("expected a neap_plugin of at least %zu bytes, got %u", sizeof(neap_plugin), size);
    return 0;
}

/* --- Rows -------------------------------------------------------------------------------------------------------- */

static int check_numbers(const neap_param *param)
{
    bool whole = param->type != NEAP_PARAM_REAL;
    double value = param->fallback;
    if (!isfinite(value) || (whole && (value != floor(value) || fabs(value) > 0x1p53)))
        return neap_fail("expected a default that is %s, got %g", whole ? "a whole number" : "finite", value);
    bool ranged = param->type == NEAP_PARAM_INT || param->type == NEAP_PARAM_REAL;
    if (ranged && !(param->low <= param->high))
        return neap_fail("expected a range from low to high, got %g to %g", param->low, param->high);
    if (ranged && !param->required && !(value >= param->low && value <= param->high))
        return neap_fail("expected a default within %g to %g, got %g", param->low, param->high, value);
    if (param->type == NEAP_PARAM_FLAG && value != 0 && value != 1)
        return neap_fail("expected a default of 0 or 1, got %g", value);
    return 0;
}

static int check_words(const neap_param *param)
{
    if (param->type == NEAP_PARAM_NETWORK && !param->text)
        return neap_fail("expected what the network must offer, got nothing");
    if (param->type == NEAP_PARAM_COMPONENT && (!param->text || neap_kind_index(param->text, strlen(param->text)) < 0))
        return neap_fail("expected a kind of component, got %s", shown(param->text));
    if (param->type != NEAP_PARAM_CHOICE)
        return 0;
    int count = 0;
    while (param->choices && count < MAX_ROWS && param->choices[count])
        count++;
    if (count == MAX_ROWS)
        return neap_fail("its list of choices has no end");
    if (!(param->fallback >= 0 && param->fallback < count))
        return neap_fail("expected a default among %d choices, got %g", count, param->fallback);
    return 0;
}

static int check_place(const neap_component *component, const neap_param *param)
{
    const neap_param_rule *rule = neap_param_rule_of(param->type);
    if (rule->size > component->config_size || param->offset > component->config_size - rule->size)
        return neap_fail("offset %zu lies outside the config's %zu bytes", param->offset, component->config_size);
    if (param->offset % rule->align)
        return neap_fail("offset %zu is not a multiple of %zu", param->offset, rule->align);
    for (const neap_param *other = component->params; other < param; other++) {
        if (strcmp(other->name, param->name) == 0)
            return neap_fail("named twice");
        size_t other_end = other->offset + neap_param_rule_of(other->type)->size;
        if (other->offset < param->offset + rule->size && param->offset < other_end)
            return neap_fail("overlaps '%s' in the config", other->name);
    }
    return 0;
}

static int check_row(const neap_component *component, const neap_param *param)
{
    if (!is_name(param->name))
        return neap_fail("expected a name of a-z, 0-9 and _, got '%s'", shown(param->name));
    if (!neap_param_rule_of(param->type))
        return neap_fail("its type %d is not known", (int)param->type);
    if (!param->help)
        return neap_fail("has no help");
    return check_numbers(param) || check_words(param) || check_place(component, param) ? -1 : 0;
}

static int check_table(const neap_component *component)
{
    char where[96];
    if (!component->params)
        return neap_fail("has no parameter table");
    if (component->config_size > MAX_CONFIG)
        return neap_fail("expected a config of at most %zu bytes, got %zu", MAX_CONFIG, component->config_size);
    for (int i = 0; component->params[i].type != NEAP_PARAM_END; i++) {
        if (i == MAX_ROWS)
            return neap_fail("its parameter table has no end");
        if (check_row(component, &component->params[i])) {
            snprintf(where, sizeof where, "parameter %d (%.60s)", i + 1, shown(component->params[i].name));
            return neap_fail_in(where);
        }
    }
    return 0;
}

/* --- Components -------------------------------------------------------------------------------------------------- */

static int check_component(const neap_component *component)
{
    if (!is_name(component->name))
        return neap_fail("expected a name of a-z, 0-9 and _, got '%s'", shown(component->name));
    if (!component->help)
        return neap_fail("has no help");
    return neap_interface_check(component) || check_table(component) ? -1 : 0;
}

static bool is_same_component(const neap_component *a, const neap_component *b)
{
    return neap_component_kind(a) == neap_component_kind(b) && strcmp(a->name, b->name) == 0;
}

/* Does the plugin offer the same component in a version that this host serves? */
static bool has_served_version(const neap_plugin *plugin, const neap_component *component)
{
    for (const neap_component *other = plugin->components; other->interface; other++)
        if (neap_interface_index(other) >= 0 && other->name && is_same_component(component, other))
            return true;
    return false;
}

static int check_twice(const neap_plugin *plugin, const neap_component *component)
{
    for (const neap_component *other = plugin->components; other < component; other++)
        if (strcmp(other->interface, component->interface) == 0 && is_same_component(other, component))
            return neap_fail("%s '%s' is there twice", neap_kind_at(neap_component_kind(component)), component->name);
    return 0;
}

static int check_components(const neap_plugin *plugin)
{
    char where[96];
    for (int i = 0; plugin->components[i].interface; i++)
        if (i == MAX_ROWS)
            return neap_fail("its list of components has no end");
    for (int i = 0; plugin->components[i].interface; i++) {
        const neap_component *component = &plugin->components[i];
        if (is_name(component->name) && neap_interface_index(component) < 0 && has_served_version(plugin, component))
            continue;
        if (check_component(component)) {
            snprintf(where, sizeof where, "component %d (%.60s)", i + 1, shown(component->name));
            return neap_fail_in(where);
        }
        if (check_twice(plugin, component))
            return -1;
    }
    return 0;
}

int neap_plugin_validate(const neap_plugin *plugin)
{
    if (neap_plugin_check_header(plugin->abi, plugin->size))
        return -1;
    if (!is_name(plugin->name))
        return neap_fail("expected a plugin name of a-z, 0-9 and _, got '%s'", shown(plugin->name));
    if (!plugin->version || !plugin->license || !plugin->help)
        return neap_fail("expected a version, a license and help");
    if (!plugin->components || !plugin->components[0].interface)
        return neap_fail("has no components");
    return check_components(plugin);
}
