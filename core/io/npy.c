/* NumPy arrays: NumPy Enhancement Proposal 1. Writes version 1.0; reads 1.0 to 3.0, little-endian, C order. */
#include "io/npy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/output.h"

#define MOST_BYTES ((size_t)1 << 34)
/* Magic, version and, in version 1.0, the length of the header. */
#define PREFIX 10
#define ALIGNMENT 64

static const char magic[6] = "\x93NUMPY";

/* What NumPy calls the dtypes; bf16 has no name there. */
static const char *const descriptions[NEAP_DTYPE_COUNT] = {
    [NEAP_F32] = "<f4", [NEAP_F64] = "<f8", [NEAP_I32] = "<i4", [NEAP_U8] = "|u1",
};

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* "(3, 4)", "(3,)" or "()" */
static void spell_shape(neap_shape shape, char *text, size_t room)
{
    size_t at = (size_t)snprintf(text, room, "(");
    for (int i = 0; i < shape.rank; i++)
        at += (size_t)snprintf(text + at, room - at, "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    snprintf(text + at, room - at, shape.rank == 1 ? ",)" : ")");
}

/* The header is padded with spaces and ends in a newline, so that the data are aligned. Returns its size. */
static size_t spell_header(neap_tensor *x, const char *description, char header[512])
{
    char shape[NEAP_SHAPE_TEXT];
    spell_shape(neap_shape_of(x), shape, sizeof shape);
    memset(header, ' ', 512);
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    size_t used = PREFIX + (size_t)snprintf(header + PREFIX, 512 - PREFIX,
                                            "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", description,
                                            shape);
    size_t total = (used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    header[used] = ' ';
    header[total - 1] = '\n';
    header[8] = (char)((total - PREFIX) & 255);
    header[9] = (char)((total - PREFIX) >> 8);
    return total;
}

static int write_file(const char *path, neap_tensor *x, const char *description)
{
    char header[512];
    size_t bytes = (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x)), size = spell_header(x, description, header);
    void *data = neap_calloc(bytes ? bytes : 1, 1);
    if (!data || neap_read(x, neap_dtype_of(x), data) < 0) {
        neap_free(data);
        return -1;
    }
    neap_output out;
    int status = neap_output_open(&out, path);
    if (status == 0)
        status = neap_output_write(&out, header, size);
    if (status == 0)
        status = neap_output_write(&out, data, bytes);
    neap_free(data);
    return status < 0 ? neap_output_abandon(&out) : neap_output_commit(&out);
}

int neap_npy_save(const char *path, neap_tensor *x)
{
    if (!x)
        return -1;
    const char *description = descriptions[neap_dtype_of(x)];
    if (!description)
        return neap_fail("%s: expected f32, f64, i32 or u8 for a NumPy array, got %s", path,
                         neap_dtype_name(neap_dtype_of(x)));
    return write_file(path, x, description);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* A place in the header's text; every step past what is expected sets bad. */
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

/* A quoted text of few letters. */
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
            c->bad |= shape.rank == 1; /* to Python, (3) is a number and no tuple */
            break;
        }
    }
    return shape;
}

typedef struct description {
    char dtype[8];
    bool fortran;
    neap_shape shape;
    unsigned seen; /* a bit per key */
} description;

static void read_entry(cursor *c, description *d)
{
    char key[16];
    read_text(c, key, sizeof key);
    need(c, ":");
    if (c->bad)
        return;
    unsigned bit = strcmp(key, "descr") == 0 ? 1 : strcmp(key, "fortran_order") == 0 ? 2 : 4;
    if (bit == 1)
        read_text(c, d->dtype, sizeof d->dtype);
    else if (bit == 2)
        d->fortran = take(c, "True") || (need(c, "False"), false);
    else if (strcmp(key, "shape") == 0)
        d->shape = read_shape(c);
    else
        c->bad = true;
    c->bad |= (d->seen & bit) != 0;
    d->seen |= bit;
}

static bool read_description(const char *text, size_t size, description *d)
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

static int dtype_of(const char *name, const char *text)
{
    for (int i = 0; i < NEAP_DTYPE_COUNT; i++)
        if (descriptions[i] && strcmp(descriptions[i], text) == 0)
            return i;
    return neap_fail("%s: expected a NumPy array of <f4, <f8, <i4 or |u1, got %s", name, text);
}

static neap_tensor *read_data(const char *name, const description *d, const unsigned char *data, size_t size)
{
    char text[NEAP_SHAPE_TEXT];
    int dtype = dtype_of(name, d->dtype);
    if (dtype < 0)
        return NULL;
    if (d->fortran)
        return neap_fail_null("%s: expected C order, got Fortran order", name);
    int64_t count = neap_shape_size(d->shape);
    size_t width = neap_dtype_size((neap_dtype)dtype);
    if (count < 0 || (uint64_t)count > size / width || (size_t)count * width != size)
        return neap_fail_null("%s: expected the data of %s, got %zu bytes", name, neap_shape_text(d->shape, text),
                              size);
    return neap_from((neap_dtype)dtype, d->shape, data);
}

/* The length of the header has two bytes in version 1 and four after it. 0 when the file is too short. */
static size_t header_start(const unsigned char *bytes, size_t size, size_t *length)
{
    size_t width = size > 6 && bytes[6] >= 2 ? 4 : 2, start = 8 + width;
    if (size < start)
        return 0;
    *length = 0;
    for (size_t i = 0; i < width; i++)
        *length |= (size_t)bytes[8 + i] << (8 * i);
    return *length <= size - start ? start : 0;
}

neap_tensor *neap_npy_parse(const char *name, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    description d = {0};
    size_t length = 0;
    if (size < PREFIX || memcmp(bytes, magic, sizeof magic) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return neap_fail_null("%s: expected a NumPy array (version 1 to 3)", name);
    size_t start = header_start(bytes, size, &length);
    if (!start || !read_description((const char *)bytes + start, length, &d))
        return neap_fail_null("%s: expected a whole header of a NumPy array", name);
    return read_data(name, &d, bytes + start + length, size - start - length);
}

neap_tensor *neap_npy_load(const char *path)
{
    size_t size;
    void *bytes = neap_file_load(path, MOST_BYTES, &size);
    neap_tensor *x = bytes ? neap_npy_parse(path, bytes, size) : NULL;
    neap_free(bytes);
    return x;
}
