/* Networks as the plugin host sees them: owners, origin, and a table of functions. core/run makes the networks. */
#ifndef NEAP_PLUGIN_HANDLE_H
#define NEAP_PLUGIN_HANDLE_H

#include <stdatomic.h>

#include <neap/registry.h>

/* Functions that core/run provides. `destroy` runs when the last owner is gone. */
typedef struct neap_network_class {
    void (*destroy)(neap_network *network);
    int (*freeze)(neap_network *network);
    bool (*offers)(const neap_network *network, const char *what);
    const char *(*name)(const neap_network *network); /* of the architecture */
} neap_network_class;

/* The first member of a neap_network. */
typedef struct neap_network_handle {
    atomic_int owners;
    const neap_network_class *class;
    char *origin; /* path of the checkpoint that it was loaded from, owned; or NULL */
} neap_network_handle;

/* Freezes a network for a parameter; fails unless it offers what the row names. */
int neap_network_accept(const neap_component *component, const neap_param *param, neap_network *network);

/* Loads a network with the loader of neap_network_set_loader. The caller owns it. */
neap_network *neap_network_load(const char *path);

#endif
