/* Texts of a user as a condition: checked, cut to what a network reads, and padded. See condition.h. */
#include <stdio.h>
#include <string.h>

#include <neap/condition.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/ops.h>

#define SHOWN 40 /* bytes of a text in a message */

/* --- Checks --------------------------------------------------------------------------------------------------------- */

/* A part of a text for a message. */
typedef struct excerpt {
    char text[SHOWN + 4];
} excerpt;

/* A message is one line. */
static const char *without_controls(excerpt *e)
{
    for (char *c = e->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return e->text;
}

static const char *show_start(const char *bytes, size_t size, excerpt *out)
{
    const size_t shown = neap_text_cut(bytes, size, SHOWN);
    snprintf(out->text, sizeof out->text, "%.*s%s", (int)shown, bytes, shown < size ? "..." : "");
    return without_controls(out);
}

static const char *show_end(const char *bytes, size_t size, excerpt *out)
{
    const size_t hidden = size > SHOWN ? neap_text_cut(bytes, size, size - SHOWN + 3) : 0;
    snprintf(out->text, sizeof out->text, "%s%.*s", hidden ? "..." : "", (int)(size - hidden), size ? bytes + hidden : "");
    return without_controls(out);
}

int neap_string_check(neap_string s)
{
    excerpt before;
    const char *nul = s.size ? memchr(s.bytes, 0, s.size) : NULL;
    const size_t valid = neap_text_valid(s.bytes, nul ? (size_t)(nul - s.bytes) : s.size);
    if (valid == s.size)
        return 0;
    if (s.bytes + valid == nul)
        return neap_fail("expected a text without NUL, got one after '%s'", show_end(s.bytes, valid, &before));
    return neap_fail("expected UTF-8, got the byte %02x after '%s'", (unsigned)(uint8_t)s.bytes[valid],
                     show_end(s.bytes, valid, &before));
}

/* "text", or "text 2" of several. */
typedef struct numbered {
    char text[64];
} numbered;

static const char *number(const char *what, int64_t i, int64_t rows, numbered *out)
{
    if (rows == 1)
        return what;
    snprintf(out->text, sizeof out->text, "%s %lld", what, (long long)i + 1);
    return out->text;
}

static int check_all(const char *what, const neap_string *texts, int64_t rows)
{
    numbered which;
    for (int64_t i = 0; i < rows; i++)
        if (neap_string_check(texts[i]) < 0)
            return neap_fail_in(number(what, i, rows, &which));
    return 0;
}

/* --- Cutting -------------------------------------------------------------------------------------------------------- */

/* Warns of the first text that is cut, and says how many others are. */
static void warn_cut(const char *what, const neap_string *texts, int64_t rows, size_t most)
{
    int64_t cut = 0, first = 0;
    char others[48] = "";
    numbered which;
    excerpt lost;
    for (int64_t i = rows - 1; i >= 0; i--)
        if (texts[i].size > most) {
            cut++;
            first = i;
        }
    if (!cut)
        return;
    const neap_string *s = &texts[first];
    const size_t kept = neap_text_cut(s->bytes, s->size, most);
    if (cut > 1)
        snprintf(others, sizeof others, "; so %s %lld more", cut == 2 ? "is" : "are", (long long)cut - 1);
    neap_warn("%s is cut after byte %zu of %zu, the network reads %zu: '%s' is lost%s", number(what, first, rows, &which), kept,
              s->size, most, show_start(s->bytes + kept, s->size - kept, &lost), others);
}

/* --- The condition -------------------------------------------------------------------------------------------------- */

static int64_t longest(const neap_string *texts, int64_t rows, size_t most)
{
    size_t length = 1;
    for (int64_t i = 0; i < rows; i++) {
        const size_t kept = neap_text_cut(texts[i].bytes, texts[i].size, most);
        length = kept > length ? kept : length;
    }
    return (int64_t)length;
}

neap_condition *neap_condition_texts(const char *what, const neap_string *texts, int64_t rows, int64_t most)
{
    if (rows < 1 || most < 1)
        return neap_fail_null("%s: expected rows and bytes from 1, got %lld and %lld", what, (long long)rows, (long long)most);
    if (check_all(what, texts, rows) < 0)
        return NULL;
    const int64_t length = longest(texts, rows, (size_t)most);
    neap_tensor *text = neap_zeros(NEAP_U8, neap_dims(rows, length)), *lengths = neap_zeros(NEAP_I32, neap_dims(rows));
    uint8_t *bytes = text ? neap_data(text) : NULL;
    int32_t *kept = lengths ? neap_data(lengths) : NULL;
    for (int64_t i = 0; bytes && kept && i < rows; i++) {
        kept[i] = (int32_t)neap_text_cut(texts[i].bytes, texts[i].size, (size_t)most);
        if (kept[i])
            memcpy(bytes + i * length, texts[i].bytes, (size_t)kept[i]);
    }
    neap_condition *c = neap_condition_with(neap_condition_new(rows), NEAP_TEXT, text);
    c = neap_condition_with(c, NEAP_LENGTHS, lengths);
    if (c)
        warn_cut(what, texts, rows, (size_t)most);
    return c;
}
