/* FNV-1a with 64 bits (Fowler, Noll, Vo). */
#ifndef NEAP_BASE_HASH_H
#define NEAP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define NEAP_HASH_START UINT64_C(0xcbf29ce484222325)

/* Continues the hash of the bytes before. */
static inline uint64_t neap_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
