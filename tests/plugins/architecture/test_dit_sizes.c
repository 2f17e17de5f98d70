/*
 * Sizes of the diffusion transformer: parameters by name, published counts, presets, patches and picture sizes. Large
 * networks are not built, because they take gigabytes.
 */
#include "tests/core/run/run_test.h"

/* --- Parameters of the diffusion transformer --------------------------------------------------------------------- */

typedef struct size {
    const char *name;
    int64_t width, depth, heads;
    double published; /* millions of parameters, patch 2 (Peebles and Xie 2023, table 1; XL from the code's release) */
} size;

static const size sizes[] = {
    {"S", 384, 12, 6, 33.0},
    {"B", 768, 12, 12, 130.5},
    {"L", 1024, 24, 16, 458.1},
    {"XL", 1152, 28, 16, 675.1},
};
#define SIZES ((int)(sizeof sizes / sizeof *sizes))

enum { PATCH = 2, CHANNELS = 4, CLASSES = 1000, PIXELS = PATCH * PATCH * CHANNELS, TOKENS = 16 * 16 };

/* [out, in] of a linear layer by the end of its path, in units of the width where `per` says so. */
static const struct {
    const char *end;
    int64_t out, in;
    bool out_per_width, in_per_width;
} layers[] = {
    {"attn.qkv", 3, 1, true, true},
    {"attn.proj", 1, 1, true, true},
    {"mlp.fc1", 4, 1, true, true},
    {"mlp.fc2", 1, 4, true, true},
    {"final_layer.adaLN_modulation.1", 2, 1, true, true},
    {"adaLN_modulation.1", 6, 1, true, true},
    {"x_embedder.proj", 1, PIXELS, true, false},
    {"t_embedder.mlp.0", 1, 256, true, false},
    {"t_embedder.mlp.2", 1, 1, true, true},
    {"final_layer.linear", PIXELS, 1, false, true},
};
#define LAYERS ((int)(sizeof layers / sizeof *layers))

static bool ends_in(const char *name, const char *end, const char *after)
{
    char whole[96];
    snprintf(whole, sizeof whole, "%s%s", end, after);
    const size_t length = strlen(name), tail = strlen(whole);
    return length >= tail && strcmp(name + length - tail, whole) == 0;
}

static neap_shape expected_shape(const char *name, int64_t width)
{
    if (strcmp(name, "y_embedder.embedding_table.weight") == 0)
        return neap_dims(CLASSES + 1, width);
    for (int i = 0; i < LAYERS; i++) {
        const int64_t out = layers[i].out * (layers[i].out_per_width ? width : 1);
        const int64_t in = layers[i].in * (layers[i].in_per_width ? width : 1);
        if (ends_in(name, layers[i].end, ".weight"))
            return neap_dims(out, in);
        if (ends_in(name, layers[i].end, ".bias"))
            return neap_dims(out);
    }
    ck_abort_msg("%s: no such parameter", name);
}

/* Calls `each` for every parameter, in order. */
static void for_each_name(const size *s, void (*each)(void *user, const char *name, int64_t width), void *user)
{
    static const char *const first[] = {"x_embedder.proj", "t_embedder.mlp.0", "t_embedder.mlp.2",
                                        "final_layer.adaLN_modulation.1", "final_layer.linear"};
    static const char *const block[] = {"attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "adaLN_modulation.1"};
    static const char *const kinds[] = {"weight", "bias"};
    char name[96];
    each(user, "y_embedder.embedding_table.weight", s->width);
    for (int64_t i = 0; i < 10 * (1 + s->depth); i++) {
        if (i < 10)
            snprintf(name, sizeof name, "%s.%s", first[i / 2], kinds[i % 2]);
        else
            snprintf(name, sizeof name, "blocks.%d.%s.%s", (int)(i / 10) - 1, block[i % 10 / 2], kinds[i % 2]);
        each(user, name, s->width);
    }
}

static void add_size(void *total, const char *name, int64_t width)
{
    *(int64_t *)total += neap_shape_size(expected_shape(name, width));
}

typedef struct name_walk {
    const neap_model *model;
    int index;
} name_walk;

static void compare_next(void *user, const char *name, int64_t width)
{
    name_walk *walk = user;
    const neap_tensor *x = neap_model_tensor(walk->model, walk->index);
    ck_assert_ptr_nonnull(x);
    ck_assert_str_eq(neap_model_name(walk->model, walk->index), name);
    ck_assert_msg(neap_shape_equal(neap_shape_of(x), expected_shape(name, width)), "%s: another shape", name);
    walk->index++;
}

/* --- Counts ------------------------------------------------------------------------------------------------------ */

/* The preset with additional settings `more`, which end with NULL. */
static neap_network *preset_network(const size *s, const char *const *more)
{
    const char *settings[20] = {"preset", s->name, "classes", "1000"};
    int count = 4;
    for (int i = 0; more[i]; i++)
        settings[count++] = more[i];
    neap_network *network = try_network("dit", 1, settings);
    ck_assert_msg(network != NULL, "%s: %s", s->name, neap_error_message());
    return network;
}

static int64_t count_with(const size *s, const char *depth, const char *name, const char *value)
{
    neap_network *network = preset_network(s, SETTINGS("depth", depth, name, value));
    const int64_t count = neap_model_size(neap_network_model(network));
    neap_network_release(network);
    return count;
}

/* The count at the preset's depth, extrapolated from one block and two. */
static int64_t extrapolated(const size *s, const char *name, const char *value)
{
    const int64_t one = count_with(s, "1", name, value), two = count_with(s, "2", name, value);
    return one + (s->depth - 1) * (two - one);
}

/* The published counts include the fixed table of positions and a last layer of twice the width, for learned
 * variances. */
static double as_published(const size *s, int64_t total)
{
    return 1e-6 * (double)(total + TOKENS * s->width + PIXELS * (s->width + 1));
}

START_TEST(published_sizes)
{
    for (int i = 0; i < SIZES; i++) {
        const size *s = &sizes[i];
        int64_t total = 0;
        for_each_name(s, add_size, &total);
        const double millions = as_published(s, total);
        ck_assert_msg(fabs(millions - s->published) <= 0.05, "%s: %.2f million parameters, published %.1f", s->name,
                      millions, s->published);
        ck_assert_int_eq(extrapolated(s, "conditioning", "adaln"), total);
    }
}
END_TEST

/* The default preset, built completely. */
START_TEST(names_of_a_preset)
{
    neap_network *network = TRY_NETWORK("dit", "classes", "1000");
    name_walk walk = {neap_network_model(network), 0};
    for_each_name(&sizes[0], compare_next, &walk);
    ck_assert_int_eq(neap_model_count(walk.model), walk.index);
    neap_network_release(network);
}
END_TEST

/* Per block 12 D^2 and nine biases, as with adaLN, and two norms with gain and shift instead of the modulation. */
static int64_t in_context_size(const size *s)
{
    const int64_t d = s->width, block = 12 * d * d + 9 * d + 4 * d;
    const int64_t condition = (256 * d + d) + (d * d + d) + (CLASSES + 1) * d;
    return s->depth * block + condition + (PIXELS * d + d) + 2 * d + (d * PIXELS + PIXELS);
}

/* The paper gives 449 million for XL/2 (table 4). */
START_TEST(in_context_sizes)
{
    const size *largest = &sizes[SIZES - 1];
    ck_assert_double_eq_tol(as_published(largest, in_context_size(largest)), 449, 0.5);
    ck_assert_int_eq(extrapolated(largest, "conditioning", "in_context"), in_context_size(largest));
}
END_TEST

/* Widths of a gated MLP are rounded to multiples of 8: 3 * 2728 instead of 2 * 4096 for 1024 channels. */
START_TEST(gated_sizes)
{
    for (int i = 0; i < 3; i++) {
        const double plain = (double)count_with(&sizes[i], "1", "swiglu", "false");
        const double gated = (double)count_with(&sizes[i], "1", "swiglu", "true");
        ck_assert_msg(plain != gated && fabs(gated - plain) <= 1e-3 * plain, "%s: %.0f and %.0f", sizes[i].name, plain,
                      gated);
    }
}
END_TEST

/* --- Presets ----------------------------------------------------------------------------------------------------- */

/* With a given width, depth and heads come from the preset; query gains have the width of a head, here 4. */
START_TEST(presets_give_what_is_not_given)
{
    char width[16], last[40], beyond[40];
    for (int i = 0; i < SIZES; i++) {
        const size *s = &sizes[i];
        snprintf(width, sizeof width, "%d", (int)(4 * s->heads));
        snprintf(last, sizeof last, "blocks.%d.attn.q_norm.weight", (int)s->depth - 1);
        snprintf(beyond, sizeof beyond, "blocks.%d.attn.q_norm.weight", (int)s->depth);
        neap_network *network = preset_network(s, SETTINGS("width", width, "qk_norm", "true"));
        const neap_tensor *gain = neap_model_find(neap_network_model(network), last);
        ck_assert(gain && neap_shape_equal(neap_shape_of(gain), neap_dims(4)));
        ck_assert_ptr_null(neap_model_find(neap_network_model(network), beyond));
        neap_network_release(network);
    }
}
END_TEST

START_TEST(unknown_choices)
{
    neap_instance *dit = DEFAULTS("architecture", "dit");
    ck_fails_with(neap_instance_set_text(dit, "preset", "M"),
                  "dit: preset: expected one of 'S', 'B', 'L', 'XL', got text 'M'");
    ck_fails_with(neap_instance_set_text(dit, "conditioning", "crossed"),
                  "dit: conditioning: expected one of 'adaln', 'in_context', 'cross', got text 'crossed'");
    neap_instance_release(dit);
}
END_TEST

/* --- Patches and pictures ---------------------------------------------------------------------------------------- */

static neap_tensor *call(neap_network *network)
{
    const neap_spec s = spec_of(network);
    neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(2, s.height, s.width, s.channels));
    return neap_network_velocity(network, x, neap_rand((neap_random){4, 0}, 0, neap_dims(2)), NULL);
}

/* The default latents, then other sides and channels. */
START_TEST(patches_and_pictures)
{
    static const char *const patches[] = {"1", "2", "4", "8"}, *const pictures[][3] = {
        {"32", "32", "4"}, {"8", "16", "1"}, {"24", "8", "3"}, {"8", "8", "17"}};
    for (int i = 0; i < 16; i++) {
        const char *const *p = pictures[i / 4];
        neap_network *network = NETWORK("dit", "rows", p[0], "columns", p[1], "channels", p[2], "patch", patches[i % 4],
                                        "width", "8", "heads", "2", "depth", "1");
        neap_tensor *v = call(network);
        ck_assert_msg(v != NULL, "%s", neap_error_message());
        ck_assert(neap_shape_equal(neap_shape_of(v), neap_dims(2, atoi(p[0]), atoi(p[1]), atoi(p[2]))));
        neap_network_release(network);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("sizes of dit", run_open, run_close, published_sizes, names_of_a_preset, in_context_sizes,
                          gated_sizes, presets_give_what_is_not_given, unknown_choices, patches_and_pictures);
}
