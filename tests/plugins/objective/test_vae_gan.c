/* Values of the objective vae_gan: losses and reports compared with double precision on an autoencoder of six parameters. */
#include "tiny_vae.h"

#define NEAR 2e-6 /* sums of a few dozen values near 1 in fp32 */

enum { AUTOENCODER, DISCRIMINATOR };

/* --- Reconstruction and divergence ----------------------------------------------------------------------------------- */

static void check_distance(neap_network *network, const char *distance, bool squared)
{
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const pictures x2 = halved(&r.x), y2 = halved(&r.made), x4 = halved(&x2), y4 = halved(&y2);
    const double one = apart(&r.x, &r.made, squared), two = apart(&x2, &y2, squared), four = apart(&x4, &y4, squared);
    const char *const plain[] = {"distance", distance, "kl", "0", "adversarial", "0", NULL};
    ck_assert_double_eq_tol(loss_with(plain, AUTOENCODER, network, step), one, NEAR);
    ck_assert_double_eq_tol(report_of(step, "reconstruction"), one, NEAR);
    const char *const scaled[] = {"distance", distance, "kl", "0", "adversarial", "0", "scales", "3", NULL};
    ck_assert_double_eq_tol(loss_with(scaled, AUTOENCODER, network, step_at(network, 1)), (one + two + four) / 3, NEAR);
}

START_TEST(reconstruction)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    check_distance(network, "l1", false);
    check_distance(network, "l2", true);
    neap_network_release(network);
    network = TRY_NETWORK("tiny_vae", "rows", "8", "columns", "12", "channels", "3");
    check_distance(network, "l1", false);
    neap_network_release(network);
}
END_TEST

/* 1/2 (m^2 + exp v - 1 - v) summed over the latents of a picture, over the values of the picture. */
static double divergence(const reconstructed *r, double v)
{
    double sum = 0;
    for (int64_t i = 0; i < r->mean.count * each(&r->mean); i++)
        sum += 0.5 * (r->mean.x[i] * r->mean.x[i] + exp(v) - 1 - v);
    return sum / (double)r->mean.count;
}

START_TEST(divergence_from_the_prior)
{
    neap_network *network = TRY_NETWORK("tiny_vae", "channels", "2");
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const double kl = divergence(&r, -1.5), one = apart(&r.x, &r.made, false);
    const double loss = loss_with(SETTINGS("kl", "0.5", "adversarial", "0"), AUTOENCODER, network, step);
    ck_assert_double_eq_tol(loss, one + 0.5 * kl / (4 * 4 * 2), NEAR);
    ck_assert_double_eq_tol(report_of(step, "kl"), kl / (2 * 2 * 2), NEAR);
    ck_assert_double_eq_tol((report_of(step, "kl_0") + report_of(step, "kl_1")) / 2, report_of(step, "kl"), NEAR);
    ck_assert(!has_report(step, "kl_2"));
    neap_network_release(network);
}
END_TEST

/* The log variance is clamped to [-30, 20]: without the clamp, exp(90) is infinite in fp32. */
START_TEST(log_variance_is_clamped)
{
    static const double far[] = {90, -90}, clamped[] = {20, -30};
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    for (int i = 0; i < 2; i++) {
        ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "encoder.v"), NEAP_F64, &far[i]));
        neap_step *step = step_at(network, 1);
        const reconstructed r = reconstruct(step);
        loss_with(SETTINGS("adversarial", "0"), AUTOENCODER, network, step);
        const double expected = divergence(&r, clamped[i]) / 4;
        ck_assert_double_eq_tol(report_of(step, "kl") / expected, 1, 1e-5);
    }
    neap_network_release(network);
}
END_TEST

/* --- Other terms ----------------------------------------------------------------------------------------------------- */

static double squares(const pictures *p, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < each(p); i++)
        sum += p->x[n * each(p) + i] * p->x[n * each(p) + i];
    return sum;
}

/* The features' own scale, 3, does not matter. */
START_TEST(features_of_another_network)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL), *other = TRY_NETWORK("tiny_features", NULL);
    neap_instance *objective = COMPONENT("objective", "vae_gan", "kl", "0", "adversarial", "0", "features_weight", "2");
    ck_succeeds(neap_instance_set(objective, "features", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = other}));
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const pictures wanted = halved(&r.x);
    pictures off = halved(&r.made);
    double relative = 0;
    for (int64_t i = 0; i < off.count * each(&off); i++)
        off.x[i] -= wanted.x[i];
    for (int64_t n = 0; n < off.count; n++)
        relative += squares(&off, n) / squares(&wanted, n) / (double)off.count;
    const double loss = neap_item(phase_loss(objective, AUTOENCODER, network, step));
    ck_assert_double_eq_tol(report_of(step, "features"), relative, 2e-5);
    ck_assert_double_eq_tol(loss, apart(&r.x, &r.made, false) + 2 * relative, 4e-5);
    neap_instance_release(objective);
    neap_network_release(other);
    neap_network_release(network);
}
END_TEST

/* The halved latents become the halved picture. */
START_TEST(scale_equivariance)
{
    neap_network *network = TRY_NETWORK("tiny_vae", "rows", "8", "columns", "4");
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const pictures small = halved(&r.x), z = halved(&r.z), made = doubled(&z, 0.75, 0.125);
    const double expected = apart(&small, &made, true);
    const double loss = loss_with(SETTINGS("kl", "0", "adversarial", "0", "distance", "l2", "equivariance", "0.5"), AUTOENCODER,
                                  network, step);
    ck_assert_double_eq_tol(report_of(step, "equivariance"), expected, NEAR);
    ck_assert_double_eq_tol(loss, apart(&r.x, &r.made, true) + 0.5 * expected, NEAR);
    neap_network_release(network);
}
END_TEST

/* --- The discriminator ----------------------------------------------------------------------------------------------- */

static double softplus(double x)
{
    return log1p(exp(x));
}

/* Means over logits w times the mean of 2 by 2 pixels plus u. */
typedef struct logits {
    double mean, on_real, on_fake, decoder; /* the mean of the terms of each loss */
} logits;

static logits logits_of(const pictures *p, bool hinge)
{
    const pictures h = halved(p);
    const double n = (double)(h.count * each(&h));
    logits l = {0};
    for (int64_t i = 0; i < h.count * each(&h); i++) {
        const double a = 0.5 * h.x[i] - 0.25;
        l.mean += a / n;
        l.on_real += (hinge ? fmax(0, 1 - a) : softplus(-a)) / n;
        l.on_fake += (hinge ? fmax(0, 1 + a) : softplus(a)) / n;
        l.decoder += (hinge ? -a : softplus(-a)) / n;
    }
    return l;
}

static void check_adversary(const char *name, bool hinge)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    neap_instance *objective = COMPONENT("objective", "vae_gan", "kl", "0", "adversarial", "0.5", "loss", name, "g_start", "1",
                                         "g_ramp", "0");
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const logits real = logits_of(&r.x, hinge), fake = logits_of(&r.made, hinge);
    const double of_decoder = neap_item(phase_loss(objective, AUTOENCODER, network, step));
    ck_assert_double_eq_tol(of_decoder, apart(&r.x, &r.made, false) + 0.5 * fake.decoder, NEAR);
    ck_assert_double_eq_tol(report_of(step, "adversarial"), fake.decoder, NEAR);
    ck_assert_double_eq_tol(report_of(step, "adversarial_weight"), 0.5, 1e-12);
    ck_assert(!neap_requires_grad(neap_step_shared(step, 0))); /* the reconstructions: their tape can go */
    const double of_discriminator = neap_item(phase_loss(objective, DISCRIMINATOR, network, step));
    ck_assert_double_eq_tol(of_discriminator, real.on_real + fake.on_fake, NEAR);
    ck_assert_double_eq_tol(report_of(step, "real_logit"), real.mean, NEAR);
    ck_assert_double_eq_tol(report_of(step, "fake_logit"), fake.mean, NEAR);
    neap_instance_release(objective);
    neap_network_release(network);
}

START_TEST(both_sides)
{
    check_adversary("hinge", true);
    check_adversary("non_saturating", false);
}
END_TEST

/* 0 before g_start, then rising over g_ramp steps. */
START_TEST(the_weight_rises)
{
    static const struct {
        int64_t number;
        double share;
    } cases[] = {{1, 0}, {9, 0}, {10, 0.25}, {11, 0.5}, {13, 1}, {14, 1}, {1000, 1}};
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_step *step = step_at(network, cases[i].number);
        const reconstructed r = reconstruct(step);
        const double loss = loss_with(SETTINGS("kl", "0", "adversarial", "0.5", "g_start", "10", "g_ramp", "4"), AUTOENCODER,
                                      network, step);
        const double weight = 0.5 * cases[i].share;
        ck_assert_double_eq_tol(report_of(step, "adversarial_weight"), weight, 1e-12);
        ck_assert_double_eq_tol(loss, apart(&r.x, &r.made, false) + weight * logits_of(&r.made, true).decoder, NEAR);
        ck_assert(has_report(step, "adversarial") == (weight > 0));
    }
    neap_network_release(network);
}
END_TEST

/* The gradients at the reconstruction are 2 (made - x) / n and, for hinge, -w / n, for n values. */
START_TEST(adaptive_weight)
{
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    neap_step *step = step_at(network, 1), *limited = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    const double ratio = 2 * sqrt(apart(&r.x, &r.made, true)) / 0.5;
    loss_with(SETTINGS("distance", "l2", "adversarial", "0.5", "adaptive", "true", "g_start", "1", "g_ramp", "2"), AUTOENCODER,
              network, step);
    ck_assert_double_eq_tol(report_of(step, "adversarial_weight"), 0.5 * 0.5 * ratio, 1e-5);
    loss_with(SETTINGS("distance", "l2", "adversarial", "0.5", "adaptive", "true", "adaptive_limit", "0.125", "g_start", "1",
                       "g_ramp", "0"), AUTOENCODER, network, limited);
    ck_assert_double_eq_tol(report_of(limited, "adversarial_weight"), 0.5 * 0.125, 1e-12);
    neap_network_release(network);
}
END_TEST

/* A discriminator without a gradient gives the limit, not infinity. */
START_TEST(adaptive_weight_of_a_constant_discriminator)
{
    const double zero = 0;
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "discriminator.w"), NEAP_F64, &zero));
    neap_step *step = step_at(network, 1);
    loss_with(SETTINGS("adversarial", "0.5", "adaptive", "true", "g_start", "1", "g_ramp", "0"), AUTOENCODER, network, step);
    ck_assert_double_eq_tol(report_of(step, "adversarial_weight"), 0.5 * 10, 1e-12);
    neap_network_release(network);
}
END_TEST

/* --- Quality --------------------------------------------------------------------------------------------------------- */

static double clamped(double x)
{
    return fmin(1, fmax(-1, x));
}

static double psnr_by_hand(const reconstructed *r)
{
    double sum = 0;
    for (int64_t n = 0; n < r->x.count; n++) {
        double mse = 0;
        for (int64_t i = n * each(&r->x); i < (n + 1) * each(&r->x); i++)
            mse += pow(clamped(r->x.x[i]) - clamped(r->made.x[i]), 2) / (double)each(&r->x);
        sum += 10 * log10(4 / mse) / (double)r->x.count;
    }
    return sum;
}

/* In the window with its corner at (row, column) of one channel of picture n. */
static double ssim_at(const reconstructed *r, const int64_t k[4], int64_t side)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    const double n = (double)(side * side), c1 = 4e-4, c2 = 3.6e-3; /* (0.01 2)^2 and (0.03 2)^2 */
    for (int64_t i = 0; i < side * side; i++) {
        const int64_t here = at(&r->x, k[0], k[1] + i / side, k[2] + i % side, k[3]);
        const double a = clamped(r->x.x[here]), b = clamped(r->made.x[here]);
        x += a / n, y += b / n, xx += a * a / n, yy += b * b / n, xy += a * b / n;
    }
    return (2 * x * y + c1) * (2 * (xy - x * y) + c2) / ((x * x + y * y + c1) * (xx - x * x + yy - y * y + c2));
}

static double ssim_by_hand(const reconstructed *r, int64_t side)
{
    double sum = 0, count = 0;
    int64_t k[4];
    for (int64_t i = 0; i < r->x.count * each(&r->x); i++) {
        place(&r->x, i, k);
        if (k[1] + side > r->x.rows || k[2] + side > r->x.columns)
            continue;
        sum += ssim_at(r, k, side);
        count++;
    }
    return sum / count;
}

static void check_quality(const char *rows, const char *columns, const char *channels, int64_t side)
{
    neap_network *network = TRY_NETWORK("tiny_vae", "rows", rows, "columns", columns, "channels", channels);
    neap_step *step = step_at(network, 1);
    const reconstructed r = reconstruct(step);
    loss_with(SETTINGS("adversarial", "0"), AUTOENCODER, network, step);
    ck_assert_double_eq_tol(report_of(step, "psnr"), psnr_by_hand(&r), 1e-5);
    ck_assert_double_eq_tol(report_of(step, "ssim"), ssim_by_hand(&r, side), 1e-5);
    neap_network_release(network);
}

START_TEST(psnr_and_ssim)
{
    check_quality("10", "8", "2", 7);
    check_quality("4", "12", "1", 4); /* no larger window fits */
}
END_TEST

/* Equal pictures have a finite psnr. */
START_TEST(perfect_pictures)
{
    static const struct {
        const char *name;
        double value;
    } exact[] = {{"encoder.e", 1}, {"encoder.v", -30}, {"decoder.d", 1}, {"post_quant_conv.b", 0}};
    neap_network *network = TRY_NETWORK("tiny_vae", NULL);
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        ck_succeeds(neap_write(neap_model_find(neap_network_model(network), exact[i].name), NEAP_F64, &exact[i].value));
    neap_step *step = step_on((neap_batch){.x = neap_full(NEAP_F32, neap_dims(2, 4, 4, 1), 0.5)}, (neap_random){1, 2}, 1);
    loss_with(SETTINGS("adversarial", "0"), AUTOENCODER, network, step);
    ck_assert_double_gt(report_of(step, "psnr"), 100);
    ck_assert_double_lt(report_of(step, "psnr"), 107);
    ck_assert_double_eq_tol(report_of(step, "ssim"), 1, 1e-5);
    neap_network_release(network);
}
END_TEST

/* A mean and a variance of those of the prior carry nothing: the channel is dead. */
START_TEST(dead_channels)
{
    const double zero = 0, small = 1e-3;
    neap_network *network = TRY_NETWORK("tiny_vae", "channels", "3");
    neap_step *step = step_at(network, 1), *alive = step_at(network, 1);
    ((float *)neap_data(alive->x))[1] = 20; /* of the second channel: neither the first nor the last is the extreme one */
    loss_with(SETTINGS("adversarial", "0"), AUTOENCODER, network, alive);
    ck_assert_double_eq(report_of(alive, "dead_channels"), 0);
    ck_assert_double_eq(report_of(alive, "kl_most"), report_of(alive, "kl_1"));
    ck_assert_double_eq(report_of(alive, "kl_least"), fmin(report_of(alive, "kl_0"), report_of(alive, "kl_2")));
    ck_assert_double_lt(report_of(alive, "kl_least"), report_of(alive, "kl_most"));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "encoder.e"), NEAP_F64, &small));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "encoder.v"), NEAP_F64, &zero));
    loss_with(SETTINGS("adversarial", "0"), AUTOENCODER, network, step);
    ck_assert_double_eq(report_of(step, "dead_channels"), 3);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vae_gan", open_tiny_vae, run_close, reconstruction, divergence_from_the_prior,
                          log_variance_is_clamped, features_of_another_network, scale_equivariance, both_sides, the_weight_rises, adaptive_weight,
                          adaptive_weight_of_a_constant_discriminator, psnr_and_ssim, perfect_pictures, dead_channels);
}
