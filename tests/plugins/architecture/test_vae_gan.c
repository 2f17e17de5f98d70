/*
 * The architecture vae_gan: sizes, names and numbers of parameters, draws from its prior, and bad settings.
 * test_vae_gan_values.c compares values and gradients; test_vae_gan_discriminator.c is about the discriminator.
 */
#include "vae_gan_test.h"

/* --- Sizes -------------------------------------------------------------------------------------------------------- */

static void check_sizes(const char *style, const char *factor, const char *rows, const char *columns, const char *latent)
{
    neap_network *network = TRY_NETWORK("vae_gan", "style", style, "factor", factor, "rows", rows, "columns", columns, "channels",
                                        "3", "latent", latent, "width", "8", "groups", "4", "d_width", "8", "d_layers", "1");
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    const neap_scope scope = neap_scope_open();
    const int64_t h = atoi(rows) / atoi(factor), w = atoi(columns) / atoi(factor), c = atoi(latent);
    const neap_shape shape = neap_dims(2, atoi(rows), atoi(columns), 3);
    const neap_extent e = spec_of(network).latent;
    ck_assert(e.height == h && e.width == w && e.channels == c);
    check_shape("moments", neap_network_encode(network, pictures(network, 2)), neap_dims(2, h, w, 2 * c));
    check_shape("pictures", neap_network_decode(network, latents(network, 2)), shape);
    check_shape("larger", neap_network_decode(network, neap_zeros(NEAP_F32, neap_dims(1, 2 * h, 2 * w, c))),
                neap_dims(1, 2 * shape.dim[1], 2 * shape.dim[2], 3));
    neap_scope_close(scope);
    neap_network_release(network);
}

START_TEST(sizes)
{
    static const char *const styles[] = {"kl", "tiny"};
    for (int i = 0; i < 2; i++) {
        check_sizes(styles[i], "2", "8", "12", "1");
        check_sizes(styles[i], "4", "28", "28", "4");
        check_sizes(styles[i], "4", "12", "20", "3");
        check_sizes(styles[i], "8", "8", "24", "16");
    }
}
END_TEST

/* --- Parameters --------------------------------------------------------------------------------------------------- */

#define COLOUR "channels", "3", "rows", "32", "columns", "32"

/* The numbers of AutoencoderKL with widths 128, 256, 512, 512 (Stable Diffusion) and of some small ones, and of
 * AutoencoderTiny with its defaults. */
START_TEST(numbers_of_parameters)
{
    static const struct {
        const char *factor, *width, *growth;
        int64_t size;
    } small[] = {{"2", "32", "1,2", 624839}, {"4", "32", "", 921031}, {"2", "64", "1,2", 2474279},
                 {"4", "64", "1,2,2", 3656487}, {"4", "64", "1,2,4", 10230183}};
    neap_network *sd = TRY_NETWORK("vae_gan", COLOUR, ALONE, "factor", "8", "width", "128", "growth", "1,2,4,4", "blocks", "2");
    ck_assert_int_eq(count(sd, "encoder."), 34163592);
    ck_assert_int_eq(count(sd, "decoder."), 49490179);
    ck_assert_int_eq(count(sd, "quant_conv.") + count(sd, "post_quant_conv."), 92);
    ck_assert_int_eq(count(sd, ""), 34163592 + 49490179 + 92);
    neap_network_release(sd);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        neap_network *network = TRY_NETWORK("vae_gan", COLOUR, ALONE, "factor", small[i].factor, "width", small[i].width,
                                            "growth", small[i].growth, "attention", "false");
        ck_assert_int_eq(count(network, ""), small[i].size);
        neap_network_release(network);
    }
    neap_network *tiny = TRY_NETWORK("vae_gan", "style", "tiny", COLOUR, ALONE, "factor", "8", "blocks", "3");
    ck_assert_int_eq(count(tiny, "encoder."), 1222532);
    ck_assert_int_eq(count(tiny, "decoder."), 1222531);
    ck_assert_int_eq(count(tiny, ""), 1222532 + 1222531);
    neap_network_release(tiny);
}
END_TEST

/* In the order of AutoencoderKL, but for attentions before blocks in the middle. */
static const char *const kl_names[] = {
    "encoder.conv_in.weight", "encoder.conv_in.bias",
    "encoder.down_blocks.0.resnets.0.norm1.weight", "encoder.down_blocks.0.resnets.0.norm1.bias",
    "encoder.down_blocks.0.resnets.0.conv1.weight", "encoder.down_blocks.0.resnets.0.conv1.bias",
    "encoder.down_blocks.0.resnets.0.norm2.weight", "encoder.down_blocks.0.resnets.0.norm2.bias",
    "encoder.down_blocks.0.resnets.0.conv2.weight", "encoder.down_blocks.0.resnets.0.conv2.bias",
    "encoder.down_blocks.0.downsamplers.0.conv.weight", "encoder.down_blocks.0.downsamplers.0.conv.bias",
    "encoder.down_blocks.1.resnets.0.norm1.weight", "encoder.down_blocks.1.resnets.0.norm1.bias",
    "encoder.down_blocks.1.resnets.0.conv1.weight", "encoder.down_blocks.1.resnets.0.conv1.bias",
    "encoder.down_blocks.1.resnets.0.norm2.weight", "encoder.down_blocks.1.resnets.0.norm2.bias",
    "encoder.down_blocks.1.resnets.0.conv2.weight", "encoder.down_blocks.1.resnets.0.conv2.bias",
    "encoder.down_blocks.1.resnets.0.conv_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.bias",
    "encoder.mid_block.attentions.0.group_norm.weight", "encoder.mid_block.attentions.0.group_norm.bias",
    "encoder.mid_block.attentions.0.to_q.weight", "encoder.mid_block.attentions.0.to_q.bias",
    "encoder.mid_block.attentions.0.to_k.weight", "encoder.mid_block.attentions.0.to_k.bias",
    "encoder.mid_block.attentions.0.to_v.weight", "encoder.mid_block.attentions.0.to_v.bias",
    "encoder.mid_block.attentions.0.to_out.0.weight", "encoder.mid_block.attentions.0.to_out.0.bias",
    "encoder.mid_block.resnets.0.norm1.weight", "encoder.mid_block.resnets.0.norm1.bias",
    "encoder.mid_block.resnets.0.conv1.weight", "encoder.mid_block.resnets.0.conv1.bias",
    "encoder.mid_block.resnets.0.norm2.weight", "encoder.mid_block.resnets.0.norm2.bias",
    "encoder.mid_block.resnets.0.conv2.weight", "encoder.mid_block.resnets.0.conv2.bias",
    "encoder.mid_block.resnets.1.norm1.weight", "encoder.mid_block.resnets.1.norm1.bias",
    "encoder.mid_block.resnets.1.conv1.weight", "encoder.mid_block.resnets.1.conv1.bias",
    "encoder.mid_block.resnets.1.norm2.weight", "encoder.mid_block.resnets.1.norm2.bias",
    "encoder.mid_block.resnets.1.conv2.weight", "encoder.mid_block.resnets.1.conv2.bias",
    "encoder.conv_norm_out.weight", "encoder.conv_norm_out.bias", "encoder.conv_out.weight", "encoder.conv_out.bias",
    "decoder.conv_in.weight", "decoder.conv_in.bias",
    "decoder.up_blocks.0.resnets.0.conv1.weight", "decoder.up_blocks.0.resnets.1.conv2.bias",
    "decoder.up_blocks.0.upsamplers.0.conv.weight", "decoder.up_blocks.0.upsamplers.0.conv.bias",
    "decoder.up_blocks.1.resnets.0.conv_shortcut.weight", "decoder.up_blocks.1.resnets.1.norm1.weight",
    "decoder.mid_block.attentions.0.to_out.0.weight", "decoder.mid_block.resnets.1.conv2.weight",
    "decoder.conv_norm_out.weight", "decoder.conv_norm_out.bias", "decoder.conv_out.weight", "decoder.conv_out.bias",
    "quant_conv.weight", "quant_conv.bias", "post_quant_conv.weight", "post_quant_conv.bias",
    "discriminator.main.0.weight", "discriminator.main.0.bias", "discriminator.main.2.weight", "discriminator.main.3.weight",
    "discriminator.main.3.bias", "discriminator.main.3.running_mean", "discriminator.main.3.running_var",
    "discriminator.main.5.weight", "discriminator.main.6.weight", "discriminator.main.6.bias",
    "discriminator.main.8.weight", "discriminator.main.8.bias",
};
static const char *const kl_absent[] = {
    "encoder.down_blocks.0.resnets.0.conv_shortcut.weight", "encoder.down_blocks.0.resnets.1.conv1.weight",
    "encoder.down_blocks.1.downsamplers.0.conv.weight", "decoder.up_blocks.0.resnets.0.conv_shortcut.weight",
    "decoder.up_blocks.0.resnets.2.conv1.weight", "decoder.up_blocks.1.upsamplers.0.conv.weight",
    "decoder.up_blocks.1.resnets.1.conv_shortcut.weight", "discriminator.main.2.bias", "discriminator.main.5.bias",
};

START_TEST(names)
{
    neap_network *network = TRY_NETWORK("vae_gan", COLOUR, "factor", "2", "width", "8", "groups", "4", "d_width", "8");
    const neap_model *model = neap_network_model(network);
    for (size_t i = 0; i < sizeof kl_names / sizeof *kl_names; i++)
        ck_assert_msg(neap_model_find(model, kl_names[i]) != NULL, "no %s", kl_names[i]);
    for (size_t i = 0; i < sizeof kl_absent / sizeof *kl_absent; i++)
        ck_assert_msg(neap_model_find(model, kl_absent[i]) == NULL, "%s", kl_absent[i]);
    check_shape("strided", neap_model_find(model, "encoder.down_blocks.0.downsamplers.0.conv.weight"), neap_dims(8, 3, 3, 8));
    check_shape("moments", neap_model_find(model, "encoder.conv_out.weight"), neap_dims(8, 3, 3, 16));
    check_shape("queries", neap_model_find(model, "encoder.mid_block.attentions.0.to_q.weight"), neap_dims(16, 16));
    check_shape("logits", neap_model_find(model, "discriminator.main.8.weight"), neap_dims(1, 4, 4, 32));
    neap_network_release(network);
}
END_TEST

/* Each convolution of the tiny style, with its place in the list of layers. */
START_TEST(names_of_tiny)
{
    static const char *const found[] = {
        "encoder.layers.0.weight", "encoder.layers.0.bias", "encoder.layers.1.conv.0.weight", "encoder.layers.1.conv.4.bias",
        "encoder.layers.2.weight", "encoder.layers.3.conv.0.weight", "encoder.layers.4.conv.2.bias", "encoder.layers.5.weight",
        "encoder.layers.5.bias", "decoder.layers.0.weight", "decoder.layers.2.conv.0.weight", "decoder.layers.3.conv.4.weight",
        "decoder.layers.5.weight", "decoder.layers.6.conv.0.bias", "decoder.layers.7.weight", "decoder.layers.7.bias",
    };
    neap_network *network = TRY_NETWORK("vae_gan", "style", "tiny", COLOUR, ALONE, "factor", "2", "width", "8", "blocks", "2");
    const neap_model *model = neap_network_model(network);
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        ck_assert_msg(neap_model_find(model, found[i]) != NULL, "no %s", found[i]);
    ck_assert_ptr_null(neap_model_find(model, "encoder.layers.2.bias"));
    ck_assert_ptr_null(neap_model_find(model, "decoder.layers.5.bias"));
    neap_network_release(network);
}
END_TEST

/* --- Moments and draws -------------------------------------------------------------------------------------------- */

/* Latents of the tiny style have no spread. */
START_TEST(tiny_has_no_spread)
{
    neap_network *network = NETWORK("vae_gan", "style", "tiny", SMALL);
    const float *moments = floats(neap_contiguous(neap_network_encode(network, pictures(network, 2))));
    for (int i = 0; i < 2 * 4 * 3; i++)
        for (int k = 0; k < 4; k++)
            ck_assert(moments[8 * i + 4 + k] == -30 && moments[8 * i + k] != -30);
    neap_network_release(network);
}
END_TEST

/* Decoded latents are bounded: far from 0 they make no difference. */
START_TEST(tiny_bounds_latents)
{
    neap_network *network = NETWORK("vae_gan", "style", "tiny", SMALL);
    neap_tensor *z = latents(network, 1), *far = neap_affine(neap_sign(z), 100, 0), *limit = neap_affine(neap_sign(z), 1000, 0);
    ck_assert(same_bits(neap_network_decode(network, far), neap_network_decode(network, limit)));
    neap_network_release(network);
}
END_TEST

/* The sampler latent decodes draws from N(0, I), whatever the statistics of the latents are. */
static void check_prior(const char *rows, neap_shape shape, const char *factor)
{
    neap_network *network = NETWORK("vae_gan", ALONE, "rows", rows, "columns", rows, "factor", factor, "width", "8", "groups", "4");
    neap_instance *sampler = DEFAULTS("sampler", "latent");
    const neap_sampling s = {.sampler = sampler, .count = 3, .seed = 7, .batch = 2};
    const neap_extent e = spec_of(network).latent;
    ck_assert(neap_shape_equal(neap_network_noise_shape(network, 3), shape));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "latents.mean"), NEAP_F32, (const float[4]){1, 2, 3, 4}));
    neap_tensor *z = neap_sample_noise(7, 0, shape), *drawn = neap_sample(network, &s);
    neap_tensor *decoded = neap_network_decode(network, neap_reshape(z, neap_dims(3, e.height, e.width, e.channels)));
    check_near("prior", drawn, decoded, 1e-5);
    ck_fails_with(!neap_network_generate(network, neap_zeros(NEAP_F32, neap_dims(2, 3)), NULL),
                  shape.rank == 2 ? "vae_gan: z: expected [2, 4], got [2, 3]" : "vae_gan: z: expected [2, 3, 3, 4], got [2, 3]");
    neap_instance_release(sampler);
    neap_network_release(network);
}

START_TEST(prior)
{
    check_prior("12", neap_dims(3, 3, 3, 4), "4");
    check_prior("8", neap_dims(3, 4), "8");
}
END_TEST

START_TEST(prior_takes_no_picture)
{
    neap_network *network = NETWORK("vae_gan", ALONE, SMALL);
    neap_instance *sampler = DEFAULTS("sampler", "latent");
    const neap_sampling s = {.sampler = sampler, .count = 2, .level = 0.5, .picture = pictures(network, 2)};
    ck_fails_with(!neap_sample(network, &s),
                  "sample: latent draws from latents: it takes no picture, level, keep or inversion");
    neap_instance_release(sampler);
    neap_network_release(network);
}
END_TEST

/* --- Bad settings --------------------------------------------------------------------------------------------------- */

START_TEST(refusals)
{
    static const struct {
        const char *settings[9], *message; /* settings end with NULL */
    } bad[] = {
        {{"factor", "3"}, "vae_gan: factor: expected 2, 4 or 8, got 3"},
        {{"rows", "30"}, "vae_gan: rows, columns: expected multiples of the factor 4, got 30 by 28"},
        {{"columns", "28", "factor", "8"}, "vae_gan: rows, columns: expected multiples of the factor 8, got 28 by 28"},
        {{"width", "16"}, "vae_gan: groups: expected a divisor of the width 16 of level 0, got 32"},
        {{"width", "12", "groups", "12", "growth", "1,2,2"}, NULL},
        {{"groups", "64", "growth", "1,2,3"}, NULL},
        {{"groups", "24", "width", "24", "growth", "2,1,2"}, NULL},
        {{"groups", "16", "width", "8", "growth", "2,4,3"}, "vae_gan: groups: expected a divisor of the width 24 of level 2, got 16"},
        {{"d_layers", "3"}, "vae_gan: d_layers: expected at most 2 for pictures of 28 by 28, so that the discriminator has more "
                            "than one logit; got 3"},
        {{"rows", "8", "columns", "8"}, "vae_gan: d_layers: expected at most 1 for pictures of 8 by 8, so that the discriminator "
                                        "has more than one logit; got 2"},
        {{"rows", "4", "columns", "64", "d_layers", "1"},
         "vae_gan: discriminator: expected false: pictures of 4 by 64 are too small for its logits"},
        {{"rows", "4", "columns", "64", ALONE}, NULL},
        {{"d_norm", "group", "d_width", "12"}, "vae_gan: d_width: expected a multiple of 8 for group norm, got 12"},
        {{"style", "tiny", "growth", "1,2,2"}, "vae_gan: growth: expected none: the style tiny has one width; got '1,2,2'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        neap_network *network = try_network("vae_gan", 1, bad[i].settings);
        if (bad[i].message)
            ck_fails_with(network == NULL, bad[i].message);
        else
            ck_assert_msg(network != NULL, "%zu: %s", i, neap_error_message());
        neap_network_release(network);
    }
}
END_TEST

START_TEST(malformed_growth)
{
    static const char *const bad[] = {"1", "1,2", "1,2,2,2", "1,2,", ",1,2", "1,,2", "1,2,0", "1,2,-2", "1,2,+2", " 1,2,2", "1, 2,2",
                                      "1,2,2 ", "1,2,2.5", "1;2;2", "1,2,65", "1,2,99999999999999999999", "a", "1,2,0x2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char message[160];
        snprintf(message, sizeof message, "vae_gan: growth: expected 3 whole numbers from 1 to 64 with commas between them for the "
                 "factor 4, got '%s'", bad[i]);
        ck_fails_with(!TRY_NETWORK("vae_gan", "growth", bad[i]), message);
    }
}
END_TEST

static bool build_small(void)
{
    static const char *const settings[] = {SMALL, "factor", "2", NULL};
    neap_instance *instance = neap_instance_new(neap_registry_find("architecture", "vae_gan"));
    bool whole = instance != NULL;
    for (int i = 0; whole && settings[i]; i += 2)
        whole = neap_instance_set_text(instance, settings[i], settings[i + 1]) == 0;
    neap_network *network = whole ? neap_network_new(instance, 1) : NULL;
    neap_network_release(network);
    neap_instance_release(instance);
    return network != NULL;
}

START_TEST(every_allocation_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    refuse_each(build_small);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vae_gan", run_open, run_close, sizes, numbers_of_parameters, names, names_of_tiny, tiny_has_no_spread,
                          tiny_bounds_latents, prior, prior_takes_no_picture, refusals, malformed_growth,
                          every_allocation_may_fail);
}
