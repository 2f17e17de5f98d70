/* Parameter types: one rule for each says what it accepts, and how its field is written, read and released. */
#include <errno.h>
#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/number.h>

#include "plugin/host.h"

static bool accept_int(const neap_param *param, neap_value *value)
{
    (void)param;
    if (value->type == NEAP_PARAM_REAL) {
        if (!(value->real >= -0x1p63 && value->real < 0x1p63) || value->real != floor(value->real))
            return false;
        value->integer = (int64_t)value->real;
        value->type = NEAP_PARAM_INT;
    }
    return value->type == NEAP_PARAM_INT;
}

static bool accept_real(const neap_param *param, neap_value *value)
{
    (void)param;
    if (value->type == NEAP_PARAM_INT) {
        value->real = (double)value->integer;
        value->type = NEAP_PARAM_REAL;
    }
    return value->type == NEAP_PARAM_REAL && isfinite(value->real);
}

static bool accept_flag(const neap_param *param, neap_value *value)
{
    (void)param;
    return value->type == NEAP_PARAM_FLAG;
}

static bool accept_text(const neap_param *param, neap_value *value)
{
    (void)param;
    return value->type == NEAP_PARAM_TEXT;
}

static bool accept_choice(const neap_param *param, neap_value *value)
{
    if (value->type != NEAP_PARAM_TEXT || !value->text)
        return false;
    for (int i = 0; param->choices[i]; i++) {
        if (strcmp(param->choices[i], value->text) == 0) {
            value->integer = i;
            return true;
        }
    }
    return false;
}

static bool accept_component(const neap_param *param, neap_value *value)
{
    if (value->type == NEAP_PARAM_TEXT && !value->text) { /* JSON's null has no type */
        value->type = NEAP_PARAM_COMPONENT;
        value->component = NULL;
    }
    return value->type == NEAP_PARAM_COMPONENT &&
           (!value->component ||
            neap_component_kind(value->component->component) == neap_kind_index(param->text, strlen(param->text)));
}

/* neap_instance_set loads a path before this is called. */
static bool accept_network(const neap_param *param, neap_value *value)
{
    (void)param;
    if (value->type == NEAP_PARAM_TEXT && !value->text) { /* JSON's null */
        value->type = NEAP_PARAM_NETWORK;
        value->network = NULL;
    }
    return value->type == NEAP_PARAM_NETWORK;
}

static int assign_int(void *field, const neap_value *value)
{
    *(int64_t *)field = value->integer;
    return 0;
}

static int assign_real(void *field, const neap_value *value)
{
    *(double *)field = value->real;
    return 0;
}

static int assign_flag(void *field, const neap_value *value)
{
    *(bool *)field = value->integer != 0;
    return 0;
}

static int assign_text(void *field, const neap_value *value)
{
    const char *copy = neap_strdup(value->text);
    if (value->text && !copy)
        return -1;
    *(const char **)field = copy;
    return 0;
}

static int assign_choice(void *field, const neap_value *value)
{
    *(int *)field = (int)value->integer;
    return 0;
}

static int assign_component(void *field, const neap_value *value)
{
    *(const neap_instance **)field = neap_instance_keep(value->component);
    return 0;
}

static int assign_network(void *field, const neap_value *value)
{
    *(neap_network **)field = neap_network_keep(value->network);
    return 0;
}

static void drop_text(void *field)
{
    char *text; /* the field is a pointer to const, which neap_free does not take */
    memcpy(&text, field, sizeof text);
    neap_free(text);
}

static void drop_component(void *field)
{
    neap_instance *instance;
    memcpy(&instance, field, sizeof instance);
    neap_instance_release(instance);
}

static void drop_network(void *field)
{
    neap_network_release(*(neap_network **)field);
}

static neap_value fetch_int(const neap_param *param, const void *field)
{
    (void)param;
    return (neap_value){.type = NEAP_PARAM_INT, .integer = *(const int64_t *)field};
}

static neap_value fetch_real(const neap_param *param, const void *field)
{
    (void)param;
    return (neap_value){.type = NEAP_PARAM_REAL, .real = *(const double *)field};
}

static neap_value fetch_flag(const neap_param *param, const void *field)
{
    (void)param;
    return (neap_value){.type = NEAP_PARAM_FLAG, .integer = *(const bool *)field};
}

static neap_value fetch_text(const neap_param *param, const void *field)
{
    (void)param;
    return (neap_value){.type = NEAP_PARAM_TEXT, .text = *(const char *const *)field};
}

static neap_value fetch_choice(const neap_param *param, const void *field)
{
    int index = *(const int *)field;
    return (neap_value){.type = NEAP_PARAM_TEXT, .integer = index, .text = param->choices[index]};
}

static neap_value fetch_component(const neap_param *param, const void *field)
{
    (void)param;
    neap_value value = {.type = NEAP_PARAM_COMPONENT};
    memcpy(&value.component, field, sizeof value.component);
    return value;
}

static neap_value fetch_network(const neap_param *param, const void *field)
{
    (void)param;
    return (neap_value){.type = NEAP_PARAM_NETWORK, .network = *(neap_network *const *)field};
}

static bool parse_real(const neap_param *param, const char *text, neap_value *value)
{
    (void)param;
    char *end;
    value->type = NEAP_PARAM_REAL;
    value->real = neap_read_number(text, &end);
    return end != text && *end == '\0';
}

static bool parse_int(const neap_param *param, const char *text, neap_value *value)
{
    char *end;
    errno = 0;
    value->type = NEAP_PARAM_INT;
    value->integer = strtoll(text, &end, 10);
    /* "1e4" and "4000.0" are whole numbers too. */
    return errno == 0 && end != text && *end == '\0' ? true : parse_real(param, text, value);
}

static bool parse_flag(const neap_param *param, const char *text, neap_value *value)
{
    (void)param;
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = (neap_value){.type = NEAP_PARAM_FLAG, .integer = i % 2};
            return true;
        }
    }
    return false;
}

static bool parse_text(const neap_param *param, const char *text, neap_value *value)
{
    (void)param;
    *value = (neap_value){.type = NEAP_PARAM_TEXT, .text = text};
    return true;
}

static const neap_param_rule rules[] = {
    [NEAP_PARAM_INT] = {"a whole number", sizeof(int64_t), alignof(int64_t), accept_int, assign_int, NULL, fetch_int,
                        parse_int},
    [NEAP_PARAM_REAL] = {"a finite number", sizeof(double), alignof(double), accept_real, assign_real, NULL, fetch_real,
                         parse_real},
    [NEAP_PARAM_FLAG] = {"true or false", sizeof(bool), alignof(bool), accept_flag, assign_flag, NULL, fetch_flag,
                         parse_flag},
    [NEAP_PARAM_TEXT] = {"a text", sizeof(char *), alignof(char *), accept_text, assign_text, drop_text, fetch_text,
                         parse_text},
    [NEAP_PARAM_CHOICE] = {NULL, sizeof(int), alignof(int), accept_choice, assign_choice, NULL, fetch_choice,
                           parse_text},
    [NEAP_PARAM_COMPONENT] = {NULL, sizeof(void *), alignof(void *), accept_component, assign_component, drop_component,
                              fetch_component, parse_text},
    [NEAP_PARAM_NETWORK] = {"the path of a run or a checkpoint, or a model", sizeof(void *), alignof(void *), accept_network,
                            assign_network, drop_network, fetch_network, parse_text},
};

const neap_param_rule *neap_param_rule_of(neap_param_type type)
{
    return type > NEAP_PARAM_END && type <= NEAP_PARAM_NETWORK ? &rules[type] : NULL;
}
