/* Scores of a metric over resampled rows: by metrics of the test's own whose spread is known. */
#include "run_test.h"

/* --- A mean, with a score of each shortcoming --------------------------------------------------------------------- */

typedef struct settings {
    int fault;
} settings;

enum { SOUND, SILENT, ODD };

static int mean_of_features(const void *config, const neap_evidence *samples, const neap_evidence *reference,
                            double *scores)
{
    const int fault = ((const settings *)config)->fault;
    if (fault == SILENT)
        return -1;
    scores[0] = neap_item(neap_mean(samples->features, NULL, 0, false));
    scores[1] = reference->features ? neap_item(neap_mean(reference->features, NULL, 0, false)) : -1;
    scores[1] = fault == ODD ? NAN : scores[1];
    return neap_failed() ? -1 : 0;
}

/* All parts of a row hold the row's number: how many rows are not together? */
static int apart(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)config, (void)reference;
    neap_tensor *text = neap_contiguous(neap_condition_get(samples->condition, NEAP_TEXT));
    scores[0] = 0;
    for (int64_t i = 0; i < neap_dim(samples->features, 0); i++)
        scores[0] += floats(samples->features)[2 * i] != floats(samples->logits)[i] ||
                     (float)((const int32_t *)neap_data(samples->labels))[i] != floats(samples->logits)[i] ||
                     floats(samples->pictures)[6 * i + 5] != floats(samples->logits)[i] ||
                     (float)((const uint8_t *)neap_data(text))[i] != floats(samples->logits)[i];
    return 0;
}

/* The number of parts that evidence has. */
static int count_parts(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)config;
    scores[0] = (samples->features != NULL) + (samples->pictures != NULL) + (samples->condition != NULL);
    scores[1] = (reference->features != NULL) + (reference->pictures != NULL) + (reference->condition != NULL);
    return 0;
}

static const char *const faults[] = {"sound", "silent", "odd", NULL};
static const neap_param params[] = {NEAP_CHOICE(settings, fault, 0, faults, "What is wrong."), NEAP_PARAMS_END};
static const neap_metric mean_functions = {
    sizeof mean_functions, (const char *const[]){"mean", "other", NULL}, mean_of_features,
    (const char *const[]){"lower", NULL},
};
/* Of an earlier version: its struct ends before `better`, whatever lies behind it. */
static const neap_metric apart_functions = {
    offsetof(neap_metric, better), (const char *const[]){"apart", NULL}, apart, (const char *const[]){"higher"},
};
static const neap_metric parts_functions = {
    sizeof parts_functions, (const char *const[]){"samples", "reference", NULL}, count_parts, NULL,
};
static const neap_metric none_functions = {sizeof none_functions, (const char *const[]){NULL}, apart, NULL};
static const neap_component components[] = {
    {"metric/2", "mean", "The mean of features.", sizeof(settings), params, &mean_functions},
    {"metric/2", "apart", "Rows that are not together.", sizeof(settings), params, &apart_functions},
    {"metric/2", "parts", "The number of parts.", sizeof(settings), params, &parts_functions},
    {"metric/2", "scoreless", "Has no score.", sizeof(settings), params, &none_functions},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "own", "1", "MIT", "Metrics of a test.", components};

static void open_metrics(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

static neap_tensor *normals(int64_t n, uint64_t seed)
{
    return neap_randn((neap_random){seed, 0}, 0, neap_dims(n, 1));
}

static int score(const char *name, const char *fault, neap_evidence samples, const neap_evidence *reference,
                 int64_t resamples, uint64_t seed, neap_scored *scored)
{
    neap_instance *metric = COMPONENT("metric", name, "fault", fault);
    int status = neap_score(metric, &samples, reference, resamples, seed, scored);
    neap_instance_release(metric);
    return status;
}

/* --- Intervals ---------------------------------------------------------------------------------------------------- */

/* The mean of n numbers of deviation s has the deviation s / sqrt(n), and so has its bootstrap; of 1000 resamples the
 * estimate is off by one part in sqrt(2000), of which four are allowed. */
START_TEST(width_of_a_mean)
{
    neap_scored scored;
    neap_tensor *x = neap_affine(normals(400, 3), 2, 5);
    double s = sqrt(neap_item(neap_variance(x, NULL, 0, false))), mean = neap_item(neap_mean(x, NULL, 0, false));
    neap_evidence reference = {EVIDENCE, .features = neap_full(NEAP_F32, neap_dims(3, 1), 7)};
    ck_succeeds(score("mean", "sound", (neap_evidence){EVIDENCE, .features = x}, &reference, 1000, 1, &scored));
    ck_assert_int_eq(scored.count, 2);
    ck_assert_str_eq(scored.score[0].name, "mean");
    ck_assert_str_eq(scored.score[0].better, "lower");
    ck_assert_ptr_null(scored.score[1].better);
    ck_assert_double_eq_tol(scored.score[0].value, mean, 1e-12);
    ck_assert_double_eq_tol(scored.score[0].deviation / (s / 20), 1, 4 / sqrt(2000));
    ck_assert_double_eq_tol(scored.score[0].high - mean, 1.959964 * scored.score[0].deviation, 1e-6);
    ck_assert_double_eq_tol(mean - scored.score[0].low, 1.959964 * scored.score[0].deviation, 1e-6);
    ck_assert_double_eq(scored.score[1].value, 7); /* the reference stays as it is */
    ck_assert_double_eq(scored.score[1].deviation, 0);
}
END_TEST

/* Of 200 samples of a distribution with mean 0, about 190 have it within their interval: 3 standard deviations of that
 * number are 9, and the interval of a deviation that is itself estimated from 50 rows is a little short. */
START_TEST(intervals_cover)
{
    int covered = 0;
    for (uint64_t i = 0; i < 200; i++) {
        neap_scored scored;
        neap_scope scope = neap_scope_open();
        ck_succeeds(score("mean", "sound", (neap_evidence){EVIDENCE, .features = normals(50, 100 + i)}, NULL, 100, i, &scored));
        covered += scored.score[0].low <= 0 && scored.score[0].high >= 0;
        neap_scope_close(scope);
    }
    ck_assert_msg(covered >= 176 && covered <= 199, "%d of 200", covered);
}
END_TEST

START_TEST(by_seed)
{
    neap_scored a, b, c, plain;
    neap_evidence x = {EVIDENCE, .features = normals(30, 1)};
    ck_succeeds(score("mean", "sound", x, NULL, 20, 4, &a));
    ck_succeeds(score("mean", "sound", x, NULL, 20, 4, &b));
    ck_succeeds(score("mean", "sound", x, NULL, 20, 5, &c));
    ck_succeeds(score("mean", "sound", x, NULL, 0, 5, &plain));
    ck_assert(a.score[0].deviation == b.score[0].deviation && a.score[0].deviation != c.score[0].deviation);
    ck_assert(plain.score[0].value == a.score[0].value && plain.score[0].deviation == 0);
    ck_assert(plain.score[0].low == plain.score[0].value && plain.score[0].high == plain.score[0].value);
    ck_assert_double_eq(plain.score[1].value, -1); /* no reference */
}
END_TEST

/* A row keeps its features, logits, label, picture and condition; also where they come as a strided view. */
START_TEST(rows_stay_together)
{
    neap_scored scored;
    neap_tensor *column = neap_arange(NEAP_F32, 0, 1, 40);
    neap_tensor *text = neap_expand(neap_reshape(neap_arange(NEAP_U8, 0, 1, 40), neap_dims(40, 1)), neap_dims(40, 1));
    neap_evidence x = {EVIDENCE, .features = neap_expand(neap_reshape(column, neap_dims(40, 1)), neap_dims(40, 2)),
                       .logits = neap_reshape(column, neap_dims(40, 1)), .labels = neap_arange(NEAP_I32, 0, 1, 40),
                       .pictures = neap_expand(neap_reshape(column, neap_dims(40, 1, 1, 1)), neap_dims(40, 2, 1, 3)),
                       .condition = neap_condition_with(neap_condition_new(40), NEAP_TEXT, text)};
    ck_succeeds(score("apart", "sound", x, NULL, 25, 0, &scored));
    ck_assert_ptr_null(scored.score[0].better);
    ck_assert(scored.score[0].value == 0 && scored.score[0].deviation == 0);
}
END_TEST

/* Pictures and their condition reach the metric from both sides; a host whose evidence ends before them gives none. */
START_TEST(parts_of_both_sides)
{
    neap_scored scored;
    neap_tensor *labels = neap_full(NEAP_I32, neap_dims(4), 1);
    neap_evidence x = {EVIDENCE, .features = normals(4, 1), .pictures = neap_full(NEAP_F32, neap_dims(4, 2, 2, 3), 0),
                       .condition = neap_condition_with(neap_condition_new(4), NEAP_LABELS, labels)};
    neap_evidence y = x, before = x;
    y.features = NULL;
    before.size = offsetof(neap_evidence, pictures);
    ck_succeeds(score("parts", "sound", x, &y, 2, 0, &scored));
    ck_assert(scored.score[0].value == 3 && scored.score[1].value == 2 && scored.score[0].deviation == 0);
    ck_succeeds(score("parts", "sound", before, &before, 2, 0, &scored));
    ck_assert(scored.score[0].value == 1 && scored.score[1].value == 1);
}
END_TEST

/* Without recording: a score of features that want a gradient leaves no tape. */
START_TEST(nothing_is_recorded)
{
    neap_scored scored;
    ck_assert(neap_recording());
    ck_succeeds(score("mean", "sound", (neap_evidence){EVIDENCE, .features = normals(8, 1)}, NULL, 3, 0, &scored));
    ck_assert(neap_recording());
}
END_TEST

/* --- What is refused ---------------------------------------------------------------------------------------------- */

START_TEST(refused)
{
    neap_evidence good = {EVIDENCE, .features = normals(4, 1)}, flat = {EVIDENCE, .features = neap_full(NEAP_F32, neap_dims(4), 0)};
    neap_evidence whole = {EVIDENCE, .features = neap_full(NEAP_I32, neap_dims(4, 1), 0)};
    neap_evidence uneven = {EVIDENCE, .features = normals(4, 1), .labels = neap_full(NEAP_I32, neap_dims(3), 0)};
    neap_evidence flat_picture = {EVIDENCE, .pictures = normals(4, 1)};
    neap_evidence uneven_condition = {EVIDENCE, .features = normals(4, 1), .condition = neap_condition_new(3)};
    neap_evidence empty = {EVIDENCE, .features = neap_empty(NEAP_F32, neap_dims(0, 2))}, nothing = {EVIDENCE};
    const struct {
        const char *metric, *fault;
        neap_evidence samples, reference;
        int64_t resamples;
        const char *message;
    } cases[] = {
        {"mean", "sound", flat, nothing, 0, "mean: features of the samples: expected f32 of rank 2, got f32 [4]"},
        {"mean", "sound", good, whole, 0, "mean: features of the reference: expected f32 of rank 2, got i32 [4, 1]"},
        {"mean", "sound", uneven, nothing, 0, "mean: labels of the samples: expected 4 rows as before, got 3"},
        {"mean", "sound", flat_picture, nothing, 0, "mean: pictures of the samples: expected f32 of rank 4, got f32 [4, 1]"},
        {"mean", "sound", uneven_condition, nothing, 0, "mean: condition of the samples: expected 4 rows as before, got 3"},
        {"mean", "sound", good, uneven_condition, 0, "mean: condition of the reference: expected 4 rows as before, got 3"},
        {"mean", "sound", nothing, good, 0, "mean: the samples: expected rows, got no evidence"},
        {"mean", "sound", empty, good, 0, "mean: the samples: expected rows, got none or too many"},
        {"mean", "sound", good, good, -1, "mean: resamples: expected none or at least 2, got -1"},
        {"mean", "sound", good, good, 1, "mean: resamples: expected none or at least 2, got 1"},
        {"mean", "silent", good, good, 0, "mean: score: failed without a message"},
        {"mean", "odd", good, good, 0, "mean: other: expected a finite score, got nan"},
        {"scoreless", "sound", good, good, 0, "scoreless: expected 1 to 8 scores, got others"},
    };
    neap_scored scored;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_fails_with(score(cases[i].metric, cases[i].fault, cases[i].samples, &cases[i].reference, cases[i].resamples,
                            0, &scored),
                      cases[i].message);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("score", open_metrics, run_close, width_of_a_mean, intervals_cover, by_seed,
                          rows_stay_together, parts_of_both_sides, nothing_is_recorded, refused);
}
