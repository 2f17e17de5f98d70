/*
 * Shared by the files of the plugin host: the rules of parameter types, instances, validation, registration.
 */
#ifndef NEAP_PLUGIN_HOST_H
#define NEAP_PLUGIN_HOST_H

#include <stdatomic.h>
#include <sys/types.h>

#include <neap/registry.h>

struct neap_instance {
    atomic_int owners;
    const neap_component *component;
    bool *given;  /* for each parameter: was it set? */
    char *config; /* config_size bytes; owns the texts, components and networks in it */
};

/* How values of one parameter type are converted, stored and read. */
typedef struct neap_param_rule {
    const char *expected; /* for messages; NULL: depends on the row */
    size_t size, align;   /* of the field */
    /* Converts a value to the row's type, in place; false when it cannot be converted. Does not check the range. */
    bool (*accept)(const neap_param *param, neap_value *value);
    /* Writes an accepted value to a field: copies a text, adds an owner of a component or network. Ignores the old
     * content. */
    int (*assign)(void *field, const neap_value *value);
    void (*drop)(void *field); /* releases what assign copied or owns; may be NULL */
    neap_value (*fetch)(const neap_param *param, const void *field); /* borrowed */
    bool (*parse)(const neap_param *param, const char *text, neap_value *value); /* not for components */
} neap_param_rule;

const neap_param_rule *neap_param_rule_of(neap_param_type type); /* NULL for an unknown type */
int neap_param_count(const neap_component *component);
/* The row's index; fails with the nearest name. */
int neap_param_find(const neap_component *component, const char *name);
/* Converts and checks a value for a row, and freezes a network. A failure names component, row, what was expected and
 * got. */
int neap_param_accept(const neap_component *component, const neap_param *param, neap_value *value);

/* "12", "text 'a'", "sampler 'euler'" */
#define NEAP_VALUE_TEXT 128
const char *neap_value_text(const neap_value *value, char text[NEAP_VALUE_TEXT]);

/* Kinds of components, and the versions of their interfaces that this host serves (kinds.c). */
int neap_kind_index(const char *kind, size_t length); /* -1 without a message */
int neap_component_kind(const neap_component *component);
/* The row of a component's interface; newer versions of a kind have larger rows. -1 without a message when it is not
 * served. */
int neap_interface_index(const neap_component *component);
/* Fails unless the interface is served and the component's struct has all required members. */
int neap_interface_check(const neap_component *component);
/* Is this the newest served version in which the plugin offers the component? Older ones are not registered. */
bool neap_component_is_newest(const neap_plugin *plugin, const neap_component *component);

/* Checks header, components and tables of a plugin. A failure names component, row and fault. */
int neap_plugin_validate(const neap_plugin *plugin);
/* Checks the ABI number and size, before any other member may be read. */
int neap_plugin_check_header(uint32_t abi, uint32_t size);

/* Identifies a file under any of its names; zeros: no file. */
typedef struct neap_file_id {
    dev_t device;
    ino_t inode;
} neap_file_id;

/* Adds a folder to those of neap_registry_searched; best effort. */
void neap_registry_note_folder(const char *folder);

/* As neap_registry_origin, without a lock: for signal handlers. */
const char *neap_registry_file(const neap_component *component);

/* As neap_registry_add; does nothing for a file that is registered already. */
int neap_registry_add_file(const neap_plugin *plugin, const char *origin, neap_file_id file);

/* The symbols that a shared object exports besides neap_plugin_v2, as "a, b"; "" for none. The bytes may be hostile. The caller
 * frees the text with neap_free. */
char *neap_elf_strays(const void *bytes, size_t size);

/* Reads ABI number and size of neap_plugin_v2 from the bytes of a shared object without running it. The bytes may be
 * hostile. */
int neap_elf_plugin_header(const void *bytes, size_t size, uint32_t *abi, uint32_t *plugin_size);

#endif
