/*
 * What the writers of PNG files share: a picture in memory, chunks, texts. All of them fail with `path` in the message.
 */
#ifndef NEAP_IO_PNG_H
#define NEAP_IO_PNG_H

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

/* A whole PNG file of rows of bytes; channels 1, 3 or 4. Free with neap_free. */
unsigned char *neap_png_encode(const char *path, const unsigned char *pixels, int64_t height, int64_t width,
                               int64_t channels, size_t *size);

int neap_png_write_chunk(neap_output *out, const char type[4], const void *body, size_t size);

int neap_png_check_text(const char *path, const neap_pair *text, int pairs);
int neap_png_write_text(neap_output *out, const neap_pair *text, int pairs);

#endif
