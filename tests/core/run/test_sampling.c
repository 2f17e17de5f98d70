/*
 * Sampling: Euler's method against fields that can be integrated by hand, guidance by its formula, pictures that depend
 * on seed and number alone, watchers, and memory.
 */
#include "tests/core/base/moments.h"
#include "field.h"

/* The start of every path: a field that stands still leaves the noise. */
static neap_tensor *noise(int64_t count)
{
    neap_network *still = TRY_NETWORK("field", "rate", "0");
    neap_sampling s = start_sampling("1", NULL, count);
    neap_tensor *x = sample(still, &s);
    end_sampling(s);
    neap_network_release(still);
    return x;
}

/* --- Euler ------------------------------------------------------------------------------------------------------- */

START_TEST(starts_from_noise)
{
    enum { COUNT = 20000, ALL = 2 * COUNT };
    static double x[ALL], products[ALL];
    neap_tensor *z = noise(COUNT);
    ck_assert(neap_shape_equal(neap_shape_of(z), neap_dims(COUNT, 1, 2, 1)));
    ck_succeeds(neap_read(z, NEAP_F64, x));
    for (int i = 0; i < ALL; i++)
        products[i] = x[i] * x[(i + 1) % ALL];
    check_moments("noise", x, ALL, 0, 1, 3);
    check_moments("products of neighbours", products, ALL, 0, 1, 9);
}
END_TEST

/* dx/dt = a x from t = 1 to 0 in n steps is (1 - a / n)^n x, and exp(-a) x in the limit: twice n, half the error. */
START_TEST(order_one)
{
    static const char *const steps[] = {"8", "16", "32", "64"};
    neap_network *network = TRY_NETWORK("field", "rate", "1.5");
    neap_tensor *z = noise(3);
    double error[4];
    for (int i = 0; i < 4; i++) {
        const double n = atof(steps[i]), factor = pow(1 - 1.5 / n, n);
        neap_sampling s = start_sampling(steps[i], NULL, 3);
        neap_tensor *x = sample(network, &s);
        check_near(steps[i], x, neap_affine(z, factor, 0), 1e-6);
        error[i] = fabs((double)floats(x)[0] - exp(-1.5) * (double)floats(z)[0]);
        end_sampling(s);
    }
    for (int i = 1; i < 4; i++)
        ck_assert_msg(fabs(log2(error[i - 1] / error[i]) - 1) < 0.15, "order %g", log2(error[i - 1] / error[i]));
    neap_network_release(network);
}
END_TEST

/* From 1 down to 1 / n, the same for every row, and nothing is recorded. */
START_TEST(times)
{
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling s = start_sampling("5", NULL, 3);
    field_seen.calls = 0;
    neap_record(true);
    sample(network, &s);
    ck_assert_int_eq(field_seen.calls, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_double_eq_tol(field_seen.t[i], 1 - 0.2 * i, 1e-7);
    ck_assert(!field_seen.recording && neap_recording());
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Guidance ---------------------------------------------------------------------------------------------------- */

/* One step along a field that is the drift of the label alone. */
START_TEST(guidance_by_its_formula)
{
    static const char *const weights[] = {NULL, "0", "2.5", "-1", "-0.5"};
    const int32_t labels[] = {0, 1, 2, 3};
    const double drifts[] = {1, 2, 3, 10};
    neap_network *network = drifting();
    neap_tensor *z = noise(4);
    for (int i = 0; i < 5; i++) {
        const double w = weights[i] ? atof(weights[i]) : 0;
        neap_sampling s = start_sampling("1", weights[i], 4);
        float expected[8];
        s.condition = classes_of(labels, 4);
        for (int j = 0; j < 8; j++)
            expected[j] = (float)((double)floats(z)[j] - ((1 + w) * drifts[labels[j / 2]] - w * 10));
        neap_tensor *x = neap_from(NEAP_F32, neap_dims(4, 1, 2, 1), expected);
        check_near(weights[i] ? weights[i] : "none", sample(network, &s), x, 1e-6);
        end_sampling(s);
    }
    neap_network_release(network);
}
END_TEST

/* One evaluation of twice the rows where there is guidance, and of the rows alone where its weight is 0. */
START_TEST(weight_of_zero)
{
    const int32_t labels[] = {4, 0, 9};
    neap_network *network = NETWORK("dit", "size", "8", "channels", "1", "patch", "2", "width", "16", "heads", "2",
                                    "depth", "1", "classes", "10");
    neap_tensor *x[3];
    static const char *const weights[] = {NULL, "0", "1"};
    for (int i = 0; i < 3; i++) {
        neap_sampling s = start_sampling("3", weights[i], 3);
        s.condition = classes_of(labels, 3);
        x[i] = sample(network, &s);
        end_sampling(s);
    }
    ck_assert(same_bits(x[0], x[1]));
    ck_assert(!same_bits(x[0], x[2]));
    neap_network_release(network);
}
END_TEST

START_TEST(no_labels_are_the_null_class)
{
    const int32_t labels[] = {3, 3};
    neap_network *network = drifting();
    neap_sampling s = start_sampling("4", NULL, 2);
    neap_tensor *x = sample(network, &s);
    s.condition = classes_of(labels, 2);
    ck_assert(same_bits(x, sample(network, &s)));
    end_sampling(s);
    s = start_sampling("4", "2", 2); /* the same velocity twice: 3 v - 2 v */
    check_near("guided", sample(network, &s), x, 1e-5);
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Pictures by number ------------------------------------------------------------------------------------------ */

/* With and without guidance; batches of one, some that do not divide the count, the default; one to three threads, in
 * sizes that are divided among them. */
START_TEST(pictures_depend_on_their_number)
{
    static const struct {
        int64_t batch;
        int threads;
    } ways[] = {{9, 1}, {1, 1}, {4, 1}, {0, 1}, {100, 1}, {9, 2}, {4, 3}};
    const int32_t labels[] = {4, 0, 9, 10, 2, 2, 7, 1, 3, 5, 6};
    neap_network *network = NETWORK("dit", "size", "12", "channels", "1", "patch", "2", "width", "64", "heads", "2",
                                    "depth", "1", "classes", "10");
    for (int guided = 0; guided < 2; guided++) {
        neap_sampling s = start_sampling("2", guided ? "1.5" : NULL, 9);
        neap_tensor *first = NULL;
        s.condition = classes_of(labels, 9);
        for (int i = 0; i < 7; i++) {
            ck_succeeds(neap_threads_set(ways[i].threads));
            s.batch = ways[i].batch;
            neap_tensor *x = sample(network, &s);
            first = first ? first : x;
            ck_assert_msg(same_bits(first, x), "batches of %d, %d threads", (int)s.batch, ways[i].threads);
        }
        s.count = 11;
        s.condition = classes_of(labels, 11);
        ck_assert(same_bits(first, neap_slice(sample(network, &s), 0, 0, 9)));
        s.seed++;
        ck_assert(!same_bits(first, neap_slice(sample(network, &s), 0, 0, 9)));
        end_sampling(s);
    }
    neap_network_release(network);
}
END_TEST

START_TEST(more_than_a_default_batch)
{
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", NULL, 200);
    int32_t labels[200];
    for (int i = 0; i < 200; i++)
        labels[i] = i % 3;
    s.condition = classes_of(labels, 200);
    neap_tensor *x = sample(network, &s);
    s.batch = 200;
    ck_assert(same_bits(x, sample(network, &s)));
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* A generator is asked once for each batch, with the labels of its rows. */
START_TEST(generators)
{
    const int32_t labels[] = {0, 1, 2, 3, 0};
    neap_network *pair = NETWORK("pair", "classes", "3");
    neap_instance *once = neap_instance_new(neap_registry_find("sampler", "once"));
    neap_sampling s = {.sampler = once, .count = 5, .batch = 2, .condition = classes_of(labels, 5), .seed = 5};
    neap_tensor *z = neap_reshape(noise(5), neap_dims(5, 1, 1, 2));
    neap_tensor *expected = neap_network_generate(pair, z, s.condition);
    ck_assert(same_bits(sample(pair, &s), expected));
    neap_instance_release(once);
    neap_network_release(pair);
}
END_TEST

/* --- Watchers ---------------------------------------------------------------------------------------------------- */

typedef struct watcher {
    int64_t calls, stop_at; /* stop_at 0: never */
    double error;
    neap_tensor *kept;
} watcher;

static int watch(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    watcher *w = user;
    w->error = fmax(w->error, fabs(t - (1 - (double)step / 4)) + fabs((double)(step - w->calls % 5)) +
                                  (steps != (step ? 4 : 0)) + (neap_dim(x, 0) != 3));
    w->calls++;
    if (step == 2 && !w->kept)
        w->kept = neap_keep(x);
    return w->calls == w->stop_at ? neap_fail("enough") : 0;
}

/* Before and after each step of each batch; what a watcher keeps stays as it was. */
START_TEST(watchers_are_called)
{
    watcher w = {0};
    const neap_watch watched = {sizeof watched, &w, watch};
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling s = start_sampling("4", NULL, 6);
    s.batch = 3;
    neap_tensor *plain = sample(network, &s);
    s.watch = &watched;
    ck_assert(same_bits(plain, sample(network, &s)));
    ck_assert_int_eq(w.calls, 10);
    ck_assert_double_lt(w.error, 1e-12);
    check_near("kept", w.kept, neap_affine(noise(3), 0.75 * 0.75, 0), 1e-6);
    neap_release(w.kept);
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

START_TEST(watchers_end_it)
{
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling s = start_sampling("4", NULL, 6);
    s.batch = 3;
    for (int stop = 1; stop <= 10; stop++) {
        watcher w = {.stop_at = stop};
        const neap_watch watched = {sizeof watched, &w, watch};
        s.watch = &watched;
        neap_record(stop % 2);
        ck_fails_with(!neap_sample(network, &s), "sample: enough");
        ck_assert_int_eq(w.calls, stop);
        ck_assert_int_eq(neap_record(true), stop % 2);
        neap_release(w.kept);
    }
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Memory ------------------------------------------------------------------------------------------------------ */

static size_t peak_of(neap_network *network, const char *steps)
{
    const neap_scope scope = neap_scope_open();
    neap_sampling s = start_sampling(steps, "1.5", 300);
    const size_t before = neap_memory().live;
    neap_memory_reset_peak();
    sample(network, &s);
    ck_assert_uint_eq(neap_memory().live - before, 300 * 2 * sizeof(float));
    end_sampling(s);
    neap_scope_close(scope);
    return neap_memory().peak - before;
}

/* More steps and more batches take no more. */
START_TEST(memory_is_bounded)
{
    neap_network *network = drifting();
    const size_t few = peak_of(network, "2"), many = peak_of(network, "100");
    ck_assert_msg(many == few, "2 steps take %zu bytes, 100 take %zu", few, many);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("sampling", field_open, run_close, starts_from_noise, order_one, times,
                          guidance_by_its_formula, weight_of_zero, no_labels_are_the_null_class,
                          pictures_depend_on_their_number, more_than_a_default_batch, generators, watchers_are_called,
                          watchers_end_it, memory_is_bounded);
}
