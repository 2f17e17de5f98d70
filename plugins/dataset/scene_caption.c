/* Captions of scenes: sentences of several forms, and what words say. See scene.h. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define MOST_WORDS 3

/* Words for the values of attributes, each as likely as the others of its value. */
static const char *const colors[SCENE_COLORS][MOST_WORDS] = {
    {"red"}, {"orange"}, {"yellow"}, {"green"}, {"blue"}, {"purple", "violet"}, {"pink"}, {"white"},
};
static const char *const shapes[SCENE_SHAPES][MOST_WORDS] = {
    {"circle", "disc"}, {"square"}, {"triangle"}, {"ring"}, {"cross", "plus"}, {"diamond"},
};
static const char *const sizes[SCENE_SIZES][MOST_WORDS] = {{"small", "tiny"}, {"large", "big"}};
static const char *const places[SCENE_PLACES][MOST_WORDS] = {
    {"at the top left", "on the upper left", "in the top left"},
    {"at the top", "in the upper middle", "at the top centre"},
    {"at the top right", "on the upper right", "in the top right"},
    {"on the left", "at the left", "on the left side"},
    {"in the middle", "in the centre", "at the centre"},
    {"on the right", "at the right", "on the right side"},
    {"at the bottom left", "on the lower left", "in the bottom left"},
    {"at the bottom", "in the lower middle", "at the bottom centre"},
    {"at the bottom right", "on the lower right", "in the bottom right"},
};

/* In a form, the first letter of an attribute stands for its word: colour, figure, place, size. */
static const char *const forms[] = {
    "a S C F P", "P, a S C F", "S C F P", "a S F in C P", "the C F P is S", "the S F P is C",
};
#define FORMS ((int)(sizeof forms / sizeof *forms))

static const char *const *words_of(scene_attribute attribute, int value)
{
    const char *const *const all[SCENE_ATTRIBUTES] = {colors[value % SCENE_COLORS], shapes[value % SCENE_SHAPES],
                                                      places[value % SCENE_PLACES], sizes[value % SCENE_SIZES]};
    return all[attribute];
}

static int attribute_of(char letter)
{
    static const char letters[] = "CFPS";
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* A form with a word for each letter. */
static int fill_in(const char *form, const char *const word[SCENE_ATTRIBUTES], char text[SCENE_CAPTION])
{
    int length = 0;
    for (; *form && length < SCENE_CAPTION; form++) {
        const int attribute = attribute_of(*form);
        const char single[2] = {*form, '\0'};
        length += snprintf(text + length, (size_t)(SCENE_CAPTION - length), "%s", attribute < 0 ? single : word[attribute]);
    }
    return length;
}

static const char *choose_word(const char *const words[MOST_WORDS], float u)
{
    int count = 0;
    while (count < MOST_WORDS && words[count])
        count++;
    return words[(int)((double)u * count)];
}

int scene_caption(const scene *s, neap_random random, uint64_t index, char text[SCENE_CAPTION])
{
    float u[SCENE_ATTRIBUTES + 1];
    const char *word[SCENE_ATTRIBUTES];
    neap_random_uniform(random, index, SCENE_ATTRIBUTES + 1, u);
    for (int a = 0; a < SCENE_ATTRIBUTES; a++)
        word[a] = choose_word(words_of(a, s->value[a]), u[a]);
    return fill_in(forms[(int)((double)u[SCENE_ATTRIBUTES] * FORMS)], word, text);
}

static const char *longest_word(scene_attribute attribute)
{
    const char *longest = "";
    for (int value = 0; value < scene_values(attribute); value++)
        for (int i = 0; i < MOST_WORDS; i++) {
            const char *word = words_of(attribute, value)[i];
            longest = word && strlen(word) > strlen(longest) ? word : longest;
        }
    return longest;
}

int scene_longest_caption(void)
{
    char text[SCENE_CAPTION];
    const char *word[SCENE_ATTRIBUTES];
    int longest = 0;
    for (int a = 0; a < SCENE_ATTRIBUTES; a++)
        word[a] = longest_word(a);
    for (int i = 0; i < FORMS; i++) {
        const int length = fill_in(forms[i], word, text);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* --- Reading ---------------------------------------------------------------------------------------------------------- */

enum { UNSAID = -1, CONTRADICTION = -2 };

/* What a text says so far. Rows and columns of places are said apart: "at the top" leaves the column in the middle. */
typedef struct reading {
    int value[SCENE_ATTRIBUTES], row, column;
    bool middle;
} reading;

static void say(int *about, int value)
{
    *about = *about == UNSAID || *about == value ? value : CONTRADICTION;
}

static const struct {
    const char *word;
    int row, column; /* or -1 */
} directions[] = {
    {"top", 0, -1}, {"upper", 0, -1}, {"bottom", 2, -1}, {"lower", 2, -1}, {"left", -1, 0}, {"right", -1, 2},
};

static bool equals(const char *text, int64_t length, const char *word)
{
    return word && (int64_t)strlen(word) == length && memcmp(text, word, (size_t)length) == 0;
}

static void read_place(reading *r, const char *word, int64_t length)
{
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++)
        if (equals(word, length, directions[i].word))
            say(directions[i].row >= 0 ? &r->row : &r->column,
                directions[i].row >= 0 ? directions[i].row : directions[i].column);
    r->middle |= equals(word, length, "middle") || equals(word, length, "centre") || equals(word, length, "center");
}

static void read_word(reading *r, const char *word, int64_t length)
{
    static const scene_attribute single[] = {SCENE_COLOR, SCENE_SHAPE, SCENE_SIZE}; /* one word says all */
    for (size_t a = 0; a < sizeof single / sizeof *single; a++)
        for (int value = 0; value < scene_values(single[a]); value++)
            for (int i = 0; i < MOST_WORDS; i++)
                if (equals(word, length, words_of(single[a], value)[i]))
                    say(&r->value[single[a]], value);
    read_place(r, word, length);
}

static int place_of(const reading *r)
{
    const int row = r->row == UNSAID ? 1 : r->row, column = r->column == UNSAID ? 1 : r->column;
    if (row == CONTRADICTION || column == CONTRADICTION || (r->row == UNSAID && r->column == UNSAID && !r->middle))
        return UNSAID;
    return 3 * row + column;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

scene scene_of_text(const char *text, int64_t length)
{
    reading r = {{UNSAID, UNSAID, UNSAID, UNSAID}, UNSAID, UNSAID, false};
    scene s;
    for (int64_t at = 0, end; at < length; at = end + 1) {
        for (end = at; end < length && is_letter(text[end]);)
            end++;
        read_word(&r, text + at, end - at);
    }
    r.value[SCENE_PLACE] = place_of(&r);
    for (int a = 0; a < SCENE_ATTRIBUTES; a++)
        s.value[a] = r.value[a] < 0 ? UNSAID : r.value[a];
    return s;
}
