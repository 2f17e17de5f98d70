/*
 * The host's side of plugins: the registry, the loader, and instances, which are components with their configs. A component
 * that has another one as a parameter reads it with neap_instance_component and neap_instance_config.
 *
 * The functions of the registry may be called from any thread. An instance may be changed from one thread at a time; its
 * owners may be on any. Functions that fail return NULL or -1 with a message.
 */
#ifndef NEAP_REGISTRY_H
#define NEAP_REGISTRY_H

#include <neap/plugin.h>

/* "architecture", "objective", "sampler", "guidance", "dataset", "metric"; NULL past the end. */
const char *neap_kind_at(int index);

/* Registers a statically linked plugin, which must live as long as the process. Registers none of its components and
 * fails for another ABI number or a smaller size, an unknown interface, an interface struct without its required members,
 * a malformed table, or a component whose kind and name are taken. */
int neap_registry_add(const neap_plugin *plugin, const char *origin);

/* The same for components that are defined anew while the program runs, as at a prompt: one whose kind and name are taken by
 * a component with an origin that equals `origin` replaces that. Instances of the replaced component stay valid. */
int neap_registry_replace(const neap_plugin *plugin, const char *origin);

/* Loads and registers one shared object. Fails as above, and for a file that is no ELF file for this machine or has no
 * neap_plugin_v2. Reads the ABI number and size from the file before dlopen. Loading the same file again does nothing. */
int neap_registry_load(const char *path);

/* The symbols that a shared object exports besides neap_plugin_v2, as "a, b"; "" for none. Read from the file, no code of which
 * runs. The caller frees the text with neap_free. */
char *neap_registry_strays(const char *path);

/* Loads every *.so in each folder of a colon-separated list, in order of name. A plugin that fails becomes a warning
 * (neap_warn), and the others are still loaded; so does a folder that cannot be read. Returns the number of failures. */
int neap_registry_scan(const char *folders);

/* The folders of all scans, as "mine, /usr/lib/neap/plugins"; "" when there was none. The caller frees it with neap_free. */
char *neap_registry_searched(void);

int neap_registry_count(const char *kind); /* 0 for an unknown kind */
/* By index from 0 in order of name; NULL without a message past the end. */
const neap_component *neap_registry_at(const char *kind, int index);
/* Fails with the nearest name: `sampler 'eulr' is not known; did you mean 'euler'?`; when none is near, with the folders where
 * plugins were searched. */
const neap_component *neap_registry_find(const char *kind, const char *name);
/* The plugin of a registered component, and its path or "built in". NULL without a message when it is not registered. */
const neap_plugin *neap_registry_plugin(const neap_component *component);
const char *neap_registry_origin(const neap_component *component);

/* The innermost call of a component that runs on this thread, or for a thread of the pool on the thread whose job it does. False:
 * none. For signal handlers: it takes no lock and allocates nothing. */
typedef struct neap_running {
    const char *interface, *component; /* "sampler/2", "euler" */
    const char *function;              /* "sample" */
    const char *file;                  /* of the plugin, or "built in"; NULL when unknown */
} neap_running;
bool neap_running_call(neap_running *out);

/* --- Instances: a component and its filled config ------------------------------------------------------------------- */

typedef struct neap_value {
    neap_param_type type; /* INT, REAL, FLAG, TEXT, COMPONENT or NETWORK. A REAL parameter also accepts an INT, an INT one a
                             whole REAL, a CHOICE its TEXT, and a NETWORK the path of a run or a checkpoint as TEXT */
    int64_t integer;
    double real;
    const char *text;
    neap_instance *component; /* set: gains an owner; get: borrowed */
    neap_network *network;    /* set: gains an owner and is frozen; get: borrowed */
} neap_value;

/* The caller owns the result, which has one owner. NULL gives NULL. */
neap_instance *neap_instance_new(const neap_component *component); /* all defaults */
neap_instance *neap_instance_copy(const neap_instance *instance);  /* copies components inside, shares networks */
neap_instance *neap_instance_keep(neap_instance *instance);        /* adds an owner and returns the instance */
void neap_instance_release(neap_instance *instance);

/* Sets one parameter. Checks its name, type, range and choices; a failure changes nothing:
 * `dit: unknown parameter 'widht'; did you mean 'width'?`, `dit: patch: expected 1 to 64, got 0`. */
int neap_instance_set(neap_instance *instance, const char *name, const neap_value *value);
/* The same from text, as on a command line: "depth", "12". A component is given by its name, and has its defaults; "none"
 * removes a component or a network. */
int neap_instance_set_text(neap_instance *instance, const char *name, const char *text);
neap_value neap_instance_get(const neap_instance *instance, const neap_param *param);
/* Fails when a required parameter, also of a component inside, is not set. Call it once, before use. */
int neap_instance_check(const neap_instance *instance);

/* Borrowed; NULL gives NULL. The config is laid out as the component's parameter table says. */
const neap_component *neap_instance_component(const neap_instance *instance);
const void *neap_instance_config(const neap_instance *instance);

/* The instance of a config; borrowed. `config` is the pointer that the host passes to a component's functions, and not a copy of
 * the config. For functions that several components share. */
const neap_instance *neap_instance_of(const void *config);

/* The config as a JSON object, with keys in the order of the table, and back. Free the text with neap_free; the caller
 * owns the instance. A component inside is {"kind": .., "name": .., "config": {..}}. A network is {"network": path}, and
 * fails when it was not loaded from a file. */
char *neap_instance_json(const neap_instance *instance);
neap_instance *neap_instance_from_json(const char *kind, const char *name, const char *json);

/* --- Networks as parameters ----------------------------------------------------------------------------------------- */

/* Adds or removes an owner, on any thread; the last one frees the network. NULL does nothing. */
neap_network *neap_network_keep(neap_network *network);
void neap_network_release(neap_network *network);

/* The path of the checkpoint that the network was loaded from; NULL without a message for any other network. */
const char *neap_network_origin(const neap_network *network);
int neap_network_set_origin(neap_network *network, const char *path);

/* Loads the network of a run or a checkpoint; the caller owns the result. Returns NULL with a message on failure. The
 * embedding program sets one loader for the process before it makes components. */
typedef neap_network *neap_network_loader(void *user, const char *path);
void neap_network_set_loader(neap_network_loader *load, void *user);

#endif
