/* Times drawn by objectives, compared with the distribution functions. */
#include "probe.h"

/* Settings and their distribution function. */
typedef struct law {
    const char *name;
    const char *const *settings;
    double (*below)(double t); /* the probability of a time below t */
} law;

static double normal_below(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

static double logit(double t)
{
    return log(t / (1 - t));
}

static double uniform(double t)
{
    return t;
}

static double logit_normal(double t)
{
    return normal_below(logit(t));
}

static double logit_normal_low(double t)
{
    return normal_below((logit(t) + 0.4) / 1.5);
}

/* t falls from 1 to 0 as u grows from 0 to 1, so the times below t are those with a larger u. */
static double mode_with(double scale, double t)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double u = (low + high) / 2, c = cos(3.14159265358979323846 / 2 * u);
        if (1 - u - scale * (c * c - 1 + u) > t)
            low = u;
        else
            high = u;
    }
    return 1 - low;
}

static double mode(double t)
{
    return mode_with(1.29, t);
}

static double mode_of_ends(double t)
{
    return mode_with(-0.9, t);
}

/* The inverse of the shift: t = t' / (s - (s - 1) t'). */
static double shifted(double t)
{
    return t / (3 - 2 * t);
}

static double shifted_logit_normal(double t)
{
    return logit_normal(t / (0.5 + 0.5 * t));
}

static const law laws[] = {
    {"uniform", SETTINGS("times", "uniform"), uniform},
    {"logit_normal", SETTINGS("times", "logit_normal"), logit_normal},
    {"logit_normal -0.4 1.5", SETTINGS("times", "logit_normal", "mean", "-0.4", "deviation", "1.5"), logit_normal_low},
    {"mode", SETTINGS("times", "mode"), mode},
    {"mode -0.9", SETTINGS("times", "mode", "mode_scale", "-0.9"), mode_of_ends},
    {"shift 3", SETTINGS("shift", "3"), shifted},
    {"shift 0.5 of logit_normal", SETTINGS("times", "logit_normal", "shift", "0.5"), shifted_logit_normal},
};
enum { LAWS = sizeof laws / sizeof *laws };

static const float *draw(neap_network *network, const char *const *settings)
{
    neap_step *step = step_of(1);
    objective_loss("flow_matching", settings, network, step);
    return floats(shown.t);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov test: the distance exceeds 1.95 / sqrt(n) with probability 0.001. */
START_TEST(densities)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    static double t[BATCH];
    for (int k = 0; k < LAWS; k++) {
        const float *drawn = draw(network, laws[k].settings);
        double farthest = 0;
        for (int i = 0; i < BATCH; i++)
            t[i] = (double)drawn[i];
        qsort(t, BATCH, sizeof *t, ascending);
        for (int i = 0; i < BATCH; i++) {
            const double below = laws[k].below(t[i]);
            ck_assert(t[i] >= 0 && t[i] <= 1);
            farthest = fmax(farthest, fmax(fabs(below - (double)i / BATCH), fabs(below - (i + 1.0) / BATCH)));
        }
        ck_assert_msg(farthest < 1.95 / sqrt(BATCH), "%s: a share is %g off", laws[k].name, farthest);
    }
    neap_network_release(network);
}
END_TEST

/* The settings, followed by the flag. */
static const char *const *and_stratified(const char *const *settings)
{
    static const char *all[16];
    int count = 0;
    for (; settings[count]; count++)
        all[count] = settings[count];
    all[count] = "stratified";
    all[count + 1] = "true";
    all[count + 2] = NULL;
    return all;
}

/* The time of example i is in stratum i, counted from noise where t falls with u. Near the ends the distribution
 * functions are so steep or flat that rounding to f32 moves a time by some hundredths of a stratum. */
START_TEST(one_time_in_each_stratum)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    for (int k = 0; k < LAWS; k++) {
        const bool down = strncmp(laws[k].name, "mode", 4) == 0;
        const float *t = draw(network, and_stratified(laws[k].settings));
        double inside = 0;
        for (int i = 0; i < BATCH; i++) {
            const double part = laws[k].below((double)t[i]) * BATCH - (down ? BATCH - 1 - i : i);
            ck_assert_msg(part > -0.05 && part < 1.05, "%s: %d lies %g parts off", laws[k].name, i, part);
            inside += part / BATCH;
        }
        ck_assert_msg(fabs(inside - 0.5) < 5 * sqrt(1.0 / 12 / BATCH), "%s: at %g of their parts", laws[k].name,
                      inside);
    }
    neap_network_release(network);
}
END_TEST

START_TEST(refused)
{
    neap_instance *instance = neap_instance_new(neap_registry_find("objective", "flow_matching"));
    ck_fails_with(neap_instance_set_text(instance, "times", "normal"),
                  "flow_matching: times: expected one of 'uniform', 'logit_normal', 'mode', got text 'normal'");
    ck_fails_with(neap_instance_set_text(instance, "mode_scale", "1.8"),
                  "flow_matching: mode_scale: expected -1 to 1.7519, got 1.8");
    ck_fails_with(neap_instance_set_text(instance, "shift", "0"), "flow_matching: shift: expected 0.01 to 100, got 0");
    neap_instance_release(instance);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("times", open_objectives, run_close, densities, one_time_in_each_stratum, refused);
}
