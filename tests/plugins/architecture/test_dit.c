/*
 * The diffusion transformer with each of its options: initialisation, velocity compared with a second implementation
 * in double precision, labels as weights, gradients, mean velocities.
 */
#include "doubles.h"
#include "tests/core/run/training.h"

enum { BATCH = 5, ROWS = 2, COLUMNS = 3, WIDTH = 16, HEADS = 2, CLASSES = 3 };

#define PICTURE "rows", "4", "columns", "6", "channels", "2"
#define TINY "patch", "2", "width", "16", "heads", "2", "depth", "2", "mlp_ratio", "2"

enum { QK_NORM, ROPE, SWIGLU, RMS_NORM, INTERVAL, FLAGS };
static const char *const flags[FLAGS] = {"qk_norm", "rope", "swiglu", "rms_norm", "interval"};

typedef struct variant {
    const char *name;
    bool in_context, flag[FLAGS];
} variant;

#define ALL {true, true, true, true, true}
static const variant variants[] = {
    {"adaln", false, {0}},
    {"adaln, qk_norm", false, {[QK_NORM] = true}},
    {"adaln, rope", false, {[ROPE] = true}},
    {"adaln, swiglu", false, {[SWIGLU] = true}},
    {"adaln, rms_norm", false, {[RMS_NORM] = true}},
    {"adaln, interval", false, {[INTERVAL] = true}},
    {"adaln, all", false, ALL},
    {"in context", true, {0}},
    {"in context, rope", true, {[ROPE] = true}},
    {"in context, rms_norm", true, {[RMS_NORM] = true}},
    {"in context, all", true, ALL},
};
#define VARIANTS ((int)(sizeof variants / sizeof *variants))

/* A new network; `picture` has the settings of sides, channels and classes. */
static neap_network *network_of(const variant *v, const char *const *picture)
{
    const char *settings[40] = {TINY, "conditioning", v->in_context ? "in_context" : "adaln"};
    int count = 0;
    while (settings[count])
        count++;
    for (int i = 0; picture[i]; i++)
        settings[count++] = picture[i];
    for (int i = 0; i < FLAGS; i++)
        if (v->flag[i]) {
            settings[count++] = flags[i];
            settings[count++] = "true";
        }
    neap_network *network = try_network("dit", 1, settings);
    ck_assert_msg(network != NULL, "%s: %s", v->name, neap_error_message());
    return network;
}

static neap_network *fresh(const variant *v, const char *classes)
{
    return network_of(v, SETTINGS(PICTURE, "classes", classes));
}

static neap_network *randomised(const variant *v, const char *classes)
{
    neap_network *network = fresh(v, classes);
    shake(network);
    return network;
}

static neap_tensor *pictures(int64_t batch)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, 4, 6, 2));
}

static neap_tensor *times(int64_t batch)
{
    return neap_from(NEAP_F32, neap_dims(batch), (const float[BATCH]){0, 1.0f / 1024, 0.25f, 0.71f, 1});
}

static neap_tensor *labels_of(int64_t batch)
{
    return neap_from(NEAP_I32, neap_dims(batch), (const int32_t[BATCH]){2, 0, CLASSES, 1, 1});
}

/* --- Initialisation ---------------------------------------------------------------------------------------------- */

/* The last layer and, with adaLN-Zero, the modulations are zero, and so is the velocity. Otherwise only biases may be
 * zero. */
START_TEST(starts_at_zero)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *network = fresh(&variants[n], "3");
        const neap_model *model = neap_network_model(network);
        for (int i = 0; i < neap_model_count(model); i++) {
            const char *name = neap_model_name(model, i);
            const bool zero = strstr(name, "final_layer.linear") || strstr(name, "adaLN") || strstr(name, ".bias");
            ck_assert_msg(all_zero(neap_model_tensor(model, i)) == zero, "%s: %s", variants[n].name, name);
        }
        neap_tensor *x = pictures(BATCH), *v = neap_network_velocity(network, x, times(BATCH), labelled(labels_of(BATCH)));
        ck_assert_msg(v != NULL, "%s: %s", variants[n].name, neap_error_message());
        ck_assert(neap_shape_equal(neap_shape_of(v), neap_shape_of(x)) && all_zero(v));
        neap_network_release(network);
    }
}
END_TEST

/* --- In double precision ----------------------------------------------------------------------------------------- */

/* Chunk i of the channels of [B, n D], as [B, 1, D]. */
static neap_tensor *chunk(neap_tensor *m, int i)
{
    return neap_reshape(neap_slice(m, 1, i * WIDTH, (i + 1) * WIDTH), neap_dims(neap_dim(m, 0), 1, WIDTH));
}

static neap_tensor *modulate(const variant *v, neap_tensor *x, neap_tensor *shift, neap_tensor *scale)
{
    return neap_add(neap_mul(normal(x, v->flag[RMS_NORM]), neap_affine(scale, 1, 1)), shift);
}

static neap_tensor *plain_norm(const neap_model *model, const variant *v, const char *path, int block, neap_tensor *x)
{
    x = neap_mul(normal(x, v->flag[RMS_NORM]), parameter(model, path, block, "weight"));
    return v->flag[RMS_NORM] ? x : neap_add(x, parameter(model, path, block, "bias"));
}

/* Rotates x [B, N, H, d] by the positions of the tokens. Attention depends on differences of positions alone, so the
 * picture may be shifted; not with context tokens, which are at the corner. */
static neap_tensor *rotated(const variant *v, neap_tensor *x)
{
    const int64_t d = WIDTH / HEADS, batch = neap_dim(x, 0), tokens = neap_dim(x, 1);
    neap_tensor *y = neap_affine(x, 1, 0); /* a copy */
    double *out = neap_data(y);
    for (int64_t i = 0; i < batch * tokens * HEADS; i++) {
        const int64_t token = i / HEADS % tokens, row = token / COLUMNS + (v->in_context ? 0 : 5),
                      column = token % COLUMNS + (v->in_context ? 0 : 7);
        for (int64_t k = 0; k < d / 2 && token < ROWS * COLUMNS; k++) {
            const double angle = (double)(k < d / 4 ? row : column) / pow(100, (double)(k % (d / 4)) / (double)(d / 4));
            double *a = out + i * d + k, *b = a + d / 2, old = *a;
            *a = old * cos(angle) - *b * sin(angle);
            *b = *b * cos(angle) + old * sin(angle);
        }
    }
    return y;
}

static neap_tensor *attend(const neap_model *model, const variant *v, int block, neap_tensor *x)
{
    static const char *const gains[] = {"attn.q_norm", "attn.k_norm"};
    const int64_t batch = neap_dim(x, 0), tokens = neap_dim(x, 1), d = WIDTH / HEADS;
    neap_tensor *h[3], *product = linear(model, "attn.qkv", block, x);
    for (int i = 0; i < 3; i++) {
        h[i] = neap_reshape(neap_slice(product, 2, i * WIDTH, (i + 1) * WIDTH), neap_dims(batch, tokens, HEADS, d));
        if (i < 2 && v->flag[QK_NORM])
            h[i] = neap_mul(normal(h[i], true), parameter(model, gains[i], block, "weight"));
        if (i < 2 && v->flag[ROPE])
            h[i] = rotated(v, h[i]);
        h[i] = neap_permute(h[i], (int[]){0, 2, 1, 3});
    }
    return linear(model, "attn.proj", block, attended(h));
}

static neap_tensor *mlp(const neap_model *model, const variant *v, int block, neap_tensor *x)
{
    neap_tensor *h = linear(model, "mlp.fc1", block, x);
    if (v->flag[SWIGLU]) {
        const int64_t inner = neap_dim(h, 2) / 2;
        ck_assert_int_eq(inner, 24); /* two thirds of 32, rounded to a multiple of 8 */
        h = neap_mul(swish(neap_slice(h, 2, 0, inner)), neap_slice(h, 2, inner, 2 * inner));
    } else {
        h = gelu(h);
    }
    return linear(model, "mlp.fc2", block, h);
}

static neap_tensor *modulated_block(const neap_model *model, const variant *v, int i, neap_tensor *x, neap_tensor *c)
{
    neap_tensor *m = linear(model, "adaLN_modulation.1", i, c);
    x = neap_add(x, neap_mul(chunk(m, 2), attend(model, v, i, modulate(v, x, chunk(m, 0), chunk(m, 1)))));
    return neap_add(x, neap_mul(chunk(m, 5), mlp(model, v, i, modulate(v, x, chunk(m, 3), chunk(m, 4)))));
}

static neap_tensor *plain_block(const neap_model *model, const variant *v, int i, neap_tensor *x)
{
    x = neap_add(x, attend(model, v, i, plain_norm(model, v, "norm1", i, x)));
    return neap_add(x, mlp(model, v, i, plain_norm(model, v, "norm2", i, x)));
}

static neap_tensor *embedded(const neap_model *model, const char *path, neap_tensor *features)
{
    char layer[2][32];
    for (int i = 0; i < 2; i++)
        snprintf(layer[i], sizeof layer[i], "%s.mlp.%d", path, 2 * i);
    return linear(model, layer[1], -1, swish(linear(model, layer[0], -1, features)));
}

/* r is used with `interval` only. */
static neap_tensor *time_of(const neap_model *model, const variant *v, neap_tensor *t, neap_tensor *r)
{
    if (!v->flag[INTERVAL])
        return embedded(model, "t_embedder", neap_time_features(t, 256));
    neap_tensor *gap = neap_affine(neap_sub(t, r), 0.01, 0);
    return neap_add(embedded(model, "t_embedder", neap_time_features(neap_affine(t, 0.01, 0), 256)),
                    embedded(model, "gap_embedder", neap_time_features(gap, 256)));
}

/* Context tokens have no position, so here they follow the picture in reverse order. */
static neap_tensor *run_in_context(const neap_model *model, const variant *v, neap_tensor *h, neap_tensor *time,
                                   neap_tensor *label)
{
    const neap_shape token = neap_dims(-1, 1, WIDTH);
    h = neap_concat((neap_tensor *[]){h, neap_reshape(label, token), neap_reshape(time, token)}, 3, 1);
    for (int i = 0; i < 2; i++)
        h = plain_block(model, v, i, h);
    return plain_norm(model, v, "final_layer.norm_final", -1, neap_slice(h, 1, 0, ROWS * COLUMNS));
}

static neap_tensor *run_modulated(const neap_model *model, const variant *v, neap_tensor *h, neap_tensor *time,
                                  neap_tensor *label)
{
    neap_tensor *c = swish(neap_add(time, label));
    for (int i = 0; i < 2; i++)
        h = modulated_block(model, v, i, h, c);
    neap_tensor *m = linear(model, "final_layer.adaLN_modulation.1", -1, c);
    return modulate(v, h, chunk(m, 0), chunk(m, 1));
}

/* x, t, r in f64, weights f32 [B, CLASSES + 1]. */
static neap_tensor *reference(const neap_model *model, const variant *v, neap_tensor *x, neap_tensor *t,
                               neap_tensor *r, neap_tensor *weights)
{
    neap_tensor *label = neap_matmul(neap_cast(weights, NEAP_F64),
                                     parameter(model, "y_embedder.embedding_table", -1, "weight"));
    neap_tensor *h = linear(model, "x_embedder.proj", -1, neap_patchify(x, 2)), *time = time_of(model, v, t, r);
    if (!v->flag[ROPE])
        h = neap_add(h, neap_cast(neap_grid_positions(ROWS, COLUMNS, WIDTH), NEAP_F64));
    h = (v->in_context ? run_in_context : run_modulated)(model, v, h, time, label);
    return neap_unpatchify(linear(model, "final_layer.linear", -1, h), 2, 4, 6);
}

static neap_tensor *wide(neap_tensor *x)
{
    return neap_cast(x, NEAP_F64);
}

/* The f32 angles of the time features, up to 1000, have the largest error: 6e-5. At t = 0 they are exact, so the
 * tolerance there is that of all other ops. */
START_TEST(velocities)
{
    neap_tensor *x = pictures(BATCH), *t = times(BATCH), *labels = labels_of(BATCH);
    neap_tensor *ones = weights_of(labels, CLASSES + 1);
    for (int n = 0; n < VARIANTS; n++) {
        const variant *v = &variants[n];
        neap_network *network = randomised(v, "3");
        neap_tensor *y = neap_network_velocity(network, x, t, labelled(labels));
        neap_tensor *expected = reference(neap_network_model(network), v, wide(x), wide(t), wide(t), ones);
        check_near(v->name, y, expected, 2e-4);
        check_near(v->name, neap_slice(y, 0, 0, 1), neap_slice(expected, 0, 0, 1), 1e-5);
        ck_assert(!all_zero(y));
        neap_network_release(network);
    }
}
END_TEST

/* --- Labels ------------------------------------------------------------------------------------------------------ */

/* A weight of one gives the bits of the label; other weights mix rows of the table. */
START_TEST(labels_as_weights)
{
    neap_tensor *x = pictures(BATCH), *t = neap_zeros(NEAP_F32, neap_dims(BATCH)), *labels = labels_of(BATCH);
    neap_tensor *ones = weights_of(labels, CLASSES + 1);
    neap_tensor *others = weights_of(neap_zeros(NEAP_I32, neap_dims(BATCH)), CLASSES + 1);
    neap_tensor *mixed = neap_add(neap_affine(ones, 0.75, 0), neap_affine(others, 0.25, 0));
    for (int n = 0; n < VARIANTS; n++) {
        const variant *v = &variants[n];
        neap_network *network = randomised(v, "3");
        neap_tensor *hard = neap_network_velocity(network, x, t, labelled(labels));
        neap_tensor *soft = neap_network_velocity(network, x, t, labelled(mixed));
        ck_assert_msg(same_bits(hard, neap_network_velocity(network, x, t, labelled(ones))), "%s", v->name);
        check_near(v->name, soft, reference(neap_network_model(network), v, wide(x), wide(t), wide(t), mixed), 1e-5);
        ck_assert_msg(!same_bits(hard, soft), "%s", v->name);
        neap_network_release(network);
    }
}
END_TEST

/* Rows of a batch do not affect each other, neither times nor pictures. */
START_TEST(rows_are_apart)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *network = randomised(&variants[n], "3");
        neap_tensor *few = neap_network_velocity(network, pictures(2), times(2), labelled(labels_of(2)));
        neap_tensor *many = neap_network_velocity(network, pictures(BATCH), times(BATCH), labelled(labels_of(BATCH)));
        ck_assert_msg(same_bits(few, neap_slice(many, 0, 0, 2)), "%s", variants[n].name);
        neap_network_release(network);
    }
}
END_TEST

/* --- Gradients --------------------------------------------------------------------------------------------------- */

static void check_gradients(const variant *v, neap_network *network)
{
    neap_tensor *parameters[64], *gradients[64], *x = pictures(BATCH);
    const neap_model *model = neap_network_model(network);
    const int count = neap_model_count(model);
    ck_assert_int_le(count, 64);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_tensor *loss = neap_mse(neap_network_velocity(network, x, times(BATCH), NULL), x);
    ck_succeeds(neap_gradients(loss, NULL, parameters, count, 0, gradients));
    for (int i = 0; i < count; i++)
        ck_assert_msg(gradients[i] && !all_zero(gradients[i]), "%s: %s", v->name, neap_model_name(model, i));
}

START_TEST(gradients_reach_all)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *with = randomised(&variants[n], "3"), *without = randomised(&variants[n], "0");
        check_gradients(&variants[n], with);
        check_gradients(&variants[n], without);
        neap_network_release(with);
        neap_network_release(without);
    }
}
END_TEST

/* --- Mean velocities --------------------------------------------------------------------------------------------- */

/* The angles of the time are small, so the error is f32 rounding: 1e-5. */
START_TEST(averages)
{
    neap_tensor *x = pictures(BATCH), *t = times(BATCH), *r = neap_affine(t, 0.5, 0), *labels = labels_of(BATCH);
    neap_tensor *ones = weights_of(labels, CLASSES + 1);
    for (int n = 0; n < VARIANTS; n++) {
        const variant *v = &variants[n];
        neap_network *network = randomised(v, "3");
        neap_tensor *y = neap_network_average(network, x, t, r, labelled(labels));
        if (v->flag[INTERVAL]) {
            check_near(v->name, y, reference(neap_network_model(network), v, wide(x), wide(t), wide(r), ones), 1e-5);
            ck_assert(same_bits(neap_network_average(network, x, t, t, labelled(labels)),
                                neap_network_velocity(network, x, t, labelled(labels))));
        } else {
            ck_fails_with(!y, "dit: average: expected a network with interval = true, got one with a single time");
        }
        neap_network_release(network);
    }
}
END_TEST

/* The objective differentiates a gradient, so every op of the network must have a second derivative. */
START_TEST(mean_flow_trains_it)
{
    for (int n = 0; n < VARIANTS; n++) {
        const variant *v = &variants[n];
        if (!v->flag[INTERVAL])
            continue;
        neap_network *network = network_of(v, SETTINGS("size", "8", "channels", "1"));
        training t = start_training(network, small_shapes(), "mean_flow", &usual_config);
        const snapshot before = snapshot_of(t);
        for (int64_t i = 1; i <= 3; i++)
            ck_assert_msg(isfinite(take_step(t, i).gradient_norm), "%s", v->name);
        for (int i = 0; i < neap_model_count(neap_network_model(t.network)); i++)
            ck_assert_msg(!same_bits(before.copy[i], changeable(t, i)), "%s: %s", v->name,
                          neap_model_name(neap_network_model(t.network), i));
        end_training(t);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("dit", run_open, run_close, starts_at_zero, velocities, labels_as_weights, rows_are_apart,
                          gradients_reach_all, averages, mean_flow_trains_it);
}
