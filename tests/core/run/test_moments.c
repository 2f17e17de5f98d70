/* Training on the moments of latents, which a data set holds in place of the pictures. */
#include "halves.h"

/* --- A data set of moments: those of the ramp, as `halves` encodes it with a log variance of 0 -------------------------- */

typedef struct encoded_config {
    int64_t width; /* of the latents, 2 unless it is to be wrong */
    const char *by;
} encoded_config;

static void *encoded_open(const void *config)
{
    encoded_config *own = neap_calloc(1, sizeof *own);
    if (own)
        *own = *(const encoded_config *)config;
    return own;
}

static int encoded_spec(const void *self, neap_spec *out)
{
    const int64_t width = ((const encoded_config *)self)->width;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = width, .channels = 2, .latent = {1, width, 1}});
}

static int encoded_read(const void *self, int64_t index, const neap_example *out)
{
    const int64_t width = ((const encoded_config *)self)->width;
    for (int k = 0; k < width; k++) {
        const float pixel = (float)(index * (1 + k % 2)) / EXAMPLES;
        out->x[2 * k] = pixel + pixel;
        out->x[2 * k + 1] = 0;
    }
    return 0;
}

static const char *encoded_by(const void *self)
{
    const char *by = ((const encoded_config *)self)->by;
    return by && *by ? by : NULL;
}

static const neap_dataset encoded_functions = {.size = sizeof encoded_functions, .open = encoded_open, .close = neap_free,
                                               .spec = encoded_spec, .count = ramp_count, .read = encoded_read,
                                               .encoded_by = encoded_by};
static const neap_param encoded_params[] = {
    NEAP_INT(encoded_config, width, 2, 1, 9, "Of the latents."),
    NEAP_TEXT(encoded_config, by, "", "A fingerprint."),
    NEAP_PARAMS_END,
};
static const neap_component encoded_components[] = {
    {"dataset/2", "encoded", "Moments.", sizeof(encoded_config), encoded_params, &encoded_functions}, {0}};
static const neap_plugin encoded_plugin = {NEAP_ABI, sizeof encoded_plugin, "encoded", "1", "MIT", "For tests.",
                                           encoded_components};

static void open_all(void)
{
    open_autoencoders();
    ck_succeeds(neap_registry_add(&encoded_plugin, NULL));
}

static neap_network *small_flow(void)
{
    neap_network *network = with_halves(TRY_NETWORK("mlp", "rows", "1", "columns", "2", "channels", "1"), "0");
    set_statistics(neap_network_autoencoder(network), 1, 2);
    return network;
}

/* --- Tests -------------------------------------------------------------------------------------------------------------- */

START_TEST(the_same_bits_as_on_pictures)
{
    char print[NEAP_FINGERPRINT];
    neap_network *first = small_flow(), *second = small_flow();
    neap_network_fingerprint(neap_network_autoencoder(first), print);
    training pictures = start_training(first, COMPONENT("dataset", "ramp", NULL), "flow_matching", &usual_config);
    training moments = start_training(second, COMPONENT("dataset", "encoded", "by", print), "flow_matching", &usual_config);
    for (int i = 1; i <= 3; i++)
        ck_assert_double_eq(take_step(pictures, i).loss, take_step(moments, i).loss);
    const snapshot after = snapshot_of(pictures);
    ck_assert_int_eq(first_change(&after, moments), -1);
    end_training(pictures);
    end_training(moments);
}
END_TEST

static void refuses(neap_network *network, neap_instance *data, const char *message)
{
    training t = start_training(network, data, "flow_matching", &usual_config);
    ck_fails_with(t.trainer == NULL ? -1 : 0, message);
    end_training(t);
}

START_TEST(moments_that_do_not_fit)
{
    char print[NEAP_FINGERPRINT], message[300];
    neap_network *network = small_flow();
    snprintf(message, sizeof message, "mlp: the latents of the data set 'encoded' were encoded by other weights (0123) than "
             "those of the autoencoder halves (%s); encode them anew",
             neap_network_fingerprint(neap_network_autoencoder(network), print));
    refuses(network, COMPONENT("dataset", "encoded", "by", "0123"), message);
    refuses(small_flow(), COMPONENT("dataset", "encoded", "width", "3"),
            "mlp: expects latents [1, 2, 1] of halves; the data set has [1, 3, 1]");
    refuses(TRY_NETWORK("mlp", "rows", "1", "columns", "2", "channels", "1"), COMPONENT("dataset", "encoded", NULL),
            "mlp: the data set 'encoded' has latents; expected their autoencoder");
}
END_TEST

/* It follows the weights, and not the statistics of the latents. */
START_TEST(fingerprints)
{
    char a[NEAP_FINGERPRINT], b[NEAP_FINGERPRINT];
    neap_network *network = TRY_NETWORK("halves", NULL), *other = TRY_NETWORK("halves", NULL);
    ck_assert_str_eq(neap_network_fingerprint(network, a), neap_network_fingerprint(other, b));
    set_statistics(other, 1, 2);
    ck_assert_str_eq(a, neap_network_fingerprint(other, b));
    ck_succeeds(neap_write(neap_model_find(neap_network_model(other), "scale"), NEAP_F64, (double[]){1.0000001}));
    ck_assert_str_ne(a, neap_network_fingerprint(other, b));
    ck_assert_uint_eq(strlen(a), NEAP_FINGERPRINT - 1);
    neap_network_release(network);
    neap_network_release(other);
}
END_TEST

#define SMALL_VAE "rows", "16", "columns", "16", "width", "8", "groups", "4", "d_layers", "1", "discriminator"

/* A flow keeps the autoencoder without its discriminator, and the moments stay valid. */
START_TEST(a_discriminator_does_not_count)
{
    char a[NEAP_FINGERPRINT], b[NEAP_FINGERPRINT];
    neap_network *with = TRY_NETWORK("vae_gan", SMALL_VAE, "true"), *without = TRY_NETWORK("vae_gan", SMALL_VAE, "false");
    ck_assert_int_gt(neap_model_count(neap_network_model(with)), neap_model_count(neap_network_model(without)));
    ck_assert_str_eq(neap_network_fingerprint(with, a), neap_network_fingerprint(without, b));
    neap_network_release(with);
    neap_network_release(without);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("moments", open_all, run_close, the_same_bits_as_on_pictures, moments_that_do_not_fit, fingerprints,
                          a_discriminator_does_not_count);
}
