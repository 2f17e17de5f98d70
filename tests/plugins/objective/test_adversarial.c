/*
 * Values of the objective adversarial: losses and penalties compared with formulas on a GAN with two parameters, and
 * alternating updates compared with double precision.
 */
#include "tiny_gan.h"

/* --- Alternating updates ------------------------------------------------------------------------------------------ */

static double v_by_g(const batch_sums *r, double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum -= d * r->z[i] * sigmoid(d * g * r->z[i]);
    return sum / BATCH;
}

/* D <- D + a dV/dD, `d_steps` times on one batch each; then G <- G - a dV/dG on the last batch, with the new D. */
static void follow(training t, int64_t d_steps)
{
    double d = 1, g = 1;
    for (int64_t step = 1; step <= 5; step++) {
        const neap_scope scope = neap_scope_open();
        batch_sums r = {{0}, {0}};
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

START_TEST(alternating_updates)
{
    follow(train_tiny_gan(SETTINGS("loss", "minimax")), 1);
    follow(train_tiny_gan(SETTINGS("loss", "minimax", "d_steps", "3")), 3);
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
} losses[] = {
    {"minimax", log_d, minimax},          {"non_saturating", log_d, non_saturating}, {"hinge", hinge, against},
    {"wasserstein", wasserstein, against}, {"relativistic", relativistic, relativistic_generator},
};

static double mean_of(const batch_sums *r, double (*f)(double a, double b), double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum += f(d * r->x[i], d * g * r->z[i]) / BATCH;
    return sum;
}

/* The loss of each phase; that of the generator uses the updated discriminator. */
static void check_losses(int index)
{
    training t = train_tiny_gan(SETTINGS("loss", losses[index].name));
    const batch_sums r = data_of(t, 1);
    const neap_train_report report = take_step(t, 1);
    ck_assert_double_eq_tol(report.loss, mean_of(&r, losses[index].discriminator, 1, 1), 1e-6);
    const double d = number(t, "discriminator.d");
    ck_assert_double_eq_tol(reported(&report, "loss_generator"), mean_of(&r, losses[index].generator, d, 1), 1e-6);
    ck_assert_double_ne(d, 1);
    ck_assert_double_ne(number(t, "generator.g"), 1);
    end_training(t);
}

START_TEST(losses_by_hand)
{
    for (int index = 0; index < (int)(sizeof losses / sizeof *losses); index++)
        check_losses(index);
}
END_TEST

/* --- Penalties: D's gradient is (d, d) at every picture, so its square is 2 d^2 --------------------------------------- */

static void check_penalty(const char *name, const char *weight, double penalty, double moved)
{
    training t = train_tiny_gan(SETTINGS("loss", "wasserstein", name, weight, "every", "2"));
    const batch_sums r = data_of(t, 1), later = data_of(t, 2);
    const double free_loss = mean_of(&r, wasserstein, 1, 1);
    neap_train_report report = take_step(t, 1);
    const double slope = (free_loss + 2 * moved) * RATE; /* linear in d except for the penalty, times 2 */
    ck_assert_double_eq_tol(report.loss, free_loss + 2 * penalty, 1e-5);
    ck_assert_double_eq_tol(number(t, "discriminator.d"), 1 - slope, 1e-5);
    const double d = number(t, "discriminator.d"), g = number(t, "generator.g");
    report = take_step(t, 2); /* no penalty is due */
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

int main(void)
{
    return RUN_SUITE_WITH("adversarial", open_tiny_gan, run_close, alternating_updates, losses_by_hand, penalties_by_hand);
}
