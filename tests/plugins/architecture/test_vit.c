/*
 * The architecture vit: settings and parameters, features and logits compared with a second implementation in double
 * precision, and the gradient of every parameter compared with differences of that implementation.
 */
#include "doubles.h"

#define ENDS "rows", "8", "columns", "12", "channels", "2", "classes", "3", "width", "16", "heads", "2", "depth", "2"
#define PLAIN ENDS, "patch", "4", "mlp_ratio", "2"
#define STEM PLAIN, "stem", "5"
#define CONVOLUTIONS STEM, "convolutions", "2"

enum { ROWS = 8, COLUMNS = 12, CHANNELS = 2, CLASSES = 3, WIDTH = 16, DEPTH = 2, HEADS = 2, TOKENS = 2 * 3 };

static neap_tensor *pictures(int64_t batch)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, ROWS, COLUMNS, CHANNELS));
}

/* --- Settings ---------------------------------------------------------------------------------------------------- */

START_TEST(bad_settings)
{
    static const struct {
        const char *settings[9], *message; /* settings end with NULL */
    } bad[] = {
        {{"classes", "3", "patch", "3"}, "vit: patch: expected a divisor of 28 and 28, got 3"},
        {{"classes", "3", "rows", "30", "patch", "4"}, "vit: patch: expected a divisor of 30 and 28, got 4"},
        {{"classes", "3", "patch", "7", "stem", "8"}, "vit: patch: expected a power of two for a stem, got 7"},
        {{"classes", "3", "patch", "1", "stem", "8"}, "vit: patch: expected a power of two for a stem, got 1"},
        {{"classes", "3", "patch", "8", "stem", "8"}, "vit: patch: expected a divisor of 28 and 28, got 8"},
        {{"classes", "3", "convolutions", "1"}, "vit: convolutions: expected 0 without a stem, got 1"},
        {{"classes", "3", "heads", "5"}, "vit: heads: expected a divisor of the width 64, got 5"},
        {{"classes", "3", "width", "6", "heads", "1"}, "vit: width: expected a multiple of 4, got 6"},
        {{NULL}, "vit: classes is required: Number of classes."},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_fails_with(try_network("vit", 1, bad[i].settings) == NULL, bad[i].message);
    neap_instance *instance = DEFAULTS("architecture", "vit");
    ck_fails_with(neap_instance_set_text(instance, "classes", "1"), "vit: classes: expected 2 to 1000000, got 1");
    neap_instance_release(instance);
}
END_TEST

START_TEST(what_it_is)
{
    neap_network *network = TRY_NETWORK("vit", STEM);
    const neap_spec s = spec_of(network);
    ck_assert(s.height == ROWS && s.width == COLUMNS && s.channels == CHANNELS && s.classes == CLASSES);
    ck_fails_with(neap_network_require(network, "euler", (const char *const[]){"velocity", NULL}),
                  "euler needs 'velocity'; vit offers 'features', 'classify'");
    neap_tensor *x = pictures(5);
    ck_assert(neap_shape_equal(neap_shape_of(neap_network_features(network, x)), neap_dims(5, WIDTH)));
    ck_assert(neap_shape_equal(neap_shape_of(neap_network_classify(network, x)), neap_dims(5, CLASSES)));
    ck_fails_with(!neap_network_features(network, neap_slice(x, 1, 0, 4)),
                  "vit: x: expected [5, 8, 12, 2], got [5, 4, 12, 2]");
    ck_fails_with(!neap_network_classify(network, neap_slice(x, 3, 0, 1)),
                  "vit: x: expected [5, 8, 12, 2], got [5, 8, 12, 1]");
    neap_network_release(network);
}
END_TEST

/* --- Parameters -------------------------------------------------------------------------------------------------- */

typedef struct layer {
    const char *path;
    int64_t out, in;
} layer;

static const layer blocks[] = {
    {"attn.qkv", 3 * WIDTH, WIDTH},
    {"attn.proj", WIDTH, WIDTH},
    {"mlp.fc1", 2 * WIDTH, WIDTH},
    {"mlp.fc2", WIDTH, 2 * WIDTH},
};

static void check_linear(const neap_model *model, int index, const char *path, const layer *r)
{
    char name[96];
    snprintf(name, sizeof name, "%s.weight", path);
    ck_assert_str_eq(neap_model_name(model, index), name);
    ck_assert(neap_shape_equal(neap_shape_of(neap_model_tensor(model, index)), neap_dims(r->out, r->in)));
    snprintf(name, sizeof name, "%s.bias", path);
    ck_assert_str_eq(neap_model_name(model, index + 1), name);
    ck_assert(neap_shape_equal(neap_shape_of(neap_model_tensor(model, index + 1)), neap_dims(r->out)));
}

/* Parameters of the tokens, then the blocks, then the head. */
static void check_parameters(const neap_network *network, const layer *first, int count)
{
    const neap_model *model = neap_network_model(network);
    char path[64];
    int index = 0;
    for (int i = 0; i < count; i++, index += 2)
        check_linear(model, index, first[i].path, &first[i]);
    for (int i = 0; i < 4 * DEPTH; i++, index += 2) {
        snprintf(path, sizeof path, "blocks.%d.%s", i / 4, blocks[i % 4].path);
        check_linear(model, index, path, &blocks[i % 4]);
    }
    check_linear(model, index, "head", &(layer){"head", CLASSES, WIDTH});
    ck_assert_int_eq(neap_model_count(model), index + 2);
}

START_TEST(parameters)
{
    static const layer patches[] = {{"patch_embed.proj", WIDTH, 4 * 4 * CHANNELS}};
    static const layer stem[] = {{"stem.0", 5, 16 * CHANNELS}, {"stem.1", 10, 16 * 5}, {"stem.2", WIDTH, 16 * 10}};
    static const layer convolved[] = {
        {"stem.0", 5, 16 * CHANNELS}, {"stem.0.convolutions.0", 5, 9 * 5}, {"stem.0.convolutions.1", 5, 9 * 5},
        {"stem.1", WIDTH, 16 * 5}, {"stem.1.convolutions.0", WIDTH, 9 * WIDTH},
        {"stem.1.convolutions.1", WIDTH, 9 * WIDTH},
    };
    neap_network *plain = TRY_NETWORK("vit", PLAIN), *two = TRY_NETWORK("vit", STEM);
    neap_network *three = TRY_NETWORK("vit", STEM, "rows", "16", "columns", "8", "patch", "8");
    check_parameters(plain, patches, 1);
    check_parameters(two, (const layer[]){stem[0], {"stem.1", WIDTH, 16 * 5}}, 2);
    check_parameters(three, stem, 3);
    neap_network *most = TRY_NETWORK("vit", CONVOLUTIONS);
    check_parameters(most, convolved, 6);
    neap_network_release(plain);
    neap_network_release(two);
    neap_network_release(three);
    neap_network_release(most);
}
END_TEST

/* An untrained classifier gives all classes the same probability. */
START_TEST(starts_undecided)
{
    neap_network *network = TRY_NETWORK("vit", STEM);
    neap_tensor *logits = neap_network_classify(network, pictures(4));
    for (int i = 0; i < 4 * CLASSES; i++)
        ck_assert(floats(logits)[i] == 0);
    neap_network_release(network);
}
END_TEST

static bool build_one(void)
{
    neap_instance *instance = neap_instance_new(neap_registry_find("architecture", "vit"));
    static const char *const settings[] = {CONVOLUTIONS, NULL};
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
    refuse_each(build_one);
}
END_TEST

/* --- In double precision ----------------------------------------------------------------------------------------- */

/* Element of the window around a cell, in the order of the layer's weight; x is [h, w, c]. */
typedef double reader(const double *x, const int64_t size[3], const int64_t at[2], int64_t place);

static double inside(const double *x, const int64_t size[3], int64_t row, int64_t column, int64_t channel)
{
    if (row < 0 || row >= size[0] || column < 0 || column >= size[1])
        return 0;
    return x[(row * size[1] + column) * size[2] + channel];
}

/* The 4 by 4 window around a 2 by 2 patch, as four such patches. */
static double window_at(const double *x, const int64_t size[3], const int64_t at[2], int64_t place)
{
    const int64_t block = place / (4 * size[2]), cell = place / size[2] % 4;
    const int64_t row = 2 * (at[0] + block / 2) + cell / 2 - 1, column = 2 * (at[1] + block % 2) + cell % 2 - 1;
    return inside(x, size, row, column, place % size[2]);
}

static double neighbour_at(const double *x, const int64_t size[3], const int64_t at[2], int64_t place)
{
    const int64_t cell = place / size[2];
    return inside(x, size, at[0] + cell / 3 - 1, at[1] + cell % 3 - 1, place % size[2]);
}

/* The windows around cells at distance `stride`: [B, h / stride, w / stride, cells c]. */
static neap_tensor *windows(neap_tensor *x, int64_t stride, int64_t cells, reader *read)
{
    const int64_t size[] = {neap_dim(x, 1), neap_dim(x, 2), neap_dim(x, 3)}, numbers = cells * size[2];
    const int64_t rows = size[0] / stride, columns = size[1] / stride;
    neap_tensor *result = neap_empty(NEAP_F64, neap_dims(neap_dim(x, 0), rows, columns, numbers));
    const double *from = neap_data(neap_contiguous(x));
    double *to = neap_data(result);
    for (int64_t i = 0; i < neap_size(result); i++) {
        const int64_t cell = i / numbers, at[] = {cell / columns % rows, cell % columns};
        to[i] = read(from + cell / (rows * columns) * size[0] * size[1] * size[2], size, at, i % numbers);
    }
    return result;
}

static neap_tensor *convolve(const neap_model *model, int stage, neap_tensor *x)
{
    char path[64], name[96];
    for (int k = 0;; k++) {
        snprintf(path, sizeof path, "stem.%d.convolutions.%d", stage, k);
        snprintf(name, sizeof name, "%s.weight", path);
        if (!neap_model_find(model, name))
            return x;
        x = neap_add(x, gelu(linear(model, path, -1, windows(normal(x, false), 1, 9, neighbour_at))));
    }
}

static neap_tensor *tokens(const neap_model *model, neap_tensor *x)
{
    if (!neap_model_find(model, "stem.0.weight"))
        return linear(model, "patch_embed.proj", -1, neap_patchify(x, 4));
    x = convolve(model, 0, gelu(linear(model, "stem.0", -1, windows(x, 2, 16, window_at))));
    x = convolve(model, 1, linear(model, "stem.1", -1, windows(x, 2, 16, window_at)));
    return neap_reshape(x, neap_dims(-1, TOKENS, WIDTH));
}

static neap_tensor *attend(const neap_model *model, int block, neap_tensor *x)
{
    neap_tensor *h[3], *product = linear(model, "attn.qkv", block, x);
    for (int i = 0; i < 3; i++) {
        h[i] = neap_slice(product, 2, i * WIDTH, (i + 1) * WIDTH);
        h[i] = neap_permute(neap_reshape(h[i], neap_dims(-1, TOKENS, HEADS, WIDTH / HEADS)), (int[]){0, 2, 1, 3});
    }
    return attended(h);
}

static neap_tensor *features(const neap_model *model, neap_tensor *x)
{
    neap_tensor *h = neap_add(tokens(model, x), neap_cast(neap_grid_positions(2, 3, WIDTH), NEAP_F64));
    for (int i = 0; i < DEPTH; i++) {
        neap_tensor *mixed = attend(model, i, normal(h, false));
        h = neap_add(h, linear(model, "attn.proj", i, mixed));
        neap_tensor *inner = gelu(linear(model, "mlp.fc1", i, normal(h, false)));
        h = neap_add(h, linear(model, "mlp.fc2", i, inner));
    }
    return neap_affine(neap_sum(normal(h, false), (int[]){1}, 1, false), 1 / sqrt(TOKENS), 0);
}

static neap_tensor *logits(const neap_model *model, neap_tensor *x)
{
    return linear(model, "head", -1, features(model, x));
}

/* The error of two dozen layers of f32 products of numbers near 1. */
START_TEST(features_and_logits)
{
    neap_network *networks[] = {NETWORK("vit", PLAIN), NETWORK("vit", STEM), NETWORK("vit", CONVOLUTIONS)};
    for (int n = 0; n < 3; n++) {
        const neap_model *model = neap_network_model(networks[n]);
        neap_tensor *x = pictures(5), *wide = neap_cast(x, NEAP_F64);
        check_near("features", neap_network_features(networks[n], x), features(model, wide), 1e-5);
        check_near("logits", neap_network_classify(networks[n], x), logits(model, wide), 1e-5);
        neap_network_release(networks[n]);
    }
}
END_TEST

/* Rows of a batch do not affect each other, and strided pictures give the same result. */
START_TEST(rows_are_apart)
{
    neap_network *networks[] = {NETWORK("vit", PLAIN), NETWORK("vit", STEM), NETWORK("vit", CONVOLUTIONS)};
    for (int n = 0; n < 3; n++) {
        neap_tensor *x = pictures(5), *all = neap_network_classify(networks[n], x);
        ck_assert(same_bits(neap_network_classify(networks[n], neap_slice(x, 0, 0, 2)), neap_slice(all, 0, 0, 2)));
        neap_tensor *apart = neap_slice(neap_concat((neap_tensor *[]){x, x}, 2, 3), 3, 0, CHANNELS);
        ck_assert(same_bits(neap_network_classify(networks[n], apart), all));
        neap_network_release(networks[n]);
    }
}
END_TEST

/* --- Gradients --------------------------------------------------------------------------------------------------- */

static double mean_square_of_logits(const neap_model *model, neap_tensor *x)
{
    neap_scope scope = neap_scope_open();
    const double value = neap_item(neap_mean(neap_square(logits(model, x)), NULL, 0, false));
    neap_scope_close(scope);
    return value;
}

#define STEP (1.0 / 1024)

/* The loss with parameter p moved along a direction. */
static double loss_at(const neap_model *model, neap_tensor *x, neap_tensor *p, neap_tensor *direction, double by)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *before = neap_affine(p, 1, 0);
    ck_succeeds(neap_write(p, NEAP_F32, neap_data(neap_add(p, neap_affine(direction, by, 0)))));
    const double value = mean_square_of_logits(model, x);
    ck_succeeds(neap_write(p, NEAP_F32, neap_data(before)));
    neap_scope_close(scope);
    return value;
}

/* Along one random direction per parameter. For a step of 1/1024, rounding and the third derivative add up to less
 * than 1e-3. */
static void check_gradient(const neap_model *model, int index, neap_tensor *x, neap_tensor *gradient)
{
    neap_tensor *p = neap_model_tensor(model, index);
    neap_tensor *direction = neap_randn((neap_random){8, 9}, 0, neap_shape_of(p));
    const double along = neap_item(neap_sum(neap_mul(gradient, direction), NULL, 0, false));
    const double up = loss_at(model, x, p, direction, STEP), down = loss_at(model, x, p, direction, -STEP);
    const double expected = (up - down) / (2 * STEP);
    ck_assert_msg(fabs(along - expected) <= 1e-3 * fmax(1, fabs(expected)), "%s: expected %g, got %g",
                  neap_model_name(model, index), expected, along);
    const double length = sqrt(neap_item(neap_sum(neap_square(gradient), NULL, 0, false)));
    ck_assert_msg(length > 1e-3, "%s: the loss does not depend on it", neap_model_name(model, index));
}

START_TEST(gradients)
{
    neap_network *networks[] = {NETWORK("vit", PLAIN), NETWORK("vit", STEM), NETWORK("vit", CONVOLUTIONS)};
    for (int n = 0; n < 3; n++) {
        const neap_model *model = neap_network_model(networks[n]);
        const int count = neap_model_count(model);
        neap_tensor *p[64], *gradient[64], *x = pictures(3);
        for (int i = 0; i < count; i++)
            p[i] = neap_model_tensor(model, i);
        neap_tensor *loss = neap_mean(neap_square(neap_network_classify(networks[n], x)), NULL, 0, false);
        ck_succeeds(neap_gradients(loss, NULL, p, count, 0, gradient));
        neap_record(false);
        for (int i = 0; i < count; i++)
            check_gradient(model, i, neap_cast(x, NEAP_F64), gradient[i]);
        neap_record(true);
        neap_network_release(networks[n]);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vit", run_open, run_close, bad_settings, what_it_is, parameters, starts_undecided,
                          every_allocation_may_fail, features_and_logits, rows_are_apart, gradients);
}
