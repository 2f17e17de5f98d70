/* Decodes the pictures of a folder, a batch at a time, into the parts of a cache. See folder.h. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#define MOST_AT_ONCE 256
#define BYTES_AT_ONCE ((size_t)1 << 26)
#define MOST_NAMED 16          /* broken files */
#define LONGEST_NAMES ((size_t)600) /* bytes of their messages, which must fit into a warning */

typedef struct decoded {
    uint64_t content;
    int status;
} decoded;

struct folder_build {
    const char *path;
    const folder_files *files;
    const folder_form *form;
    uint64_t key;
    size_t picture_bytes;
    int64_t at, at_once; /* the next file; files decoded at a time */
    uint8_t *pixels;     /* of the files that are decoded at a time */
    decoded *decoded;
    folder_record *records;
    int64_t count;
    char *captions;
    size_t captions_used, captions_room;
    int64_t broken, broken_captions;
    char *named[MOST_NAMED]; /* messages of the first broken files */
    uint8_t *tail;
    bool failed, ended;
};

folder_build *folder_build_new(const char *path, const folder_files *files, const folder_form *form, uint64_t key)
{
    folder_build *b = neap_calloc(1, sizeof *b);
    if (!b)
        return NULL;
    *b = (folder_build){.path = path, .files = files, .form = form, .key = key, .picture_bytes = folder_picture_bytes(form)};
    b->at_once = (int64_t)(BYTES_AT_ONCE / b->picture_bytes);
    b->at_once = b->at_once < 1 ? 1 : b->at_once > MOST_AT_ONCE ? MOST_AT_ONCE : b->at_once;
    b->pixels = neap_calloc((size_t)b->at_once, b->picture_bytes);
    b->decoded = neap_calloc((size_t)b->at_once, sizeof *b->decoded);
    b->records = neap_calloc((size_t)files->count + 1, sizeof *b->records);
    if (b->pixels && b->decoded && b->records)
        return b;
    folder_build_free(b);
    return NULL;
}

void folder_build_free(folder_build *b)
{
    if (!b)
        return;
    for (int i = 0; i < MOST_NAMED; i++)
        neap_free(b->named[i]);
    neap_free(b->pixels);
    neap_free(b->decoded);
    neap_free(b->records);
    neap_free(b->captions);
    neap_free(b->tail);
    neap_free(b);
}

bool folder_build_failed(const folder_build *b)
{
    return b->failed;
}

/* --- Pictures ------------------------------------------------------------------------------------------------------------ */

static int decode(folder_build *b, int64_t i)
{
    return folder_decode(b->files->file[b->at + i].path, b->form, b->pixels + (size_t)i * b->picture_bytes,
                         &b->decoded[i].content);
}

static void decode_range(void *user, int64_t begin, int64_t end)
{
    folder_build *b = user;
    for (int64_t i = begin; i < end; i++) {
        b->decoded[i].status = decode(b, i);
        neap_error_clear(); /* of this thread; the file is decoded again for its message */
    }
}

/* The error message without the folder's path, since the warning begins with it; owned by the caller. */
static char *message_below(const char *path)
{
    const char *message = neap_error_message();
    const size_t length = strlen(path);
    if (strncmp(message, path, length) == 0)
        message += length + strspn(message + length, "/");
    return neap_strdup(message);
}

/* Counts a broken file, and keeps its message if it is one of the first. Fails if the message is about memory: then the
 * file is not broken. */
static int note_broken(folder_build *b, int64_t *count)
{
    const int64_t before = b->broken + b->broken_captions;
    if (strncmp(neap_error_message(), "memory: ", 8) == 0)
        return -1;
    char *message = before < MOST_NAMED ? message_below(b->path) : NULL;
    if (before < MOST_NAMED && !message)
        return -1;
    neap_error_clear();
    if (before < MOST_NAMED)
        b->named[before] = message;
    ++*count;
    return 0;
}

static int add_caption(folder_build *b, folder_record *record, const char *path)
{
    char text[FOLDER_LONGEST_CAPTION];
    int32_t length;
    if (folder_caption_read(path, text, &length) < 0)
        return note_broken(b, &b->broken_captions);
    if (b->captions_used + (size_t)length > b->captions_room) {
        const size_t room = 2 * b->captions_room + FOLDER_LONGEST_CAPTION;
        char *grown = neap_realloc(b->captions, room);
        if (!grown)
            return -1;
        b->captions = grown;
        b->captions_room = room;
    }
    record->caption = (int64_t)b->captions_used;
    record->length = length;
    if (length)
        memcpy(b->captions + b->captions_used, text, (size_t)length);
    b->captions_used += (size_t)length;
    return 0;
}

/* Adds picture i of the batch and closes the gaps that broken ones leave. A picture that failed is decoded again, alone: it
 * may have lacked the memory that the others took. Returns 1, 0 for a broken picture, or -1. */
static int add_picture(folder_build *b, int64_t i, int64_t good)
{
    uint8_t *from = b->pixels + (size_t)i * b->picture_bytes, *to = b->pixels + (size_t)good * b->picture_bytes;
    if (b->decoded[i].status < 0 && decode(b, i) < 0)
        return note_broken(b, &b->broken) < 0 ? -1 : 0;
    memmove(to, from, b->picture_bytes);
    folder_record *record = &b->records[b->count++];
    *record = (folder_record){.content = b->decoded[i].content, .check = folder_check(0, to, b->picture_bytes),
                              .file = b->at + i};
    return add_caption(b, record, b->files->file[b->at + i].path) < 0 ? -1 : 1;
}

/* Decodes the next batch; *good of its pictures are usable. */
static int decode_batch(folder_build *b, int64_t *good)
{
    const int64_t left = b->files->count - b->at, count = left < b->at_once ? left : b->at_once;
    *good = 0;
    if (neap_check_cancel() < 0)
        return -1;
    neap_parallel(count, 1, decode_range, b);
    for (int64_t i = 0; i < count; i++) {
        const int added = add_picture(b, i, *good);
        if (added < 0)
            return -1;
        *good += added;
    }
    b->at += count;
    return 0;
}

/* --- The end ------------------------------------------------------------------------------------------------------------- */

/* "A; B; C; and 4 more" of the broken files, owned by the caller. */
static char *broken_names(const folder_build *b)
{
    int64_t left = b->broken + b->broken_captions;
    char *text = neap_strdup("");
    for (int i = 0; text && i < MOST_NAMED && left > 0 && strlen(text) < LONGEST_NAMES; i++, left--) {
        char *longer = neap_format("%s%s%s", text, i ? "; " : "", b->named[i]);
        neap_free(text);
        text = longer;
    }
    char *whole = text && left ? neap_format("%s; and %lld more", text, (long long)left) : neap_strdup(text);
    neap_free(text);
    return whole;
}

/* The warning, owned by the caller; "" when nothing is broken. */
static char *warning_of(const folder_build *b)
{
    char *names = b->broken + b->broken_captions ? broken_names(b) : NULL, captions[64] = "";
    if (!b->broken && !b->broken_captions)
        return neap_strdup("");
    if (b->broken_captions)
        snprintf(captions, sizeof captions, " and %lld captions", (long long)b->broken_captions);
    char *text = names ? neap_format("folder: %s: %lld of %lld pictures%s are left out: %s", b->path, (long long)b->broken,
                                     (long long)b->files->count, captions, names)
                       : NULL;
    neap_free(names);
    return text;
}

static int fail_empty(const folder_build *b)
{
    char *names = b->broken ? broken_names(b) : NULL;
    if (names)
        neap_fail("path: %s: expected a usable picture, got %lld that are not: %s", b->path, (long long)b->broken, names);
    else
        neap_fail("path: %s: expected PNG or JPEG pictures in it, got none", b->path);
    neap_free(names);
    return -1;
}

/* Zeros up to a multiple of 64 bytes, records, warning, captions, footer. */
static int make_tail(folder_build *b, const char *warning, size_t *size)
{
    const size_t pixels = (size_t)b->count * b->picture_bytes, padding = folder_padded(pixels) - pixels;
    const size_t records = (size_t)b->count * sizeof *b->records, first = strlen(warning);
    folder_footer footer = {.magic = FOLDER_MAGIC, .key = b->key, .picture_bytes = (int64_t)b->picture_bytes,
                            .count = b->count, .texts = (int64_t)(first + b->captions_used), .warning = (int64_t)first};
    *size = padding + records + first + b->captions_used + sizeof footer;
    uint8_t *at = b->tail = neap_calloc(*size, 1);
    if (!at)
        return -1;
    memcpy(at + padding, b->records, records);
    memcpy(at + padding + records, warning, first);
    if (b->captions_used)
        memcpy(at + padding + records + first, b->captions, b->captions_used);
    uint8_t *end = at + *size - sizeof footer;
    memcpy(end, &footer, sizeof footer);
    footer.check = folder_check(0, at + padding, *size - padding - sizeof footer.check);
    memcpy(end, &footer, sizeof footer);
    return 0;
}

static int make_end(folder_build *b, const void **bytes, size_t *size)
{
    if (!b->count)
        return fail_empty(b);
    char *warning = warning_of(b);
    const int status = warning ? make_tail(b, warning, size) : -1;
    neap_free(warning);
    *bytes = b->tail;
    b->ended = true;
    return status < 0 ? -1 : 1;
}

static int make_part(folder_build *b, const void **bytes, size_t *size)
{
    int64_t good = 0;
    if (b->ended)
        return 0;
    while (b->at < b->files->count && !good)
        if (decode_batch(b, &good) < 0)
            return -1;
    if (!good)
        return make_end(b, bytes, size);
    *bytes = b->pixels;
    *size = (size_t)good * b->picture_bytes;
    return 1;
}

int folder_build_next(void *build, const void **bytes, size_t *size)
{
    folder_build *b = build;
    const int status = make_part(b, bytes, size);
    b->failed = status < 0;
    return status;
}
