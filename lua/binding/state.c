/* The allocator of Lua. It has the limit of tensors, so that a table that grows too large is an error in Lua. */
#include <stdlib.h>

#include "binding.h"

#define UNCHECKED ((size_t)4 << 20) /* bytes of growth between two checks of the limit */

static void *allocate(void *user, void *block, size_t old, size_t size)
{
    static size_t grown; /* since the last check */
    const size_t has = block ? old : 0;
    (void)user;
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (size > has) {
        grown += size - has;
        if (grown >= UNCHECKED && !neap_memory_allows(size - has > UNCHECKED ? size - has : UNCHECKED))
            return NULL;
        if (grown >= UNCHECKED)
            grown = 0;
    }
    return realloc(block, size);
}

lua_State *neap_lua_new_state(void)
{
    lua_State *L = luaL_newstate(); /* allocates with realloc until the allocator below is set */
    if (L)
        lua_setallocf(L, allocate, NULL);
    return L;
}
