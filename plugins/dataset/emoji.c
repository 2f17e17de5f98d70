/*
 * Data set: the colour glyphs of an emoji font, each with its group as the label and its name in lower case as the text. Sequences of
 * several code points (flags, families, professions) are shaped to their one glyph. Glyphs of equal bitmaps are one example,
 * by the first name: the flags of Norway and Bouvet Island.
 *
 * Skin tones are left out by default: they make up about half of the list, differ in the colour of the skin alone, and would
 * make the people outnumber all other groups together.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>
#include <neap/registry.h>

#include "bytes.h"
#include "content.h"
#include "emoji.h"

#define LARGEST_LIST ((size_t)1 << 24)

typedef struct config {
    const char *font, *list, *background;
    int64_t size;
    int split, held_out;
    double test_share;
    bool captions, skin_tones, flip;
} config;

enum { SHARE, COMBINATIONS };
static const char *const held_out[] = {[SHARE] = "share", [COMBINATIONS] = "combinations", NULL};

typedef struct example {
    const char *name;
    int64_t at; /* of its first pixel */
    int32_t group;
    bool mirrored;
} example;

typedef struct emoji {
    emoji_list list;
    uint32_t *glyphs;
    emoji_drawing drawing; /* pixels: of the examples without mirrored copies; hash: of all entries */
    example *examples;
    int64_t count, longest; /* longest: bytes of a name; 0 without captions */
} emoji;

/* --- Opening ----------------------------------------------------------------------------------------------------------- */

static int check_file(const char *parameter, const char *path, const char *package)
{
    if (access(path ? path : "", R_OK) == 0)
        return 0;
    return neap_fail("%s: %s: %s; install the package %s, or name another file", parameter, path ? path : "", strerror(errno),
                     package);
}

static int read_list(emoji *e, const config *c)
{
    size_t size;
    char *text = check_file("list", c->list, "unicode-data") == 0 ? neap_file_load(c->list, LARGEST_LIST, &size) : NULL;
    if (text && emoji_list_parse(&e->list, c->list, text, size) == 0)
        return 0;
    return neap_fail_in("list");
}

static int64_t drop_tones(emoji_entry *entries, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (!emoji_has_tone(&entries[i]))
            entries[kept++] = entries[i];
    return kept;
}

static int draw_all(emoji *e, const config *c)
{
    const size_t count = (size_t)e->list.count;
    e->drawing.size = c->size;
    e->drawing.pixels = neap_calloc(count, (size_t)(c->size * c->size * 3));
    e->drawing.hash = neap_calloc(count, sizeof *e->drawing.hash);
    e->glyphs = neap_calloc(count, sizeof *e->glyphs);
    if (!e->drawing.pixels || !e->drawing.hash || !e->glyphs || check_file("font", c->font, "fonts-noto-color-emoji") < 0)
        return -1;
    emoji_font *font = emoji_font_open(c->font);
    for (int64_t i = 0; font && i < e->list.count; i++)
        e->glyphs[i] = emoji_font_glyph(font, &e->list.entries[i]);
    const int status = font ? emoji_font_draw(font, e->glyphs, e->list.count, &e->drawing) : -1;
    emoji_font_close(font);
    return status < 0 ? neap_fail_in("font") : 0;
}

/* Is entry i drawn, and by no entry before it? */
static bool is_new(const emoji *e, int64_t i)
{
    const uint64_t *hash = e->drawing.hash;
    for (int64_t k = 0; k < i; k++)
        if (hash[k] == hash[i])
            return false;
    return hash[i] != 0;
}

/* Letters and symbols have no mirror image, and few flags have. */
static bool has_mirror_image(const char *group)
{
    return strcmp(group, "Symbols") != 0 && strcmp(group, "Flags") != 0;
}

static bool is_test(const config *c, const emoji_entry *entry)
{
    return c->held_out == COMBINATIONS ? emoji_is_combination(entry->name) : content_is_test(emoji_hash(entry), c->test_share);
}

/* Pixels of examples move to the front of those of all entries. */
static int add_example(emoji *e, const config *c, int64_t i)
{
    const emoji_entry *entry = &e->list.entries[i];
    const int64_t length = (int64_t)strlen(entry->name), size = c->size * c->size * 3;
    uint8_t *pixels = e->drawing.pixels + e->count * size;
    e->longest = c->captions && length > e->longest ? length : e->longest;
    if (is_test(c, entry) != (c->split == CONTENT_TEST))
        return 1;
    memmove(pixels, e->drawing.pixels + i * size, (size_t)size);
    e->examples[e->count++] = (example){.name = entry->name, .group = entry->group, .at = pixels - e->drawing.pixels};
    return 1;
}

static void add_mirrored(emoji *e)
{
    const int64_t count = e->count;
    for (int64_t i = 0; i < count; i++)
        if (has_mirror_image(e->list.groups[e->examples[i].group])) {
            e->examples[e->count] = e->examples[i];
            e->examples[e->count++].mirrored = true;
        }
}

/* The examples of the split, then mirrored copies. */
static int select_examples(emoji *e, const config *c)
{
    int64_t drawn = 0;
    e->examples = neap_calloc((size_t)e->list.count * 2, sizeof *e->examples);
    if (!e->examples)
        return -1;
    for (int64_t i = 0; i < e->list.count; i++)
        drawn += is_new(e, i) ? add_example(e, c, i) : 0;
    if (!drawn)
        return neap_fail("font: %s: expected colour glyphs of the emoji in %s, got none", c->font, c->list);
    if (!e->count)
        return neap_fail("%s: expected examples in the %s part, got none of %" PRId64,
                         c->held_out == COMBINATIONS ? "held_out" : "test_share", c->split == CONTENT_TEST ? "test" : "training", drawn);
    uint8_t *shrunk = neap_realloc(e->drawing.pixels, (size_t)(e->count * c->size * c->size * 3));
    e->drawing.pixels = shrunk ? shrunk : e->drawing.pixels;
    if (c->flip && c->split != CONTENT_TEST)
        add_mirrored(e);
    return shrunk ? 0 : -1;
}

static void close_data(void *self)
{
    emoji *e = self;
    emoji_list_free(&e->list);
    neap_free(e->glyphs);
    neap_free(e->drawing.pixels);
    neap_free(e->drawing.hash);
    neap_free(e->examples);
    neap_free(e);
}

static int fill(emoji *e, const config *c)
{
    if (content_color(c->background, e->drawing.background) < 0 || read_list(e, c) < 0)
        return -1;
    if (!c->skin_tones)
        e->list.count = drop_tones(e->list.entries, e->list.count);
    if (!e->list.count)
        return neap_fail("list: %s: expected emoji without skin tones, got none", c->list);
    return draw_all(e, c) < 0 ? -1 : select_examples(e, c);
}

static void *open_data(const void *settings)
{
    emoji *e = neap_calloc(1, sizeof *e);
    if (!e || fill(e, settings) == 0)
        return e;
    close_data(e);
    return NULL;
}

/* --- Reading ----------------------------------------------------------------------------------------------------------- */

static int spec(const void *self, neap_spec *out)
{
    const emoji *e = self;
    return neap_spec_fill(out, (neap_spec){.height = e->drawing.size, .width = e->drawing.size, .channels = 3,
                                           .classes = e->list.group_count, .text = e->longest});
}

static int64_t count(const void *self)
{
    return ((const emoji *)self)->count;
}

static const char *label_name(const void *self, int64_t label)
{
    const emoji *e = self;
    return label >= 0 && label < e->list.group_count ? e->list.groups[label] : NULL;
}

static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const emoji *e = self;
    const int64_t size = e->drawing.size;
    if (index < 0 || index >= e->count)
        return neap_fail("expected an example of 0 to %" PRId64 ", got %" PRId64, e->count - 1, index);
    const example *one = &e->examples[index];
    bytes_read(e->drawing.pixels + one->at, size, size, 3, one->mirrored, out->x);
    if (out->label)
        *out->label = one->group;
    if (out->text && out->length) {
        *out->length = (int32_t)strlen(one->name);
        memcpy(out->text, one->name, (size_t)*out->length);
    }
    return 0;
}

/* --- The component ----------------------------------------------------------------------------------------------------- */

static const neap_param params[] = {
    NEAP_INT(config, size, 64, 32, 128, "Height and width in pixels."),
    NEAP_CHOICE(config, split, CONTENT_TRAIN, content_splits,
                "Part of the emoji: a function of their code points and test_share, or of held_out."),
    NEAP_CHOICE(config, held_out, SHARE, held_out,
                "What the test part has: a share of all emoji, or combinations of a colour and a shape whose words are in other "
                "names: " EMOJI_COMBINATIONS "."),
    NEAP_REAL(config, test_share, 0.1, 0, 0.9, "Share of the emoji in the test part. All tones of an emoji are in one part."),
    NEAP_FLAG(config, captions, 1, "Give the names as texts."),
    NEAP_FLAG(config, skin_tones, 0, "Include the variants of people in five skin tones."),
    NEAP_FLAG(config, flip, 0, "Add mirrored copies to the training part, except of symbols and flags."),
    NEAP_TEXT(config, background, "white", "Colour behind the glyphs: white, black, grey or #rrggbb."),
    NEAP_TEXT(config, font, "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
              "Font with colour glyphs; of the package fonts-noto-color-emoji."),
    NEAP_TEXT(config, list, "/usr/share/unicode/emoji/emoji-test.txt",
              "Unicode's list of emoji with groups and names; of the package unicode-data."),
    NEAP_PARAMS_END,
};

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .label_name = label_name, .read = read_example,
                                       .part = content_part};

NEAP_PLUGIN(emoji) = NEAP_ONE_COMPONENT("emoji", "1.0.0", "MIT", "Emoji in colour, by group and with their names.",
                                        "dataset/2", config, params, functions);
