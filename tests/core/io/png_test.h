/*
 * For tests of PNG files: their chunks one by one.
 */
#ifndef NEAP_PNG_TEST_H
#define NEAP_PNG_TEST_H

#include "picture_test.h"

static inline uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

typedef struct chunk {
    char type[5];
    const unsigned char *body;
    size_t size;
} chunk;

/* All chunks of a file, each with its checksum compared; the last one is empty. */
static inline void read_chunks(const unsigned char *file, size_t size, chunk *chunks, int most)
{
    ck_assert_uint_ge(size, 8);
    ck_assert_mem_eq(file, "\x89PNG\r\n\x1a\n", 8);
    int count = 0;
    for (size_t at = 8; at < size; at += 12 + chunks[count++].size) {
        ck_assert_int_lt(count, most - 1);
        ck_assert_uint_le(at + 12, size);
        chunks[count] = (chunk){.body = file + at + 8, .size = u32(file + at)};
        ck_assert_uint_le(at + 12 + chunks[count].size, size);
        memcpy(chunks[count].type, file + at + 4, 4);
        ck_assert_uint_eq(png_crc(file + at + 4, 4 + chunks[count].size), u32(file + at + 8 + chunks[count].size));
    }
    chunks[count] = (chunk){0};
}

static inline void ck_chunk(const chunk *c, const char *type, const void *body, size_t size)
{
    ck_assert_str_eq(c->type, type);
    ck_assert_uint_eq(c->size, size);
    if (size)
        ck_assert_mem_eq(c->body, body, size);
}

#endif
