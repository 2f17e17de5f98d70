/* Instances: a component with its config. Parameters have defaults, are set by name, and checked before use. */
#include <stddef.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/handle.h"
#include "plugin/host.h"

/* What stands before the config, so that a function of the component finds the instance. */
typedef union config_head {
    const neap_instance *instance;
    max_align_t align;
} config_head;

static char *config_new(const neap_instance *instance, size_t size)
{
    config_head *head = neap_calloc(1, sizeof *head + size);
    if (!head)
        return NULL;
    head->instance = instance;
    return (char *)(head + 1);
}

static void config_free(char *config)
{
    neap_free(config ? config - sizeof(config_head) : NULL);
}

static void *field_of(const neap_instance *instance, const neap_param *param)
{
    return instance->config + param->offset;
}

static neap_value default_of(const neap_param *param)
{
    bool text = param->type == NEAP_PARAM_TEXT; /* in other types `text` is no default */
    bool real = param->type == NEAP_PARAM_REAL; /* which an int64_t may not hold */
    return (neap_value){.type = param->type,
                        .integer = real ? 0 : (int64_t)param->fallback,
                        .real = param->fallback,
                        .text = text ? param->text : NULL};
}

static int set_defaults(neap_instance *instance)
{
    for (const neap_param *param = instance->component->params; param->type != NEAP_PARAM_END; param++) {
        neap_value value = default_of(param);
        if (neap_param_rule_of(param->type)->assign(field_of(instance, param), &value))
            return -1;
    }
    return 0;
}

static void destroy(neap_instance *instance)
{
    for (const neap_param *param = instance->component->params; instance->config && param->type; param++) {
        const neap_param_rule *rule = neap_param_rule_of(param->type);
        if (rule->drop)
            rule->drop(field_of(instance, param));
    }
    config_free(instance->config);
    neap_free(instance->given);
    neap_free(instance);
}

neap_instance *neap_instance_new(const neap_component *component)
{
    if (!component)
        return NULL;
    neap_instance *instance = neap_calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    atomic_init(&instance->owners, 1);
    instance->component = component;
    instance->given = neap_calloc((size_t)neap_param_count(component), sizeof *instance->given);
    instance->config = config_new(instance, component->config_size);
    if (!instance->given || !instance->config || set_defaults(instance)) {
        destroy(instance);
        return NULL;
    }
    return instance;
}

neap_instance *neap_instance_keep(neap_instance *instance)
{
    if (instance)
        atomic_fetch_add(&instance->owners, 1);
    return instance;
}

void neap_instance_release(neap_instance *instance)
{
    if (instance && atomic_fetch_sub(&instance->owners, 1) == 1)
        destroy(instance);
}

/* Is `inner` the instance, or does it hold the instance? Such a cycle would never be released. */
static bool holds(const neap_instance *inner, const neap_instance *instance)
{
    if (!inner || inner == instance)
        return inner != NULL;
    for (const neap_param *param = inner->component->params; param->type != NEAP_PARAM_END; param++) {
        if (param->type == NEAP_PARAM_COMPONENT && holds(neap_instance_get(inner, param).component, instance))
            return true;
    }
    return false;
}

/* Sets a parameter, if its row accepts the value. */
static int put(neap_instance *instance, int index, neap_value own)
{
    const neap_component *component = instance->component;
    const neap_param *param = &component->params[index];
    const neap_param_rule *rule = neap_param_rule_of(param->type);
    if (neap_param_accept(component, param, &own))
        return -1;
    if (param->type == NEAP_PARAM_COMPONENT && holds(own.component, instance))
        return neap_fail("%s: %s: a component cannot hold itself", component->name, param->name);
    union {
        int64_t whole;
        double real;
        void *pointer;
    } old; /* dropped after the new value is stored, so that a failure changes nothing */
    memcpy(&old, field_of(instance, param), rule->size);
    if (rule->assign(field_of(instance, param), &own))
        return -1;
    if (rule->drop)
        rule->drop(&old);
    instance->given[index] = param->type != NEAP_PARAM_TEXT || own.text;
    return 0;
}

/* Sets a network by the path of its run or checkpoint. */
static int put_loaded(neap_instance *instance, int index, const char *path)
{
    const neap_component *component = instance->component;
    neap_value own = {.type = NEAP_PARAM_NETWORK, .network = neap_network_load(path)};
    if (!own.network) {
        neap_fail_in(component->params[index].name);
        return neap_fail_in(component->name);
    }
    int status = put(instance, index, own);
    neap_network_release(own.network);
    return status;
}

int neap_instance_set(neap_instance *instance, const char *name, const neap_value *value)
{
    if (!instance || !name || !value)
        return neap_fail("instance: set: expected an instance, a name and a value");
    int index = neap_param_find(instance->component, name);
    if (index < 0)
        return -1;
    if (instance->component->params[index].type == NEAP_PARAM_NETWORK && value->type == NEAP_PARAM_TEXT && value->text)
        return put_loaded(instance, index, value->text);
    return put(instance, index, *value);
}

/* Copies one value that was set; a component inside is copied, too. */
static int copy_value(neap_instance *copy, const neap_instance *instance, int index)
{
    neap_value value = neap_instance_get(instance, &instance->component->params[index]);
    neap_instance *inner = neap_instance_copy(value.component);
    if (value.component && !inner)
        return -1;
    value.component = inner;
    int status = put(copy, index, value);
    neap_instance_release(inner);
    return status;
}

neap_instance *neap_instance_copy(const neap_instance *instance)
{
    neap_instance *copy = instance ? neap_instance_new(instance->component) : NULL;
    for (int i = 0; copy && instance->component->params[i].type != NEAP_PARAM_END; i++)
        if (instance->given[i] && copy_value(copy, instance, i) < 0) {
            neap_instance_release(copy);
            return NULL;
        }
    return copy;
}

/* Sets a component by its name, with its defaults; "none" removes it. */
static int set_component(neap_instance *instance, const neap_param *param, const char *text)
{
    neap_value value = {.type = NEAP_PARAM_COMPONENT};
    if (strcmp(text, "none") != 0) {
        value.component = neap_instance_new(neap_registry_find(param->text, text));
        if (!value.component)
            return -1;
    }
    int status = neap_instance_set(instance, param->name, &value);
    neap_instance_release(value.component);
    return status;
}

int neap_instance_set_text(neap_instance *instance, const char *name, const char *text)
{
    if (!instance || !name || !text)
        return neap_fail("instance: set: expected an instance, a name and a text");
    int index = neap_param_find(instance->component, name);
    if (index < 0)
        return -1;
    const neap_param *param = &instance->component->params[index];
    if (param->type == NEAP_PARAM_COMPONENT)
        return set_component(instance, param, text);
    if (param->type == NEAP_PARAM_NETWORK && strcmp(text, "none") == 0)
        return put(instance, index, (neap_value){.type = NEAP_PARAM_NETWORK});
    neap_value value = {0};
    if (!neap_param_rule_of(param->type)->parse(param, text, &value))
        value = (neap_value){.type = NEAP_PARAM_TEXT, .text = text}; /* which neap_instance_set refuses */
    return neap_instance_set(instance, name, &value);
}

neap_value neap_instance_get(const neap_instance *instance, const neap_param *param)
{
    return neap_param_rule_of(param->type)->fetch(param, field_of(instance, param));
}

int neap_instance_check(const neap_instance *instance)
{
    if (!instance)
        return -1;
    const neap_param *params = instance->component->params;
    for (int i = 0; params[i].type != NEAP_PARAM_END; i++) {
        if (params[i].required && !instance->given[i])
            return neap_fail("%s: %s is required: %s", instance->component->name, params[i].name, params[i].help);
        neap_value value = neap_instance_get(instance, &params[i]);
        if (value.component && neap_instance_check(value.component))
            return neap_fail_in(instance->component->name);
    }
    return 0;
}

const neap_component *neap_instance_component(const neap_instance *instance)
{
    return instance ? instance->component : NULL;
}

const void *neap_instance_config(const neap_instance *instance)
{
    return instance ? instance->config : NULL;
}

const neap_instance *neap_instance_of(const void *config)
{
    return ((const config_head *)config)[-1].instance;
}
