/* The data set "coupled": examples read from a file, and invalid files. */
#include <neap/io.h>

#include "tests/core/run/training.h"

enum { COUNT = 5 };

/* Writes and opens a file with tensors x, noise and labels, without those that are NULL. NULL on failure. */
static neap_source *open_with(neap_tensor *x, neap_tensor *noise, neap_tensor *labels, const char *classes)
{
    const neap_pair pair = {"classes", classes};
    const neap_named_tensor all[] = {{"x", x}, {"noise", noise}, {"labels", labels}};
    neap_named_tensor given[3];
    int count = 0;
    for (int i = 0; i < 3; i++)
        if (all[i].tensor)
            given[count++] = all[i];
    const char *path = in_folder("pairs");
    ck_succeeds(neap_safetensors_save(path, given, count, &pair, classes != NULL));
    neap_instance *instance = COMPONENT("dataset", "coupled", "path", path);
    neap_source *source = neap_source_open(instance);
    neap_instance_release(instance);
    return source;
}

static neap_tensor *pictures(uint64_t stream)
{
    return neap_randn((neap_random){4, stream}, 0, neap_dims(COUNT, 2, 3, 1));
}

static neap_tensor *labels_of(const int32_t labels[COUNT])
{
    return neap_from(NEAP_I32, neap_dims(COUNT), labels);
}

#define LABELS(...) labels_of((const int32_t[COUNT]){__VA_ARGS__})

START_TEST(contents)
{
    neap_tensor *x = pictures(1), *labels = LABELS(2, 0, 1, 2, 0);
    neap_batch read;
    neap_source *source = open_with(x, pictures(2), labels, "3");
    ck_assert_msg(source != NULL, "%s", neap_error_message());
    const neap_spec spec = source_spec_of(source);
    ck_assert(spec.height == 2 && spec.width == 3 && spec.channels == 1 && spec.classes == 3);
    ck_assert_int_eq(neap_source_count(source), COUNT);
    ck_succeeds(neap_source_read(source, (const int64_t[]){0, 1, 2, 3, 4}, COUNT, &read));
    ck_assert(same_bits(read.x, x) && same_bits(labels_in(&read), labels));
    neap_source_close(source);
    source = open_with(x, pictures(2), NULL, NULL);
    ck_assert_int_eq(source_spec_of(source).classes, 0);
    neap_source_close(source);
}
END_TEST

/* A batch holds the noise of each of its examples. */
START_TEST(noise_comes_with_its_example)
{
    neap_tensor *x = pictures(1);
    neap_source *source = open_with(x, neap_affine(x, 3, 1), NULL, NULL);
    for (int step = 1; step <= 7; step++) {
        const neap_batch read = batch_of(source, (neap_random){1, 2}, step, 3);
        ck_assert(same_bits(read.noise, neap_affine(read.x, 3, 1)));
    }
    neap_source_close(source);
}
END_TEST

START_TEST(a_step_of_reflow)
{
    neap_tensor *x = neap_reshape(neap_slice(pictures(1), 2, 0, 2), neap_dims(COUNT, 1, 4, 1));
    neap_source *source = open_with(x, neap_neg(x), NULL, NULL);
    neap_instance *instance = COMPONENT("objective", "reflow", NULL);
    neap_network *network = TRY_NETWORK("mlp", "columns", "4", "channels", "1");
    neap_trainer *trainer = neap_trainer_new(network, source, instance, &usual_config);
    neap_train_report report;
    ck_assert_msg(trainer != NULL, "%s", neap_error_message());
    ck_succeeds(neap_trainer_step(trainer, 1, 1, &report));
    ck_assert_double_gt(report.loss, 0);
    neap_trainer_free(trainer);
    neap_network_release(network);
    neap_instance_release(instance);
    neap_source_close(source);
}
END_TEST

/* Messages begin with the path, in a folder made for the test. */
static void expect_refusal(neap_source *source, const char *why)
{
    char message[600];
    snprintf(message, sizeof message, "coupled: %s: %s", in_folder("pairs"), why);
    ck_fails_with(source == NULL, message);
}

START_TEST(tensors_that_are_refused)
{
    neap_tensor *x = pictures(1), *z = pictures(2);
    expect_refusal(open_with(NULL, z, NULL, NULL), "expected a tensor 'x'");
    expect_refusal(open_with(x, NULL, NULL, NULL), "expected a tensor 'noise'");
    expect_refusal(open_with(neap_cast(x, NEAP_F64), z, NULL, NULL), "x: expected F32, got F64");
    expect_refusal(open_with(x, neap_cast(z, NEAP_BF16), NULL, NULL), "noise: expected F32, got BF16");
    expect_refusal(open_with(x, neap_slice(z, 0, 0, 4), NULL, NULL),
               "noise: expected [5, 2, 3, 1] like x, got [4, 2, 3, 1]");
    x = z = neap_reshape(x, neap_dims(COUNT, 6));
    expect_refusal(open_with(x, z, NULL, NULL), "x: expected [N, H, W, C] without a size of 0, got [5, 6]");
    x = z = neap_zeros(NEAP_F32, neap_dims(3, 0, 3, 1));
    expect_refusal(open_with(x, z, NULL, NULL), "x: expected [N, H, W, C] without a size of 0, got [3, 0, 3, 1]");
}
END_TEST

START_TEST(labels_that_are_refused)
{
    neap_tensor *x = pictures(1), *fine = LABELS(0, 1, 2, 0, 1);
    const char *const classes[] = {NULL, "", "3x", "0", "-3", "1000001", "99999999999999999999"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char why[120];
        snprintf(why, sizeof why, "metadata 'classes': expected a number from 1 to 1000000 beside labels, got %s",
                 classes[i] ? classes[i] : "none");
        expect_refusal(open_with(x, x, fine, classes[i]), why);
    }
    expect_refusal(open_with(x, x, LABELS(0, 1, 2, 3, 1), "3"), "labels: expected 0 to 2, got 3 for example 3");
    expect_refusal(open_with(x, x, LABELS(0, -1, 2, 0, 1), "3"), "labels: expected 0 to 2, got -1 for example 1");
    expect_refusal(open_with(x, x, neap_slice(fine, 0, 0, 4), "3"), "labels: expected [5], got [4]");
    expect_refusal(open_with(x, x, neap_cast(fine, NEAP_F32), "3"), "labels: expected I32, got F32");
}
END_TEST

static bool open_once(void)
{
    neap_instance *instance = neap_instance_new(neap_registry_find("dataset", "coupled"));
    bool ready = instance && neap_instance_set_text(instance, "path", in_folder("pairs")) == 0;
    neap_source *source = ready ? neap_source_open(instance) : NULL;
    neap_instance_release(instance);
    neap_source_close(source);
    return source != NULL;
}

START_TEST(every_allocation_may_fail)
{
    neap_source_close(open_with(pictures(1), pictures(2), LABELS(0, 1, 2, 0, 1), "3"));
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
    return RUN_SUITE_WITH("coupled", open_all, close_all, contents, noise_comes_with_its_example, a_step_of_reflow,
                          tensors_that_are_refused, labels_that_are_refused, every_allocation_may_fail);
}
