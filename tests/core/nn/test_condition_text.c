/* Texts as conditions: what is refused, where a text is cut and what the warning says, padding, and other null rows. */
#include <stdio.h>

#include <neap/condition.h>

#include "tests/core/plugin/plugin_test.h"

static neap_scope scope;
static char warned[1024];
static int warnings;

static void note_warning(void *user, const char *message)
{
    (void)user;
    warnings++;
    snprintf(warned, sizeof warned, "%s", message);
}

static void open_scope(void)
{
    scope = neap_scope_open();
    warnings = 0;
    *warned = '\0';
    neap_on_warning(note_warning, NULL);
}

static void close_scope(void)
{
    neap_on_warning(NULL, NULL);
    neap_scope_close(scope);
    ck_assert_uint_eq(neap_memory().live, 0);
}

/* Strings from literals, which may hold NUL. */
#define STRING(literal) {literal, sizeof literal - 1}
#define TEXTS(most, ...)                                                                                            \
    neap_condition_texts("text", (const neap_string[]){__VA_ARGS__},                                                        \
                         (int64_t)(sizeof((const neap_string[]){__VA_ARGS__}) / sizeof(neap_string)), most)

static void refused(const void *result, const char *message)
{
    ck_assert_ptr_null(result);
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
    ck_assert_int_eq(warnings, 0);
}

/* `bytes` are all rows, each of `length` bytes. */
static void holds(const neap_condition *c, int64_t rows, int64_t length, const char *bytes, const int32_t *lengths)
{
    ck_assert_msg(c != NULL, "%s", neap_error_message());
    neap_tensor *text = neap_condition_get(c, NEAP_TEXT);
    ck_assert(neap_shape_equal(neap_shape_of(text), neap_dims(rows, length)));
    ck_assert_mem_eq(neap_data(text), bytes, (size_t)(rows * length));
    ck_assert_mem_eq(neap_data(neap_condition_get(c, NEAP_LENGTHS)), lengths, (size_t)rows * sizeof *lengths);
}

START_TEST(rows_are_padded_to_the_longest)
{
    holds(TEXTS(32, STRING("red"), STRING(""), STRING("caf\xc3\xa9")), 3, 5, "red\0\0\0\0\0\0\0caf\xc3\xa9",
          (int32_t[]){3, 0, 5});
    holds(TEXTS(32, STRING("")), 1, 1, "\0", (int32_t[]){0});
    holds(TEXTS(3, STRING("red")), 1, 3, "red", (int32_t[]){3});
    ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    refused(TEXTS(32, STRING("red \xff")), "text: expected UTF-8, got the byte ff after 'red '");
    refused(TEXTS(32, STRING("\xc3")), "text: expected UTF-8, got the byte c3 after ''");
    refused(TEXTS(32, STRING("a"), STRING("h\xed\xa0\x80t")), "text 2: expected UTF-8, got the byte ed after 'h'");
    refused(TEXTS(32, STRING("red\0heart")), "text: expected a text without NUL, got one after 'red'");
    refused(TEXTS(32, STRING("re\xff" "d\0")), "text: expected UTF-8, got the byte ff after 're'");
    refused(TEXTS(32, STRING("red\nblue\t \xff")), "text: expected UTF-8, got the byte ff after 'red blue  '");
    /* At most 40 bytes before the place, cut at the boundary of a character. */
    refused(TEXTS(99, STRING("0123456789 0123456789 0123456789 0123456789\xff")),
            "text: expected UTF-8, got the byte ff after '...6789 0123456789 0123456789 0123456789'");
    refused(TEXTS(0, STRING("red")), "text: expected rows and bytes from 1, got 1 and 0");
    refused(neap_condition_texts("text", NULL, 0, 8), "text: expected rows and bytes from 1, got 0 and 8");
    /* What is cut off is checked as well. */
    refused(TEXTS(3, STRING("red \xff")), "text: expected UTF-8, got the byte ff after 'red '");
}
END_TEST

START_TEST(a_long_text_is_cut_with_a_warning)
{
    holds(TEXTS(9, STRING("red heart on a plate")), 1, 9, "red heart", (int32_t[]){9});
    ck_assert_str_eq(warned, "text is cut after byte 9 of 20, the network reads 9: ' on a plate' is lost");
    holds(TEXTS(4, STRING("red"), STRING("caf\xc3\xa9s"), STRING("rose\npetals"), STRING("blue")), 4, 4, "red\0caf\0roseblue",
          (int32_t[]){3, 3, 4, 4});
    ck_assert_str_eq(warned, "text 2 is cut after byte 3 of 6, the network reads 4: '\xc3\xa9s' is lost; so is 1 more");
    ck_assert_int_eq(warnings, 2);
    holds(TEXTS(1, STRING("\xe2\x82\xac"), STRING("ab"), STRING("\ncd")), 3, 1, "\0a\n", (int32_t[]){0, 1, 1});
    ck_assert_str_eq(warned, "text 1 is cut after byte 0 of 3, the network reads 1: '\xe2\x82\xac' is lost; so are 2 more");
}
END_TEST

START_TEST(a_warning_is_short)
{
    char text[400];
    memset(text, 'x', sizeof text);
    ck_assert_ptr_nonnull(neap_condition_texts("negative", &(neap_string){text, sizeof text}, 1, 10));
    ck_assert_str_eq(warned, "negative is cut after byte 10 of 400, the network reads 10: "
                             "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is lost");
}
END_TEST

/* --- Other null rows ------------------------------------------------------------------------------------------------ */

static void text_is(const neap_condition *c, const char *text)
{
    holds(c, 1, (int64_t)strlen(text), text, (int32_t[]){(int32_t)strlen(text)});
}

START_TEST(null_rows_may_be_given)
{
    neap_condition *c = TEXTS(8, STRING("ab"), STRING("cd")), *no = TEXTS(8, STRING("ef"), STRING("gh"));
    ck_assert_ptr_null(neap_condition_get(neap_condition_null(c), NEAP_TEXT));
    neap_condition *both = neap_condition_with_null(c, no);
    holds(both, 2, 2, "abcd", (int32_t[]){2, 2});
    holds(neap_condition_null(both), 2, 2, "efgh", (int32_t[]){2, 2});
    neap_tensor *second = neap_from(NEAP_I32, neap_dims(1), (int32_t[]){1});
    text_is(neap_condition_take(both, second), "cd");
    text_is(neap_condition_null(neap_condition_take(both, second)), "gh");
    holds(neap_condition_null(neap_condition_with(both, NEAP_LENGTHS, NULL)), 2, 2, "efgh", (int32_t[]){2, 2});
    holds(neap_condition_null(neap_condition_with_null(both, c)), 2, 2, "abcd", (int32_t[]){2, 2});
    ck_assert_ptr_null(neap_condition_get(neap_condition_null(neap_condition_join(both, both)), NEAP_TEXT));
    refused(neap_condition_with_null(c, neap_condition_new(3)), "condition: null: expected 2 rows, got 3");
    ck_assert_ptr_null(neap_condition_with_null(c, NULL));
    ck_assert(!neap_failed());
}
END_TEST

static bool make_both(void)
{
    const neap_scope inner = neap_scope_open();
    neap_condition *c = neap_condition_with_null(TEXTS(8, STRING("ab"), STRING("cd")), TEXTS(8, STRING("ef"), STRING("gh")));
    const bool whole = neap_condition_null(neap_condition_take(c, neap_arange(NEAP_I32, 0, 1, 1))) != NULL;
    neap_scope_close(inner);
    return whole;
}

START_TEST(refused_memory_fails_whole)
{
    refuse_each(make_both);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("condition text", open_scope, close_scope, rows_are_padded_to_the_longest, what_is_no_text_is_refused,
                          a_long_text_is_cut_with_a_warning, a_warning_is_short, null_rows_may_be_given,
                          refused_memory_fails_whole);
}
