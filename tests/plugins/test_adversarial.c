/*
 * The adversarial objective: each game's losses and penalties by hand on a game of two numbers, the lecture's alternating
 * updates to the bit of doubles, what is told of a step, and what is refused.
 */
#include "training.h"

/* --- A game of two numbers: G(z) = g z, D's logit d x ---------------------------------------------------------------- */

typedef struct game {
    neap_tensor *g, *d;
} game;

static void *game_build(const void *config, neap_model *model)
{
    game *m = neap_calloc(1, sizeof *m);
    (void)config;
    if (!m)
        return NULL;
    m->g = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "generator.g");
    m->d = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "discriminator.d");
    return m;
}

static neap_spec game_spec(const void *self)
{
    (void)self;
    return (neap_spec){1, 1, 2, 0};
}

static int64_t game_latent(const void *self)
{
    (void)self;
    return 2;
}

static neap_tensor *game_generate(void *self, neap_tensor *z, neap_tensor *labels)
{
    (void)labels;
    return neap_reshape(neap_mul(z, ((game *)self)->g), neap_dims(-1, 1, 1, 2));
}

static bool by_distance; /* D's logit is d (30 - |x|^2) */

static neap_tensor *game_discriminate(void *self, neap_tensor *x, neap_tensor *labels)
{
    (void)labels;
    neap_tensor *d = ((game *)self)->d;
    if (by_distance)
        return neap_mul(neap_affine(neap_sum(neap_square(x), (int[]){1, 2, 3}, 3, false), -1, 30), d);
    return neap_sum(neap_mul(x, d), (int[]){1, 2, 3}, 3, false);
}

static const neap_architecture functions = {.size = sizeof functions, .build = game_build, .destroy = neap_free,
                                            .spec = game_spec, .generate = game_generate,
                                            .discriminate = game_discriminate, .latent = game_latent};
static const neap_param no_params[] = {NEAP_PARAMS_END};
static const neap_component components[] = {
    {"architecture/1", "game", "Two numbers.", 0, no_params, &functions}, {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_game(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

#define BATCH 6
#define RATE 0.3
#define SEED 3

static const neap_trainer_config plain_descent = {
    .batch = BATCH, .seed = SEED, .optimizer = {.kind = NEAP_SGD, .lr = RATE},
};

static training play(const char *const *settings)
{
    const neap_scope scope = neap_scope_open();
    training t = {.network = TRY_NETWORK("game", NULL)};
    neap_instance *data = COMPONENT("dataset", "toy2d", "labels", "false");
    neap_instance *objective = component_of("objective", "adversarial", settings);
    t.source = neap_source_open(data);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &plain_descent);
    neap_instance_release(data);
    neap_instance_release(objective);
    neap_scope_close(scope);
    return t;
}

static double number(training t, const char *name)
{
    return (double)floats(neap_model_find(neap_network_model(t.network), name))[0];
}

/* Sums over both coordinates of the pictures and latents of batch `batch`: all that the logits depend on. */
typedef struct round_data {
    double x[BATCH], z[BATCH];
} round_data;

static round_data data_of(training t, int64_t batch)
{
    const neap_random root = {SEED, 0};
    neap_random step = neap_random_at(neap_random_fork(root, "step"), (uint64_t)batch);
    neap_tensor *x, *labels, *z = neap_randn(neap_random_fork(step, "latent"), 0, neap_dims(BATCH, 2));
    round_data r;
    ck_succeeds(neap_source_batch(t.source, neap_random_fork(root, "order"), batch, BATCH, &x, &labels));
    for (int i = 0; i < BATCH; i++) {
        r.x[i] = (double)floats(x)[2 * i] + (double)floats(x)[2 * i + 1];
        r.z[i] = (double)floats(z)[2 * i] + (double)floats(z)[2 * i + 1];
    }
    return r;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* --- The lecture's updates ------------------------------------------------------------------------------------------- */

/* V = E log s(d x) + E log(1 - s(d g z)). */
static double v_by_d(const round_data *r, double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum += r->x[i] * sigmoid(-d * r->x[i]) - g * r->z[i] * sigmoid(d * g * r->z[i]);
    return sum / BATCH;
}

static double v_by_g(const round_data *r, double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum -= d * r->z[i] * sigmoid(d * g * r->z[i]);
    return sum / BATCH;
}

/* D <- D + a dV/dD, `d_steps` times on batches of their own; G <- G - a dV/dG on the last, by the new D. */
static void follow(training t, int64_t d_steps)
{
    double d = 1, g = 1;
    for (int64_t step = 1; step <= 5; step++) {
        const neap_scope scope = neap_scope_open();
        round_data r = {{0}, {0}};
        for (int64_t k = 0; k < d_steps; k++) {
            r = data_of(t, (step - 1) * d_steps + k + 1);
            d += RATE * v_by_d(&r, d, g);
        }
        g -= RATE * v_by_g(&r, d, g);
        take_step(t, step);
        ck_assert_double_eq_tol(number(t, "discriminator.d"), d, 1e-6);
        ck_assert_double_eq_tol(number(t, "generator.g"), g, 1e-6);
        neap_scope_close(scope);
    }
    end_training(t);
}

START_TEST(updates_are_the_lectures)
{
    follow(play(SETTINGS("loss", "minimax")), 1);
    follow(play(SETTINGS("loss", "minimax", "d_steps", "3")), 3);
}
END_TEST

/* --- Losses ---------------------------------------------------------------------------------------------------------- */

static double softplus(double x)
{
    return log1p(exp(x));
}

static double log_d(double a, double b)
{
    return softplus(-a) + softplus(b);
}
static double minimax(double a, double b)
{
    return (void)a, -softplus(b);
}
static double non_saturating(double a, double b)
{
    return (void)a, softplus(-b);
}
static double hinge(double a, double b)
{
    return fmax(0, 1 - a) + fmax(0, 1 + b);
}
static double against(double a, double b)
{
    return (void)a, -b;
}
static double wasserstein(double a, double b)
{
    return b - a;
}
static double relativistic(double a, double b)
{
    return softplus(b - a);
}
static double relativistic_generator(double a, double b)
{
    return softplus(a - b);
}

static const struct {
    const char *name;
    double (*discriminator)(double a, double b), (*generator)(double a, double b);
} games[] = {
    {"minimax", log_d, minimax},          {"non_saturating", log_d, non_saturating}, {"hinge", hinge, against},
    {"wasserstein", wasserstein, against}, {"relativistic", relativistic, relativistic_generator},
};

static double mean_of(const round_data *r, double (*f)(double a, double b), double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum += f(d * r->x[i], d * g * r->z[i]) / BATCH;
    return sum;
}

static double told(const neap_train_report *report, const char *name)
{
    for (int i = 0; i < report->reports; i++)
        if (strcmp(report->report[i].name, name) == 0)
            return report->report[i].value;
    ck_abort_msg("nothing is told of %s", name);
}

/* The loss of each phase; the generator's by the discriminator that has just moved. */
static void check_losses(int index)
{
    training t = play(SETTINGS("loss", games[index].name));
    const round_data r = data_of(t, 1);
    const neap_train_report report = take_step(t, 1);
    ck_assert_double_eq_tol(report.loss, mean_of(&r, games[index].discriminator, 1, 1), 1e-6);
    const double d = number(t, "discriminator.d");
    ck_assert_double_eq_tol(told(&report, "loss_generator"), mean_of(&r, games[index].generator, d, 1), 1e-6);
    ck_assert_double_ne(d, 1);
    ck_assert_double_ne(number(t, "generator.g"), 1);
    end_training(t);
}

START_TEST(losses_by_hand)
{
    for (int index = 0; index < (int)(sizeof games / sizeof *games); index++)
        check_losses(index);
}
END_TEST

/* --- Penalties: D's gradient is (d, d) at every picture, so its square is 2 d^2 --------------------------------------- */

static void check_penalty(const char *name, const char *weight, double penalty, double moved)
{
    training t = play(SETTINGS("loss", "wasserstein", name, weight, "every", "2"));
    const round_data r = data_of(t, 1), later = data_of(t, 2);
    const double free_loss = mean_of(&r, wasserstein, 1, 1);
    neap_train_report report = take_step(t, 1);
    const double slope = (free_loss + 2 * moved) * RATE; /* the loss is linear in d, but for the penalty, twice as strong */
    ck_assert_double_eq_tol(report.loss, free_loss + 2 * penalty, 1e-5);
    ck_assert_double_eq_tol(number(t, "discriminator.d"), 1 - slope, 1e-5);
    const double d = number(t, "discriminator.d"), g = number(t, "generator.g");
    report = take_step(t, 2); /* none is due */
    ck_assert_double_eq_tol(report.loss, mean_of(&later, wasserstein, d, g), 1e-5);
    end_training(t);
}

START_TEST(penalties_by_hand)
{
    check_penalty("r1", "0.5", 0.5 / 2 * 2, 0.5 / 2 * 4);
    check_penalty("r2", "0.25", 0.25 / 2 * 2, 0.25 / 2 * 4);
    const double off = sqrt(2) - 1; /* |(d, d)| - 1 at d = 1 */
    check_penalty("gradient_penalty", "2", 2 * off * off, 2 * 2 * off * sqrt(2));
}
END_TEST

/* --- What is told, and what is refused -------------------------------------------------------------------------------- */

/* Logits are the numbers themselves. Games of differences have no zero, and are told by pairs. */
static void check_figures(const char *loss, bool relative)
{
    training t = play(SETTINGS("loss", loss));
    const round_data r = data_of(t, 1);
    double right_real = 0, right_fake = 0, right_pairs = 0, margin = 0;
    for (int i = 0; i < BATCH; i++) {
        margin += (r.x[i] - r.z[i]) / BATCH;
        right_real += r.x[i] > 0 ? 1.0 / BATCH : 0;
        right_fake += r.z[i] < 0 ? 1.0 / BATCH : 0;
        right_pairs += r.x[i] > r.z[i] ? 1.0 / BATCH : 0;
    }
    const neap_train_report report = take_step(t, 1);
    ck_assert_double_eq_tol(told(&report, relative ? "pair_accuracy" : "real_accuracy"), relative ? right_pairs : right_real, 1e-9);
    if (!relative)
        ck_assert_double_eq_tol(told(&report, "fake_accuracy"), right_fake, 1e-9);
    ck_assert_double_eq_tol(told(&report, "margin"), margin, 1e-5);
    ck_assert_double_gt(told(&report, "gradient_norm_generator"), 0);
    end_training(t);
}

START_TEST(accuracies_and_margin)
{
    check_figures("hinge", false);
    check_figures("wasserstein", true);
    check_figures("relativistic", true);
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
    neap_network_free(network);
    neap_instance_release(data);
    neap_instance_release(objective);
}
END_TEST

START_TEST(optimisers_of_phases)
{
    training t = play(SETTINGS("loss", "minimax"));
    neap_instance *objective = DEFAULTS("objective", "adversarial");
    neap_trainer_config config = plain_descent;
    const neap_phase_optimizer own[] = {{"generator", {.kind = NEAP_SGD, .lr = 10 * RATE}},
                                        {"discriminator", {.kind = NEAP_SGD, .lr = RATE}}};
    const neap_phase_optimizer none = {"critic", {.lr = 1}};
    config.own = own;
    config.own_count = 2;
    neap_trainer_free(t.trainer);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &config);
    const round_data r = data_of(t, 1);
    take_step(t, 1);
    const double d = number(t, "discriminator.d");
    ck_assert_double_eq_tol(d, 1 + RATE * v_by_d(&r, 1, 1), 1e-6);
    double pull = 0;
    for (int i = 0; i < BATCH; i++)
        pull += d * r.z[i] * sigmoid(-d * r.z[i]) / BATCH;
    ck_assert_double_eq_tol(number(t, "generator.g"), 1 + 10 * RATE * pull, 1e-5); /* the default game does not saturate */
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

/* Adam's moments begin at 0, which it makes up for by the number of its updates: of each phase's own, three a step of D's. */
START_TEST(each_phase_counts_its_updates)
{
    training t = play(SETTINGS("d_steps", "3"));
    neap_instance *objective = component_of("objective", "adversarial", SETTINGS("d_steps", "3"));
    neap_trainer_config config = plain_descent;
    config.optimizer = (neap_optimizer_config){.lr = 1e-3, .beta1 = 0, .beta2 = 0.999, .eps = 1e-12};
    neap_trainer_free(t.trainer);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &config);
    double d = 1, square = 0, g = 1;
    for (int64_t i = 1; i <= 6; i++) {
        const round_data r = data_of(t, i);
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

/* Fakes far from all points, and a discriminator that sees it. */
static training saturated(const char *loss)
{
    const float far = 100;
    training t = play(SETTINGS("loss", loss));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(t.network), "generator.g"), NEAP_F32, &far));
    return t;
}

/* minimax has no gradient left for the generator and says so, changing nothing; the other game goes on. */
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

/* A logit that is no number is not sure of anything. */
START_TEST(lost_numbers_are_named)
{
    const float lost = NAN;
    training t = play(SETTINGS("loss", "minimax"));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(t.network), "discriminator.d"), NEAP_F32, &lost));
    refuses_step(t, 1, "train: step 1: the loss 'discriminator' is nan; the first tensor that is not finite is input 1 of "
                       "'mul', [1]");
    end_training(t);
}
END_TEST

/* Moved so far that the discriminator sees no picture but background, on either side; and the same changes with
 * probability 0, or none at all. */
START_TEST(changed_pictures)
{
    training hidden = play(SETTINGS("shift", "1000", "augment", "1")), never = play(SETTINGS("shift", "1000", "augment", "0"));
    training plain = play(SETTINGS("d_steps", "1"));
    const double d = number(plain, "discriminator.d");
    neap_train_report report;
    ck_fails_with(neap_trainer_step(hidden.trainer, 1, 1, &report),
                  "train: step 1: diverged: the gradient of 'generator.g' and all of its part has vanished: expected a norm "
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
    return RUN_SUITE_WITH("adversarial", open_game, run_close, updates_are_the_lectures, losses_by_hand, penalties_by_hand,
                          accuracies_and_margin, needs_two_sides, optimisers_of_phases, each_phase_counts_its_updates,
                          saturation_is_named, lost_numbers_are_named, changed_pictures);
}
