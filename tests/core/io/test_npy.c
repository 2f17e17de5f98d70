/* NumPy arrays: the bytes that NumPy's format prescribes, versions 1 to 3, and files that claim what is not so. */
#include "io/npy.h"
#include "io_test.h"

typedef struct bytes {
    uint8_t *at;
    size_t size;
} bytes;

/* A file as it would be on the disk, in a block of exactly its size; `claimed` is what it says of its header. */
static bytes make_claiming(int version, size_t claimed, const char *header, const void *data, size_t size)
{
    static uint8_t *kept;
    size_t length = strlen(header), width = version == 1 ? 2 : 4;
    neap_free(kept);
    bytes file = {present(neap_calloc(8 + width + length + size, 1)), 8 + width + length + size};
    kept = file.at;
    memcpy(kept, "\x93NUMPY", 6);
    kept[6] = (uint8_t)version;
    for (size_t i = 0; i < width; i++)
        kept[8 + i] = (uint8_t)(claimed >> 8 * i);
    memcpy(kept + 8 + width, header, length);
    if (data)
        memcpy(kept + 8 + width + length, data, size);
    return file;
}

static neap_tensor *parse_version(int version, const char *header, const void *data, size_t size)
{
    bytes file = make_claiming(version, strlen(header), header, data, size);
    return neap_npy_parse("f", file.at, file.size);
}

static neap_tensor *parse(const char *header, size_t size)
{
    return parse_version(1, header, NULL, size);
}

#define HEADER(dtype, shape) "{'descr': '" dtype "', 'fortran_order': False, 'shape': " shape ", }\n"

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* NEP 1: magic, version, the header's length, a dictionary with its keys in order, spaces and a newline up to a
 * multiple of 64, and the elements. */
START_TEST(as_numpy_writes)
{
    static const struct {
        neap_dtype dtype;
        neap_shape shape;
        const char *dictionary;
        size_t total;
    } rows[] = {
        {NEAP_F32, {0}, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 128},
        {NEAP_F64, {1, {3}}, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", 128},
        {NEAP_I32, {2, {3, 4}}, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }", 128},
        {NEAP_U8, {3, {1, 0, 2}}, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 0, 2), }", 128},
        {NEAP_U8, {8, {1, 1, 2, 1, 1, 1, 2, 1}},
         "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 2, 1, 1, 1, 2, 1), }", 128},
        {NEAP_U8, {5, {0, 1000000000000000000, 1, 1, 1}},
         "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 1000000000000000000, 1, 1, 1), }", 128},
        {NEAP_U8, {5, {1000000000000000000, 0, 1, 1, 0}},
         "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000, 0, 1, 1, 0), }", 128},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[256];
        neap_tensor *x = numbered(rows[i].dtype, rows[i].shape);
        size_t data = (size_t)neap_size(x) * neap_dtype_size(rows[i].dtype), padded = rows[i].total - 10;
        snprintf(header, sizeof header, "%-*s\n", (int)padded - 1, rows[i].dictionary);
        bytes file = make_claiming(1, padded, header, neap_data(x), data);
        ck_succeeds(neap_npy_save(in_folder("file"), x));
        ck_assert_msg(file_is(in_folder("file"), file.at, file.size), "%s", rows[i].dictionary);
    }
}
END_TEST

START_TEST(there_and_back)
{
    static const neap_dtype dtypes[] = {NEAP_F32, NEAP_F64, NEAP_I32, NEAP_U8};
    static const neap_shape longest = {8, {2, 1, 3, 2, 1, 1, 2, 2}};
    for (int i = 0; i < 4; i++)
        for (int rank = 0; rank <= 8; rank++) {
            neap_shape shape = longest;
            shape.rank = rank;
            neap_tensor *x = numbered(dtypes[i], shape);
            ck_succeeds(neap_npy_save(in_folder("file"), x));
            ck_same_tensor(neap_npy_load(in_folder("file")), x);
        }
    neap_tensor *view = neap_permute(numbered(NEAP_F64, neap_dims(3, 4)), (int[]){1, 0});
    ck_assert(!neap_is_contiguous(view));
    ck_succeeds(neap_npy_save(in_folder("file"), view));
    ck_same_tensor(neap_npy_load(in_folder("file")), view);
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(saving_fails)
{
    const char *path = in_folder("file"), *below = in_folder("none/file");
    neap_tensor *x = numbered(NEAP_F32, neap_dims(3));
    ck_fails_with(neap_npy_save(path, neap_zeros(NEAP_BF16, neap_dims(3))),
                  saying("%s: expected f32, f64, i32 or u8 for a NumPy array, got bf16", path));
    ck_fails_with(neap_npy_save(below, x), saying("%s: cannot be written: %s", below, strerror(ENOENT)));
    neap_fail("an op says why there is no tensor");
    ck_fails_with(neap_npy_save(path, NULL), "an op says why there is no tensor");
    ck_assert_int_eq(folder_items(), 0);
    write_file("file", "old", 3);
    limit_files(130);
    ck_fails_with(neap_npy_save(path, x), saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* --- Reading ------------------------------------------------------------------------------------------------------ */

START_TEST(versions)
{
    static const float data[] = {1, -2, 0.5f, 1e30f, 0, 7};
    for (int version = 1; version <= 3; version++)
        ck_same_tensor(parse_version(version, HEADER("<f4", "(2, 3)"), data, sizeof data),
                       neap_from(NEAP_F32, neap_dims(2, 3), data));
    char *header = present(neap_calloc(100001, 1)); /* version 2 is there for headers beyond 64 KiB */
    snprintf(header, 100001, "%-99999s\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }");
    ck_same_tensor(parse_version(2, header, data, sizeof data), neap_from(NEAP_F32, neap_dims(6), data));
    neap_free(header);
}
END_TEST

/* Python's spelling leaves room for more than NumPy uses. */
START_TEST(spellings)
{
    static const char *const headers[] = {
        "{\"descr\": \"<i4\", \"fortran_order\": False, \"shape\": (2, 1)}",
        "{'shape':(2,1),'fortran_order':False,'descr':'<i4'}",
        " {\n'fortran_order' : False ,\t'descr' : '<i4' , 'shape' : ( 2 , 1 , ) , }  \n",
    };
    static const int32_t data[] = {-5, 6};
    for (int i = 0; i < 3; i++)
        ck_same_tensor(parse_version(1, headers[i], data, sizeof data), neap_from(NEAP_I32, neap_dims(2, 1), data));
}
END_TEST

START_TEST(no_arrays)
{
    static const char what[] = "f: expected a NumPy array (version 1 to 3)";
    static const char foreign[] = "f: expected a NumPy array (.npy), got text that begins with '";
    ck_fails_saying(!neap_npy_parse("f", "1 2 3", 5), foreign);
    static const char header[] = HEADER("|u1", "(2,)");
    ck_fails_with(!neap_npy_parse("f", "", 0), what);
    ck_fails_with(!parse_version(0, header, NULL, 2), what);
    ck_fails_with(!parse_version(4, header, NULL, 2), what);
    bytes file = make_claiming(1, strlen(header), header, NULL, 2);
    file.at[5] = 'X';
    ck_fails_with(!neap_npy_parse("f", file.at, file.size), what);
}
END_TEST

START_TEST(bad_headers)
{
    static const char *const headers[] = {
        "", "{", "}", "{}", "[]", "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, }",                                           /* no shape */
        "{'descr': '<f4', 'shape': (2,), }",                                                    /* no order */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",                   /* one more */
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",            /* twice */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x",                          /* something behind */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), , }", "{, 'descr': '<f4'}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",                               /* no comma */
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': false, 'shape': (2,), }",
        "{'descr': [('x', '<f4'), 'fortran_order': False, 'shape': (2,), }",                    /* a list without end */
        "{'descr': [('x, <f4)], 'fortran_order': False, 'shape': (2,), }",
        "{'descr': [",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f4\", 'fortran_order': False, 'shape': (2,), }",
        "{descr: '<f4', 'fortran_order': False, 'shape': (2,), }",
        HEADER("<f4", "2"), HEADER("<f4", "[2]"), HEADER("<f4", "(2"), HEADER("<f4", "(2,,)"), HEADER("<f4", "(,)"),
        HEADER("<f4", "(-2,)"), HEADER("<f4", "(2L,)"), HEADER("<f4", "(2.0,)"), HEADER("<f4", "(2 1)"),
        HEADER("<f4", "(2)"), /* in Python that is a number and no tuple */
        HEADER("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 2)"), HEADER("<f4", "(9223372036854775808,)"),
        HEADER("<f4", "(99999999999999999999999999,)"),
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ck_assert_msg(!parse(headers[i], 8), "accepted: %s", headers[i]);
        ck_assert_str_eq(neap_error_message(), "f: expected a whole header of a NumPy array");
        neap_error_clear();
    }
}
END_TEST

/* What NumPy writes, on machines of either byte order, and the dtype that holds every value of it. */
START_TEST(every_dtype)
{
    static const float floats[] = {1, -0.5f, 65504};
    static const double doubles[] = {1, -0.1, 1e300};
    static const int32_t whole[] = {1, -2, INT32_MAX}, small[] = {1, -2, 127}, middle[] = {1, -2, 32767};
    static const int32_t natural[] = {1, 2, 65535}, large[] = {1, 2, INT32_MAX};
    static const uint8_t tiny[] = {1, 2, 255}, flags[] = {1, 0, 1};
    static const struct {
        const char *name; /* < before it, and then > */
        int width;
        const char *little; /* 3 elements */
        neap_dtype dtype;
        const void *expected;
    } rows[] = {
        {"f2", 2, "\0\x3c" "\0\xb8" "\xff\x7b", NEAP_F32, floats},
        {"f4", 4, "\0\0\x80\x3f" "\0\0\0\xbf" "\0\xe0\x7f\x47", NEAP_F32, floats},
        {"f8", 8, (const char *)doubles, NEAP_F64, doubles},
        {"i1", 1, "\1\xfe\x7f", NEAP_I32, small},
        {"i2", 2, "\1\0" "\xfe\xff" "\xff\x7f", NEAP_I32, middle},
        {"i4", 4, (const char *)whole, NEAP_I32, whole},
        {"i8", 8, "\1\0\0\0\0\0\0\0" "\xfe\xff\xff\xff\xff\xff\xff\xff" "\xff\xff\xff\x7f\0\0\0\0", NEAP_I32, whole},
        {"u1", 1, (const char *)tiny, NEAP_U8, tiny},
        {"u2", 2, "\1\0" "\2\0" "\xff\xff", NEAP_I32, natural},
        {"u4", 4, "\1\0\0\0" "\2\0\0\0" "\xff\xff\xff\x7f", NEAP_I32, large},
        {"u8", 8, "\1\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0" "\xff\xff\xff\x7f\0\0\0\0", NEAP_I32, large},
        {"b1", 1, (const char *)flags, NEAP_U8, flags},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (const char *order = "<>=|"; *order; order++) {
            char header[128], data[24];
            int width = rows[i].width;
            for (int k = 0; k < 3 * width; k++)
                data[k] = rows[i].little[*order == '>' ? k / width * width + width - 1 - k % width : k];
            snprintf(header, sizeof header, HEADER("%c%s", "(3,)"), *order, rows[i].name);
            ck_same_tensor(parse_version(1, header, data, (size_t)(3 * width)),
                           neap_from(rows[i].dtype, neap_dims(3), rows[i].expected));
        }
}
END_TEST

/* The first number that does not fit is named, with its place in C order. */
START_TEST(numbers_that_do_not_fit)
{
    static const int64_t longs[] = {0, INT32_MAX, INT32_MIN - 1ll, INT64_MAX};
    static const uint32_t naturals[] = {0, 1, 2, 2147483648u};
    ck_fails_with(!parse_version(1, HEADER("<i8", "(2, 2)"), longs, sizeof longs),
                  "f: expected whole numbers that fit i32, got -2147483649 at element 2");
    ck_fails_with(!parse_version(1, "{'descr': '<i8', 'fortran_order': True, 'shape': (2, 2), }", longs, sizeof longs),
                  "f: expected whole numbers that fit i32, got -2147483649 at element 1");
    ck_fails_with(!parse_version(1, HEADER("<u4", "(4,)"), naturals, sizeof naturals),
                  "f: expected whole numbers that fit i32, got 2147483648 at element 3");
}
END_TEST

/* Element (i, j, k) of Fortran's order stands at i + 2 (j + 3 k). */
START_TEST(fortran_order)
{
    static const char header[] = "{'descr': '%s', 'fortran_order': True, 'shape': %s, }";
    uint8_t stored[24], expected[24];
    char text[128];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++) {
                stored[i + 2 * (j + 3 * k)] = (uint8_t)(100 * i + 10 * j + k);
                expected[(i * 3 + j) * 4 + k] = (uint8_t)(100 * i + 10 * j + k);
            }
    snprintf(text, sizeof text, header, "|u1", "(2, 3, 4)");
    ck_same_tensor(parse_version(1, text, stored, 24), neap_from(NEAP_U8, neap_dims(2, 3, 4), expected));
    static const uint8_t big[] = {0, 0, 0, 1, /**/ 0, 0, 0, 3, /**/ 0, 0, 0, 2, /**/ 0xff, 0xff, 0xff, 0xff};
    static const int32_t turned[] = {1, 2, 3, -1};
    snprintf(text, sizeof text, header, ">i4", "(2, 2)");
    ck_same_tensor(parse_version(1, text, big, sizeof big), neap_from(NEAP_I32, neap_dims(2, 2), turned));
    static const char *const shapes[] = {"(2,)", "(1, 2)", "(2, 1, 1)", "(0, 3)", "(0,)"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) { /* no order, or nothing to order */
        snprintf(text, sizeof text, header, "<i4", shapes[i]);
        neap_tensor *x = present(parse_version(1, text, turned, i < 3 ? 8 : 0));
        ck_assert_int_eq(neap_size(x), i < 3 ? 2 : 0);
        if (i < 3)
            ck_assert_mem_eq(neap_data(x), turned, 8);
    }
    snprintf(text, sizeof text, header, "<i4", "()");
    ck_same_tensor(parse_version(1, text, turned, 4), neap_from(NEAP_I32, (neap_shape){0}, turned));
}
END_TEST

/* Each says what it is and how to save it otherwise. */
START_TEST(foreign_arrays)
{
    static const struct {
        const char *dtype, *message;
    } rows[] = {
        {"'<c8'", "complex numbers (<c8); save x.real and x.imag"},
        {"'|O'", "Python objects (|O); save x.astype(numpy.float32)"},
        {"'<U5'", "text (<U5); save x.astype(numpy.float32), or numbers that stand for it"},
        {"'|S3'", "text (|S3); save x.astype(numpy.float32), or numbers that stand for it"},
        {"'|V2'", "raw bytes, perhaps bfloat16 (|V2); save x.astype(numpy.float32)"},
        {"'<M8[ns]'", "dates or times (<M8[ns]); save x.astype(numpy.int64)"},
        {"'<f16'", "numbers wider than f64 (<f16); save x.astype(numpy.float64)"},
        {"[('x', '<f4'), ('y', [('z', '|u1')], (2,))]", "a structured array (a list of fields); save one field of it, x['NAME']"},
        {"[('a]', '|u1')]", "a structured array (a list of fields); save one field of it, x['NAME']"},
        {"''", "the unknown dtype ''"},
        {"'<i3'", "the unknown dtype '<i3'"},
        {"'f'", "numbers wider than f64 (f); save x.astype(numpy.float64)"},
        {"'<'", "the unknown dtype '<'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[160];
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (1,), }", rows[i].dtype);
        ck_fails_with(!parse(header, 8), saying("f: expected a NumPy array of numbers, got %s", rows[i].message));
    }
}
END_TEST

START_TEST(shapes_that_lie)
{
    static const struct {
        const char *header;
        size_t size;
        const char *message;
    } rows[] = {
        {HEADER("<f4", "(2,)"), 7, "f: expected the data of [2], got 7 bytes"},
        {HEADER("<f4", "(2,)"), 9, "f: expected the data of [2], got 9 bytes"},
        {HEADER("<f4", "(2,)"), 0, "f: expected the data of [2], got 0 bytes"},
        {HEADER("<f4", "()"), 0, "f: expected the data of [], got 0 bytes"},
        {HEADER("<f4", "(0,)"), 4, "f: expected the data of [0], got 4 bytes"},
        /* Modulo 2^64 these have 4 elements, none, and none of 8 bytes each. */
        {HEADER("|u1", "(4194305, 4194305, 211106198978564)"), 4,
         "f: expected the data of [4194305, 4194305, 211106198978564], got 4 bytes"},
        {HEADER("|u1", "(4294967296, 4294967296)"), 0, "f: expected the data of [4294967296, 4294967296], got 0 bytes"},
        {HEADER("<f8", "(2305843009213693952,)"), 0, "f: expected the data of [2305843009213693952], got 0 bytes"},
        {HEADER("<f8", "(0, 4611686018427387904, 3)"), 0,
         "f: expected the data of [0, 4611686018427387904, 3], got 0 bytes"}, /* strides would overflow */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_fails_with(!parse(rows[i].header, rows[i].size), rows[i].message);
}
END_TEST

/* Every beginning of a file is refused in words. */
START_TEST(truncated)
{
    static const char header[] = HEADER("<i4", "(1, 2)");
    for (int version = 1; version <= 2; version++) {
        bytes file = make_claiming(version, strlen(header), header, "12345678", 8);
        for (size_t size = 0; size < file.size; size++) {
            void *part = present(neap_calloc(size, 1));
            memcpy(part, file.at, size);
            ck_fails_saying(!neap_npy_parse("f", part, size), "f: expected ");
            neap_free(part);
        }
        present(neap_npy_parse("f", file.at, file.size));
    }
    bytes file = make_claiming(2, SIZE_MAX, header, "12345678", 8);
    ck_fails_with(!neap_npy_parse("f", file.at, file.size), "f: expected a whole header of a NumPy array");
    const char *path = write_file("file", file.at, file.size), *absent = in_folder("absent");
    ck_fails_with(!neap_npy_load(path), saying("%s: expected a whole header of a NumPy array", path));
    ck_fails_with(!neap_npy_load(absent), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
}
END_TEST

static bool save_and_load(void)
{
    const char *path = in_folder("file");
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(4, 5)), *y = x ? neap_permute(x, (int[]){1, 0}) : NULL;
    bool saved = !neap_npy_save(path, y);
    bool done = saved && neap_npy_load(path);
    neap_scope_close(scope);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(path, "old", 3) != saved);
    ck_assert_int_eq(folder_items(), 1);
    write_file("file", "old", 3);
    return done;
}

static bytes turned; /* big-endian and in Fortran order, of numbers that are converted */

static bool load_turned(void)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_npy_parse("f", turned.at, turned.size);
    neap_scope_close(scope);
    return x;
}

START_TEST(no_memory)
{
    static const char header[] = "{'descr': '>i8', 'fortran_order': True, 'shape': (2, 2), }";
    write_file("file", "old", 3);
    refuse_each(save_and_load);
    turned = make_claiming(1, strlen(header), header, NULL, 32);
    refuse_each(load_turned);
}
END_TEST

int main(void)
{
    return RUN_SUITE("npy", as_numpy_writes, there_and_back, saving_fails, versions, spellings, no_arrays, bad_headers,
                     every_dtype, numbers_that_do_not_fit, fortran_order, foreign_arrays, shapes_that_lie, truncated, no_memory);
}
