/* The architecture mlp: initialisation, and velocity compared with a second implementation in double precision. */
#include "doubles.h"

enum { BATCH = 5, CLASSES = 3 };

#define SMALL_MLP "rows", "1", "columns", "2", "channels", "3", "classes", "3", "hidden", "9", "time_features", "6"

static neap_tensor *pictures(int64_t batch)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, 1, 2, 3));
}

static neap_tensor *labels_of(int64_t batch)
{
    return neap_from(NEAP_I32, neap_dims(batch), (const int32_t[BATCH]){2, 0, CLASSES, 1, 1});
}

static neap_tensor *call(neap_network *network, int64_t batch)
{
    neap_tensor *t = neap_rand((neap_random){4, 0}, 0, neap_dims(batch));
    return neap_network_velocity(network, pictures(batch), t, labelled(labels_of(batch)));
}

/* The last layer starts at zero, and so does the velocity; otherwise only biases may be zero. */
START_TEST(starts_at_zero)
{
    neap_network *network = TRY_NETWORK("mlp", SMALL_MLP);
    const neap_model *model = neap_network_model(network);
    for (int i = 0; i < neap_model_count(model); i++) {
        const char *name = neap_model_name(model, i);
        const bool zero = strncmp(name, "out.", 4) == 0 || strstr(name, ".bias");
        ck_assert_msg(all_zero(neap_model_tensor(model, i)) == zero, "%s", name);
    }
    neap_tensor *v = call(network, BATCH);
    ck_assert(v && all_zero(v));
    neap_network_release(network);
}
END_TEST

static neap_tensor *reference(const neap_model *model, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    char path[32];
    neap_tensor *rows = neap_embedding(parameter(model, "labels", -1, "weight"), labels);
    neap_tensor *parts[] = {neap_reshape(x, neap_dims(-1, 6)), neap_time_features(t, 6), rows};
    neap_tensor *h = neap_concat(parts, 3, 1);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "layers.%d", i);
        h = swish(linear(model, path, -1, h));
    }
    return neap_reshape(linear(model, "out", -1, h), neap_shape_of(x));
}

/* The f32 angles of the time features, up to 1000, have the largest error: 6e-5. At t = 0 they are exact, so the
 * tolerance there is that of all other ops. */
START_TEST(velocities)
{
    neap_network *network = NETWORK("mlp", SMALL_MLP);
    neap_tensor *x = pictures(BATCH), *labels = labels_of(BATCH);
    neap_tensor *t = neap_from(NEAP_F32, neap_dims(BATCH), (const float[BATCH]){0, 1.0f / 1024, 0.25f, 0.71f, 1});
    neap_tensor *v = neap_network_velocity(network, x, t, labelled(labels));
    neap_tensor *wide = reference(neap_network_model(network), neap_cast(x, NEAP_F64), neap_cast(t, NEAP_F64), labels);
    check_near("mlp", v, wide, 2e-4);
    check_near("t = 0", neap_slice(v, 0, 0, 1), neap_slice(wide, 0, 0, 1), 5e-6);
    ck_assert(!all_zero(v));
    ck_assert(same_bits(v, neap_network_velocity(network, x, t, labelled(weights_of(labels, CLASSES + 1)))));
    neap_network_release(network);
}
END_TEST

/* Rows of a batch do not affect each other, neither times nor points. */
START_TEST(rows_are_apart)
{
    neap_network *network = NETWORK("mlp", SMALL_MLP);
    neap_tensor *few = call(network, 2), *many = call(network, BATCH);
    ck_assert(same_bits(few, neap_slice(many, 0, 0, 2)));
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("mlp", run_open, run_close, starts_at_zero, velocities, rows_are_apart);
}
