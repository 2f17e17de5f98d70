/*
 * Growing text, for headers of files.
 */
#ifndef NEAP_IO_TEXT_H
#define NEAP_IO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <neap/io.h>

typedef struct neap_text {
    char *bytes; /* owned; free with neap_free */
    size_t length, room;
    bool failed; /* memory ran out, with a message; later additions do nothing */
} neap_text;

void neap_text_add(neap_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As a JSON string between quotes; the string is UTF-8. */
void neap_text_add_json(neap_text *text, const char *string);

bool neap_text_is_ascii(const char *string);

#endif
