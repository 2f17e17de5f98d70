/*
 * Guidances compared with their formulas, alone and nested, on simple fields; the number of evaluations and their
 * rows; and guidances in sampling.
 */
#include <neap/sampling.h>

#include "tests/core/run/field.h"

enum { ROWS = 3, PIXELS = 4, NULL_LABEL = 3 };

/* The field of label y is gain[y] x + shift[y]; that of the worse network has half of both. */
static const float table[] = {1, 0.5F, -2, 1, 3, -1, 0.25F, 2};
static const int32_t wanted[ROWS] = {0, 2, 1};

static struct {
    int calls, worse_calls;
    int64_t rows; /* all of them */
} asked;

static neap_tensor *linear(neap_tensor *x, neap_tensor *labels, double factor)
{
    neap_tensor *all = neap_affine(neap_from(NEAP_F32, neap_dims(4, 2), table), factor, 0);
    neap_tensor *mine = neap_dtype_of(labels) == NEAP_F32 ? neap_matmul(labels, all) : neap_embedding(all, labels);
    neap_tensor *gain = neap_reshape(neap_slice(mine, 1, 0, 1), neap_dims(-1, 1, 1, 1));
    neap_tensor *shift = neap_reshape(neap_slice(mine, 1, 1, 2), neap_dims(-1, 1, 1, 1));
    return neap_add(neap_mul(x, gain), shift);
}

/* Weights unchanged; labels with the null class in place of -1 and of a missing condition. */
static neap_tensor *labels_at(const neap_condition *condition)
{
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    if (!labels)
        return neap_full(NEAP_I32, neap_dims(neap_condition_rows(condition)), NULL_LABEL);
    if (neap_dtype_of(labels) == NEAP_F32)
        return labels;
    neap_tensor *numbers = neap_cast(labels, NEAP_F32);
    return neap_cast(neap_where(neap_lt(numbers, neap_scalar(0)), neap_scalar(NULL_LABEL), numbers), NEAP_I32);
}

static neap_network *worse; /* of the running test, or NULL */

static neap_tensor *velocity_at(const neap_conditional *of, neap_network *network, neap_tensor *x, neap_tensor *t,
                                const neap_condition *condition)
{
    (void)of;
    ck_assert(neap_dtype_of(t) == NEAP_F64 && neap_shape_equal(neap_shape_of(t), neap_dims(neap_dim(x, 0))));
    ck_assert_int_eq(neap_condition_rows(condition), neap_dim(x, 0));
    ck_assert(!network || network == worse);
    asked.worse_calls += network != NULL;
    asked.calls += !network;
    asked.rows += network ? 0 : neap_dim(x, 0);
    return linear(x, labels_at(condition), network ? 0.5 : 1);
}

static neap_tensor *labels_of(int32_t label)
{
    return neap_full(NEAP_I32, neap_dims(ROWS), (double)label);
}

static neap_conditional conditional_field(void)
{
    return (neap_conditional){.size = sizeof(neap_conditional), .velocity = velocity_at,
                              .condition = labelled(neap_from(NEAP_I32, neap_dims(ROWS), wanted)),
                              .rows = neap_arange(NEAP_I32, 0, 1, ROWS)};
}

/* One time for all rows. */
static neap_tensor *at(double t)
{
    return neap_full(NEAP_F64, neap_dims(ROWS), t);
}

static neap_tensor *points(void)
{
    return neap_randn((neap_random){2, 0}, 0, neap_dims(ROWS, 2, 2, 1));
}

static neap_tensor *of_wanted(void)
{
    return linear(points(), neap_from(NEAP_I32, neap_dims(ROWS), wanted), 1);
}

static neap_tensor *of_null(void)
{
    return linear(points(), labels_of(NULL_LABEL), 1);
}

/* The velocity at t. Checks the conditional velocity, too, and that requesting it does not change the result. */
static neap_tensor *guided(const neap_instance *guidance, double t)
{
    neap_tensor *conditional = NULL;
    const neap_conditional given = conditional_field();
    neap_tensor *plain = neap_guided_velocity(guidance, &given, points(), at(t), NULL);
    memset(&asked, 0, sizeof asked);
    neap_tensor *v = neap_guided_velocity(guidance, &given, points(), at(t), &conditional);
    ck_assert_msg(v && plain && conditional, "%s", neap_error_message());
    ck_assert(same_bits(v, plain));
    check_near("conditional", conditional, of_wanted(), 1e-6);
    return v;
}

static void expect_calls(int calls, int64_t rows, int worse_calls)
{
    ck_assert_int_eq(asked.calls, calls);
    ck_assert_int_eq(asked.rows, rows);
    ck_assert_int_eq(asked.worse_calls, worse_calls);
}

/* outer around inner; takes over both. */
static neap_instance *nest(neap_instance *outer, neap_instance *inner)
{
    const neap_value value = {.type = NEAP_PARAM_COMPONENT, .component = inner};
    ck_succeeds(neap_instance_set(outer, "of", &value));
    neap_instance_release(inner);
    return outer;
}

/* (1 + w) a - w b */
static neap_tensor *away(neap_tensor *a, neap_tensor *b, double w)
{
    return neap_sub(neap_affine(a, 1 + w, 0), neap_affine(b, w, 0));
}

/* --- Alone ------------------------------------------------------------------------------------------------------- */

/* At w = 0 one call with the rows; otherwise one call with twice the rows. */
START_TEST(cfg)
{
    static const char *const weights[] = {"0", "1.5", "-1", "-0.5"};
    for (int i = 0; i < 4; i++) {
        const double w = atof(weights[i]);
        neap_instance *guidance = COMPONENT("guidance", "cfg", "w", weights[i]);
        check_near(weights[i], guided(guidance, 0.5), away(of_wanted(), of_null(), w), 1e-5);
        expect_calls(1, w == 0 ? ROWS : 2 * ROWS, 0);
        if (w == 0)
            ck_assert(same_bits(guided(guidance, 0.5), of_wanted()));
        neap_instance_release(guidance);
    }
}
END_TEST

/* A mixture of one class equals its label; of two, the mean of both fields, which are linear in the mixture. */
START_TEST(mixtures)
{
    static const float one_hot[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
    static const float halves[] = {0.5F, 0.5F, 0, 0, 0.5F, 0.5F, 0, 0, 0.5F, 0.5F, 0, 0};
    neap_conditional given = conditional_field();
    neap_instance *guidance = COMPONENT("guidance", "cfg", "w", "2");
    given.condition = labelled(neap_from(NEAP_F32, neap_dims(ROWS, 4), one_hot));
    memset(&asked, 0, sizeof asked);
    check_near("one", neap_guided_velocity(guidance, &given, points(), at(0.5), NULL), guided(guidance, 0.5), 1e-5);
    given.condition = labelled(neap_from(NEAP_F32, neap_dims(ROWS, 4), halves));
    neap_tensor *both = neap_add(linear(points(), labels_of(0), 0.5), linear(points(), labels_of(1), 0.5));
    check_near("two", neap_guided_velocity(guidance, &given, points(), at(0.5), NULL), away(both, of_null(), 2), 1e-5);
    neap_instance_release(guidance);
}
END_TEST

/* Away from a worse network, as autoguidance of weight w. */
static neap_instance *away_from(neap_network *network, const char *w)
{
    neap_instance *guidance = COMPONENT("guidance", "autoguidance", "w", w);
    ck_succeeds(neap_instance_set(guidance, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = network}));
    return guidance;
}

START_TEST(autoguidance)
{
    static const char *const weights[] = {"0", "1.5", "-1"};
    neap_tensor *half = neap_affine(of_wanted(), 0.5, 0);
    worse = drifting();
    for (int i = 0; i < 3; i++) {
        const double w = atof(weights[i]);
        neap_instance *guidance = away_from(worse, weights[i]);
        check_near(weights[i], guided(guidance, 0.5), away(of_wanted(), half, w), 1e-5);
        expect_calls(1, ROWS, w == 0 ? 0 : 1);
        neap_instance_release(guidance);
    }
    neap_network_release(worse);
    const neap_conditional given = conditional_field();
    neap_instance *guidance = DEFAULTS("guidance", "autoguidance");
    ck_fails_with(!neap_guided_velocity(guidance, &given, points(), at(0.5), NULL),
                  "autoguidance: expected a worse network: set worse to a run, a checkpoint or a model");
    neap_instance_release(guidance);
}
END_TEST

/* --- Nested ------------------------------------------------------------------------------------------------------ */

/* In the interval, both ends included, the inner guidance; outside the same bits and calls as without guidance. */
START_TEST(interval)
{
    static const double inside[] = {0.25, 0.3, 0.75}, outside[] = {0, 0.2499, 0.7501, 1};
    neap_instance *inner = COMPONENT("guidance", "cfg", "w", "2");
    neap_instance *guidance = COMPONENT("guidance", "interval", "low", "0.25", "high", "0.75");
    nest(guidance, neap_instance_keep(inner));
    for (int i = 0; i < 3; i++) {
        ck_assert(same_bits(guided(guidance, inside[i]), guided(inner, inside[i])));
        expect_calls(1, 2 * ROWS, 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert(same_bits(guided(guidance, outside[i]), of_wanted()));
        expect_calls(1, ROWS, 0);
    }
    neap_instance_release(inner);
    neap_instance_release(guidance);
}
END_TEST

START_TEST(intervals_that_are_none)
{
    const neap_conditional given = conditional_field();
    neap_instance *guidance = COMPONENT("guidance", "interval", "low", "0.8", "high", "0.3");
    ck_fails_with(!neap_guided_velocity(guidance, &given, points(), at(0.5), NULL),
                  "interval: expected low <= high, got 0.8 and 0.3");
    ck_fails_with(neap_instance_set_text(guidance, "high", "1.5"), "interval: high: expected 0 to 1, got 1.5");
    neap_instance_release(guidance);
}
END_TEST

/* Standard deviation of each row, in double precision. */
static double deviation(neap_tensor *v, int row)
{
    const float *x = floats(v) + (ptrdiff_t)PIXELS * row;
    double mean = 0, square = 0;
    for (int i = 0; i < PIXELS; i++) {
        mean += (double)x[i] / PIXELS;
        square += (double)x[i] * (double)x[i] / PIXELS;
    }
    return sqrt(square - mean * mean);
}

START_TEST(rescale)
{
    static const char *const shares[] = {"0", "0.7", "1"};
    neap_tensor *full = away(of_wanted(), of_null(), 2), *plain = of_wanted();
    for (int i = 0; i < 3; i++) {
        const double phi = atof(shares[i]);
        float expected[ROWS * PIXELS];
        neap_instance *guidance = COMPONENT("guidance", "rescale", "phi", shares[i]);
        neap_tensor *v = guided(nest(guidance, COMPONENT("guidance", "cfg", "w", "2")), 0.5);
        expect_calls(1, 2 * ROWS, 0);
        for (int j = 0; j < ROWS * PIXELS; j++) {
            const int row = j / PIXELS;
            const double ratio = deviation(plain, row) / deviation(full, row);
            expected[j] = (float)((double)floats(full)[j] * (phi * ratio + 1 - phi));
        }
        check_near(shares[i], v, neap_from(NEAP_F32, neap_shape_of(v), expected), 1e-5);
        for (int row = 0; phi == 1 && row < ROWS; row++)
            ck_assert_double_eq_tol(deviation(v, row), deviation(plain, row), 1e-5);
        neap_instance_release(guidance);
    }
}
END_TEST

/* A constant velocity has deviation 0, which must not be divided by. */
START_TEST(rescale_without_spread)
{
    const neap_conditional given = conditional_field();
    neap_instance *guidance = nest(COMPONENT("guidance", "rescale", "phi", "1"),
                                   COMPONENT("guidance", "cfg", "w", "1"));
    neap_tensor *v = neap_guided_velocity(guidance, &given, neap_zeros(NEAP_F32, neap_dims(ROWS, 2, 2, 1)), at(0.5),
                                          NULL);
    for (int i = 0; i < ROWS * PIXELS; i++)
        ck_assert(isfinite(floats(v)[i]));
    neap_instance_release(guidance);
}
END_TEST

/* Without an inner guidance, the conditional velocity. */
START_TEST(of_nothing)
{
    static const char *const names[] = {"interval", "rescale"};
    ck_assert(same_bits(guided(NULL, 0.5), of_wanted()));
    for (int i = 0; i < 2; i++) {
        neap_instance *guidance = DEFAULTS("guidance", names[i]);
        ck_assert(same_bits(guided(guidance, 0.5), of_wanted()));
        expect_calls(1, ROWS, 0);
        neap_instance_release(guidance);
    }
}
END_TEST

static neap_instance *rescaled_cfg(void)
{
    return nest(DEFAULTS("guidance", "rescale"), COMPONENT("guidance", "cfg", "w", "3"));
}

static neap_instance *early_cfg(const char *low, const char *high)
{
    return nest(COMPONENT("guidance", "interval", "low", low, "high", high), COMPONENT("guidance", "cfg", "w", "3"));
}

/* interval and rescale commute; nested intervals intersect; autoguidance nests, too. */
START_TEST(compositions)
{
    neap_instance *a = nest(COMPONENT("guidance", "interval", "low", "0.2", "high", "0.6"), rescaled_cfg());
    neap_instance *b = nest(DEFAULTS("guidance", "rescale"), early_cfg("0.2", "0.6"));
    neap_instance *two = nest(COMPONENT("guidance", "interval", "low", "0.4", "high", "1"), early_cfg("0", "0.6"));
    worse = drifting();
    neap_instance *rescaled = nest(DEFAULTS("guidance", "rescale"), away_from(worse, "2"));
    for (int i = 0; i <= 10; i++) {
        const double t = i / 10.0;
        ck_assert(same_bits(guided(a, t), guided(b, t)));
        expect_calls(1, t >= 0.2 && t <= 0.6 ? 2 * ROWS : ROWS, 0);
        guided(two, t);
        expect_calls(1, t >= 0.4 && t <= 0.6 ? 2 * ROWS : ROWS, 0);
    }
    guided(rescaled, 0.5);
    expect_calls(1, ROWS, 1);
    neap_instance_release(a);
    neap_instance_release(b);
    neap_instance_release(two);
    neap_instance_release(rescaled);
    neap_network_release(worse);
}
END_TEST

/* Rows at different times give the bits of each row alone, and rows outside the interval are not evaluated twice. */
START_TEST(times_of_their_own)
{
    static const double times[ROWS] = {0.7, 0.3, 0.59};
    neap_instance *of[] = {early_cfg("0.2", "0.6"),
                           nest(COMPONENT("guidance", "rescale", "phi", "0.3"), early_cfg("0.2", "0.6")),
                           nest(COMPONENT("guidance", "interval", "low", "0.2", "high", "0.6"), rescaled_cfg())};
    for (int i = 0; i < 3; i++) {
        const neap_conditional given = conditional_field();
        neap_tensor *conditional = NULL;
        memset(&asked, 0, sizeof asked);
        neap_tensor *v = neap_guided_velocity(of[i], &given, points(), neap_from(NEAP_F64, neap_dims(ROWS), times), &conditional);
        ck_assert_msg(v && conditional, "%s", neap_error_message());
        expect_calls(2, 2 * 2 + 1, 0);
        ck_assert(same_bits(conditional, of_wanted()));
        for (int64_t row = 0; row < ROWS; row++)
            ck_assert(same_bits(neap_slice(v, 0, row, row + 1), neap_slice(guided(of[i], times[row]), 0, row, row + 1)));
        neap_instance_release(of[i]);
    }
}
END_TEST

/* --- In sampling ------------------------------------------------------------------------------------------------- */

static int64_t evaluations_of(neap_network *network, neap_instance *guidance)
{
    int64_t evaluations = -1;
    neap_sampling s = start_sampling("10", NULL, 4);
    s.guidance = guidance;
    s.evaluations = &evaluations;
    sample(network, &s);
    end_sampling(s);
    return evaluations;
}

/* Ten steps begin at 1, 0.9, .. 0.1; four of them from 0.2 to 0.55. The worse network counts as an evaluation. */
START_TEST(evaluations)
{
    neap_network *network = drifting(), *plain = TRY_NETWORK("field", "rate", "1");
    ck_assert_int_eq(evaluations_of(network, NULL), 10);
    ck_assert_int_eq(evaluations_of(network, COMPONENT("guidance", "cfg", "w", "1")), 20);
    ck_assert_int_eq(field_seen.rows, 8);
    ck_assert_int_eq(evaluations_of(network, early_cfg("0.15", "0.55")), 14);
    ck_assert_int_eq(evaluations_of(network, rescaled_cfg()), 20);
    ck_assert_int_eq(evaluations_of(network, away_from(network, "1")), 20);
    ck_assert_int_eq(evaluations_of(plain, away_from(plain, "1")), 20);
    neap_network_release(network);
    neap_network_release(plain);
}
END_TEST

/* A nested guidance, too, refuses a missing condition. */
START_TEST(unconditional)
{
    neap_network *plain = TRY_NETWORK("field", "rate", "1");
    neap_sampling s = start_sampling("10", "0", 4);
    ck_fails_with(!neap_sample(plain, &s), "sample: cfg: needs a conditional network; this one takes no condition");
    neap_instance_release(s.guidance);
    s.guidance = nest(DEFAULTS("guidance", "rescale"), early_cfg("0", "0.5"));
    ck_fails_with(!neap_sample(plain, &s), "sample: rescale: cfg: needs a conditional network; this one takes no condition");
    end_sampling(s);
    neap_network_release(plain);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("guidance", field_open, run_close, cfg, mixtures, autoguidance, interval,
                          intervals_that_are_none, rescale, rescale_without_spread, of_nothing, compositions,
                          times_of_their_own, evaluations, unconditional);
}
