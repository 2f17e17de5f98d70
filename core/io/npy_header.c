/* The header of a NumPy array, a Python dictionary: see npy.h. */
#include <ctype.h>
#include <string.h>

#include "io/npy.h"

/* A position in the header's text; bad is set at the first unexpected character. */
typedef struct cursor {
    const char *at, *end;
    bool bad;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && isspace((unsigned char)*c->at))
        c->at++;
}

static bool take(cursor *c, const char *token)
{
    skip_blanks(c);
    size_t length = strlen(token);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, token, length) != 0)
        return false;
    c->at += length;
    return true;
}

static void need(cursor *c, const char *token)
{
    if (!take(c, token))
        c->bad = true;
}

/* A short quoted text. */
static void read_text(cursor *c, char *text, size_t room)
{
    size_t used = 0;
    skip_blanks(c);
    char quote = c->at < c->end ? *c->at : 0;
    if (quote != '\'' && quote != '"') {
        c->bad = true;
        return;
    }
    for (c->at++; c->at < c->end && *c->at != quote && used + 1 < room; c->at++)
        text[used++] = *c->at;
    text[used] = 0;
    c->bad |= c->at >= c->end || *c->at != quote;
    c->at += c->at < c->end;
}

static int64_t read_size(cursor *c)
{
    int64_t value = 0;
    skip_blanks(c);
    if (c->at >= c->end || !isdigit((unsigned char)*c->at))
        c->bad = true;
    for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++) {
        if (value > INT64_MAX / 10 - 1)
            c->bad = true;
        else
            value = value * 10 + (*c->at - '0');
    }
    return value;
}

static neap_shape read_shape(cursor *c)
{
    neap_shape shape = {0};
    need(c, "(");
    while (!c->bad && !take(c, ")")) {
        if (shape.rank == NEAP_MAX_RANK) {
            c->bad = true;
            break;
        }
        shape.dim[shape.rank++] = read_size(c);
        if (!take(c, ",")) {
            need(c, ")");
            c->bad |= shape.rank == 1; /* in Python, (3) is a number, not a tuple */
            break;
        }
    }
    return shape;
}

/* Skips a quoted text. */
static void skip_text(cursor *c)
{
    const char *quote = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at) - 1);
    c->bad |= !quote;
    c->at = quote ? quote + 1 : c->end;
}

/* Skips the list of a structured dtype, up to its closing bracket. */
static void skip_list(cursor *c)
{
    int depth = 0;
    do {
        if (c->at >= c->end) {
            c->bad = true;
        } else if (*c->at == '\'' || *c->at == '"') {
            skip_text(c);
        } else {
            depth += (*c->at == '[') - (*c->at == ']');
            c->at++;
        }
    } while (!c->bad && depth > 0);
}

static void read_dtype(cursor *c, char dtype[NEAP_NPY_DTYPE])
{
    skip_blanks(c);
    if (c->at >= c->end || *c->at != '[') {
        read_text(c, dtype, NEAP_NPY_DTYPE);
        return;
    }
    strcpy(dtype, "[");
    skip_list(c);
}

static void read_entry(cursor *c, neap_npy_header *d)
{
    char key[16];
    read_text(c, key, sizeof key);
    need(c, ":");
    if (c->bad)
        return;
    unsigned bit = strcmp(key, "descr") == 0 ? 1 : strcmp(key, "fortran_order") == 0 ? 2 : 4;
    if (bit == 1)
        read_dtype(c, d->dtype);
    else if (bit == 2)
        d->fortran = take(c, "True") || (need(c, "False"), false);
    else if (strcmp(key, "shape") == 0)
        d->shape = read_shape(c);
    else
        c->bad = true;
    c->bad |= (d->seen & bit) != 0;
    d->seen |= bit;
}

bool neap_npy_read_header(const char *text, size_t size, neap_npy_header *d)
{
    cursor c = {text, text + size, false};
    need(&c, "{");
    while (!c.bad && !take(&c, "}")) {
        read_entry(&c, d);
        if (!take(&c, ",")) {
            need(&c, "}");
            break;
        }
    }
    skip_blanks(&c);
    return !c.bad && c.at == c.end && d->seen == 7;
}
