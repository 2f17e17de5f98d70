/* Plugins of a build without dlopen, which are linked in; the build writes the table. */
#ifndef NEAP_STATIC_PLUGINS_H
#define NEAP_STATIC_PLUGINS_H

#include <neap/plugin.h>

extern const neap_plugin *const neap_static_plugins[]; /* ends with NULL */

#endif
