/* Reading what is typed at a terminal, for prompts with and without the line editor. */
#ifndef NEAP_BINDING_TYPED_H
#define NEAP_BINDING_TYPED_H

#include <sys/types.h>

#include "binding.h"

/* Waits until something is typed and reads up to `size` bytes of it. `before`, if not NULL, is called before each wait. Returns the
 * number of bytes; 0 at the end of the input; -1 after a signal that ends the line, or an error. Only the main thread calls it. */
ssize_t neap_lua_read_typed(char *bytes, size_t size, void (*before)(void));

#endif
