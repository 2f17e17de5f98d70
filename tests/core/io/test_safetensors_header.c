/* Every rule that the header of a safetensors file must keep, in the order in which they are checked. */
#include "safetensors_test.h"

typedef struct refusal {
    const char *header;
    size_t size;
    const char *message;
} refusal;

static void refuse_all(const refusal *rows)
{
    for (; rows->header; rows++) {
        neap_safetensors *file = parse(rows->header, rows->size);
        ck_assert_msg(!file, "accepted: %s", rows->header);
        ck_assert_str_eq(neap_error_message(), rows->message);
        neap_error_clear();
    }
}

/* --- The file and its header -------------------------------------------------------------------------------------- */

static neap_safetensors *parse_claiming(uint64_t claimed, const char *header, size_t length)
{
    return neap_safetensors_parse("f", file_bytes(claimed, header, length, NULL, 0), 8 + length);
}

START_TEST(lengths)
{
    ck_fails_with(!neap_safetensors_parse("f", "", 0), "f: expected at least 8 bytes, got 0");
    ck_fails_with(!neap_safetensors_parse("f", "\2\0\0\0\0\0\0", 7), "f: expected at least 8 bytes, got 7");
    ck_fails_with(!parse_claiming(3, "{}", 2), "f: header: expected 3 bytes, got 2");
    ck_fails_with(!parse_claiming(100000000, "{}", 2), "f: header: expected 100000000 bytes, got 2");
    ck_fails_with(!parse_claiming(100000001, "{}", 2), "f: header: expected at most 100000000 bytes, got 100000001");
    ck_fails_with(!parse_claiming(UINT64_MAX, "{}", 2),
                  "f: header: expected at most 100000000 bytes, got 18446744073709551615");
    ck_fails_with(!parse_claiming(0, "{}", 0), "f: header: expected one JSON object");
    ck_fails_with(!parse_claiming(0, "{}", 2), "f: header: expected one JSON object");
    ck_fails_with(!parse_claiming(2, "{}   ", 5), "f: expected 0 bytes of data, got 3");
}
END_TEST

/* A length whose bytes begin like a pickle, a gzip file or a text is a length all the same. */
START_TEST(lengths_that_look_foreign)
{
    static const uint64_t rows[] = {0x0280, 0x8b1f, '!' * 0x0101 + 0x0a0000};
    char *header = present(neap_calloc(1 << 20, 1));
    for (int i = 0; i < 3; i++) {
        memset(header, ' ', rows[i]);
        memcpy(header, "{}", 2);
        neap_safetensors_close(present(parse_claiming(rows[i], header, rows[i])));
    }
    neap_free(header);
}
END_TEST

START_TEST(texts)
{
    static const char *const not_utf8[] = {"{\"\xff\":1}", "{\"\xc3\":1}", "{\"\xed\xa0\x80\":1}", "{}\x80"};
    static const char *const not_json[] = {
        "{", "{}}", "{} 1", "{\"a\"}", "{'a':1}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":18446744073709551616}",
        "{\"\\ud800\":1}", "{\"a\\u0000b\":1}", "{\"a\":1,}",
    };
    for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++)
        ck_fails_with(!parse(not_utf8[i], 0), "f: header: expected UTF-8");
    for (size_t i = 0; i < sizeof not_json / sizeof *not_json; i++)
        ck_fails_saying(!parse(not_json[i], 0), "f: header: "); /* Jansson says what it minds */
    ck_fails_with(!parse("[]", 0), "f: header: expected one JSON object");
    ck_fails_with(!parse(" {}", 0), "f: header: expected one JSON object"); /* the reference wants '{' first */
    ck_fails_with(!parse_claiming(4, "{}\0 ", 4), "f: header: end of file expected near end of file at byte 3");
    ck_fails_saying(!parse("{\"a\":{},\"a\":{}}", 0), "duplicate object key");
    ck_fails_saying(!parse("{" ENTRY("a", "U8", "[1],\"shape\":[1]", "[0,1]") "}", 1), "duplicate object key");
    ck_fails_saying(!parse("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0), "duplicate object key");
    neap_safetensors_close(present(parse("{}   \n\t ", 0)));
}
END_TEST

/* A list within a list, and so on, must end in a message and not at the end of the stack. */
START_TEST(depth)
{
    enum { DEPTH = 1000000 };
    char *header = present(neap_calloc(DEPTH + 6, 1));
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', DEPTH);
    ck_fails_saying(!parse(header, 0), "f: header: maximum parsing depth reached");
    neap_free(header);
}
END_TEST

START_TEST(too_many)
{
    enum { MOST = 1000000, EACH = 12 };
    char *header = present(neap_calloc((MOST + 2) * EACH + 20, 1)), *at = header;
    at += sprintf(at, "{\"__metadata__\":{}");
    for (int i = 0; i < MOST; i++)
        at += sprintf(at, ",\"%d\":0", i);
    strcpy(at, "}"); /* exactly as many as there may be, so the first of them is looked at */
    ck_fails_with(!parse(header, 0), "f: '0': expected dtype, shape and data_offsets");
    strcpy(at, ",\"a\":0}");
    ck_fails_with(!parse(header, 0), "f: expected at most 1000000 tensors, got 1000001");
    neap_free(header);
}
END_TEST

/* --- One entry ---------------------------------------------------------------------------------------------------- */

START_TEST(entries)
{
    static const refusal rows[] = {
        {"{\"a\":1}", 0, "f: 'a': expected dtype, shape and data_offsets"},
        {"{\"a\":{}}", 0, "f: 'a': expected dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "f: 'a': expected dtype, shape and data_offsets"},
        {"{" ENTRY("a", "U8", "[1],\"more\":1", "[0,1]") "}", 1, "f: 'a': expected dtype, shape and data_offsets"},
        {"{\"a\":{\"type\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, "f: 'a': unknown dtype ''"},
        {"{\"a\":{\"dtype\":8,\"shape\":[],\"data_offsets\":[0,1]}}", 1, "f: 'a': unknown dtype ''"},
        {"{" ENTRY("a", "F128", "[1]", "[0,16]") "}", 16, "f: 'a': unknown dtype 'F128'"},
        {"{" ENTRY("a", "f32", "[1]", "[0,4]") "}", 4, "f: 'a': unknown dtype 'f32'"},
        {"{" ENTRY("a", "U8", "1", "[0,1]") "}", 1, "f: 'a': expected a shape"},
        {"{" ENTRY("a", "U8", "null", "[0,1]") "}", 1, "f: 'a': expected a shape"},
        {"{" ENTRY("a", "U8", "[-1]", "[0,1]") "}", 1, "f: 'a': shape: expected whole numbers from 0"},
        {"{" ENTRY("a", "U8", "[-1,-1]", "[0,1]") "}", 1, "f: 'a': shape: expected whole numbers from 0"},
        {"{" ENTRY("a", "U8", "[1.0]", "[0,1]") "}", 1, "f: 'a': shape: expected whole numbers from 0"},
        {"{" ENTRY("a", "U8", "[[1]]", "[0,1]") "}", 1, "f: 'a': shape: expected whole numbers from 0"},
        {"{" ENTRY("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "f: 'a': expected at most 8 axes, got 9"},
        {0},
    };
    refuse_all(rows);
}
END_TEST

START_TEST(offsets)
{
    static const char wrong[] = "f: 'a': data_offsets: expected two whole numbers from 0";
    static const refusal rows[] = {
        {"{" ENTRY("a", "U8", "[1]", "1") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[0]") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[0,1,2]") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[0,1.0]") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[\"0\",1]") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[-1,0]") "}", 1, wrong},
        {"{" ENTRY("a", "U8", "[1]", "[0,-1]") "}", 1, "f: 'a': data_offsets: expected an end after 0, got -1"},
        {"{" ENTRY("a", "U8", "[1]", "[2,1]") "}", 2, "f: 'a': data_offsets: expected an end after 2, got 1"},
        {0},
    };
    refuse_all(rows);
}
END_TEST

START_TEST(sizes)
{
    static const refusal rows[] = {
        {"{" ENTRY("a", "U8", "[]", "[0,0]") "}", 0, "f: 'a': [] of U8 does not fill the bytes from 0 to 0"},
        {"{" ENTRY("a", "F32", "[2]", "[0,7]") "}", 7, "f: 'a': [2] of F32 does not fill the bytes from 0 to 7"},
        {"{" ENTRY("a", "F32", "[2]", "[0,9]") "}", 9, "f: 'a': [2] of F32 does not fill the bytes from 0 to 9"},
        {"{" ENTRY("a", "BF16", "[2]", "[0,8]") "}", 8, "f: 'a': [2] of BF16 does not fill the bytes from 0 to 8"},
        {"{" ENTRY("a", "U8", "[0]", "[0,1]") "}", 1, "f: 'a': [0] of U8 does not fill the bytes from 0 to 1"},
        /* Modulo 2^64 this one has 4 elements, and the next one none. */
        {"{" ENTRY("a", "U8", "[4194305,4194305,211106198978564]", "[0,4]") "}", 4,
         "f: 'a': [4194305, 4194305, 211106198978564] of U8 does not fill the bytes from 0 to 4"},
        {"{" ENTRY("a", "U8", "[4294967296,4294967296]", "[0,0]") "}", 0,
         "f: 'a': [4294967296, 4294967296] of U8 does not fill the bytes from 0 to 0"},
        {"{" ENTRY("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0,
         "f: 'a': [2305843009213693952] of F64 does not fill the bytes from 0 to 0"},
        {"{" ENTRY("a", "U8", "[9223372036854775807]", "[0,9223372036854775807]") "}", 0,
         "f: expected 9223372036854775807 bytes of data, got 0"},
        {0},
    };
    refuse_all(rows);
}
END_TEST

START_TEST(long_names)
{
    char name[1026] = {0}, header[1200];
    memset(name, 'n', 1025);
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", name);
    ck_fails_with(!parse(header, 1), "f: a name: expected at most 1024 bytes, got 1025");
    name[1024] = 0;
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", name);
    neap_safetensors *file = present(parse(header, 1));
    ck_assert_int_eq(neap_safetensors_find(file, name), 0);
    neap_safetensors_close(file);
}
END_TEST

/* --- All of them -------------------------------------------------------------------------------------------------- */

START_TEST(cover)
{
    static const refusal rows[] = {
        {"{" ENTRY("a", "U8", "[2]", "[1,3]") "}", 3, "f: 'a': data_offsets: expected to begin at 0, got 1"},
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("b", "U8", "[2]", "[3,5]") "}", 5,
         "f: 'b': data_offsets: expected to begin at 2, got 3"}, /* a hole */
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("b", "U8", "[2]", "[1,3]") "}", 3,
         "f: 'b': data_offsets: expected to begin at 2, got 1"}, /* an overlap */
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("b", "U8", "[1]", "[0,1]") "}", 2,
         "f: 'a': data_offsets: expected to begin at 1, got 0"}, /* one within another */
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("e", "U8", "[0]", "[1,1]") "}", 2,
         "f: 'e': data_offsets: expected to begin at 2, got 1"}, /* even where there is nothing */
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "}", 3, "f: expected 2 bytes of data, got 3"},
        {"{" ENTRY("a", "U8", "[2]", "[0,2]") "}", 1, "f: expected 2 bytes of data, got 1"},
        {"{}", 1, "f: expected 0 bytes of data, got 1"},
        {0},
    };
    refuse_all(rows);
}
END_TEST

START_TEST(metadata)
{
    static const refusal rows[] = {
        {"{\"__metadata__\":[]}", 0, "f: __metadata__: expected an object"},
        {"{\"__metadata__\":\"\"}", 0, "f: __metadata__: expected an object"},
        {"{\"__metadata__\":null}", 0, "f: __metadata__: expected an object"},
        {"{\"__metadata__\":{\"k\":\"v\",\"n\":1}}", 0, "f: __metadata__: 'n': expected text"},
        {"{\"__metadata__\":{\"n\":null}}", 0, "f: __metadata__: 'n': expected text"},
        {"{\"__metadata__\":{\"n\":{}}}", 0, "f: __metadata__: 'n': expected text"},
        {0},
    };
    refuse_all(rows);
    const neap_pair *pairs;
    neap_safetensors *file = present(parse("{\"__metadata__\":{\"z\":\"\\u00e9\\\"\",\"\":\"\\ud83c\\udf19\"}}", 0));
    ck_assert_int_eq(neap_safetensors_count(file), 0); /* it is no tensor */
    ck_assert_int_eq(neap_safetensors_find(file, "__metadata__"), -1);
    ck_assert_int_eq(neap_safetensors_pairs(file, &pairs), 2);
    ck_assert_str_eq(pairs[0].key, "z");
    ck_assert_str_eq(pairs[0].value, "\xc3\xa9\"");
    ck_assert_str_eq(neap_safetensors_value(file, ""), "\xf0\x9f\x8c\x99");
    ck_assert_ptr_null(neap_safetensors_value(file, "Z"));
    neap_safetensors_close(file);
}
END_TEST

int main(void)
{
    return RUN_SUITE("safetensors_header", lengths, lengths_that_look_foreign, texts, depth, too_many, entries, offsets, sizes, long_names, cover,
                     metadata);
}
