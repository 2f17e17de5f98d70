/*
 * The architecture gan: sizes, shapes, labels as integers and weights, batch norm and spectral norm with training
 * mode on and off, a gradient for every parameter, and bad settings.
 */
#include "tests/core/run/run_test.h"

static neap_tensor *latents(int64_t batch, int64_t width)
{
    return neap_randn((neap_random){5, 0}, 0, neap_dims(batch, width));
}

static neap_condition *labels_of(const int32_t *labels, int64_t count)
{
    return labelled(neap_from(NEAP_I32, neap_dims(count), labels));
}

/* --- Shapes and sizes -------------------------------------------------------------------------------------------------- */

#define SMALL "width", "16", "latent", "8"

static void check_shapes(const char *style, const char *rows, const char *columns, const char *channels)
{
    neap_network *network = NETWORK("gan", "style", style, "rows", rows, "columns", columns, "channels", channels, SMALL);
    const neap_spec s = spec_of(network);
    const neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_network_generate(network, latents(2, 8), NULL);
    ck_assert_msg(x != NULL, "%s: %s", style, neap_error_message());
    ck_assert(neap_shape_equal(neap_shape_of(x), neap_dims(2, s.height, s.width, s.channels)));
    neap_tensor *logits = neap_network_discriminate(network, x, NULL);
    ck_assert_msg(logits != NULL, "%s: %s", style, neap_error_message());
    ck_assert(neap_shape_equal(neap_shape_of(logits), neap_dims(2)));
    ck_assert_int_eq(s.latent.channels, 8);
    ck_assert(neap_shape_equal(neap_network_noise_shape(network, 3), neap_dims(3, 8)));
    neap_scope_close(scope);
    neap_network_release(network);
}

START_TEST(shapes)
{
    static const char *const sides[][2] = {{"28", "28"}, {"8", "14"}, {"32", "56"}, {"64", "64"}, {"128", "128"}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        check_shapes("dcgan", sides[i][0], sides[i][1], i % 2 ? "3" : "1");
        check_shapes("resnet", sides[i][0], sides[i][1], i % 2 ? "1" : "3");
    }
    check_shapes("mlp", "1", "1", "2");
    check_shapes("mlp", "5", "3", "1");
}
END_TEST

/* 32 pixels, one channel, width 64: the counts of PyTorch's tutorial plus biases of the first and last product. */
START_TEST(size_of_dcgan)
{
    neap_network *network = TRY_NETWORK("gan", "rows", "32", "columns", "32");
    const int64_t up = 256 * 128 * 16 + 128 * 64 * 16 + 64 * 16 + 1, norms = 2 * (256 + 128 + 64);
    const int64_t first = 100 * 256 * 16 + 256 * 16;
    const int64_t down = 64 * 16 + 64 + 64 * 128 * 16 + 128 * 256 * 16, down_norms = 2 * (128 + 256), head = 256 * 16 + 1;
    ck_assert_int_eq(neap_model_size(neap_network_model(network)), first + up + norms + down + down_norms + head);
    neap_network_release(network);
}
END_TEST

static void refused(const char *const *settings, const char *message)
{
    ck_fails_with(!try_network("gan", 1, settings), message);
}

START_TEST(refusals)
{
    refused(SETTINGS("rows", "30"),
            "gan: rows, columns: dcgan: expected 4 to 7 pixels doubled once or more, got 30 by 28");
    refused(SETTINGS("rows", "4", "columns", "4"),
            "gan: rows, columns: dcgan: expected 4 to 7 pixels doubled once or more, got 4 by 4");
    refused(SETTINGS("style", "resnet", "columns", "112"),
            "gan: rows, columns: resnet: expected 4 to 7 pixels doubled once or more, got 28 by 112");
    refused(SETTINGS("style", "resnet", "width", "12"), "gan: group_width: expected a divisor of 24 channels, got 16");
    refused(SETTINGS("norm", "group", "width", "12"), "gan: width: expected a multiple of 8 for group norm, got 12");
    neap_network *network = NETWORK("gan", SMALL);
    ck_fails_with(!neap_network_generate(network, latents(2, 7), NULL), "gan: z: expected [2, 8], got [2, 7]");
    const bool was = neap_training_set(true);
    ck_fails_with(!neap_network_generate(network, latents(1, 8), NULL),
                  "gan: batch_norm: expected a batch of at least 2, got 1");
    neap_training_set(was);
    neap_network_release(network);
}
END_TEST

/* --- Labels ------------------------------------------------------------------------------------------------------------ */

static void check_labels(const char *style, const char *conditioning)
{
    static const int32_t numbers[] = {0, 2, 3}; /* 3 is the null label */
    static const float weights[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    neap_network *network =
        NETWORK("gan", "style", style, "rows", "8", "columns", "8", "classes", "3", "conditioning", conditioning, SMALL);
    const neap_scope scope = neap_scope_open();
    neap_tensor *z = latents(3, 8);
    neap_condition *y = labels_of(numbers, 3), *other = labels_of((const int32_t[]){1, 2, 3}, 3);
    neap_condition *w = labelled(neap_from(NEAP_F32, neap_dims(3, 4), weights));
    neap_tensor *x = neap_network_generate(network, z, y);
    check_near("mixed", neap_network_generate(network, z, w), x, 1e-5);
    check_near("mixed", neap_network_discriminate(network, x, w), neap_network_discriminate(network, x, y), 1e-5);
    const float *a = floats(neap_contiguous(neap_network_discriminate(network, x, y)));
    const float *b = floats(neap_contiguous(neap_network_discriminate(network, x, other)));
    ck_assert(a[0] != b[0] && a[1] == b[1] && a[2] == b[2]);
    ck_assert(!same_bits(x, neap_network_generate(network, z, other)));
    neap_scope_close(scope);
    neap_network_release(network);
}

START_TEST(labels)
{
    static const char *const styles[] = {"mlp", "dcgan", "resnet"};
    for (int i = 0; i < 3; i++) {
        check_labels(styles[i], "projection");
        check_labels(styles[i], "joint");
    }
}
END_TEST

/* --- Training mode ----------------------------------------------------------------------------------------------- */

/* Without training mode a picture does not depend on its batch; with it the running statistics are updated. */
START_TEST(batch_norm_by_mode)
{
    neap_network *network = NETWORK("gan", "rows", "8", "columns", "8", SMALL);
    neap_tensor *running = neap_model_find(neap_network_model(network), "generator.project_norm.running_mean");
    neap_tensor *before = neap_affine(running, 1, 0), *z = latents(4, 8);
    neap_tensor *all = neap_network_generate(network, z, NULL);
    neap_tensor *alone = neap_network_generate(network, neap_contiguous(neap_slice(z, 0, 1, 2)), NULL);
    check_near("alone", alone, neap_contiguous(neap_slice(all, 0, 1, 2)), 1e-6);
    ck_assert(same_bits(running, before));
    const bool was = neap_training_set(true);
    neap_tensor *trained = neap_network_generate(network, z, NULL);
    neap_training_set(was);
    ck_assert(!same_bits(trained, all));
    ck_assert(!same_bits(running, before));
    neap_network_release(network);
}
END_TEST

/* The singular values of diag(3, -1, 0.5) are the absolute values of its entries. */
START_TEST(spectral_norm)
{
    static const float diagonal[] = {3, 0, 0, 0, -1, 0, 0, 0, 0.5f}, start[] = {1, 1, 1};
    neap_tensor *weight = neap_from(NEAP_F32, neap_dims(3, 3), diagonal), *u = neap_from(NEAP_F32, neap_dims(3), start);
    const bool was = neap_training_set(true);
    for (int i = 0; i < 20; i++)
        ck_assert_ptr_nonnull(neap_spectral_weight(weight, u));
    neap_training_set(was);
    neap_tensor *kept = neap_affine(u, 1, 0);
    check_near("over 3", neap_spectral_weight(weight, u), neap_affine(weight, 1.0 / 3, 0), 1e-6);
    ck_assert(same_bits(u, kept));
    check_near("u of any length", neap_spectral_weight(weight, neap_affine(u, 10, 0)), neap_affine(weight, 1.0 / 3, 0), 1e-6);
}
END_TEST

/* With a new network: a weight of zero has no singular value to divide by. */
START_TEST(spectral_norm_of_new_networks)
{
    static const char *const styles[] = {"mlp", "dcgan", "resnet"};
    const int32_t numbers[] = {0, 1};
    for (int i = 0; i < 3; i++) {
        neap_network *network = TRY_NETWORK("gan", "style", styles[i], "spectral_norm", "true", "classes", "3", "rows", "8",
                                            "columns", "8", "width", "16");
        neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(2, 8, 8, 1));
        neap_condition *y = labels_of(numbers, 2);
        const bool was = neap_training_set(true);
        neap_tensor *logits = neap_network_discriminate(network, x, y);
        neap_training_set(was);
        ck_assert_msg(logits && isfinite(neap_item(neap_sum(logits, NULL, 0, false))), "%s: %s", styles[i], neap_error_message());
        ck_assert_ptr_nonnull(neap_model_find(neap_network_model(network), "discriminator.labels.u"));
        neap_network_release(network);
    }
}
END_TEST

/* --- Gradients ---------------------------------------------------------------------------------------------------------- */

/* The mean squared logit of fakes depends on every parameter. */
static void check_gradients(const char *const *settings)
{
    static const int32_t numbers[] = {0, 1, 2};
    neap_network *network = shaken_network("gan", settings);
    const neap_model *model = neap_network_model(network);
    const neap_scope scope = neap_scope_open();
    const bool was = neap_training_set(true), recorded = neap_record(true);
    const bool named = spec_of(network).classes > 0;
    neap_condition *y = named ? labels_of(numbers, 3) : NULL;
    neap_tensor *x = neap_network_generate(network, latents(3, 8), y);
    neap_tensor *loss = neap_sum(neap_square(neap_network_discriminate(network, x, y)), NULL, 0, false);
    ck_assert_msg(loss != NULL, "%s", neap_error_message());
    ck_succeeds(neap_backward(loss, NULL, 0));
    neap_record(recorded);
    neap_training_set(was);
    for (int i = 0; i < neap_model_count(model); i++) {
        neap_tensor *p = neap_model_tensor(model, i), *g = neap_grad(p);
        ck_assert_msg((g != NULL) != neap_model_is_buffer(model, i), "%s", neap_model_name(model, i));
        if (g)
            ck_assert_msg(neap_item(neap_sum(neap_abs(g), NULL, 0, false)) > 0, "%s has no gradient", neap_model_name(model, i));
        neap_grad_clear(p);
    }
    neap_scope_close(scope);
    neap_network_release(network);
}

#define SQUARE "rows", "8", "columns", "8", SMALL

START_TEST(every_parameter_learns)
{
    check_gradients(SETTINGS("style", "mlp", "prior", "uniform", SQUARE));
    check_gradients(SETTINGS("style", "mlp", "classes", "3", "spectral_norm", "true", SQUARE));
    check_gradients(SETTINGS("norm", "none", "classes", "3", SQUARE));
    check_gradients(SETTINGS("norm", "group", "spectral_norm", "true", SQUARE));
    check_gradients(SETTINGS("style", "resnet", "classes", "3", "conditioning", "joint", SQUARE));
    check_gradients(SETTINGS("style", "resnet", "spectral_norm", "true", "depth", "1", SQUARE));
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("gan", run_open, run_close, shapes, size_of_dcgan, refusals, labels, batch_norm_by_mode, spectral_norm,
                          spectral_norm_of_new_networks, every_parameter_learns);
}
