/* What safetensors files hold, every dtype read, and files that cannot be. */
#include <math.h>

#include "safetensors_test.h"

/* --- What it holds ------------------------------------------------------------------------------------------------ */

START_TEST(questions)
{
    neap_safetensors *file = present(parse(
        "{" ENTRY("b", "I64", "[1,2]", "[4,20]") "," ENTRY("a", "F32", "[]", "[0,4]") ","
        ENTRY("e", "U8", "[5,0]", "[20,20]") "}", 20));
    ck_assert_int_eq(neap_safetensors_count(file), 3);
    ck_assert_int_eq(neap_safetensors_find(file, "b"), 1); /* in the order of the data */
    ck_assert_int_eq(neap_safetensors_find(file, "B"), -1);
    ck_assert_str_eq(neap_safetensors_name(file, 0), "a");
    ck_assert_str_eq(neap_safetensors_dtype(file, 1), "I64");
    ck_assert(neap_shape_equal(neap_safetensors_shape(file, 1), neap_dims(1, 2)));
    ck_assert(neap_shape_equal(neap_safetensors_shape(file, 2), neap_dims(5, 0)));
    for (int i = -1; i < 4; i += 4) {
        ck_assert_ptr_null(neap_safetensors_name(file, i));
        ck_assert_ptr_null(neap_safetensors_dtype(file, i));
        ck_assert_int_eq(neap_safetensors_shape(file, i).rank, 0);
        ck_fails_with(!neap_safetensors_load(file, i), saying("f: expected a tensor from 0 to 2, got %d", i));
    }
    ck_assert(!neap_failed());
    neap_safetensors_close(file);
    neap_safetensors_close(NULL);
}
END_TEST

/* A tensor of no elements may have great sizes, but its strides must be numbers. */
START_TEST(nothing_of_great_size)
{
    neap_safetensors *file = present(parse("{" ENTRY("a", "F64", "[0,4611686018427387904]", "[0,0]") "}", 0));
    neap_tensor *x = present(neap_safetensors_load(file, 0));
    ck_assert_int_eq(neap_size(x), 0);
    ck_assert_int_eq(neap_dim(x, 1), 4611686018427387904);
    neap_safetensors_close(file);
    file = present(parse("{" ENTRY("a", "F64", "[0,4611686018427387904,3]", "[0,0]") "}", 0));
    ck_fails_with(!neap_safetensors_load(file, 0), "f: a: tensor: expected at most 8 axes of sizes from 0, got "
                                                   "[0, 4611686018427387904, 3]");
    neap_safetensors_close(file);
}
END_TEST

/* --- Dtypes ------------------------------------------------------------------------------------------------------- */

/* IEEE 754 binary16, from its definition. */
static double half_value(int bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                  : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                 : ldexp(fraction, -24);
    return bits & 0x8000 ? -size : size;
}

START_TEST(every_half)
{
    static uint16_t all[65536];
    for (int i = 0; i < 65536; i++)
        all[i] = (uint16_t)i;
    neap_safetensors *file = present(parse_data("{" ENTRY("x", "F16", "[256,256]", "[0,131072]") "}", all, sizeof all));
    neap_tensor *x = present(neap_safetensors_load(file, 0));
    ck_assert_int_eq(neap_dtype_of(x), NEAP_F32);
    const float *values = neap_data(x);
    for (int i = 0; i < 65536; i++) {
        double want = half_value(i), got = (double)values[i];
        if (isnan(want) ? !isnan(got) : got != want || signbit(got) != signbit(want))
            ck_abort_msg("%04x: expected %a, got %a", (unsigned)i, want, got);
    }
    neap_safetensors_close(file);
}
END_TEST

START_TEST(longs)
{
    static const int64_t good[] = {0, -1, INT32_MIN, INT32_MAX}, bad[] = {INT32_MAX + 1ll, INT32_MIN - 1ll, INT64_MIN};
    neap_safetensors *file = present(parse_data("{" ENTRY("x", "I64", "[2,2]", "[0,32]") "}", good, sizeof good));
    ck_same_tensor(neap_safetensors_load(file, 0),
                   neap_from(NEAP_I32, neap_dims(2, 2), (int32_t[]){0, -1, INT32_MIN, INT32_MAX}));
    neap_safetensors_close(file);
    for (int i = 0; i < 3; i++) {
        file = present(parse_data("{" ENTRY("x", "I64", "[1]", "[0,8]") "}", &bad[i], 8));
        ck_fails_with(!neap_safetensors_load(file, 0),
                      saying("f: x: expected whole numbers that fit i32, got %lld at element 0", (long long)bad[i]));
        neap_safetensors_close(file);
    }
}
END_TEST

/* Whole numbers of other sizes come as i32, too, where they fit. */
START_TEST(other_whole_numbers)
{
    static const uint8_t bytes[16] = {1, 0x80, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0};
    static const struct {
        const char *header;
        int size, count;
        int32_t values[4];
    } rows[] = {
        {"{" ENTRY("x", "I8", "[2]", "[0,2]") "}", 2, 2, {1, -128}},
        {"{" ENTRY("x", "I16", "[2]", "[0,4]") "}", 4, 2, {-32767, 0}},
        {"{" ENTRY("x", "U16", "[2]", "[0,4]") "}", 4, 2, {32769, 0}},
        {"{" ENTRY("x", "U32", "[4]", "[0,16]") "}", 16, 4, {32769, 0, INT32_MAX, 0}},
        {"{" ENTRY("x", "U64", "[2]", "[0,16]") "}", 16, 2, {32769, INT32_MAX}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        neap_safetensors *file = present(parse_data(rows[i].header, bytes, (size_t)rows[i].size));
        ck_same_tensor(neap_safetensors_load(file, 0), neap_from(NEAP_I32, neap_dims(rows[i].count), rows[i].values));
        neap_safetensors_close(file);
    }
    static const uint64_t large[] = {7, UINT64_MAX};
    neap_safetensors *file = present(parse_data("{" ENTRY("x", "U64", "[2]", "[0,16]") "}", large, sizeof large));
    ck_fails_with(!neap_safetensors_load(file, 0),
                  "f: x: expected whole numbers that fit i32, got 18446744073709551615 at element 1");
    neap_safetensors_close(file);
}
END_TEST

START_TEST(bits_as_they_are)
{
    static const uint8_t bytes[16] = {1, 0, 0, 0xc0, 0x7f, 0x80, 0xff, 3, 4, 5, 6, 7, 8, 9, 10, 0};
    static const struct {
        const char *header;
        neap_dtype dtype;
        int count;
    } rows[] = {
        {"{" ENTRY("x", "F32", "[4]", "[0,16]") "}", NEAP_F32, 4},
        {"{" ENTRY("x", "F64", "[2]", "[0,16]") "}", NEAP_F64, 2},
        {"{" ENTRY("x", "BF16", "[8]", "[0,16]") "}", NEAP_BF16, 8},
        {"{" ENTRY("x", "I32", "[4]", "[0,16]") "}", NEAP_I32, 4},
        {"{" ENTRY("x", "U8", "[16]", "[0,16]") "}", NEAP_U8, 16},
        {"{" ENTRY("x", "BOOL", "[16]", "[0,16]") "}", NEAP_U8, 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        neap_safetensors *file = present(parse_data(rows[i].header, bytes, sizeof bytes));
        ck_same_tensor(neap_safetensors_load(file, 0), neap_from(rows[i].dtype, neap_dims(rows[i].count), bytes));
        neap_safetensors_close(file);
    }
}
END_TEST

/* They are listed, with their shapes, and only refuse to be loaded. */
START_TEST(foreign_dtypes)
{
    static const struct {
        const char *name, *header;
        int size;
    } rows[] = {
        {"F8_E4M3", "{" ENTRY("x", "F8_E4M3", "[2]", "[0,2]") "}", 2},
        {"F8_E5M2", "{" ENTRY("x", "F8_E5M2", "[2]", "[0,2]") "}", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        neap_safetensors *file = present(parse(rows[i].header, (size_t)rows[i].size));
        ck_assert_str_eq(neap_safetensors_dtype(file, 0), rows[i].name);
        ck_fails_with(!neap_safetensors_load(file, 0),
                      saying("f: x: expected a dtype that f32, f64, bf16, i32 or u8 holds, got %s; convert it in Python",
                             rows[i].name));
        neap_safetensors_close(file);
    }
}
END_TEST

/* --- Files and memory --------------------------------------------------------------------------------------------- */

START_TEST(files)
{
    const char *absent = in_folder("absent"), *empty = write_file("empty", "", 0);
    const char *small = write_file("small", "\1\2\3\4\5\6\7", 7);
    ck_fails_with(!neap_safetensors_open(absent), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
    ck_fails_with(!neap_safetensors_open(test_folder), saying("%s: expected a file", test_folder));
    ck_fails_with(!neap_safetensors_open(empty), saying("%s: expected at least 8 bytes, got 0", empty));
    ck_fails_with(!neap_safetensors_open(small), saying("%s: expected at least 8 bytes, got 7", small));
    const char *file = write_file("file", "\2\0\0\0\0\0\0\0{}!", 11);
    ck_fails_with(!neap_safetensors_open(file), saying("%s: expected 0 bytes of data, got 1", file));
}
END_TEST

static bool read_all(void)
{
    static const char name[] = "a name longer than the buffer that Jansson begins with";
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\",\"l\":\"w\"}," ENTRY("a", "F16", "[2]", "[0,4]") ","
        ENTRY("a name longer than the buffer that Jansson begins with", "U8", "[3]", "[4,7]") "}";
    static uint8_t *bytes;
    neap_scope scope = neap_scope_open();
    if (!bytes)
        bytes = file_bytes(strlen(header), header, strlen(header), NULL, 7);
    neap_safetensors *file = neap_safetensors_parse("f", bytes, 8 + strlen(header) + 7);
    bool done = file && neap_safetensors_load(file, 0) && neap_safetensors_load(file, 1);
    if (file)
        ck_assert_int_eq(neap_safetensors_find(file, name), 1);
    neap_safetensors_close(file);
    neap_scope_close(scope);
    return done;
}

START_TEST(no_memory)
{
    ck_assert(read_all());
    refuse_each(read_all);
}
END_TEST

int main(void)
{
    return RUN_SUITE("safetensors_read", questions, nothing_of_great_size, every_half, longs, other_whole_numbers, bits_as_they_are,
                     foreign_dtypes, files, no_memory);
}
