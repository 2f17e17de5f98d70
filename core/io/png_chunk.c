/* See png_chunk.h. */
#include "io/png_chunk.h"

#include <string.h>

#include <zlib.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/text.h"

#define MOST_KEY 79

/* The ASCII part of the keys that the format allows (W3C PNG, 11.3.3). */
static bool is_key(const char *key)
{
    size_t length = strlen(key);
    bool good = length >= 1 && length <= MOST_KEY && key[0] != ' ' && key[length - 1] != ' ';
    for (size_t i = 0; good && i < length; i++)
        good = key[i] >= ' ' && key[i] <= '~' && !(key[i] == ' ' && key[i + 1] == ' ');
    return good;
}

int neap_png_check_text(const char *path, const neap_pair *text, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        if (!is_key(text[i].key))
            return neap_fail("%s: expected a text key of 1 to %d printable ASCII characters with single spaces "
                             "between, got '%s'", path, MOST_KEY, text[i].key);
    }
    return 0;
}

int neap_png_write_chunk(neap_output *out, const char type[4], const void *body, size_t size)
{
    unsigned char head[8], tail[4];
    neap_png_put_u32(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    neap_png_put_u32(tail, (uint32_t)crc32(crc32(0, head + 4, 4), body, (uInt)size));
    return neap_output_write(out, head, 8) < 0 || neap_output_write(out, body, size) < 0 ||
                   neap_output_write(out, tail, 4) < 0
               ? -1
               : 0;
}

/* tEXt is Latin-1, iTXt is UTF-8, here without compression, language or translated key. UTF-8 beyond ASCII is written
 * as iTXt, other bytes (for example of a path) unchanged as tEXt. */
static int write_pair(neap_output *out, const neap_pair *pair)
{
    static const char gap[5] = {0};
    bool plain = neap_text_is_ascii(pair->value) || !neap_text_is_utf8(pair->value, strlen(pair->value));
    size_t between = plain ? 1 : sizeof gap, key = strlen(pair->key), value = strlen(pair->value);
    char *body = neap_calloc(key + between + value, 1);
    if (!body)
        return -1;
    memcpy(body, pair->key, key);
    memcpy(body + key, gap, between);
    memcpy(body + key + between, pair->value, value);
    int status = neap_png_write_chunk(out, plain ? "tEXt" : "iTXt", body, key + between + value);
    neap_free(body);
    return status;
}

int neap_png_write_text(neap_output *out, const neap_pair *text, int pairs)
{
    for (int i = 0; i < pairs; i++)
        if (write_pair(out, &text[i]) < 0)
            return -1;
    return 0;
}
