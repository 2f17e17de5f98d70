/*
 * For tests of memory: buffers are filled with a colour and looked at later.
 */
#ifndef NEAP_BUFFER_TEST_H
#define NEAP_BUFFER_TEST_H

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#define MIB ((size_t)1 << 20)

static inline void paint(void *buffer, size_t bytes, int colour)
{
    memset(buffer, colour, bytes);
}

static inline bool painted(const void *buffer, size_t bytes, int colour)
{
    const unsigned char *p = buffer;
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != (unsigned char)colour) {
            return false;
        }
    }
    return true;
}

#endif
