/* Growing text: see text.h. */
#include "io/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/number.h>

static bool reserve(neap_text *t, size_t more)
{
    size_t want = t->length + more + 1, room = t->room ? t->room : 256;
    if (t->failed)
        return false;
    while (room < want)
        room *= 2;
    if (room == t->room)
        return true;
    char *bytes = neap_realloc(t->bytes, room);
    if (!bytes) {
        t->failed = true;
        return false;
    }
    t->bytes = bytes;
    t->room = room;
    return true;
}

void neap_text_add(neap_text *t, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = neap_print_list(NULL, 0, format, arguments);
    if (length < 0 && !t->failed) {
        neap_fail("text: cannot be formatted: %s", strerror(errno));
        t->failed = true;
    }
    if (length >= 0 && reserve(t, (size_t)length))
        t->length += (size_t)neap_print_list(t->bytes + t->length, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
}

void neap_text_add_json(neap_text *t, const char *string)
{
    neap_text_add(t, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\')
            neap_text_add(t, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            neap_text_add(t, "\\u%04x", (unsigned)*c);
        else
            neap_text_add(t, "%c", *c);
    }
    neap_text_add(t, "\"");
}

/* Length of the sequence that begins with a byte, and the least code point that needs it; 0 for no first byte. */
static int sequence(uint8_t lead, uint32_t *code, uint32_t *least)
{
    static const struct {
        uint8_t mask, pattern;
        uint32_t least;
    } rows[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (int i = 0; i < 4; i++)
        if ((lead & rows[i].mask) == rows[i].pattern) {
            *code = lead & (uint8_t)~rows[i].mask;
            *least = rows[i].least;
            return i + 1;
        }
    return 0;
}

static bool continues(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

/* The length of the character at the start of `length` bytes; 0 if it is none. */
static size_t character(const char *bytes, size_t length)
{
    uint32_t code = 0, least = 0;
    const int count = sequence((uint8_t)*bytes, &code, &least);
    if (count == 0 || (size_t)count > length)
        return 0;
    for (int k = 1; k < count; k++) {
        if (!continues(bytes[k]))
            return 0;
        code = code << 6 | ((uint8_t)bytes[k] & 0x3f);
    }
    return code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : (size_t)count;
}

size_t neap_text_valid(const char *bytes, size_t length)
{
    size_t valid = 0;
    for (size_t next = 1; valid < length && next; valid += next)
        next = character(bytes + valid, length - valid);
    return valid;
}

bool neap_text_is_utf8(const char *bytes, size_t length)
{
    return neap_text_valid(bytes, length) == length;
}

size_t neap_text_cut(const char *bytes, size_t length, size_t most)
{
    size_t kept = length < most ? length : most;
    while (kept < length && kept > 0 && continues(bytes[kept]))
        kept--;
    return kept;
}

bool neap_text_is_ascii(const char *string)
{
    while (*string && (unsigned char)*string < 0x80)
        string++;
    return !*string;
}

/* --- Bytes as hexadecimal digits ----------------------------------------------------------------------------------- */

static const char hex_digits[] = "0123456789abcdef";

char *neap_hex(const void *bytes, size_t size)
{
    char *text = neap_calloc(size + 1, 2);
    for (size_t i = 0; text && i < size; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        text[2 * i] = hex_digits[byte >> 4];
        text[2 * i + 1] = hex_digits[byte & 15];
    }
    return text;
}

char *neap_unhex(const char *digits, size_t *size)
{
    size_t length = strlen(digits);
    if (length % 2 || strspn(digits, hex_digits) != length)
        return neap_fail_null("expected pairs of hexadecimal digits, got '%s'", digits);
    char *bytes = neap_calloc(length / 2 + 1, 1);
    for (size_t i = 0; bytes && i < length; i++)
        bytes[i / 2] = (char)((uint8_t)bytes[i / 2] << 4 | (strchr(hex_digits, digits[i]) - hex_digits));
    *size = length / 2;
    return bytes;
}
