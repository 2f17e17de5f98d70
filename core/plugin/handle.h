/* Networks as the plugin host sees them: owners, origin, and what a parameter asks of one. core/run makes them. */
#ifndef NEAP_PLUGIN_HANDLE_H
#define NEAP_PLUGIN_HANDLE_H

#include <stdatomic.h>

#include <neap/registry.h>

/* What core/run does for the functions below. */
typedef struct neap_network_class {
    void (*destroy)(neap_network *network);
    int (*freeze)(neap_network *network);
    bool (*offers)(const neap_network *network, const char *what);
    const char *(*name)(const neap_network *network); /* of the architecture */
} neap_network_class;

/* A neap_network begins with this. */
typedef struct neap_network_handle {
    atomic_int owners;
    const neap_network_class *class;
    char *origin; /* path of the checkpoint that it was loaded from, owned; or NULL */
} neap_network_handle;

/* Checks and freezes a network for a parameter: fails unless it offers what the row names. */
int neap_network_accept(const neap_component *component, const neap_param *param, neap_network *network);

/* Loads the network that a text names, by the loader of neap_network_set_loader. The caller owns it. */
neap_network *neap_network_load(const char *path);

#endif
