/* The discriminator of the architecture vae_gan, and networks in the latents, which keep the autoencoder without it. */
#include "vae_gan_test.h"

/* --- The discriminator -------------------------------------------------------------------------------------------- */

START_TEST(offers)
{
    neap_network *both = TRY_NETWORK("vae_gan", SMALL), *alone = TRY_NETWORK("vae_gan", ALONE, SMALL);
    ck_assert(neap_network_offers(both, "discriminate") && !neap_network_offers(alone, "discriminate"));
    ck_assert(neap_network_offers(alone, "encode") && neap_network_offers(alone, "decode") && neap_network_offers(alone, "generate"));
    ck_fails_with(!neap_network_discriminate(alone, pictures(alone, 2), NULL),
                  "the call needs 'discriminate'; vae_gan offers 'generate', 'encode', 'decode'");
    ck_assert_int_eq(count(alone, "discriminator."), 0);
    ck_assert_int_eq(count(both, "") - count(alone, ""), count(both, "discriminator."));
    neap_network_release(both);
    neap_network_release(alone);
}
END_TEST

/* The numbers of parameters and the maps of logits of NLayerDiscriminator. */
START_TEST(discriminators)
{
    static const struct {
        const char *layers, *side;
        int64_t size, map;
    } cases[] = {{"1", "32", 136513, 14}, {"2", "32", 663361, 6}, {"3", "32", 2765633, 2}, {"1", "28", 136513, 12},
                 {"2", "28", 663361, 5}, {"2", "64", 663361, 14}, {"3", "64", 2765633, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_network *network = TRY_NETWORK("vae_gan", "d_layers", cases[i].layers, "rows", cases[i].side, "columns",
                                            cases[i].side, "channels", "3", "width", "8", "groups", "4");
        ck_assert_int_eq(count(network, "discriminator."), cases[i].size);
        check_shape("logits", neap_network_discriminate(network, pictures(network, 2), NULL),
                    neap_dims(2, cases[i].map, cases[i].map, 1));
        neap_network_release(network);
    }
}
END_TEST

/* With its initial weights, N(0, 0.02^2). */
START_TEST(initial_discriminator)
{
    neap_network *network = TRY_NETWORK("vae_gan", SMALL);
    neap_tensor *weight = neap_model_find(neap_network_model(network), "discriminator.main.2.weight");
    const double variance = neap_item(neap_mean(neap_square(weight), NULL, 0, false));
    ck_assert_double_eq_tol(sqrt(variance), 0.02, 0.002); /* 2048 draws: 1.6% each standard error */
    neap_network_release(network);
}
END_TEST

/* In training, batch norm needs two pictures; other norms and sampling need one. */
START_TEST(batches_of_one)
{
    static const char *const norms[] = {"group", "none"};
    neap_network *network = NETWORK("vae_gan", SMALL);
    const bool was = neap_training_set(true);
    ck_fails_with(!neap_network_discriminate(network, pictures(network, 1), NULL),
                  "vae_gan: discriminator: batch norm: expected a batch of at least 2 in training, got 1; d_norm = \"group\" or "
                  "\"none\" takes any batch");
    ck_assert_ptr_nonnull(neap_network_discriminate(network, pictures(network, 2), NULL));
    ck_assert_ptr_nonnull(neap_network_encode(network, pictures(network, 1)));
    for (int i = 0; i < 2; i++) {
        neap_network *other = NETWORK("vae_gan", SMALL, "d_norm", norms[i]);
        ck_assert_ptr_nonnull(neap_network_discriminate(other, pictures(other, 1), NULL));
        neap_network_release(other);
    }
    neap_training_set(was);
    ck_assert_ptr_nonnull(neap_network_discriminate(network, pictures(network, 1), NULL));
    neap_network_release(network);
}
END_TEST

/* --- In the latents of a network with a discriminator ----------------------------------------------------------------- */

static neap_network *flow(void)
{
    return TRY_NETWORK("dit", "rows", "4", "columns", "3", "channels", "4", "patch", "1", "width", "8", "heads", "1", "depth", "1");
}

/* A flow keeps encoder, decoder and statistics, and nothing of the discriminator; the given network stays whole. */
START_TEST(flows_keep_no_discriminator)
{
    neap_network *network = flow(), *given = NETWORK("vae_gan", SMALL);
    neap_instance *objective = DEFAULTS("objective", "flow_matching");
    const float deviation[] = {1, 2, 3, 4};
    ck_succeeds(neap_write(neap_model_find(neap_network_model(given), "latents.deviation"), NEAP_F32, deviation));
    ck_succeeds(neap_network_set_origin(given, "somewhere"));
    neap_network_set_objective(given, objective);
    ck_succeeds(neap_network_set_autoencoder(network, given));
    ck_succeeds(neap_network_set_autoencoder(network, given)); /* in place of the first copy */
    neap_network *kept = neap_network_autoencoder(network);
    ck_assert_int_eq(count(kept, ""), count(given, "") - count(given, "discriminator."));
    ck_assert(!neap_network_offers(kept, "discriminate") && neap_network_offers(given, "discriminate"));
    ck_assert(neap_network_frozen(kept) && !neap_network_frozen(given));
    ck_assert(same_bits(neap_network_encode(kept, pictures(kept, 2)), neap_network_encode(given, pictures(given, 2))));
    ck_assert(same_bits(neap_network_decode(kept, latents(kept, 2)), neap_network_decode(given, latents(given, 2))));
    ck_assert(memcmp(floats(neap_model_find(neap_network_model(kept), "latents.deviation")), deviation, sizeof deviation) == 0);
    ck_assert_str_eq(neap_network_origin(kept), "somewhere");
    ck_assert_ptr_eq(neap_network_objective(kept), objective);
    neap_instance_release(objective);
    neap_network_release(given);
    neap_network_release(network);
}
END_TEST

START_TEST(flows_keep_what_has_no_discriminator)
{
    neap_network *network = flow(), *given = NETWORK("vae_gan", ALONE, SMALL);
    ck_succeeds(neap_network_set_autoencoder(network, given));
    ck_assert_ptr_eq(neap_network_autoencoder(network), given);
    neap_network_release(given);
    neap_network_release(network);
}
END_TEST

static bool enter_latents(void)
{
    static const char *const settings[] = {"rows", "4", "columns", "3", "channels", "4", "patch", "1", "width", "8", "heads", "1",
                                           "depth", "1", NULL};
    static const char *const own[] = {SMALL, "factor", "4", NULL};
    neap_instance *a = neap_instance_new(neap_registry_find("architecture", "dit"));
    neap_instance *b = neap_instance_new(neap_registry_find("architecture", "vae_gan"));
    bool whole = a && b;
    for (int i = 0; whole && settings[i]; i += 2)
        whole = neap_instance_set_text(a, settings[i], settings[i + 1]) == 0;
    for (int i = 0; whole && own[i]; i += 2)
        whole = neap_instance_set_text(b, own[i], own[i + 1]) == 0;
    neap_network *network = whole ? neap_network_new(a, 1) : NULL, *given = network ? neap_network_new(b, 1) : NULL;
    whole = given && neap_network_set_autoencoder(network, given) == 0;
    neap_network_release(network);
    neap_network_release(given);
    neap_instance_release(a);
    neap_instance_release(b);
    return whole;
}

START_TEST(every_allocation_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    refuse_each(enter_latents);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vae_gan, discriminator", run_open, run_close, offers, discriminators, initial_discriminator,
                          batches_of_one, flows_keep_no_discriminator, flows_keep_what_has_no_discriminator,
                          every_allocation_may_fail);
}
