/* Values for a row of a parameter table: finds the row by name; converts and checks the value, or says what was
 * expected. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/number.h>

#include "plugin/handle.h"
#include "plugin/host.h"

#define EXPECTED_TEXT 512

int neap_param_count(const neap_component *component)
{
    int count = 0;
    while (component->params[count].type != NEAP_PARAM_END)
        count++;
    return count;
}

static int fail_unknown(const neap_component *component, const char *name, int count)
{
    const char **names = neap_calloc((size_t)count, sizeof *names);
    if (!names)
        return -1;
    for (int i = 0; i < count; i++)
        names[i] = component->params[i].name;
    const char *near = neap_nearest(name, names, count);
    neap_free(names);
    if (near)
        return neap_fail("%s: unknown parameter '%s'; did you mean '%s'?", component->name, name, near);
    return neap_fail("%s: unknown parameter '%s'", component->name, name);
}

int neap_param_find(const neap_component *component, const char *name)
{
    int count = neap_param_count(component);
    for (int i = 0; i < count; i++) {
        if (strcmp(component->params[i].name, name) == 0)
            return i;
    }
    return fail_unknown(component, name, count);
}

const char *neap_value_text(const neap_value *value, char text[NEAP_VALUE_TEXT])
{
    const char *string = value->text ? value->text : "";
    const neap_component *inner = value->component ? value->component->component : NULL;
    if (value->type == NEAP_PARAM_INT)
        snprintf(text, NEAP_VALUE_TEXT, "%lld", (long long)value->integer);
    else if (value->type == NEAP_PARAM_REAL)
        neap_print(text, NEAP_VALUE_TEXT, "%.15g", value->real);
    else if (value->type == NEAP_PARAM_FLAG)
        snprintf(text, NEAP_VALUE_TEXT, "%s", value->integer ? "true" : "false");
    else if (value->type == NEAP_PARAM_TEXT)
        snprintf(text, NEAP_VALUE_TEXT, value->text ? "text '%s'" : "nothing", string);
    else if (value->type == NEAP_PARAM_COMPONENT && inner)
        snprintf(text, NEAP_VALUE_TEXT, "%s '%s'", neap_kind_at(neap_component_kind(inner)), inner->name);
    else if (value->type == NEAP_PARAM_NETWORK && value->network)
        snprintf(text, NEAP_VALUE_TEXT, "a network");
    else
        snprintf(text, NEAP_VALUE_TEXT, "nothing");
    return text;
}

/* What a row accepts, in words: "a whole number", "one of 'train', 'test'". */
static void expected_text(const neap_param *param, char text[EXPECTED_TEXT])
{
    const char *fixed = neap_param_rule_of(param->type)->expected;
    if (param->type == NEAP_PARAM_COMPONENT) {
        snprintf(text, EXPECTED_TEXT, "a component of kind '%s'", param->text);
    } else if (param->type == NEAP_PARAM_CHOICE) {
        size_t used = (size_t)snprintf(text, EXPECTED_TEXT, "one of");
        for (int i = 0; param->choices[i] && used < EXPECTED_TEXT; i++)
            used += (size_t)snprintf(text + used, EXPECTED_TEXT - used, "%s '%s'", i ? "," : "", param->choices[i]);
    } else {
        snprintf(text, EXPECTED_TEXT, "%s", fixed);
    }
}

static int fail_range(const neap_component *component, const neap_param *param, const char *got)
{
    if (isinf(param->high))
        return neap_fail("%s: %s: expected at least %.15g, got %s", component->name, param->name, param->low, got);
    if (isinf(param->low))
        return neap_fail("%s: %s: expected at most %.15g, got %s", component->name, param->name, param->high, got);
    return neap_fail("%s: %s: expected %.15g to %.15g, got %s", component->name, param->name, param->low, param->high,
                     got);
}

int neap_param_accept(const neap_component *component, const neap_param *param, neap_value *value)
{
    char got[NEAP_VALUE_TEXT], expected[EXPECTED_TEXT];
    neap_value_text(value, got);
    if (!neap_param_rule_of(param->type)->accept(param, value)) {
        expected_text(param, expected);
        return neap_fail("%s: %s: expected %s, got %s", component->name, param->name, expected, got);
    }
    bool ranged = param->type == NEAP_PARAM_INT || param->type == NEAP_PARAM_REAL;
    double number = param->type == NEAP_PARAM_INT ? (double)value->integer : value->real;
    if (ranged && !(number >= param->low && number <= param->high))
        return fail_range(component, param, got);
    return value->type == NEAP_PARAM_NETWORK && value->network ? neap_network_accept(component, param, value->network) : 0;
}
