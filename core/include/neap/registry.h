/*
 * The host's side of plugins: configs filled from parameter tables, the registry, the loader.
 */
#ifndef NEAP_REGISTRY_H
#define NEAP_REGISTRY_H

#include <neap/plugin.h>

/* "architecture", "objective", "sampler", "guidance", "dataset", "metric"; NULL past the end. */
const char *neap_kind_at(int index);

/* Registers a plugin that is linked in. Refused whole, with a message: another ABI or size, an unknown interface, an
 * interface struct too small, a malformed table, a component whose kind and name are taken. */
int neap_registry_add(const neap_plugin *plugin, const char *origin);

/* Loads one shared object; everything above, and: no ELF file for this machine, no neap_plugin_v2. The ABI number and
 * size are read from the file before dlopen. Loading the same file twice is no error. */
int neap_registry_load(const char *path);

/* Loads every *.so in each folder of a colon-separated list, in order of name. A plugin that fails is named in a
 * warning and the rest go on; a folder that does not exist is passed over. Returns how many failed. */
int neap_registry_scan(const char *folders);

int neap_registry_count(const char *kind);
const neap_component *neap_registry_at(const char *kind, int index); /* sorted by name */
/* Fails with the nearest name: `sampler 'eulr' is not known; did you mean 'euler'?` */
const neap_component *neap_registry_find(const char *kind, const char *name);
const neap_plugin *neap_registry_plugin(const neap_component *component);
const char *neap_registry_origin(const neap_component *component); /* path, or "built in" */

/* --- Instances: a component and its filled config ----------------------------------------------------------------- */

typedef struct neap_value {
    neap_param_type type; /* INT, REAL, FLAG, TEXT, COMPONENT or NETWORK; an INT serves where a REAL is expected, a whole
                             REAL where an INT is, a TEXT where a CHOICE is, and the path of a run or a checkpoint where a
                             NETWORK is */
    int64_t integer;
    double real;
    const char *text;
    neap_instance *component; /* gains an owner */
    neap_network *network;    /* gains an owner, and is frozen */
} neap_value;

neap_instance *neap_instance_new(const neap_component *component); /* all defaults */
neap_instance *neap_instance_copy(const neap_instance *instance);  /* components inside are copied, networks shared */
neap_instance *neap_instance_keep(neap_instance *instance);
void neap_instance_release(neap_instance *instance);

/* Sets one parameter; unknown names get the nearest one suggested, values are checked against range and choices:
 * `dit: unknown parameter 'widht'; did you mean 'width'?`, `dit: patch: expected 1 to 64, got 0`. */
int neap_instance_set(neap_instance *instance, const char *name, const neap_value *value);
/* The same from text, as on a command line: "depth", "12". */
int neap_instance_set_text(neap_instance *instance, const char *name, const char *text);
neap_value neap_instance_get(const neap_instance *instance, const neap_param *param);
/* Fails when a required parameter was not set. To be called once, before use. */
int neap_instance_check(const neap_instance *instance);

const neap_component *neap_instance_component(const neap_instance *instance);
const void *neap_instance_config(const neap_instance *instance);

/* The config as a JSON object, keys in the table's order, and back; free the text with neap_free. A component inside is
 * {"kind": .., "name": .., "config": {..}}, a network {"network": path}; one that was not loaded from a file fails. */
char *neap_instance_json(const neap_instance *instance);
neap_instance *neap_instance_from_json(const char *kind, const char *name, const char *json);

/* --- Networks as parameters ---------------------------------------------------------------------------------------- */

neap_network *neap_network_keep(neap_network *network); /* NULL gives NULL */
void neap_network_release(neap_network *network);

/* The path of the checkpoint that it was loaded from; NULL without a message where it was not. */
const char *neap_network_origin(const neap_network *network);
int neap_network_set_origin(neap_network *network, const char *path);

/* How a text becomes a network: called with the path of a run or a checkpoint; the caller owns the result. NULL with a
 * message on failure. The program that embeds neap sets it once, before components are made. */
typedef neap_network *neap_network_loader(void *user, const char *path);
void neap_network_set_loader(neap_network_loader *load, void *user);

#endif
