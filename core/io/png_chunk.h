/*
 * Chunks of PNG files (W3C PNG, 5.3) and texts in them (11.3.3). All functions fail with `path` in the message.
 */
#ifndef NEAP_IO_PNG_CHUNK_H
#define NEAP_IO_PNG_CHUNK_H

#include <neap/io.h>

#include "io/output.h"

#define NEAP_PNG_SIGNATURE 8
/* The signature and the IHDR chunk. */
#define NEAP_PNG_HEAD 33

static inline uint32_t neap_png_get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void neap_png_put_u32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

int neap_png_write_chunk(neap_output *out, const char type[4], const void *body, size_t size);

/* Checks the keys; and writes texts as tEXt (Latin-1) or iTXt (UTF-8). */
int neap_png_check_text(const char *path, const neap_pair *text, int pairs);
int neap_png_write_text(neap_output *out, const neap_pair *text, int pairs);

#endif
