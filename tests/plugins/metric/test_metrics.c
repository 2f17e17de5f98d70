/* Metrics compared with closed forms of Gaussians, direct double loops, and cases counted by hand. */
#include "tests/core/run/run_test.h"

static neap_tensor *rows(int64_t n, int64_t width, const float *x)
{
    return neap_from(NEAP_F32, neap_dims(n, width), x);
}

#define ROWS(n, width, ...) rows(n, width, (const float[]){__VA_ARGS__})

static int try_score(const char *name, const char *const *settings, neap_evidence samples, neap_evidence reference,
                     neap_scored *scored)
{
    neap_instance *metric = component_of("metric", name, settings);
    int status = neap_score(metric, &samples, &reference, 0, 0, scored);
    neap_instance_release(metric);
    return status;
}

static neap_scored scored_by(const char *name, const char *const *settings, neap_evidence samples,
                             neap_evidence reference)
{
    neap_scored scored;
    ck_succeeds(try_score(name, settings, samples, reference, &scored));
    return scored;
}

static const char *const none[] = {NULL};

static double value_of(const char *name, const char *const *settings, neap_tensor *x, neap_tensor *y)
{
    return scored_by(name, settings, (neap_evidence){EVIDENCE, .features = x}, (neap_evidence){EVIDENCE, .features = y}).score[0].value;
}

/* --- frechet ------------------------------------------------------------------------------------------------------ */

/* Four points with mean m and covariance diag(a, b): two on each axis, at the root of 1.5 times its variance. */
static neap_tensor *cross(double mx, double my, double a, double b)
{
    double x = sqrt(1.5 * a), y = sqrt(1.5 * b);
    return ROWS(4, 2, (float)(mx + x), (float)my, (float)(mx - x), (float)my, (float)mx, (float)(my + y), (float)mx,
                (float)(my - y));
}

/* For diagonal Gaussians the distance is a sum over the axes: (m - n)^2 + (sqrt(a) - sqrt(b))^2. Points are f32. */
START_TEST(frechet_of_diagonal_gaussians)
{
    double got = value_of("frechet", none, cross(1, -2, 4, 9), cross(0, 0, 1, 16));
    ck_assert_double_eq_tol(got, 1 + 4 + 1 + 1, 1e-5);
    ck_assert_double_eq_tol(value_of("frechet", none, cross(1, 2, 3, 4), cross(1, 2, 3, 4)), 0, 1e-9);
}
END_TEST

/* diag(4, 1) rotated by 45 degrees is [[2.5, 1.5], [1.5, 2.5]]. Against diag(4, 1) itself, C1 C2 = [[10, 1.5], [6,
 * 2.5]] has determinant 16 and trace 12.5, and the trace of a 2 by 2 root is sqrt(trace + 2 sqrt(determinant)). */
START_TEST(frechet_of_turned_gaussians)
{
    double c = sqrt(0.5), x = sqrt(6), y = sqrt(1.5);
    neap_tensor *turned = ROWS(4, 2, (float)(c * x), (float)(c * x), (float)(-c * x), (float)(-c * x), (float)(-c * y),
                               (float)(c * y), (float)(c * y), (float)(-c * y));
    double wanted = 5 + 5 - 2 * sqrt(12.5 + 2 * sqrt(16));
    ck_assert_double_eq_tol(value_of("frechet", none, turned, cross(0, 0, 4, 1)), wanted, 1e-5);
    ck_assert_double_eq_tol(value_of("frechet", none, cross(0, 0, 4, 1), turned), wanted, 1e-5);
}
END_TEST

/* Fewer rows than columns: covariances without full rank have square roots, too. Both sides lie on one line, where
 * the distance is that of the standard deviations. */
START_TEST(frechet_without_full_rank)
{
    neap_tensor *a = ROWS(2, 3, 1, 1, 0, -1, -1, 0), *b = ROWS(2, 3, 3, 3, 0, -3, -3, 0);
    ck_assert_double_eq_tol(value_of("frechet", none, a, b), pow(6 - 2, 2), 1e-5); /* variances 4 and 36 along it */
}
END_TEST

/* --- kernel ------------------------------------------------------------------------------------------------------- */

static double cubic(const float *x, const float *y, int64_t width)
{
    double sum = 0;
    for (int64_t i = 0; i < width; i++)
        sum += (double)x[i] * (double)y[i];
    return pow(sum / (double)width + 1, 3);
}

/* The mean kernel over all pairs but those of a row with itself. */
static double mean_kernel(neap_tensor *a, neap_tensor *b)
{
    const int64_t n = neap_dim(a, 0), m = neap_dim(b, 0), width = neap_dim(a, 1);
    const float *x = floats(a), *y = floats(b);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            sum += a == b && i == j ? 0 : cubic(x + i * width, y + j * width, width);
    return sum / (double)(a == b ? n * (n - 1) : n * m);
}

static neap_tensor *cloud(int64_t n, int64_t width, uint64_t seed)
{
    return neap_randn((neap_random){seed, 0}, 0, neap_dims(n, width));
}

/* Sizes below, at and above a block of 1024. Kernels are about 1, products in f32, and there are millions of pairs. */
START_TEST(kernel_is_a_double_loop)
{
    static const int64_t sizes[][2] = {{5, 7}, {1024, 3}, {1500, 1100}};
    for (int i = 0; i < 3; i++) {
        neap_tensor *a = cloud(sizes[i][0], 6, 1), *b = neap_affine(cloud(sizes[i][1], 6, 2), 1.1, 0.2);
        double wanted = mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b);
        ck_assert_double_eq_tol(value_of("kernel", none, a, b), wanted, 1e-6);
    }
}
END_TEST

/* --- precision_recall --------------------------------------------------------------------------------------------- */

/* On a line, with k = 1: samples at 0, 1, 10 have balls of 1, 1, 9; the reference at 0.5, 1.75, 30, 31.5 has balls of
 * 1.25, 1.25, 1.5, 1.5. Samples 0 and 1 lie in it; of the reference, 0.5 and 1.75 lie in the samples'. */
START_TEST(precision_and_recall_by_hand)
{
    neap_evidence samples = {EVIDENCE, .features = ROWS(3, 1, 0, 1, 10)};
    neap_evidence reference = {EVIDENCE, .features = ROWS(4, 1, 0.5f, 1.75f, 30, 31.5f)};
    neap_scored s = scored_by("precision_recall", SETTINGS("k", "1"), samples, reference);
    ck_assert_str_eq(s.score[0].name, "precision");
    ck_assert_str_eq(s.score[1].name, "recall");
    ck_assert_double_eq_tol(s.score[0].value, 2.0 / 3, 1e-12);
    ck_assert_double_eq_tol(s.score[1].value, 0.5, 1e-12);
}
END_TEST

static double distance_of(neap_tensor *a, int64_t i, neap_tensor *b, int64_t j)
{
    const int64_t width = neap_dim(a, 1);
    const float *x = neap_data(a), *y = neap_data(b); /* not by ck_assert, which writes to a pipe each time */
    double sum = 0;
    for (int64_t d = 0; d < width; d++)
        sum += pow((double)x[i * width + d] - (double)y[j * width + d], 2);
    return sqrt(sum);
}

/* The number of other rows of x nearer to row i than `far`. */
static int nearer(neap_tensor *x, int64_t i, double far)
{
    int count = 0;
    for (int64_t j = 0; j < neap_dim(x, 0); j++)
        count += j != i && distance_of(x, i, x, j) < far;
    return count;
}

/* A row is in a ball if fewer than k others of the ball's side are nearer to its centre. */
static double share_within(neap_tensor *x, neap_tensor *of, int k)
{
    int inside = 0;
    for (int64_t i = 0; i < neap_dim(x, 0); i++) {
        bool found = false;
        for (int64_t j = 0; j < neap_dim(of, 0) && !found; j++)
            found = nearer(of, j, distance_of(x, i, of, j)) < k;
        inside += found;
    }
    return (double)inside / (double)neap_dim(x, 0);
}

START_TEST(precision_and_recall_by_counting)
{
    neap_tensor *a = neap_affine(cloud(150, 4, 3), 0.8, 0.7), *b = cloud(130, 4, 4);
    neap_scored s = scored_by("precision_recall", none, (neap_evidence){EVIDENCE, .features = a}, (neap_evidence){EVIDENCE, .features = b});
    ck_assert_double_eq_tol(s.score[0].value, share_within(a, b, 3), 1e-12);
    ck_assert_double_eq_tol(s.score[1].value, share_within(b, a, 3), 1e-12);
    ck_assert(s.score[0].value > 0.3 && s.score[0].value < 0.97 && s.score[1].value < s.score[0].value);
}
END_TEST

/* More rows than a block: a set is within its own manifold, and outside that of a distant set. */
START_TEST(precision_over_blocks)
{
    neap_tensor *a = cloud(1300, 3, 5), *far = neap_affine(cloud(1100, 3, 6), 1, 100);
    ck_assert_double_eq(value_of("precision_recall", none, a, a), 1);
    ck_assert_double_eq(value_of("precision_recall", none, a, far), 0);
}
END_TEST

/* --- agreement ---------------------------------------------------------------------------------------------------- */

/* Class 0 is requested three times and predicted in two of them, class 1 once and never, class 2 not at all. */
START_TEST(agreement_by_hand)
{
    const int32_t asked[] = {0, 0, 0, 1};
    neap_evidence samples = {EVIDENCE, .logits = ROWS(4, 4, 5, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 3, -1, -2, -3, -4),
                             .labels = neap_from(NEAP_I32, neap_dims(4), asked)};
    neap_scored s = scored_by("agreement", none, samples, (neap_evidence){EVIDENCE});
    ck_assert_int_eq(s.count, 2);
    ck_assert_double_eq_tol(s.score[0].value, 0.5, 1e-12);
    ck_assert_double_eq_tol(s.score[1].value, 0, 1e-12);
}
END_TEST

/* --- modes -------------------------------------------------------------------------------------------------------- */

/* Classes 0, 0, 3 and 1 of four: shares 1/2, 1/4, 0, 1/4; uniform shares are 1/4. */
START_TEST(modes_by_hand)
{
    neap_evidence samples = {EVIDENCE, .logits = ROWS(4, 4, 5, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 3, -4, -2, -3, -4)};
    neap_scored s = scored_by("modes", none, samples, (neap_evidence){EVIDENCE});
    ck_assert_int_eq(s.count, 2);
    ck_assert_double_eq_tol(s.score[0].value, 3, 1e-12);
    ck_assert_double_eq_tol(s.score[1].value, 0.5 * log(2), 1e-12);
}
END_TEST

/* --- sliced_wasserstein ------------------------------------------------------------------------------------------- */

/* A shift moves all quantiles along a direction by its component. Over evenly spaced directions the mean square of
 * that is half the square of the shift, and the mean absolute value tends to 2 / pi of it. */
START_TEST(shifted_clouds)
{
    neap_tensor *a = cloud(500, 2, 7), *b = neap_add(a, ROWS(1, 2, 3, -4));
    ck_assert_double_eq_tol(value_of("sliced_wasserstein", none, a, b), 5 / sqrt(2), 1e-6);
    ck_assert_double_eq_tol(value_of("sliced_wasserstein", none, a, a), 0, 1e-12);
    double first = value_of("sliced_wasserstein", SETTINGS("order", "1", "directions", "1024"), a, b);
    ck_assert_double_eq_tol(first, 5 * 2 / M_PI, 1e-5);
}
END_TEST

/* One direction in one dimension: 0, 1, 2 against 0, 3. Halves and thirds of the mass: 1/3 of it goes from 0 to 0, 1/6
 * from 1 to 0, 1/6 from 1 to 3 and 1/3 from 2 to 3. */
START_TEST(unequal_numbers_of_points)
{
    neap_tensor *a = ROWS(3, 1, 2, 0, 1), *b = ROWS(2, 1, 3, 0);
    double first = value_of("sliced_wasserstein", SETTINGS("order", "1"), a, b);
    ck_assert_double_eq_tol(first, 1.0 / 6 + 2.0 / 6 + 1.0 / 3, 1e-6);
    ck_assert_double_eq_tol(value_of("sliced_wasserstein", none, a, b), sqrt(1.0 / 6 + 4.0 / 6 + 1.0 / 3), 1e-6);
}
END_TEST

/* In more dimensions directions are drawn: the mean square of a shift's component is 1 / D of its square, within 3
 * standard errors. */
START_TEST(more_dimensions)
{
    neap_tensor *a = cloud(50, 5, 8), *b = neap_add(a, ROWS(1, 5, 2, 0, 0, 0, 0));
    double got = value_of("sliced_wasserstein", SETTINGS("directions", "4096"), a, b);
    ck_assert_double_eq_tol(got * got, 0.8, 3 * 4 * sqrt(2.0 * 4 / (25 * 7)) / sqrt(4096)); /* Beta(1/2, 2) */
}
END_TEST

/* --- support ------------------------------------------------------------------------------------------------------ */

static const char *const toys[] = {"moons", "spirals", "checkerboard", "gaussians8", "rings"};

static neap_tensor *points_of(const char *toy)
{
    int64_t indices[4000];
    neap_batch batch;
    neap_instance *data = COMPONENT("dataset", "toy2d", "shape", toy);
    neap_source *source = neap_source_open(data);
    for (int64_t i = 0; i < 4000; i++)
        indices[i] = i;
    ck_succeeds(neap_source_read(source, indices, 4000, &batch));
    neap_source_close(source);
    neap_instance_release(data);
    return neap_reshape(batch.x, neap_dims(4000, 2));
}

/* All but a few in a thousand real points are on the shape; uniform points and those of another shape are not. */
START_TEST(real_points_are_on_their_set)
{
    neap_tensor *everywhere = neap_affine(neap_rand((neap_random){9, 0}, 0, neap_dims(4000, 2)), 2, -1);
    for (int i = 0; i < 5; i++) {
        const char *const *settings = SETTINGS("shape", toys[i]);
        double real = value_of("support", settings, points_of(toys[i]), NULL);
        ck_assert_msg(real >= 0.99 && (i == 2 ? real == 1 : real < 1), "%s: %g", toys[i], real);
        double other = value_of("support", settings, points_of(toys[(i + 1) % 5]), NULL);
        double chance = value_of("support", settings, everywhere, NULL);
        ck_assert_msg(other < 0.9 && chance < 0.8, "%s: %g of another set, %g of all", toys[i], other, chance);
    }
}
END_TEST

/* Points at known distances, with tolerances just above and below: below an end of the upper moon and on its top,
 * past an end of the spirals and in their centre, in a light square and off a corner. */
START_TEST(distances_by_hand)
{
    static const struct {
        const char *toy;
        float x, y;
        double distance;
    } cases[] = {
        {"moons", -1, (float)(-0.25 / 1.5 - 0.1), 0.1},
        {"moons", -1.0f / 3, 0.5f, 0},
        {"spirals", -1.3f, 0, 0.3},
        {"spirals", 0, 0, 0},
        {"checkerboard", -0.25f, -0.75f, 0.25},
        {"checkerboard", -1.3f, -1.4f, 0.5},
        {"gaussians8", 0.8f, 0.1f, 0.1},
        {"gaussians8", 0, 0, 0.8},
        {"rings", 0, 0.6f, 0.2},
        {"rings", 1.2f, 0, 0.3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_tensor *x = ROWS(1, 2, cases[i].x, cases[i].y);
        for (int side = 0; side < 2; side++) {
            char tolerance[32];
            double within = cases[i].distance + (side ? 1e-3 : -1e-3);
            snprintf(tolerance, sizeof tolerance, "%.6f", within);
            if (within <= 0)
                continue;
            double got = value_of("support", SETTINGS("shape", cases[i].toy, "tolerance", tolerance), x, NULL);
            ck_assert_msg(got == side, "%s: %g, %g within %g: %g", cases[i].toy, (double)cases[i].x, (double)cases[i].y,
                          within, got);
        }
    }
}
END_TEST

/* --- Bad evidence is named ---------------------------------------------------------------------------------------- */

START_TEST(refused)
{
    static const float odd[] = {1, 2, 3, NAN, 5, 6, 7, 8};
    neap_evidence nothing = {EVIDENCE}, two = {EVIDENCE, .features = cloud(2, 3, 1)}, wide = {EVIDENCE, .features = cloud(5, 4, 1)};
    neap_evidence one = {EVIDENCE, .features = cloud(1, 3, 1)}, bad = {EVIDENCE, .features = rows(4, 2, odd)};
    neap_evidence labels = {EVIDENCE, .labels = neap_full(NEAP_I32, neap_dims(2), 0)};
    neap_evidence logits = {EVIDENCE, .logits = cloud(2, 3, 2)};
    neap_evidence third = {EVIDENCE, .logits = cloud(2, 3, 2), .labels = neap_full(NEAP_I32, neap_dims(2), 3)};
    neap_evidence blind = {EVIDENCE, .logits = rows(2, 4, odd), .labels = neap_full(NEAP_I32, neap_dims(2), 3)};
    neap_evidence plane = {EVIDENCE, .features = cloud(4, 2, 1)};
    const struct {
        const char *metric;
        neap_evidence samples, reference;
        const char *message;
    } cases[] = {
        {"frechet", labels, two, "frechet: expected features of the samples, got none"},
        {"frechet", two, nothing, "frechet: expected features of the reference, got none"},
        {"frechet", one, two, "frechet: features of the samples: expected at least 2 rows, got 1"},
        {"frechet", two, wide, "frechet: features: expected equal widths, got 3 of the samples and 4 of the reference"},
        {"frechet", plane, bad, "frechet: features of the reference: expected finite numbers, got nan in row 1"},
        {"kernel", two, one, "kernel: features of the reference: expected at least 2 rows, got 1"},
        {"precision_recall", two, two,
         "precision_recall: features of the samples: expected at least 4 rows, got 2"},
        {"sliced_wasserstein", bad, plane,
         "sliced_wasserstein: features of the samples: expected finite numbers, got nan in row 1"},
        {"support", two, nothing, "support: features of the samples: expected points of 2 coordinates, got 3"},
        {"agreement", two, nothing, "agreement: expected logits of the samples, got none"},
        {"agreement", logits, nothing, "agreement: expected labels of the samples, got none"},
        {"agreement", third, nothing, "agreement: labels of the samples: expected 0 to 2, got 3 in row 0"},
        {"agreement", blind, nothing, "agreement: logits of the samples: expected finite numbers, got nan in row 0"},
        {"modes", two, nothing, "modes: expected logits of the samples, got none"},
        {"modes", blind, nothing, "modes: logits of the samples: expected finite numbers, got nan in row 0"},
    };
    neap_scored scored;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_fails_with(try_score(cases[i].metric, none, cases[i].samples, cases[i].reference, &scored),
                      cases[i].message);
}
END_TEST

static bool score_each(void)
{
    static const char *const metrics[] = {"frechet", "kernel", "precision_recall", "sliced_wasserstein", "agreement",
                                          "modes"};
    neap_scope scope = neap_scope_open();
    neap_tensor *x = cloud(6, 2, 1);
    neap_evidence evidence = {EVIDENCE, .features = x, .logits = x, .labels = x ? neap_full(NEAP_I32, neap_dims(6), 1) : NULL};
    bool done = evidence.labels;
    for (int i = 0; done && i < 6; i++) {
        neap_scored scored;
        neap_instance *metric = neap_instance_new(neap_registry_find("metric", metrics[i]));
        done = metric && neap_score(metric, &evidence, &evidence, 2, 0, &scored) == 0;
        neap_instance_release(metric);
    }
    neap_scope_close(scope);
    return done;
}

START_TEST(every_allocation_may_fail)
{
    refuse_each(score_each);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("metrics", run_open, run_close, frechet_of_diagonal_gaussians, frechet_of_turned_gaussians,
                          frechet_without_full_rank, kernel_is_a_double_loop, precision_and_recall_by_hand,
                          precision_and_recall_by_counting, precision_over_blocks, agreement_by_hand, modes_by_hand, shifted_clouds,
                          unequal_numbers_of_points, more_dimensions, real_points_are_on_their_set, distances_by_hand,
                          refused, every_allocation_may_fail);
}
