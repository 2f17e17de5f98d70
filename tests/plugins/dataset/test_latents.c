/* The data set "latents": moments and conditions read from a file, and invalid files. */
#include <sys/stat.h>

#include <neap/io.h>

#include "tests/core/run/training.h"

enum { COUNT = 5 };

static neap_tensor *moments(void)
{
    return neap_randn((neap_random){4, 1}, 0, neap_dims(COUNT, 2, 3, 4));
}

static neap_tensor *numbers(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e)
{
    return neap_from(NEAP_I32, neap_dims(COUNT), (int32_t[]){a, b, c, d, e});
}

static neap_tensor *text(void)
{
    return neap_from(NEAP_U8, neap_dims(COUNT, 2), "a\0bcd\0\0\0ef");
}

#define CLASSES {"neap.classes", "3"}

static const neap_pair metadata[] = {CLASSES, {"neap.fingerprint", "0f"}, {"neap.dataset", "{}"}, {"neap.label.1", "one"}};

static neap_source *open_path(const char *path)
{
    neap_instance *instance = COMPONENT("dataset", "latents", "path", path);
    neap_source *source = neap_source_open(instance);
    neap_instance_release(instance);
    return source;
}

/* Writes and opens a file of the tensors in a list that ends with a name of NULL. NULL on failure. */
static neap_source *open_with(const neap_named_tensor *tensors, const neap_pair *pairs, int count)
{
    int given = 0;
    while (tensors[given].name)
        given++;
    ck_succeeds(neap_safetensors_save(in_folder("file"), tensors, given, pairs, count));
    return open_path(in_folder("file"));
}

#define OPEN(...) open_with((neap_named_tensor[]){__VA_ARGS__, {NULL, NULL}}, metadata, 4)

static neap_source *open_whole(void)
{
    return OPEN({"moments", moments()}, {"labels", numbers(2, -1, 1, 2, 0)}, {"text", text()},
                {"lengths", numbers(1, 2, 1, 0, 2)}, {"picture", neap_zeros(NEAP_F32, neap_dims(COUNT, 1, 2, 3))});
}

START_TEST(contents)
{
    neap_batch read;
    neap_source *source = open_whole();
    ck_assert_msg(source != NULL, "%s", neap_error_message());
    const neap_spec spec = source_spec_of(source);
    ck_assert(spec.height == 2 && spec.width == 3 && spec.channels == 4 && spec.classes == 3 && spec.text == 2);
    ck_assert(spec.latent.height == 2 && spec.latent.width == 3 && spec.latent.channels == 2 && spec.picture.channels == 3);
    ck_assert_int_eq(neap_source_count(source), COUNT);
    ck_succeeds(neap_source_read(source, (const int64_t[]){0, 1, 2, 3, 4}, COUNT, &read));
    ck_assert(same_bits(read.x, moments()));
    const struct {
        neap_condition_kind kind;
        neap_tensor *expected;
    } rows[] = {{NEAP_LABELS, numbers(2, -1, 1, 2, 0)}, {NEAP_TEXT, text()}, {NEAP_LENGTHS, numbers(1, 2, 1, 0, 2)}};
    for (int i = 0; i < 3; i++) {
        neap_tensor *got = neap_condition_get(read.condition, rows[i].kind);
        ck_assert(memcmp(neap_data(got), neap_data(rows[i].expected), (size_t)neap_size(got) * neap_dtype_size(neap_dtype_of(got))) == 0);
    }
    ck_assert_str_eq(neap_source_label_name(source, 1), "one");
    ck_assert_ptr_null(neap_source_label_name(source, 0));
    ck_assert_str_eq(neap_source_encoded_by(source), "0f");
    ck_assert_str_eq(neap_source_encoded_from(source), "{}");
    neap_source_close(source);
}
END_TEST

START_TEST(a_file_without_conditions_in_the_folder_of_a_run)
{
    const neap_named_tensor one = {"moments", moments()};
    ck_succeeds(neap_safetensors_save(in_folder("latents.safetensors"), &one, 1, NULL, 0));
    neap_source *source = open_path(in_folder("."));
    ck_assert_msg(source != NULL, "%s", neap_error_message());
    ck_assert_int_eq(source_spec_of(source).classes, 0);
    ck_assert_ptr_null(neap_source_encoded_by(source));
    ck_assert_ptr_null(neap_source_encoded_from(source));
    neap_source_close(source);
}
END_TEST

/* Messages begin with the path, in a folder made for the test. */
static void refused(neap_source *source, const char *why)
{
    char message[600];
    snprintf(message, sizeof message, "latents: %s: %s", in_folder("file"), why);
    ck_fails_with(source ? 0 : -1, message);
}

START_TEST(tensors_that_are_refused)
{
    neap_tensor *m = moments(), *l = numbers(0, 1, 2, 0, 1);
    refused(OPEN({"x", m}), "expected a tensor 'moments'; `neap encode` writes such files");
    refused(OPEN({"moments", neap_cast(m, NEAP_F64)}), "moments: expected F32, got F64");
    refused(OPEN({"moments", neap_reshape(m, neap_dims(COUNT, 24))}), "moments: expected 4 axes without a size of 0, got [5, 24]");
    refused(OPEN({"moments", neap_zeros(NEAP_F32, neap_dims(0, 2, 3, 4))}),
            "moments: expected 4 axes without a size of 0, got [0, 2, 3, 4]");
    refused(OPEN({"moments", neap_reshape(m, neap_dims(COUNT, 2, 4, 3))}), "moments: expected an even number of channels, got 3");
    refused(OPEN({"moments", m}, {"labels", neap_slice(l, 0, 0, 4)}),
            "labels: expected 1 axes with a row for each of the moments without a size of 0, got [4]");
    refused(OPEN({"moments", m}, {"labels", neap_cast(l, NEAP_F32)}), "labels: expected I32, got F32");
    refused(OPEN({"moments", m}, {"labels", numbers(0, 1, 2, 3, 0)}), "labels: expected -1 to 2, got 3 for example 3");
    refused(OPEN({"moments", m}, {"labels", numbers(0, -2, 2, 1, 0)}), "labels: expected -1 to 2, got -2 for example 1");
    refused(OPEN({"moments", m}, {"text", text()}), "expected a tensor 'lengths' beside 'text'");
}
END_TEST

START_TEST(lengths_and_classes_that_are_refused)
{
    neap_tensor *m = moments();
    const char *const classes[] = {"", "3x", "0", "-3", "1000001", "99999999999999999999"};
    refused(OPEN({"moments", m}, {"text", text()}, {"lengths", numbers(0, 1, 3, 0, 1)}),
            "lengths: expected 0 to 2, got 3 for example 2");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char why[120];
        const neap_pair pair = {"neap.classes", classes[i]};
        snprintf(why, sizeof why, "metadata 'neap.classes': expected a number from 1 to 1000000 beside labels, got %s", classes[i]);
        refused(open_with((neap_named_tensor[]){{"moments", m}, {"labels", numbers(0, 0, 0, 0, 0)}, {NULL, NULL}}, &pair, 1), why);
    }
    refused(open_with((neap_named_tensor[]){{"moments", m}, {"labels", numbers(0, 0, 0, 0, 0)}, {NULL, NULL}}, NULL, 0),
            "metadata 'neap.classes': expected a number from 1 to 1000000 beside labels, got none");
}
END_TEST

static bool open_once(void)
{
    neap_instance *instance = neap_instance_new(neap_registry_find("dataset", "latents"));
    bool ready = instance && neap_instance_set_text(instance, "path", in_folder("file")) == 0;
    neap_source *source = ready ? neap_source_open(instance) : NULL;
    neap_instance_release(instance);
    neap_source_close(source);
    return source != NULL;
}

START_TEST(every_allocation_may_fail)
{
    neap_source_close(open_whole());
    refuse_each(open_once);
}
END_TEST

static void open_all(void)
{
    run_open();
    folder_open();
}

static void close_all(void)
{
    folder_close();
    run_close();
}

int main(void)
{
    return RUN_SUITE_WITH("latents", open_all, close_all, contents, a_file_without_conditions_in_the_folder_of_a_run,
                          tensors_that_are_refused, lengths_and_classes_that_are_refused, every_allocation_may_fail);
}
