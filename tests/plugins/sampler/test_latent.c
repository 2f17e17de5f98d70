/* The sampler latent: truncated latents, which the generator of this test returns as pictures; and labels. */
#include <neap/sampling.h>

#include "tests/core/run/run_test.h"

#define WIDTH 4

typedef struct echo_config {
    int64_t classes;
} echo_config;

typedef struct echo {
    const echo_config *config;
} echo;

static void *echo_build(const void *config, neap_model *model)
{
    echo *e = neap_calloc(1, sizeof *e);
    if (e)
        e->config = config;
    return e && neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "generator.unused") ? e : NULL;
}

static int echo_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = WIDTH, .latent = {1, 1, WIDTH},
                                           .classes = ((const echo *)self)->config->classes});
}

static neap_tensor *echo_generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    (void)self, (void)condition;
    return neap_reshape(z, neap_dims(-1, 1, 1, WIDTH));
}

static const neap_architecture functions = {.size = sizeof functions, .build = echo_build, .destroy = neap_free,
                                            .spec = echo_spec, .generate = echo_generate};
static const neap_param params[] = {NEAP_INT(echo_config, classes, 0, 0, 10, "Classes."), NEAP_PARAMS_END};
static const neap_component components[] = {
    {"architecture/2", "echo", "Latents as pictures.", sizeof(echo_config), params, &functions}, {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_echo(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

/* The sampler's output for `count` rows of noise. */
static const float *truncated(const char *bound, const float *noise, int64_t count)
{
    neap_network *network = TRY_NETWORK("echo", NULL);
    neap_instance *sampler = COMPONENT("sampler", "latent", "truncation", bound);
    const neap_sampling s = {.sampler = sampler, .count = count,
                             .noise = neap_from(NEAP_F32, neap_dims(count, WIDTH), noise)};
    const float *x = floats(neap_sample(network, &s));
    neap_instance_release(sampler);
    neap_network_release(network);
    return x;
}

static double phi(double x)
{
    return erfc(-x * sqrt(0.5)) / 2;
}

/* The quantile of y in the normal distribution truncated to [-c, c] is the quantile of z in the whole one. */
START_TEST(truncation_keeps_quantiles)
{
    static const char *const bounds[] = {"0.04", "0.5", "1", "3", "8"};
    static const float z[] = {-5, -2, -1, -0.5f, -0.1f, -1e-4f, 0, 1e-4f, 0.2f, 0.7f, 1.5f, 4};
    for (int b = 0; b < 5; b++) {
        const double c = strtod(bounds[b], NULL), inside = erf(c * sqrt(0.5));
        const float *y = truncated(bounds[b], z, 3);
        for (int i = 0; i < 12; i++) {
            ck_assert_double_le(fabs((double)y[i]), c);
            ck_assert_double_eq_tol((phi((double)y[i]) - phi(-c)) / inside, phi((double)z[i]), 1e-6);
            ck_assert(i == 0 || y[i] > y[i - 1]);
        }
    }
}
END_TEST

START_TEST(bounds_far_out_change_nothing)
{
    static const float z[] = {-9, -6, -1, -0.25f, 0, 0.25f, 6, 9};
    const float *far = truncated("100", z, 2), *none = truncated("0", z, 2);
    for (int i = 0; i < 8; i++) {
        ck_assert_double_eq_tol((double)far[i], (double)z[i], 1e-6);
        ck_assert(none[i] == z[i]);
    }
}
END_TEST

/* In every row, so that interpolation works and one noise can be drawn in all classes. */
START_TEST(equal_latents_stay_equal)
{
    static const float z[] = {0.3f, -2, 1.1f, 5, 0.3f, -2, 1.1f, 5};
    const float *y = truncated("0.8", z, 2);
    ck_assert_mem_eq(y, y + WIDTH, WIDTH * sizeof *y);
    ck_assert(isnan(truncated("0.8", (const float[]){NAN, 0, 0, 0}, 1)[0]));
}
END_TEST

START_TEST(classes_want_labels)
{
    const int32_t labels[] = {2, 0};
    neap_network *network = TRY_NETWORK("echo", "classes", "3");
    neap_instance *sampler = DEFAULTS("sampler", "latent");
    neap_sampling s = {.sampler = sampler, .count = 2};
    ck_fails_with(!neap_sample(network, &s), "sample: latent draws by class: expected labels");
    s.condition = labelled(neap_from(NEAP_I32, neap_dims(2), labels));
    ck_assert_ptr_nonnull(neap_sample(network, &s));
    neap_instance_release(sampler);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("latent", open_echo, run_close, truncation_keeps_quantiles, bounds_far_out_change_nothing,
                          equal_latents_stay_equal, classes_want_labels);
}
