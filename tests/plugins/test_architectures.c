/*
 * The architectures dit and mlp: their parameters by name, the published sizes, how they start, and their velocity
 * against the same network written in doubles and the simplest ops.
 */
#include "in_doubles.h"

/* --- Parameters of the diffusion transformer --------------------------------------------------------------------- */

typedef struct size {
    const char *name;
    int64_t width, depth, heads;
    double published; /* millions of parameters, patch 2 (Peebles and Xie 2023, table 1; XL from the code's release) */
    bool built;       /* the larger ones by their formula alone: they fill gigabytes */
} size;

static const size sizes[] = {
    {"S", 384, 12, 6, 33.0, true},
    {"B", 768, 12, 12, 130.5, true},
    {"L", 1024, 24, 16, 458.1, false},
    {"XL", 1152, 28, 16, 675.1, false},
};

enum { PATCH = 2, CHANNELS = 4, CLASSES = 1000, PIXELS = PATCH * PATCH * CHANNELS, TOKENS = 16 * 16 };

/* [out, in] of a linear layer by what its path ends in, in units of the width where `per` says so. */
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

/* All names in their order, one after the other; `each` is told of every one. */
static void walk_names(const size *s, void (*each)(void *user, const char *name, int64_t width), void *user)
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

static void check_built(const size *s, int64_t total)
{
    char width[16], depth[16], heads[16];
    snprintf(width, sizeof width, "%d", (int)s->width);
    snprintf(depth, sizeof depth, "%d", (int)s->depth);
    snprintf(heads, sizeof heads, "%d", (int)s->heads);
    neap_network *network = TRY_NETWORK("dit", "width", width, "depth", depth, "heads", heads, "classes", "1000");
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    name_walk walk = {neap_network_model(network), 0};
    walk_names(s, compare_next, &walk);
    ck_assert_int_eq(neap_model_count(walk.model), walk.index);
    ck_assert_int_eq(neap_model_size(walk.model), total);
    neap_network_free(network);
}

/* The published counts take in the table of positions, which is fixed, and a last layer of twice the width, for
 * variances that are learned beside the noise. */
START_TEST(published_sizes)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size *s = &sizes[i];
        int64_t total = 0;
        walk_names(s, add_size, &total);
        const double millions = 1e-6 * (double)(total + TOKENS * s->width + PIXELS * (s->width + 1));
        ck_assert_msg(fabs(millions - s->published) <= 0.05, "%s: %.2f million parameters, published %.1f", s->name,
                      millions, s->published);
        if (s->built)
            check_built(s, total);
    }
}
END_TEST

/* --- How they start ---------------------------------------------------------------------------------------------- */

#define SMALL_DIT                                                                                                   \
    "rows", "4", "columns", "6", "channels", "2", "patch", "2", "width", "16", "heads", "2", "depth", "2", "classes", \
        "3", "mlp_ratio", "2"
#define SMALL_MLP "rows", "1", "columns", "2", "channels", "3", "classes", "3", "hidden", "9", "time_features", "6"

static bool all_zero(neap_tensor *x)
{
    bool zero = true;
    for (int64_t i = 0; i < neap_size(x); i++)
        zero = zero && floats(x)[i] == 0;
    return zero;
}

static neap_tensor *call(neap_network *network, int64_t batch)
{
    const neap_spec s = neap_network_spec(network);
    static const int32_t labels[] = {2, 0, 3, 1, 1};
    neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(batch, s.height, s.width, s.channels));
    neap_tensor *t = neap_rand((neap_random){4, 0}, 0, neap_dims(batch));
    return neap_network_velocity(network, x, t, neap_from(NEAP_I32, neap_dims(batch), labels));
}

/* Modulations and last layers start at zero (adaLN-Zero), and so does the velocity; nothing else may. */
START_TEST(starts_at_zero)
{
    neap_network *networks[] = {TRY_NETWORK("dit", SMALL_DIT), TRY_NETWORK("mlp", SMALL_MLP)};
    for (int n = 0; n < 2; n++) {
        const neap_model *model = neap_network_model(networks[n]);
        for (int i = 0; i < neap_model_count(model); i++) {
            const char *name = neap_model_name(model, i);
            const bool last = strstr(name, "final") || strstr(name, "out.");
            const bool zero = last || strstr(name, "adaLN") || ends_in(name, "bias", "");
            ck_assert_msg(all_zero(neap_model_tensor(model, i)) == zero, "%s", name);
        }
        neap_tensor *v = call(networks[n], 5);
        ck_assert(v && all_zero(v));
        neap_network_free(networks[n]);
    }
}
END_TEST

/* --- In doubles -------------------------------------------------------------------------------------------------- */

static neap_tensor *swish(neap_tensor *x)
{
    return neap_div(x, neap_affine(neap_exp(neap_neg(x)), 1, 1));
}

/* Part i of n of the channels of [B, n D], as [B, 1, D]. */
static neap_tensor *part(neap_tensor *m, int i, int64_t width)
{
    return neap_reshape(neap_slice(m, 1, i * width, (i + 1) * width), neap_dims(neap_dim(m, 0), 1, width));
}

static neap_tensor *modulate(neap_tensor *x, neap_tensor *shift, neap_tensor *scale)
{
    return neap_add(neap_mul(normalise(x), neap_affine(scale, 1, 1)), shift);
}

static neap_tensor *run_block(const neap_model *model, int i, neap_tensor *x, neap_tensor *c)
{
    const int64_t d = neap_dim(x, 2);
    neap_tensor *m = linear(model, "adaLN_modulation.1", i, c);
    neap_tensor *h = attend(linear(model, "attn.qkv", i, modulate(x, part(m, 0, d), part(m, 1, d))), 2);
    x = neap_add(x, neap_mul(part(m, 2, d), linear(model, "attn.proj", i, h)));
    h = bend(linear(model, "mlp.fc1", i, modulate(x, part(m, 3, d), part(m, 4, d))));
    return neap_add(x, neap_mul(part(m, 5, d), linear(model, "mlp.fc2", i, h)));
}

static neap_tensor *label_rows(const neap_model *model, const char *path, neap_tensor *labels)
{
    return neap_embedding(parameter(model, path, -1, "weight"), labels);
}

static neap_tensor *dit_in_doubles(const neap_model *model, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    neap_tensor *c = linear(model, "t_embedder.mlp.0", -1, neap_time_features(t, 256));
    c = linear(model, "t_embedder.mlp.2", -1, swish(c));
    c = swish(neap_add(c, label_rows(model, "y_embedder.embedding_table", labels)));
    neap_tensor *h = linear(model, "x_embedder.proj", -1, neap_patchify(x, 2));
    h = neap_add(h, neap_cast(neap_grid_positions(2, 3, 16), NEAP_F64));
    for (int i = 0; i < 2; i++)
        h = run_block(model, i, h, c);
    neap_tensor *m = linear(model, "final_layer.adaLN_modulation.1", -1, c);
    h = linear(model, "final_layer.linear", -1, modulate(h, part(m, 0, 16), part(m, 1, 16)));
    return neap_unpatchify(h, 2, 4, 6);
}

static neap_tensor *mlp_in_doubles(const neap_model *model, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    char path[32];
    neap_tensor *parts[] = {neap_reshape(x, neap_dims(-1, 6)), neap_time_features(t, 6),
                            label_rows(model, "labels", labels)};
    neap_tensor *h = neap_concat(parts, 3, 1);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "layers.%d", i);
        h = swish(linear(model, path, -1, h));
    }
    return neap_reshape(linear(model, "out", -1, h), neap_shape_of(x));
}

/* The f32 angles of the time features, up to 1000, are what errs most: by 6e-5. At t = 0 they are exact, which shows
 * how near all else is. */
START_TEST(velocities)
{
    typedef neap_tensor *in_doubles(const neap_model *model, neap_tensor *x, neap_tensor *t, neap_tensor *labels);
    in_doubles *const references[] = {dit_in_doubles, mlp_in_doubles};
    neap_network *networks[] = {NETWORK("dit", SMALL_DIT), NETWORK("mlp", SMALL_MLP)};
    const float instants[] = {0, 1.0f / 1024, 0.25f, 0.71f, 1};
    const int32_t classes[] = {2, 0, 3, 1, 1};
    neap_tensor *t = neap_from(NEAP_F32, neap_dims(5), instants), *labels = neap_from(NEAP_I32, neap_dims(5), classes);
    for (int n = 0; n < 2; n++) {
        const neap_spec s = neap_network_spec(networks[n]);
        const neap_model *model = neap_network_model(networks[n]);
        neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(5, s.height, s.width, s.channels));
        neap_tensor *v = neap_network_velocity(networks[n], x, t, labels);
        neap_tensor *wide = references[n](model, neap_cast(x, NEAP_F64), neap_cast(t, NEAP_F64), labels);
        check_near(n ? "mlp" : "dit", v, wide, 2e-4);
        check_near("t = 0", neap_slice(v, 0, 0, 1), neap_slice(wide, 0, 0, 1), 5e-6);
        ck_assert(!all_zero(v));
        neap_network_free(networks[n]);
    }
}
END_TEST

/* Times beside each other do not mix, and neither do pictures. */
START_TEST(rows_are_apart)
{
    neap_network *networks[] = {NETWORK("dit", SMALL_DIT), NETWORK("mlp", SMALL_MLP)};
    for (int n = 0; n < 2; n++) {
        neap_tensor *few = call(networks[n], 2), *many = call(networks[n], 5);
        ck_assert(same_bits(few, neap_slice(many, 0, 0, 2)));
        neap_network_free(networks[n]);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("architectures", run_open, run_close, published_sizes, starts_at_zero, velocities,
                          rows_are_apart);
}
