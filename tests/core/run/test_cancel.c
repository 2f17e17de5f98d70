/*
 * Long calls that are asked to stop: each fails by "interrupted" at whichever question the program answers, and leaves what
 * any failure leaves; a training step is not cut short.
 */
#include <neap/cancel.h>

#include "training.h"

/* Answers the question number `at` and all that follow with yes; counts them. */
static struct {
    int asked, at;
} questions;

static bool answer(void *user)
{
    (void)user;
    return __atomic_add_fetch(&questions.asked, 1, __ATOMIC_RELAXED) >= questions.at;
}

static void stop_at(int question)
{
    questions.asked = 0;
    questions.at = question;
    neap_on_cancel(answer, NULL);
}

/* Runs `call` and stops it at the n-th of its questions, for each n, until it comes to its end. Returns how many there are. */
static int stop_everywhere(int (*call)(void *user), void *user, const char *message)
{
    for (int at = 1;; at++) {
        stop_at(at);
        const int status = call(user);
        neap_on_cancel(NULL, NULL);
        if (status == 0)
            return at - 1;
        ck_assert_msg(strstr(neap_error_message(), message) != NULL, "question %d: %s", at, neap_error_message());
        neap_error_clear();
    }
}

static int rehearse(void *user)
{
    const training *t = user;
    size_t peak;
    double seconds;
    return neap_trainer_rehearse(t->trainer, 1, &peak, &seconds);
}

START_TEST(rehearsals)
{
    training t = small_training(1);
    const snapshot before = snapshot_of(t);
    ck_assert_int_ge(stop_everywhere(rehearse, &t, "train: rehearsal: interrupted"), 2); /* each of two steps or more */
    ck_assert_int_eq(first_change(&before, t), -1);
    end_training(t);
}
END_TEST

static int step(void *user)
{
    neap_train_report report;
    return neap_trainer_step(((const training *)user)->trainer, 1, 1, &report);
}

START_TEST(steps_are_whole)
{
    training t = small_training(1);
    ck_assert_int_eq(stop_everywhere(step, &t, "none"), 0);
    end_training(t);
}
END_TEST

typedef struct drawing {
    neap_network *network;
    neap_sampling sampling;
} drawing;

static int draw(void *user)
{
    const drawing *d = user;
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_sample(d->network, &d->sampling);
    neap_scope_close(scope);
    return x ? 0 : -1;
}

/* Two batches of three steps; dopri5 evaluates more often. */
START_TEST(samples)
{
    static const char *const samplers[] = {"euler", "heun", "dopri5"};
    drawing d = {.network = NETWORK("dit", SMALL_DIT), .sampling = {.count = 4, .batch = 2}};
    for (int i = 0; i < 3; i++) {
        d.sampling.sampler = i < 2 ? COMPONENT("sampler", samplers[i], "steps", "3") : DEFAULTS("sampler", samplers[i]);
        ck_assert_int_ge(stop_everywhere(draw, &d, "sample: interrupted"), 6);
        neap_instance_release(d.sampling.sampler);
    }
    neap_network_release(d.network);
}
END_TEST

typedef struct scoring {
    neap_instance *metric;
    neap_evidence samples, reference;
} scoring;

static int score(void *user)
{
    const scoring *s = user;
    neap_scored scored;
    neap_scope scope = neap_scope_open();
    int status = neap_score(s->metric, &s->samples, &s->reference, 3, 1, &scored);
    neap_scope_close(scope);
    return status;
}

static void check_metric(const char *name, int least)
{
    scoring s = {.metric = DEFAULTS("metric", name), .samples = {EVIDENCE}, .reference = {EVIDENCE}};
    s.samples.features = neap_randn((neap_random){1, 0}, 0, neap_dims(8, 2));
    s.reference.features = neap_randn((neap_random){2, 0}, 0, neap_dims(8, 2));
    ck_assert_int_ge(stop_everywhere(score, &s, "interrupted"), least);
    neap_instance_release(s.metric);
}

/* The score and three resamples of each, and what the metric asks besides. */
START_TEST(scores)
{
    neap_threads_set(1); /* for a count that does not depend on them */
    check_metric("sliced_wasserstein", 4 * 64);
    check_metric("kernel", 4 * 4);
    check_metric("precision_recall", 4 * 5);
    neap_threads_set(0);
}
END_TEST

static int read_many(void *user)
{
    static int64_t indices[10000];
    neap_batch batch;
    neap_scope scope = neap_scope_open();
    int status = neap_source_read(user, indices, 10000, &batch);
    neap_scope_close(scope);
    return status;
}

START_TEST(examples)
{
    neap_instance *data = small_shapes();
    neap_source *source = neap_source_open(data);
    ck_assert_int_ge(stop_everywhere(read_many, source, "interrupted"), 3);
    neap_source_close(source);
    neap_instance_release(data);
}
END_TEST

static neap_tensor *sum_of_squares(void *user, neap_tensor *const *x)
{
    (void)user;
    return neap_sum(neap_square(x[0]), NULL, 0, false);
}

static int check_gradient(void *user)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_full(NEAP_F64, neap_dims(5), 2);
    (void)user;
    int status = neap_gradient_check(sum_of_squares, NULL, &x, 1, 1e-6, false, NULL);
    neap_scope_close(scope);
    return status;
}

START_TEST(gradient_checks)
{
    ck_assert_int_ge(stop_everywhere(check_gradient, NULL, "interrupted"), 5);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("cancel", run_open, run_close, rehearsals, steps_are_whole, samples, scores, examples,
                          gradient_checks);
}
