/* A file by safetensors' own writer: every dtype that neap reads, with the values golden_types.py wrote. */
#include "golden.h"

#define SHAPE(...) {(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}}
#define MOST 9

static const struct wanted {
    const char *name, *stored;
    neap_dtype dtype; /* once loaded */
    neap_shape shape;
    double value[MOST]; /* what is left of the script's numbers once they are rounded */
} wanted[] = {
    {"f16", "F16", NEAP_F32, SHAPE(9),
     {0x1.554p-2, -0.0, 65504, 0x1p-14, 0x1p-24, 0x3p-24, INFINITY, -INFINITY, NAN}},
    {"bf16", "BF16", NEAP_BF16, SHAPE(7), {0x1.56p-2, -0.0, 0x1.c4p127, 0x1p-133, INFINITY, -INFINITY, NAN}},
    {"f32", "F32", NEAP_F32, SHAPE(2, 2), {0x1.555556p-2, 0x1.16c2p-133, 0x1.c363ccp127, -0.0}},
    {"f64", "F64", NEAP_F64, SHAPE(2), {1.0 / 3, 5e-324}},
    {"i64", "I64", NEAP_I32, SHAPE(1, 4), {0, -1, INT32_MAX, INT32_MIN}},
    {"i16", "I16", NEAP_I32, SHAPE(1), {1}},
    {"i32", "I32", NEAP_I32, SHAPE(2), {7, INT32_MIN}},
    {"u8", "U8", NEAP_U8, SHAPE(2), {0, 255}},
    {"bool", "BOOL", NEAP_U8, SHAPE(3), {1, 0, 1}},
    {"scalar", "F32", NEAP_F32, {0, {0}}, {2.5}},
    {"scalar.i64", "I64", NEAP_I32, {0, {0}}, {-3}},
    {"scalar.f16", "F16", NEAP_F32, {0, {0}}, {0.5}},
    {"empty", "F32", NEAP_F32, SHAPE(0, 3), {0}},
};
enum { WANTED = sizeof wanted / sizeof *wanted };

/* Exactly, the signs of zeros too. */
START_TEST(test_values)
{
    const struct wanted *w = &wanted[_i];
    const int index = neap_safetensors_find(golden_file, w->name);
    ck_assert_str_eq(neap_safetensors_dtype(golden_file, index), w->stored);
    neap_tensor *x = golden("", w->name);
    ck_assert_str_eq(neap_dtype_name(neap_dtype_of(x)), neap_dtype_name(w->dtype));
    check_values(w->name, x, w->shape, w->value, 0);
    const double *v = values(x);
    for (int64_t i = 0; i < neap_size(x); i++)
        ck_assert_msg(isnan(v[i]) || !signbit(v[i]) == !signbit(w->value[i]), "%s: element %lld has another sign",
                      w->name, (long long)i);
}
END_TEST

/* A message that ends in `ending`, after the path. */
static void check_refusal(const char *name, const char *ending)
{
    ck_assert_ptr_null(neap_safetensors_load(golden_file, neap_safetensors_find(golden_file, name)));
    const char *message = neap_error_message(), *part = strstr(message, name);
    ck_assert_msg(part && strcmp(part, ending) == 0, "expected '..%s', got '%s'", ending, message);
    neap_error_clear();
}

START_TEST(test_refusals)
{
    check_refusal("i64.large", "i64.large: expected whole numbers that fit i32, got 2147483648 at element 0");
}
END_TEST

/* Nothing else is in the file, so a dtype added to the script needs a row here. */
START_TEST(test_header)
{
    const neap_pair *pairs;
    ck_assert_int_eq(neap_safetensors_count(golden_file), WANTED + 1);
    ck_assert_int_eq(neap_safetensors_pairs(golden_file, &pairs), 1);
    ck_assert_str_eq(pairs[0].key, "written by");
    ck_assert_str_eq(pairs[0].value, "safetensors, \"\xc3\xa9\xe4\xb8\x96\"");
}
END_TEST

int main(void)
{
    if (!golden_open("types.safetensors"))
        return EXIT_FAILURE;
    Suite *suite = suite_create("golden types");
    TCase *types = new_tcase(suite, "types");
    tcase_add_loop_test(types, test_values, 0, WANTED);
    tcase_add_test(types, test_refusals);
    tcase_add_test(types, test_header);
    return golden_run(suite);
}
