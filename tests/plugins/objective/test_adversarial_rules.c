/* Rules of the objective adversarial: reported metrics, refusals, and divergence. */
#include "tiny_gan.h"

/* With d = 1, a logit is the sum of a point's coordinates. Relative losses have no zero and report pairs. */
static void check_metrics(const char *loss, bool relative)
{
    training t = train_tiny_gan(SETTINGS("loss", loss));
    const batch_sums r = data_of(t, 1);
    double right_real = 0, right_fake = 0, right_pairs = 0, margin = 0;
    for (int i = 0; i < BATCH; i++) {
        margin += (r.x[i] - r.z[i]) / BATCH;
        right_real += r.x[i] > 0 ? 1.0 / BATCH : 0;
        right_fake += r.z[i] < 0 ? 1.0 / BATCH : 0;
        right_pairs += r.x[i] > r.z[i] ? 1.0 / BATCH : 0;
    }
    const neap_train_report report = take_step(t, 1);
    ck_assert_double_eq_tol(reported(&report, relative ? "pair_accuracy" : "real_accuracy"), relative ? right_pairs : right_real, 1e-9);
    if (!relative)
        ck_assert_double_eq_tol(reported(&report, "fake_accuracy"), right_fake, 1e-9);
    ck_assert_double_eq_tol(reported(&report, "margin"), margin, 1e-5);
    ck_assert_double_gt(reported(&report, "gradient_norm_generator"), 0);
    end_training(t);
}

START_TEST(accuracies_and_margin)
{
    check_metrics("hinge", false);
    check_metrics("wasserstein", true);
    check_metrics("relativistic", true);
}
END_TEST

START_TEST(needs_two_sides)
{
    neap_instance *objective = DEFAULTS("objective", "adversarial");
    neap_instance *data = COMPONENT("dataset", "toy2d", "labels", "false");
    neap_network *network = TRY_NETWORK("mlp", NULL);
    neap_source *source = neap_source_open(data);
    ck_fails_with(!neap_trainer_new(network, source, objective, &plain_descent),
                  "adversarial needs 'generate'; mlp offers 'velocity', 'average'");
    ck_fails_with(neap_instance_set_text(objective, "d_steps", "0"),
                  "adversarial: d_steps: expected 1 to 1000, got 0");
    neap_source_close(source);
    neap_network_release(network);
    neap_instance_release(data);
    neap_instance_release(objective);
}
END_TEST

START_TEST(optimisers_of_phases)
{
    training t = train_tiny_gan(SETTINGS("loss", "minimax"));
    neap_instance *objective = DEFAULTS("objective", "adversarial");
    neap_trainer_config config = plain_descent;
    const neap_phase_optimizer own[] = {{"generator", {.kind = NEAP_SGD, .lr = 10 * RATE}},
                                        {"discriminator", {.kind = NEAP_SGD, .lr = RATE}}};
    const neap_phase_optimizer none = {"critic", {.lr = 1}};
    config.own = own;
    config.own_count = 2;
    neap_trainer_free(t.trainer);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &config);
    const batch_sums r = data_of(t, 1);
    take_step(t, 1);
    const double d = number(t, "discriminator.d");
    ck_assert_double_eq_tol(d, 1 + RATE * v_by_d(&r, 1, 1), 1e-6);
    double pull = 0;
    for (int i = 0; i < BATCH; i++)
        pull += d * r.z[i] * sigmoid(-d * r.z[i]) / BATCH;
    ck_assert_double_eq_tol(number(t, "generator.g"), 1 + 10 * RATE * pull, 1e-5); /* non-saturating: the default */
    config.own_count = 1;
    ck_fails_with(!neap_trainer_new(t.network, t.source, objective, &config),
                  "train: optimizer: adversarial has the phases 'discriminator', 'generator'; expected one for each, got none "
                  "for 'discriminator'");
    config.own = &none;
    ck_fails_with(!neap_trainer_new(t.network, t.source, objective, &config),
                  "train: optimizer: adversarial has no phase 'critic'; it has 'discriminator', 'generator'");
    neap_instance_release(objective);
    end_training(t);
}
END_TEST

/* Adam corrects the bias of its moments by the number of updates, which each phase counts itself: three per step for
 * D. */
START_TEST(each_phase_counts_its_updates)
{
    training t = train_tiny_gan(SETTINGS("d_steps", "3"));
    neap_instance *objective = component_of("objective", "adversarial", SETTINGS("d_steps", "3"));
    neap_trainer_config config = plain_descent;
    config.optimizer = (neap_optimizer_config){.lr = 1e-3, .beta1 = 0, .beta2 = 0.999, .eps = 1e-12};
    neap_trainer_free(t.trainer);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &config);
    double d = 1, square = 0, g = 1;
    for (int64_t i = 1; i <= 6; i++) {
        const batch_sums r = data_of(t, i);
        const double slope = -v_by_d(&r, d, g);
        square = 0.999 * square + 0.001 * slope * slope;
        d -= 1e-3 * slope / sqrt(square / (1 - pow(0.999, (double)i)));
        if (i % 3 == 0)
            take_step(t, i / 3);
        if (i % 3 == 0)
            g = number(t, "generator.g");
    }
    ck_assert_double_eq_tol(number(t, "discriminator.d"), d, 1e-6);
    neap_instance_release(objective);
    end_training(t);
}
END_TEST

/* Fakes far from all points, and a discriminator that separates them. */
static training saturated(const char *loss)
{
    const float far = 100;
    training t = train_tiny_gan(SETTINGS("loss", loss));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(t.network), "generator.g"), NEAP_F32, &far));
    return t;
}

/* minimax leaves the generator no gradient: the step fails and changes nothing. The other loss continues. */
START_TEST(saturation_is_named)
{
    by_distance = true;
    training over = saturated("minimax"), alive = saturated("non_saturating");
    refuses_step(over, 1, "train: step 1: adversarial: diverged: the discriminator is saturated: each real logit is above 20 "
                          "and each fake one below -20, which leaves the generator no gradient");
    take_step(alive, 1);
    ck_assert_double_lt(number(alive, "generator.g"), 100);
    by_distance = false;
    end_training(over);
    end_training(alive);
}
END_TEST

/* A NaN logit does not count as saturated. */
START_TEST(nan_is_named)
{
    const float lost = NAN;
    training t = train_tiny_gan(SETTINGS("loss", "minimax"));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(t.network), "discriminator.d"), NEAP_F32, &lost));
    refuses_step(t, 1, "train: step 1: the loss 'discriminator' is nan; the first tensor that is not finite is input 1 of "
                       "'mul', [1]");
    end_training(t);
}
END_TEST

/* Shifted so far that the discriminator sees background only, for real pictures and fakes; then with probability 0,
 * and without augmentation. */
START_TEST(augmented_pictures)
{
    training hidden = train_tiny_gan(SETTINGS("shift", "1000", "augment", "1"));
    training never = train_tiny_gan(SETTINGS("shift", "1000", "augment", "0"));
    training plain = train_tiny_gan(SETTINGS("d_steps", "1"));
    const double d = number(plain, "discriminator.d");
    neap_train_report report;
    ck_fails_with(neap_trainer_step(hidden.trainer, 1, 1, &report),
                  "train: step 1: diverged: the gradients of 'generator.g' and the rest of its part have vanished: expected a norm "
                  "from 1e-08, got 0");
    ck_assert_double_eq_tol(number(hidden, "discriminator.d"), d - 2 * RATE * (sigmoid(2 * d) - sigmoid(-2 * d)), 1e-6);
    take_step(never, 1);
    take_step(plain, 1);
    ck_assert_double_eq(number(never, "discriminator.d"), number(plain, "discriminator.d"));
    ck_assert_double_eq(number(never, "generator.g"), number(plain, "generator.g"));
    end_training(hidden);
    end_training(never);
    end_training(plain);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("adversarial, rules", open_tiny_gan, run_close, accuracies_and_margin, needs_two_sides,
                          optimisers_of_phases, each_phase_counts_its_updates, saturation_is_named, nan_is_named,
                          augmented_pictures);
}
