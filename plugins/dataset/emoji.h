/* Lists of emoji and fonts that draw them. Part of the plugin emoji. Functions return 0 or an object, or -1 or NULL with a
 * message. */
#ifndef NEAP_DATASET_EMOJI_H
#define NEAP_DATASET_EMOJI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMOJI_MOST_POINTS 16
#define EMOJI_MOST_GROUPS 256

/* --- The list: Unicode's emoji-test.txt (Unicode Technical Standard 51) ---------------------------------------------- */

typedef struct emoji_entry {
    uint32_t point[EMOJI_MOST_POINTS];
    int points, group;
    const char *name; /* in the list's text, in lower case */
} emoji_entry;

typedef struct emoji_list {
    char *text; /* owned: names and groups point into it */
    emoji_entry *entries; /* the fully qualified emoji, in the file's order */
    int64_t count;
    const char *groups[EMOJI_MOST_GROUPS]; /* those with an entry, in the file's order */
    int group_count;
} emoji_list;

/* `name` begins messages. Owns `text`, which neap_file_load returned with this size, in any case. emoji_list_free frees what
 * a failed call leaves, too. */
int emoji_list_parse(emoji_list *list, const char *name, char *text, size_t size);
void emoji_list_free(emoji_list *list);

/* Does it have one of the five skin tones? */
bool emoji_has_tone(const emoji_entry *entry);
/* A hash of the code points without skin tones and variation selectors: all tones of one emoji have the same. */
uint64_t emoji_hash(const emoji_entry *entry);

/* Is it one of the names of a colour and a shape that held_out = combinations holds out? */
bool emoji_is_combination(const char *name);
#define EMOJI_COMBINATIONS "blue heart, purple heart, green circle, red circle, brown circle, orange square, yellow square, " \
                           "small blue diamond, green book, green apple"

/* --- The font --------------------------------------------------------------------------------------------------------- */

typedef struct emoji_font emoji_font;

emoji_font *emoji_font_open(const char *path);
void emoji_font_close(emoji_font *font);

/* The one glyph that the font shapes the sequence to, or 0 when it has none. */
uint32_t emoji_font_glyph(emoji_font *font, const emoji_entry *entry);

/* Pictures of glyphs: u8 [size, size, 3], over a background. */
typedef struct emoji_drawing {
    int64_t size;
    uint8_t background[3];
    uint8_t *pixels; /* of all glyphs */
    uint64_t *hash;  /* of each glyph as the font stores it, before it is scaled; 0: it has no visible coloured pixel */
} emoji_drawing;

/* Draws the glyphs, on all threads. */
int emoji_font_draw(const emoji_font *font, const uint32_t *glyphs, int64_t count, const emoji_drawing *out);

#endif
