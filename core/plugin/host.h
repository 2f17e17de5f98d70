/*
 * What the files of the plugin host share: the rules of each parameter type, instances, validation, registration.
 */
#ifndef NEAP_PLUGIN_HOST_H
#define NEAP_PLUGIN_HOST_H

#include <stdatomic.h>
#include <sys/types.h>

#include <neap/registry.h>

struct neap_instance {
    atomic_int owners;
    const neap_component *component;
    bool *given;  /* per parameter: was it set? */
    char *config; /* config_size bytes */
};

/* How values of one parameter type come in and go out. */
typedef struct neap_param_rule {
    const char *expected; /* in messages; NULL: made from the row */
    size_t size, align;   /* of the field */
    /* Turns a value into the row's own type, in place; false where it has no such meaning. Range is checked apart. */
    bool (*accept)(const neap_param *param, neap_value *value);
    /* Writes an accepted value to a field, taking copies or owners; the field's old content is not looked at. */
    int (*assign)(void *field, const neap_value *value);
    void (*drop)(void *field); /* gives back what assign took; may be NULL */
    neap_value (*fetch)(const neap_param *param, const void *field);
    bool (*parse)(const neap_param *param, const char *text, neap_value *value); /* components excepted */
} neap_param_rule;

const neap_param_rule *neap_param_rule_of(neap_param_type type); /* NULL for what is no type */
int neap_param_count(const neap_component *component);
/* The row's index; fails with the nearest name. */
int neap_param_find(const neap_component *component, const char *name);
/* Converts and checks a value for a row; fails with component, row, what was expected and what came. */
int neap_param_accept(const neap_component *component, const neap_param *param, neap_value *value);

/* "12", "text 'a'", "sampler 'euler'" */
#define NEAP_VALUE_TEXT 128
const char *neap_value_text(const neap_value *value, char text[NEAP_VALUE_TEXT]);

/* Kinds of components, and the versions of their interfaces that this host serves (kinds.c). */
int neap_kind_index(const char *kind, size_t length); /* -1 without a message */
int neap_component_kind(const neap_component *component);
/* The row of a component's interface, larger for a newer version of the kind; -1 without a message where it is not served. */
int neap_interface_index(const neap_component *component);
/* Fails unless the interface is served and its struct has all required members. */
int neap_interface_check(const neap_component *component);
/* Is this the newest version served in which the plugin offers the component? Others are passed over. */
bool neap_component_is_newest(const neap_plugin *plugin, const neap_component *component);

/* All that can be checked of a plugin before it is registered; fails naming plugin, component, row and fault. */
int neap_plugin_validate(const neap_plugin *plugin);
/* The two numbers that are read before everything else. */
int neap_plugin_check_header(uint32_t abi, uint32_t size);

/* The same file under any name; zeros stand for no file. */
typedef struct neap_file_id {
    dev_t device;
    ino_t inode;
} neap_file_id;

/* As neap_registry_add; a file that is there already is no error. */
int neap_registry_add_file(const neap_plugin *plugin, const char *origin, neap_file_id file);

/* Reads abi and size of neap_plugin_v2 from the bytes of a shared object, running none of it. Bytes may be anything. */
int neap_elf_plugin_header(const void *bytes, size_t size, uint32_t *abi, uint32_t *plugin_size);

#endif
