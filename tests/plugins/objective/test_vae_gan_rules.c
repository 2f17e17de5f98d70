/* Rules of the objective vae_gan: which parameters each phase trains and when, draws by row, refusals, and divergence. */
#include "tiny_vae.h"

static const neap_trainer_config plain_descent = {.batch = 6, .seed = 3, .optimizer = {.kind = NEAP_SGD, .lr = 0.1, .weight_decay = 0.01}};

#define DEFAULT_SIZE "rows", "8", "columns", "8"

static training train_tiny_vae(const char *const *architecture, const char *const *settings)
{
    const neap_scope scope = neap_scope_open();
    training t = {.network = try_network("tiny_vae", 1, architecture)};
    neap_instance *data = small_shapes(), *objective = component_of("objective", "vae_gan", settings);
    t.source = neap_source_open(data);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &plain_descent);
    neap_instance_release(data);
    neap_instance_release(objective);
    neap_scope_close(scope);
    return t;
}

static const char *const parts[] = {"encoder.e", "encoder.v", "decoder.d", "post_quant_conv.b", "discriminator.w",
                                    "discriminator.u"};
enum { PARTS = 6, OF_AUTOENCODER = 4 };

typedef struct values {
    float of[PARTS];
} values;

static values after(const char *const *settings, int steps)
{
    training t = train_tiny_vae(SETTINGS(DEFAULT_SIZE), settings);
    values v;
    for (int i = 1; i <= steps; i++)
        take_step(t, i);
    for (int i = 0; i < PARTS; i++)
        v.of[i] = floats(neap_model_find(neap_network_model(t.network), parts[i]))[0];
    end_training(t);
    return v;
}

static bool same_part(const values *a, const values *b, int first, int end)
{
    for (int i = first; i < end; i++)
        if (memcmp(&a->of[i], &b->of[i], sizeof a->of[i]) != 0)
            return false;
    return true;
}

/* --- Phases ---------------------------------------------------------------------------------------------------------- */

START_TEST(the_discriminator_leaves_the_autoencoder_alone)
{
    const values alone = after(SETTINGS("adversarial", "0"), 3);
    const values beside = after(SETTINGS("adversarial", "0.5", "g_start", "4"), 3);
    const values felt = after(SETTINGS("adversarial", "0.5", "g_start", "3"), 3);
    ck_assert(same_part(&alone, &beside, 0, OF_AUTOENCODER));
    ck_assert(!same_part(&alone, &beside, OF_AUTOENCODER, PARTS));
    ck_assert(!same_part(&alone, &felt, 0, OF_AUTOENCODER));
}
END_TEST

/* Its loss in the autoencoder's phase depends on the discriminator, but the reconstructions of the first step do not depend
 * on that phase, and so the discriminator's first update does not. */
START_TEST(the_autoencoder_leaves_the_discriminator_alone)
{
    const values later = after(SETTINGS("adversarial", "0.5", "g_start", "9"), 1);
    const values felt = after(SETTINGS("adversarial", "0.5", "g_start", "1", "g_ramp", "0"), 1);
    ck_assert(same_part(&later, &felt, OF_AUTOENCODER, PARTS));
    ck_assert(!same_part(&later, &felt, 0, OF_AUTOENCODER));
}
END_TEST

START_TEST(the_discriminator_begins_at_its_step)
{
    const values before = after(SETTINGS("adversarial", "0"), 0);
    const values waiting = after(SETTINGS("adversarial", "0.5", "d_start", "4", "g_start", "8"), 3);
    const values begun = after(SETTINGS("adversarial", "0.5", "d_start", "4", "g_start", "8"), 4);
    ck_assert(same_part(&before, &waiting, OF_AUTOENCODER, PARTS));
    ck_assert(!same_part(&before, &begun, OF_AUTOENCODER, PARTS));
}
END_TEST

/* Every parameter of the autoencoder learns, whatever the prefix of its name. */
START_TEST(all_of_the_autoencoder_learns)
{
    const values before = after(SETTINGS("adversarial", "0"), 0), now = after(SETTINGS("adversarial", "0"), 1);
    for (int i = 0; i < PARTS; i++)
        ck_assert_msg(same_part(&before, &now, i, i + 1) == (i >= OF_AUTOENCODER), "%s", parts[i]);
}
END_TEST

START_TEST(without_a_discriminator)
{
    training t = train_tiny_vae(SETTINGS(DEFAULT_SIZE, "discriminator", "false"), SETTINGS("adversarial", "0"));
    const neap_train_report report = take_step(t, 5000);
    ck_assert_int_eq(neap_trainer_optimizers(t.trainer), 1);
    for (int i = 0; i < report.reports; i++)
        ck_assert_msg(!strstr(report.report[i].name, "adversarial") && !strstr(report.report[i].name, "logit"), "%s",
                      report.report[i].name);
    end_training(t);
}
END_TEST

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

static void check_split(const char *const *settings)
{
    static const char *const names[] = {"reconstruction", "psnr", "ssim", "kl", "equivariance"};
    neap_network *network = TRY_NETWORK("tiny_vae", DEFAULT_SIZE);
    neap_step *whole = step_at(network, 7), *head = part_of_step(network, 7, 0, 1), *tail = part_of_step(network, 7, 1, 3);
    const double all = loss_with(settings, 0, network, whole), one = loss_with(settings, 0, network, head);
    const double three = loss_with(settings, 0, network, tail);
    ck_assert_double_eq_tol(all, (one + 3 * three) / 4, 2e-6);
    ck_assert_double_ne(one, three);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_double_eq_tol(report_of(whole, names[i]), (report_of(head, names[i]) + 3 * report_of(tail, names[i])) / 4, 2e-5);
    neap_network_release(network);
}

/* The mean over the parts of a batch is that of the whole: row i draws by its own number. */
START_TEST(draws_by_row)
{
    check_split(SETTINGS("kl", "0.5", "scales", "2", "equivariance", "0.5", "adversarial", "0.5", "g_start", "1"));
}
END_TEST

START_TEST(draws_by_step)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    const double one = loss_with(SETTINGS("adversarial", "0"), 0, network, step_at(network, 1));
    ck_assert_double_eq(one, loss_with(SETTINGS("adversarial", "0"), 0, network, step_at(network, 1)));
    ck_assert_double_ne(one, loss_with(SETTINGS("adversarial", "0"), 0, network, step_at(network, 2)));
    neap_network_release(network);
}
END_TEST

/* --- Refusals -------------------------------------------------------------------------------------------------------- */

static void refused(const char *const *architecture, const char *const *settings, const char *message)
{
    training t = train_tiny_vae(architecture, settings);
    ck_assert_ptr_null(t.trainer);
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
    end_training(t);
}

START_TEST(what_does_not_fit_is_refused)
{
    refused(SETTINGS(DEFAULT_SIZE, "discriminator", "false"), SETTINGS("adversarial", "0.5"),
            "vae_gan: adversarial: expected 0 for a network without a discriminator, got 0.5");
    refused(SETTINGS(DEFAULT_SIZE), SETTINGS("d_start", "5", "g_start", "4"),
            "vae_gan: g_start: expected at least d_start, 5, so that the discriminator learns first; got 4");
    refused(SETTINGS("rows", "8", "columns", "12"), SETTINGS("scales", "4"),
            "vae_gan: scales: 4 scales halve a picture 3 times; expected sides that are multiples of 8, got 8 by 12");
    refused(SETTINGS(DEFAULT_SIZE, "scales", "false"), SETTINGS("equivariance", "1"),
            "vae_gan: equivariance: expected 0 for a network that decodes latents of one size only, got 1");
    refused(SETTINGS("rows", "10", "columns", "8"), SETTINGS("equivariance", "1"),
            "vae_gan: equivariance: expected latents of even sides, which can be halved, got 5 by 4");
}
END_TEST

START_TEST(features_of_other_pictures_are_refused)
{
    neap_network *network = TRY_NETWORK("tiny_vae", DEFAULT_SIZE), *other = TRY_NETWORK("tiny_features", "rows", "8");
    neap_instance *objective = COMPONENT("objective", "vae_gan", "adversarial", "0"), *data = small_shapes();
    neap_source *source = neap_source_open(data);
    ck_succeeds(neap_instance_set(objective, "features", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = other}));
    ck_fails_with(!neap_trainer_new(network, source, objective, &plain_descent),
                  "vae_gan: features: expected a network for pictures [8, 8, 1], got one for [8, 4, 1]");
    neap_source_close(source);
    neap_instance_release(data);
    neap_instance_release(objective);
    neap_network_release(other);
    neap_network_release(network);
}
END_TEST

/* A network that says that it decodes one size of latents is not asked for another. */
START_TEST(latents_of_other_sizes)
{
    neap_network *one = TRY_NETWORK("tiny_vae", DEFAULT_SIZE, "scales", "false"), *any = TRY_NETWORK("tiny_vae", DEFAULT_SIZE);
    neap_tensor *z = neap_zeros(NEAP_F32, neap_dims(2, 2, 6, 1));
    ck_fails_with(!neap_network_decode(one, z), "tiny_vae: z: expected [2, 4, 4, 1], got [2, 2, 6, 1]");
    ck_assert(neap_shape_equal(neap_shape_of(neap_network_decode(any, z)), neap_dims(2, 4, 12, 1)));
    neap_network_release(one);
    neap_network_release(any);
}
END_TEST

/* --- Divergence ------------------------------------------------------------------------------------------------------ */

static void set_value(training t, const char *name, double value)
{
    ck_succeeds(neap_write(neap_model_find(neap_network_model(t.network), name), NEAP_F64, &value));
}

/* The clamp of the log variance may hide its NaN. */
START_TEST(latents_that_are_not_finite_are_named)
{
    training t = train_tiny_vae(SETTINGS(DEFAULT_SIZE), SETTINGS("adversarial", "0"));
    set_value(t, "encoder.v", NAN);
    refuses_step(t, 1, "train: step 1: vae_gan: diverged: the log variance of the latents is NaN in row 0 of the batch");
    set_value(t, "encoder.v", 0);
    set_value(t, "encoder.e", -NAN);
    refuses_step(t, 2, "train: step 2: vae_gan: diverged: the mean of the latents is NaN in row 0 of the batch");
    set_value(t, "encoder.e", -INFINITY);
    refuses_step(t, 3, "train: step 3: vae_gan: diverged: the mean of the latents is infinite in row 0 of the batch");
    set_value(t, "encoder.e", 1);
    take_step(t, 4);
    end_training(t);
}
END_TEST

START_TEST(the_row_is_named)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    neap_step *step = step_at(network, 1);
    neap_instance *objective = COMPONENT("objective", "vae_gan", "adversarial", "0");
    const neap_objective *functions = neap_instance_component(objective)->functions;
    ((float *)neap_data(step->x))[2 * 16 + 3] = NAN;
    ck_fails_with(!functions->loss(neap_instance_config(objective), 0, network, step),
                  "diverged: the mean of the latents is NaN in row 2 of the batch");
    neap_instance_release(objective);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vae_gan, rules", open_tiny_vae, run_close, the_discriminator_leaves_the_autoencoder_alone,
                          the_autoencoder_leaves_the_discriminator_alone, the_discriminator_begins_at_its_step,
                          all_of_the_autoencoder_learns, without_a_discriminator, draws_by_row, draws_by_step,
                          what_does_not_fit_is_refused, features_of_other_pictures_are_refused, latents_of_other_sizes,
                          latents_that_are_not_finite_are_named, the_row_is_named);
}
