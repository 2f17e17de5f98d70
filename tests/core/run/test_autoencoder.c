/* Networks in the latents of an autoencoder: encoding, statistics, training, sampling. */
#include "halves.h"

/* v = rate x. */
static neap_network *latent_field(const char *rate, const char *log_variance)
{
    return with_halves(TRY_NETWORK("field", "rate", rate), log_variance);
}

static void same_values(neap_tensor *x, int count, const float *expected)
{
    const float *got = floats(x);
    ck_assert_int_eq(neap_size(x), count);
    for (int i = 0; i < count; i++)
        ck_assert_float_eq_tol(got[i], expected[i], 1e-6f);
}

#define PICTURE(a, b, c, d) neap_from(NEAP_F32, neap_dims(1, 2, 2, 1), (float[]){a, b, c, d})

/* --- Latents ---------------------------------------------------------------------------------------------------------- */

START_TEST(what_does_not_fit_is_refused)
{
    neap_network *network = TRY_NETWORK("field", "rate", "0"), *wide = TRY_NETWORK("halves", "latents", "3");
    ck_fails_with(neap_network_set_autoencoder(network, network),
                  "an autoencoder needs 'encode'; field offers 'velocity'");
    ck_fails_with(neap_network_set_autoencoder(network, wide),
                  "field works on [1, 2, 1]; the latents of halves are [1, 2, 3]");
    ck_assert_ptr_null(neap_network_autoencoder(network));
    neap_network_release(network);
    neap_network_release(wide);
}
END_TEST

START_TEST(pictures_become_latents_and_back)
{
    neap_network *network = latent_field("0", "-30");
    same_values(neap_network_to_latents(network, PICTURE(1, 2, 3, 4), NULL, 0), 2, (float[]){4, 6});
    set_statistics(neap_network_autoencoder(network), 2, 4);
    neap_tensor *z = neap_network_to_latents(network, PICTURE(1, 2, 3, 4), NULL, 0);
    same_values(z, 2, (float[]){0.5f, 1});
    same_values(neap_network_to_pictures(network, z), 4, (float[]){2, 3, 2, 3});
    ck_assert(!neap_requires_grad(z));
    neap_spec shown = {.size = sizeof shown};
    neap_network_picture_spec(network, &shown);
    ck_assert_int_eq(shown.height, 2);
    ck_assert_int_eq(spec_of(network).height, 1);
    neap_network_release(network);
}
END_TEST

/* mean + deviation of the posterior times noise of the row's own number. */
START_TEST(latents_are_drawn_by_row)
{
    const neap_random random = {5, 6};
    neap_network *network = latent_field("0", "0");
    neap_tensor *zeros = neap_zeros(NEAP_F32, neap_dims(3, 2, 2, 1));
    neap_tensor *whole = neap_network_to_latents(network, zeros, &random, 0);
    neap_tensor *last = neap_network_to_latents(network, neap_zeros(NEAP_F32, neap_dims(1, 2, 2, 1)), &random, 2);
    ck_assert(same_bits(whole, neap_randn(random, 0, neap_dims(3, 1, 2, 1))));
    ck_assert(same_bits(last, neap_contiguous(neap_slice(whole, 0, 2, 3))));
    neap_network_release(network);
}
END_TEST

START_TEST(statistics_are_those_of_the_latents)
{
    neap_network *autoencoder = TRY_NETWORK("halves", "log_variance", "-100");
    neap_source *source = open_ramp();
    double mean = 0, square = 0;
    ck_assert(!neap_autoencoder_measured(autoencoder));
    /* 640 examples are whole passes over the ten. */
    ck_succeeds(neap_autoencoder_measure(autoencoder, source, 640, 1));
    for (int i = 0; i < EXAMPLES; i++)
        for (int k = 1; k <= 2; k++) {
            const double z = 2.0 * i * k / EXAMPLES;
            mean += z / (2 * EXAMPLES);
            square += z * z / (2 * EXAMPLES);
        }
    const neap_model *model = neap_network_model(autoencoder);
    ck_assert_double_eq_tol((double)floats(neap_model_find(model, "latents.mean"))[0], mean, 1e-5);
    ck_assert_double_eq_tol((double)floats(neap_model_find(model, "latents.deviation"))[0], sqrt(square - mean * mean), 1e-5);
    ck_assert(neap_autoencoder_measured(autoencoder));
    neap_source_close(source);
    neap_network_release(autoencoder);
}
END_TEST

/* All latents of the picture `number` are equal without a spread. */
START_TEST(constant_channels_are_counted)
{
    neap_network *autoencoder = TRY_NETWORK("halves", "log_variance", "-100");
    const neap_model *model = neap_network_model(autoencoder);
    neap_source *source = open_ramp();
    ck_succeeds(neap_write(neap_model_find(model, "scale"), NEAP_F64, (double[]){0}));
    ck_assert_int_eq(neap_autoencoder_measure(autoencoder, source, 64, 1), 1);
    ck_assert_float_eq(floats(neap_model_find(model, "latents.deviation"))[0], 1);
    neap_source_close(source);
    neap_network_release(autoencoder);
}
END_TEST

START_TEST(latents_that_are_not_finite)
{
    neap_network *autoencoder = TRY_NETWORK("halves", NULL);
    neap_source *source = open_ramp();
    set_statistics(autoencoder, 2, 4);
    ck_succeeds(neap_write(neap_model_find(neap_network_model(autoencoder), "scale"), NEAP_F64, (double[]){(double)NAN}));
    ck_fails_with(neap_autoencoder_measure(autoencoder, source, 64, 1),
                  "halves: channel 0 of the latents has values that are not finite");
    ck_assert_msg(!neap_autoencoder_measured(autoencoder), "former statistics are still in place");
    neap_source_close(source);
    neap_network_release(autoencoder);
}
END_TEST

/* --- Training --------------------------------------------------------------------------------------------------------- */

START_TEST(a_flow_is_trained_in_latents)
{
    neap_network *network = with_halves(TRY_NETWORK("mlp", "rows", "1", "columns", "2", "channels", "1"), "0");
    set_statistics(neap_network_autoencoder(network), 1, 2);
    training t = start_training(network, COMPONENT("dataset", "ramp", NULL), "flow_matching", &usual_config);
    const neap_model *frozen = neap_network_model(neap_network_autoencoder(network));
    for (int i = 1; i <= 3; i++)
        take_step(t, i);
    ck_assert_float_ne(floats(neap_model_find(neap_network_model(network), "out.bias"))[0], 0);
    ck_assert_float_eq(floats(neap_model_find(frozen, "scale"))[0], 1);
    ck_assert(!neap_requires_grad(neap_model_find(frozen, "scale")));
    ck_assert_msg(!saw_training, "a frozen network was called in training");
    end_training(t);
}
END_TEST

START_TEST(a_trainer_compares_pictures)
{
    neap_network *network = latent_field("0", "0");
    training t = start_training(network, COMPONENT("dataset", "toy2d", NULL), "flow_matching", &usual_config);
    ck_assert_ptr_null(t.trainer);
    ck_assert_str_eq(neap_error_message(), "field: expects pictures [2, 2, 1]; the data set has [1, 1, 2]");
    neap_error_clear();
    end_training(t);
    t = start_training(neap_network_keep(TRY_NETWORK("halves", NULL)), COMPONENT("dataset", "ramp", NULL), "flow_matching",
                       &usual_config);
    ck_assert_ptr_null(t.trainer);
    neap_error_clear();
    neap_network_release(t.network);
    end_training(t);
}
END_TEST

START_TEST(statistics_are_usable)
{
    neap_network *network = TRY_NETWORK("field", "rate", "0"), *a = TRY_NETWORK("halves", "latents", "1");
    float *mean = neap_data(neap_model_find(neap_network_model(a), "latents.mean"));
    float *deviation = neap_data(neap_model_find(neap_network_model(a), "latents.deviation"));
    const struct {
        float value;
        const char *message;
    } bad[] = {{NAN, "halves: latents.deviation: expected finite numbers above 0, got nan for channel 0"},
               {INFINITY, "halves: latents.deviation: expected finite numbers above 0, got inf for channel 0"},
               {0, "halves: latents.deviation: expected finite numbers above 0, got 0 for channel 0"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        *deviation = bad[i].value;
        ck_fails_with(neap_network_set_autoencoder(network, a), bad[i].message);
    }
    *deviation = 1, *mean = NAN;
    ck_fails_with(neap_network_set_autoencoder(network, a), "halves: latents.mean: expected finite numbers, got nan for channel 0");
    neap_network_release(a);
    neap_network_release(network);
}
END_TEST

START_TEST(latents_must_be_measured)
{
    training t = start_training(latent_field("0", "0"), COMPONENT("dataset", "ramp", NULL), "flow_matching", &usual_config);
    ck_fails_with(t.trainer == NULL ? -1 : 0, "field: the autoencoder halves has no mean and deviation of its latents; "
                                              "measure them first: autoencoder:measure(data, examples, seed)");
    end_training(t);
}
END_TEST

START_TEST(what_is_frozen_is_not_trained)
{
    neap_network *network = TRY_NETWORK("field", "rate", "0");
    ck_succeeds(neap_network_freeze(network));
    training t = start_training(network, COMPONENT("dataset", "toy2d", NULL), "flow_matching", &usual_config);
    ck_assert_ptr_null(t.trainer);
    ck_assert_str_eq(neap_error_message(), "train: field is frozen: it is a parameter or the autoencoder of another");
    neap_error_clear();
    end_training(t);
}
END_TEST

/* --- Sampling --------------------------------------------------------------------------------------------------------- */

/* Samples are the decoded ones of the same network without an autoencoder. */
START_TEST(samples_are_decoded)
{
    neap_network *plain = TRY_NETWORK("field", "rate", "1"), *network = latent_field("1", "0");
    neap_sampling s = start_sampling("7", NULL, 5);
    s.batch = 2;
    set_statistics(neap_network_autoencoder(network), 2, 4);
    neap_tensor *latents = sample(plain, &s), *pictures = sample(network, &s);
    ck_assert(neap_shape_equal(neap_shape_of(pictures), neap_dims(5, 2, 2, 1)));
    ck_assert(same_bits(pictures, neap_network_to_pictures(network, latents)));
    end_sampling(s);
    neap_network_release(plain);
    neap_network_release(network);
}
END_TEST

/* With no velocity a picture comes back as its decoded mean, mixed with the noise of its level. */
START_TEST(pictures_are_encoded_by_their_means)
{
    neap_network *network = latent_field("0", "0");
    neap_sampling s = start_sampling("2", NULL, 1);
    s.picture = PICTURE(1, 2, 3, 4);
    s.noise = neap_from(NEAP_F32, neap_dims(1, 1, 2, 1), (float[]){8, -8});
    s.level = 0.25;
    same_values(sample(network, &s), 4, (float[]){2.5f, 1.25f, 2.5f, 1.25f}); /* (0.75 z + 0.25 noise) / 2, z = 4, 6 */
    s.picture = neap_zeros(NEAP_F32, neap_dims(1, 1, 2, 1));
    ck_assert_ptr_null(neap_sample(network, &s));
    ck_assert_str_eq(neap_error_message(), "sample: picture: expected f32 [1, 2, 2, 1], got f32 [1, 1, 2, 1]");
    neap_error_clear();
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* A latent is kept where both of its pixels are; a kept pixel ends as it was given, also where its latent is drawn. */
START_TEST(kept_pixels_stay)
{
    neap_network *network = latent_field("0", "0");
    neap_sampling s = start_sampling("2", NULL, 1);
    s.picture = PICTURE(1, 2, 3, 4);
    s.keep = PICTURE(1, 1, 1, 0);
    s.noise = neap_from(NEAP_F32, neap_dims(1, 1, 2, 1), (float[]){8, -8});
    same_values(sample(network, &s), 4, (float[]){1, 2, 3, -4});
    s.keep = PICTURE(0, 1, 1, 0);
    same_values(sample(network, &s), 4, (float[]){4, 2, 3, -4});
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* An inversion gives noise, of which there is no picture. */
START_TEST(an_inversion_gives_latent_noise)
{
    neap_network *network = latent_field("0", "0");
    neap_sampling s = start_sampling("2", NULL, 1);
    s.picture = PICTURE(1, 2, 3, 4);
    s.invert = true;
    neap_tensor *noise = sample(network, &s);
    ck_assert(neap_shape_equal(neap_shape_of(noise), neap_dims(1, 1, 2, 1)));
    same_values(noise, 2, (float[]){4, 6});
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("autoencoder", open_autoencoders, run_close, what_does_not_fit_is_refused,
                          pictures_become_latents_and_back, latents_are_drawn_by_row, statistics_are_those_of_the_latents,
                          constant_channels_are_counted, latents_that_are_not_finite, a_flow_is_trained_in_latents,
                          a_trainer_compares_pictures, latents_must_be_measured, statistics_are_usable,
                          what_is_frozen_is_not_trained, samples_are_decoded, pictures_are_encoded_by_their_means, kept_pixels_stay,
                          an_inversion_gives_latent_noise);
}
