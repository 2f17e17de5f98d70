/* Configs as JSON and back. Seventeen digits keep every double exact. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/jansson.h"
#include "io/text.h"
#include "plugin/host.h"

static json_t *write_config(const neap_instance *instance);

static json_t *write_component(const neap_instance *inner)
{
    if (!inner)
        return json_null();
    const neap_component *component = inner->component;
    json_t *config = write_config(inner);
    return config ? json_pack("{s:s, s:s, s:o}", "kind", neap_kind_at(neap_component_kind(component)), "name",
                              component->name, "config", config)
                  : NULL;
}

/* Text that is not UTF-8 becomes {"bytes": hexadecimal digits}; see neap_hex. */
static json_t *write_text(const char *text)
{
    if (!text || neap_text_is_utf8(text, strlen(text)))
        return text ? json_string(text) : json_null();
    char *digits = neap_hex(text, strlen(text));
    json_t *bytes = digits ? json_pack("{s:s}", "bytes", digits) : NULL;
    neap_free(digits);
    return bytes;
}

static json_t *write_network(const neap_network *network)
{
    const char *origin = network ? neap_network_origin(network) : NULL;
    if (!network)
        return json_null();
    if (!origin) {
        neap_fail("expected a network loaded from a run or a checkpoint, which a file can name");
        return NULL;
    }
    json_t *path = write_text(origin);
    return path ? json_pack("{s:o}", "network", path) : NULL;
}

static json_t *write_value(const neap_value *value)
{
    if (value->type == NEAP_PARAM_INT)
        return json_integer(value->integer);
    if (value->type == NEAP_PARAM_REAL)
        return json_real(value->real);
    if (value->type == NEAP_PARAM_FLAG)
        return json_boolean(value->integer);
    if (value->type == NEAP_PARAM_COMPONENT)
        return write_component(value->component);
    if (value->type == NEAP_PARAM_NETWORK)
        return write_network(value->network);
    return write_text(value->text);
}

static json_t *write_config(const neap_instance *instance)
{
    const neap_component *component = instance->component;
    json_t *config = json_object();
    for (int i = 0; config && component->params[i].type != NEAP_PARAM_END; i++) {
        const neap_param *param = &component->params[i];
        if (param->required && !instance->given[i])
            continue; /* it has no value yet */
        neap_value value = neap_instance_get(instance, param);
        if (json_object_set_new(config, param->name, write_value(&value))) {
            neap_fail("cannot be written as JSON");
            neap_fail_in(param->name);
            neap_fail_in(component->name);
            json_decref(config);
            config = NULL;
        }
    }
    return config;
}

char *neap_instance_json(const neap_instance *instance)
{
    if (!instance)
        return NULL;
    neap_json_begin();
    json_t *config = write_config(instance);
    char *text = config ? json_dumps(config, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(config);
    if (text && !neap_json_refused())
        return text;
    neap_free(text);
    return neap_fail_null("%s: its config cannot be written as JSON", instance->component->name);
}

static neap_instance *read_config(const char *kind, const char *name, json_t *config);

/* Reads a component inside; the caller owns it. */
static neap_instance *read_component(json_t *json)
{
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const char *name = json_string_value(json_object_get(json, "name"));
    json_t *config = json_object_get(json, "config");
    if (!kind || !name || !json_is_object(config))
        return neap_fail_null("expected an object of kind, name and config");
    return read_config(kind, name, config);
}

/* Decodes the text of {"bytes": "6361"}; the caller frees it. */
static char *read_bytes(const char *digits)
{
    size_t size;
    char *text = neap_unhex(digits, &size);
    if (!text || strlen(text) == size)
        return text;
    neap_free(text);
    return neap_fail_null("expected bytes without NUL, got '%s'", digits);
}

/* {"bytes": ..}, {"network": ..} or a component. Texts are new copies, which the caller frees. */
static int read_object(json_t *json, neap_value *value)
{
    const char *digits = json_string_value(json_object_get(json, "bytes"));
    json_t *network = json_object_get(json, "network");
    if (network && !json_is_object(network)) {
        *value = (neap_value){.type = NEAP_PARAM_TEXT, .text = neap_strdup(json_string_value(network))};
        return value->text ? 0 : neap_fail("expected the path of a network");
    }
    if (network)
        return read_object(network, value);
    if (digits)
        *value = (neap_value){.type = NEAP_PARAM_TEXT, .text = read_bytes(digits)};
    else
        *value = (neap_value){.type = NEAP_PARAM_COMPONENT, .component = read_component(json)};
    return value->text || value->component ? 0 : -1;
}

static int read_value(json_t *json, neap_value *value)
{
    *value = (neap_value){.type = NEAP_PARAM_TEXT, .text = json_string_value(json)};
    if (json_is_integer(json))
        *value = (neap_value){.type = NEAP_PARAM_INT, .integer = json_integer_value(json)};
    else if (json_is_real(json))
        *value = (neap_value){.type = NEAP_PARAM_REAL, .real = json_real_value(json)};
    else if (json_is_boolean(json))
        *value = (neap_value){.type = NEAP_PARAM_FLAG, .integer = json_is_true(json)};
    else if (json_is_object(json))
        return read_object(json, value);
    else if (json_is_array(json))
        return neap_fail("expected one value, got an array");
    return 0;
}

static int read_member(neap_instance *instance, const char *key, json_t *json)
{
    neap_value value;
    if (read_value(json, &value)) {
        neap_fail_in(key);
        return neap_fail_in(instance->component->name);
    }
    const int status = neap_instance_set(instance, key, &value);
    neap_instance_release(value.component);
    if (json_is_object(json)) /* the text is a copy of read_object's */
        neap_free((char *)(uintptr_t)value.text);
    return status;
}

static neap_instance *read_config(const char *kind, const char *name, json_t *config)
{
    neap_instance *instance = neap_instance_new(neap_registry_find(kind, name));
    if (!instance)
        return NULL;
    const char *key;
    json_t *member;
    json_object_foreach(config, key, member) {
        if (read_member(instance, key, member)) {
            neap_instance_release(instance);
            return NULL;
        }
    }
    return instance;
}

neap_instance *neap_instance_from_json(const char *kind, const char *name, const char *json)
{
    json_error_t error;
    if (!kind || !name || !json)
        return neap_fail_null("instance: expected a kind, a name and JSON");
    neap_json_begin();
    json_t *config = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    neap_instance *instance = NULL;
    if (!config || neap_json_refused())
        neap_fail("%s: no JSON: %s (line %d)", name, error.text, error.line);
    else if (!json_is_object(config))
        neap_fail("%s: expected a JSON object", name);
    else
        instance = read_config(kind, name, config);
    json_decref(config);
    return instance;
}
