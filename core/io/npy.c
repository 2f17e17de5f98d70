/* NumPy arrays: NumPy Enhancement Proposal 1. Writes version 1.0, little-endian, C order; reads 1.0 to 3.0 in any order. */
#include "io/npy.h"

#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/elements.h"
#include "io/output.h"

#define MOST_BYTES ((size_t)1 << 34)
/* Magic, version and, in version 1.0, the length of the header. */
#define PREFIX 10
#define ALIGNMENT 64

static const char magic[6] = "\x93NUMPY";

/* NumPy's names of the dtypes; it has none for bf16. */
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

/* Dtypes that are refused, by the letter of their name, with advice; x is the array in Python. */
static const struct {
    const char *letters, *what, *advice;
} refusals[] = {
    {"[", "a structured array", "save one field of it, x['NAME']"},
    {"O", "Python objects", "save x.astype(numpy.float32)"},
    {"USa", "text", "save x.astype(numpy.float32), or numbers that stand for it"},
    {"c", "complex numbers", "save x.real and x.imag"},
    {"V", "raw bytes, perhaps bfloat16", "save x.astype(numpy.float32)"},
    {"Mm", "dates or times", "save x.astype(numpy.int64)"},
    {"f", "numbers wider than f64", "save x.astype(numpy.float64)"},
};

/* The dtype's name without the optional byte order. */
static const char *plain_name(const char *dtype)
{
    return dtype + (*dtype && strchr("<>=|", *dtype) ? 1 : 0);
}

static int refuse(const char *name, const char *dtype)
{
    const char *plain = plain_name(dtype);
    for (size_t i = 0; *plain && i < sizeof refusals / sizeof *refusals; i++)
        if (strchr(refusals[i].letters, *plain))
            return neap_fail("%s: expected a NumPy array of numbers, got %s (%s); %s", name, refusals[i].what,
                             *plain == '[' ? "a list of fields" : dtype, refusals[i].advice);
    return neap_fail("%s: expected a NumPy array of numbers, got the unknown dtype '%s'", name, dtype);
}

/* Copies one element, with its bytes reversed if the file has the other order. */
static void copy_element(unsigned char *to, const unsigned char *from, size_t bytes, bool swap)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[swap ? bytes - 1 - i : i];
}

/* Steps to the next element in C order of an array in Fortran order, whose first axis is innermost. */
static int64_t step(const neap_npy_header *h, int64_t index[NEAP_MAX_RANK], int64_t at)
{
    int64_t stride = neap_shape_size(h->shape);
    for (int axis = h->shape.rank - 1; axis >= 0; axis--) {
        int64_t dim = h->shape.dim[axis];
        stride /= dim;
        if (++index[axis] < dim)
            return at + stride;
        index[axis] = 0;
        at -= (dim - 1) * stride;
    }
    return at;
}

/* The elements little-endian in C order, in a new block; free with neap_free. */
static unsigned char *reorder(const neap_npy_header *h, size_t bytes, const unsigned char *data)
{
    int64_t count = neap_shape_size(h->shape), index[NEAP_MAX_RANK] = {0};
    bool swap = *h->dtype == '>';
    unsigned char *block = neap_calloc((size_t)count, bytes);
    for (int64_t i = 0, at = 0; block && i < count; i++) {
        copy_element(block + (size_t)i * bytes, data + (size_t)at * bytes, bytes, swap);
        at = h->fortran ? step(h, index, at) : at + 1;
    }
    return block;
}

static neap_tensor *read_elements(const neap_npy_header *h, const neap_element *element, const unsigned char *data)
{
    bool plain = !h->fortran && (*h->dtype != '>' || element->bytes == 1);
    if (plain || neap_shape_size(h->shape) == 0)
        return neap_element_tensor(element, h->shape, data);
    unsigned char *block = reorder(h, element->bytes, data);
    neap_tensor *x = block ? neap_element_tensor(element, h->shape, block) : NULL;
    neap_free(block);
    return x;
}

static neap_tensor *read_data(const char *name, const neap_npy_header *h, const unsigned char *data, size_t size)
{
    char text[NEAP_SHAPE_TEXT];
    const neap_element *element = neap_element_of_numpy(plain_name(h->dtype));
    if (!element) {
        refuse(name, h->dtype);
        return NULL;
    }
    int64_t count = neap_shape_size(h->shape);
    if (count < 0 || (uint64_t)count > size / element->bytes || (size_t)count * element->bytes != size)
        return neap_fail_null("%s: expected the data of %s, got %zu bytes", name, neap_shape_text(h->shape, text),
                              size);
    neap_tensor *x = read_elements(h, element, data);
    if (!x)
        neap_fail_in(name);
    return x;
}

/* The length of the header has two bytes in version 1 and four in later ones. 0 if the file is too short. */
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
    neap_npy_header header = {0};
    size_t length = 0;
    if (neap_refuse_foreign(name, NEAP_FILE_NPY, bytes, size) < 0)
        return NULL;
    if (size < PREFIX || memcmp(bytes, magic, sizeof magic) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return neap_fail_null("%s: expected a NumPy array (version 1 to 3)", name);
    size_t start = header_start(bytes, size, &length);
    if (!start || !neap_npy_read_header((const char *)bytes + start, length, &header))
        return neap_fail_null("%s: expected a whole header of a NumPy array", name);
    return read_data(name, &header, bytes + start + length, size - start - length);
}

neap_tensor *neap_npy_load(const char *path)
{
    size_t size;
    void *bytes = neap_file_load(path, MOST_BYTES, &size);
    neap_tensor *x = bytes ? neap_npy_parse(path, bytes, size) : NULL;
    neap_free(bytes);
    return x;
}
