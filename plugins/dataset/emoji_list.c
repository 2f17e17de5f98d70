/* Unicode's emoji-test.txt: a line per emoji, "CODE POINTS ; STATUS # EMOJI EVERSION NAME", under lines "# group: NAME". */
#include "emoji.h"

#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "content.h"

#define LAST_POINT 0x10ffff

typedef struct reader {
    emoji_list *list;
    const char *name, *group; /* group: of the lines that follow, not yet in the list; or NULL */
    int64_t line, room;
    int group_index; /* of the group in the list, or -1 */
} reader;

static int fail_line(const reader *r, const char *expected, const char *got)
{
    return neap_fail("%s:%lld: expected %s, got '%.60s'", r->name, (long long)r->line, expected, got);
}

/* Cuts blanks off both ends. */
static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* The index of the group of the lines, which enters the list with its first emoji; or -1. */
static int group_index(reader *r)
{
    emoji_list *list = r->list;
    for (int i = 0; r->group_index < 0 && i < list->group_count; i++)
        if (strcmp(list->groups[i], r->group) == 0)
            r->group_index = i;
    if (r->group_index >= 0)
        return r->group_index;
    if (list->group_count == EMOJI_MOST_GROUPS)
        return fail_line(r, "at most 256 groups", r->group);
    list->groups[list->group_count] = r->group;
    return r->group_index = list->group_count++;
}

static int read_points(reader *r, char *at, emoji_entry *entry)
{
    const char *whole = at;
    for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
        char *end;
        const unsigned long point = strtoul(at, &end, 16);
        if (end == at || (*end && !strchr(" \t", *end)) || point == 0 || point > LAST_POINT)
            return fail_line(r, "code points in hexadecimal", whole);
        if (entry->points == EMOJI_MOST_POINTS)
            return fail_line(r, "at most 16 code points", whole);
        entry->point[entry->points++] = (uint32_t)point;
        at = end;
    }
    return entry->points ? 0 : fail_line(r, "code points in hexadecimal", whole);
}

/* The name follows the emoji and the version. */
static char *name_in(char *comment)
{
    char *at = trimmed(comment);
    for (int word = 0; word < 2; word++) {
        at += strcspn(at, " \t");
        at += strspn(at, " \t");
    }
    return at;
}

/* Of ASCII, and of the Latin letters with accents up to U+00DE, whose small letters lie 32 behind. */
static void lower(char *text)
{
    for (; *text; text++) {
        const bool accented = (uint8_t)text[0] == 0xc3 && (uint8_t)text[1] >= 0x80 && (uint8_t)text[1] <= 0x9e;
        if (*text >= 'A' && *text <= 'Z')
            *text += 32;
        else if (accented && (uint8_t)text[1] != 0x97) /* a sign of multiplication */
            text[1] += 32;
    }
}

static emoji_entry *add_entry(reader *r)
{
    emoji_list *list = r->list;
    if (list->count == r->room) {
        const int64_t room = r->room ? 2 * r->room : 1024;
        emoji_entry *grown = neap_realloc(list->entries, (size_t)room * sizeof *grown);
        if (!grown)
            return NULL;
        list->entries = grown;
        r->room = room;
    }
    list->entries[list->count] = (emoji_entry){0};
    return &list->entries[list->count++];
}

/* A line "POINTS ; STATUS # COMMENT". Emoji of another status are spellings of one that is fully qualified, or parts. */
static int read_emoji(reader *r, char *line)
{
    static const char form[] = "'CODE POINTS ; STATUS # EMOJI EVERSION NAME'";
    char *status = strchr(line, ';'), *comment = status ? strchr(status, '#') : NULL;
    if (!comment)
        return fail_line(r, form, line);
    *status++ = *comment++ = '\0';
    if (strcmp(trimmed(status), "fully-qualified") != 0)
        return 0;
    char *name = name_in(comment);
    if (!*name)
        return fail_line(r, form, line);
    if (!r->group)
        return fail_line(r, "a line '# group: NAME' before", line);
    emoji_entry *entry = add_entry(r);
    if (!entry || read_points(r, line, entry) < 0 || (entry->group = group_index(r)) < 0)
        return -1;
    lower(name);
    entry->name = name;
    return 0;
}

static int read_line(reader *r, char *line)
{
    static const char group[] = "# group:";
    line = trimmed(line);
    r->line++;
    if (strncmp(line, group, sizeof group - 1) == 0) {
        r->group = trimmed(line + sizeof group - 1);
        r->group_index = -1;
        return 0;
    }
    return *line == '\0' || *line == '#' ? 0 : read_emoji(r, line);
}

int emoji_list_parse(emoji_list *list, const char *name, char *text, size_t size)
{
    reader r = {.list = list, .name = name, .group_index = -1};
    *list = (emoji_list){.text = text};
    if (!neap_text_is_utf8(text, size) || strlen(text) != size)
        return neap_fail("%s: expected a text in UTF-8", name);
    for (char *line = text, *end; line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        if (read_line(&r, line) < 0)
            return -1;
    }
    return list->count ? 0 : neap_fail("%s: expected lines with the status fully-qualified, got none", name);
}

void emoji_list_free(emoji_list *list)
{
    neap_free(list->text);
    neap_free(list->entries);
    *list = (emoji_list){0};
}

static bool is_tone(uint32_t point)
{
    return point >= 0x1f3fb && point <= 0x1f3ff;
}

bool emoji_has_tone(const emoji_entry *entry)
{
    for (int i = 0; i < entry->points; i++)
        if (is_tone(entry->point[i]))
            return true;
    return false;
}

uint64_t emoji_hash(const emoji_entry *entry)
{
    uint64_t hash = CONTENT_EMPTY;
    for (int i = 0; i < entry->points; i++) {
        const uint32_t point = entry->point[i];
        const uint8_t bytes[3] = {(uint8_t)(point >> 16), (uint8_t)(point >> 8), (uint8_t)point};
        if (!is_tone(point) && point != 0xfe0f)
            hash = content_hash(hash, bytes, sizeof bytes);
    }
    return hash;
}

bool emoji_is_combination(const char *name)
{
    static const char names[] = ", " EMOJI_COMBINATIONS ",";
    const size_t length = strlen(name);
    for (const char *at = names + 2; (at = strstr(at, name)); at++)
        if (at[-1] == ' ' && at[-2] == ',' && at[length] == ',')
            return true;
    return false;
}
