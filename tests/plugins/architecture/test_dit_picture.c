/*
 * Pictures as conditions of the diffusion transformer, as further channels of its input and as tokens of its context: compared
 * with networks that get the same values in another way; null pictures, gradients, sizes that are refused.
 */
#include "doubles.h"

enum { BATCH = 3, WIDTH = 16 };

#define TINY "size", "8", "channels", "2", "patch", "2", "width", "16", "heads", "2", "depth", "2", "mlp_ratio", "2"
#define CHANNELS TINY, "picture", "channels", "picture_rows", "4", "picture_columns", "2", "picture_channels", "3"
#define TOKENS TINY, "conditioning", "cross", "picture", "tokens", "picture_rows", "4", "picture_columns", "6"

static neap_tensor *pictures(int64_t batch)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, 8, 8, 2));
}

static neap_tensor *times(int64_t batch)
{
    return neap_rand((neap_random){4, 0}, 0, neap_dims(batch));
}

static neap_condition *shown(neap_tensor *picture)
{
    return neap_condition_with(neap_condition_new(neap_dim(picture, 0)), NEAP_PICTURE, picture);
}

static neap_tensor *velocity(neap_network *network, int64_t batch, const neap_condition *c)
{
    neap_tensor *v = neap_network_velocity(network, pictures(batch), times(batch), c);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    return v;
}

/* The largest difference of two tensors of one shape. */
static double apart(neap_tensor *a, neap_tensor *b)
{
    return neap_item(neap_max(neap_abs(neap_sub(a, b)), NULL, 0, false));
}

static neap_tensor *row_of(neap_tensor *x, int64_t row)
{
    return neap_slice(x, 0, row, row + 1);
}

static void copy_parameter(neap_network *to, const char *name, neap_tensor *value)
{
    ck_succeeds(neap_write(neap_model_find(neap_network_model(to), name), NEAP_F32, neap_data(neap_contiguous(value))));
}

/* --- Channels ---------------------------------------------------------------------------------------------------- */

/* A network on pictures of five channels, of which the last three are the resized condition, has the same layers but the last,
 * whose rows for these channels are left out. */
START_TEST(channels_are_input)
{
    neap_network *network = NETWORK("dit", CHANNELS);
    neap_network *wide = NETWORK("dit", TINY, "channels", "5");
    neap_tensor *small = neap_randn((neap_random){5, 0}, 0, neap_dims(BATCH, 4, 2, 3));
    neap_tensor *both[] = {pictures(BATCH), neap_resize(small, 8, 8, NEAP_LINEAR)};
    static const char *const kinds[] = {"final_layer.linear.weight", "final_layer.linear.bias"};
    for (int i = 0; i < 2; i++) {
        neap_tensor *p = neap_model_find(neap_network_model(wide), kinds[i]);
        p = neap_slice(neap_reshape(p, neap_dims(4, 5, i ? 1 : WIDTH)), 1, 0, 2);
        copy_parameter(network, kinds[i], p);
    }
    neap_tensor *v = neap_network_velocity(wide, neap_concat(both, 2, 3), times(BATCH), NULL);
    check_near("velocity", velocity(network, BATCH, shown(small)), neap_contiguous(neap_slice(v, 3, 0, 2)), 1e-6);
    neap_network_release(network);
    neap_network_release(wide);
}
END_TEST

/* --- Tokens ------------------------------------------------------------------------------------------------------ */

/* Attention does not see the order of its keys, so patches that change places change the velocity by their positions. */
START_TEST(tokens_are_patches)
{
    neap_network *network = NETWORK("dit", TOKENS), *moved = NETWORK("dit", TOKENS);
    neap_tensor *picture = neap_randn((neap_random){5, 0}, 0, neap_dims(BATCH, 4, 6, 2));
    neap_tensor *a = velocity(network, BATCH, shown(picture));
    neap_tensor *swapped = neap_concat((neap_tensor *[]){neap_slice(picture, 1, 2, 4), neap_slice(picture, 1, 0, 2)}, 2, 1);
    ck_assert_double_gt(apart(a, velocity(network, BATCH, shown(swapped))), 1e-3); /* other sums alone differ by 1e-6 */
    /* A constant added to every pixel is undone by the bias of the patches. */
    neap_tensor *weight = neap_model_find(neap_network_model(network), "picture_embedder.proj.weight");
    neap_tensor *bias = neap_model_find(neap_network_model(network), "picture_embedder.proj.bias");
    ck_assert(neap_shape_equal(neap_shape_of(weight), neap_dims(WIDTH, 8)));
    copy_parameter(moved, "picture_embedder.proj.bias", neap_sub(bias, neap_affine(neap_sum(weight, (int[]){1}, 1, false), 0.5, 0)));
    check_near("velocity", velocity(moved, BATCH, shown(neap_affine(picture, 1, 0.5))), a, 1e-5);
    neap_network_release(network);
    neap_network_release(moved);
}
END_TEST

/* Row 1 has an empty text, row 2 has not. Both that text and the last patch of the picture change the velocity. */
static void check_both_count(neap_network *network, neap_tensor *picture, neap_tensor *v)
{
    neap_tensor *without = velocity(network, BATCH, shown(picture));
    ck_assert(same_bits(row_of(v, 1), row_of(without, 1)));
    ck_assert_double_gt(apart(row_of(v, 2), row_of(without, 2)), 1e-3);
    neap_tensor *last = neap_slice(neap_slice(picture, 1, 2, 4), 2, 4, 6);
    neap_tensor *change = neap_pad(neap_affine(last, 0, 1), (int64_t[]){0, 0, 2, 0, 4, 0, 0, 0});
    ck_assert_double_gt(apart(without, velocity(network, BATCH, shown(neap_add(picture, change)))), 1e-3);
}

/* Beside a text, tokens of both are keys, and padding of the text stays masked. The pooled vector of the text is left out. */
START_TEST(beside_a_text)
{
    neap_network *network = NETWORK("dit", TOKENS, "text", "12", "text_width", "8", "text_heads", "2", "text_depth", "1");
    neap_tensor *picture = neap_randn((neap_random){5, 0}, 0, neap_dims(BATCH, 4, 6, 2));
    neap_condition *c[2];
    copy_parameter(network, "pooled_embedder.mlp.2.weight", neap_zeros(NEAP_F32, neap_dims(WIDTH, WIDTH)));
    for (int i = 0; i < 2; i++) {
        neap_tensor *text = neap_full(NEAP_U8, neap_dims(BATCH, i ? 12 : 4), 'a');
        neap_tensor *lengths = neap_from(NEAP_I32, neap_dims(BATCH), (const int32_t[]){4, 0, 2});
        c[i] = neap_condition_with(neap_condition_with(shown(picture), NEAP_TEXT, text), NEAP_LENGTHS, lengths);
    }
    neap_tensor *v = velocity(network, BATCH, c[0]);
    ck_assert(same_bits(v, velocity(network, BATCH, c[1])));
    check_both_count(network, picture, v);
    neap_condition *both = neap_condition_join(neap_network_prepare(network, c[0], BATCH), neap_condition_new(BATCH));
    neap_tensor *x = neap_concat((neap_tensor *[]){pictures(BATCH), pictures(BATCH)}, 2, 0);
    neap_tensor *joined = neap_network_velocity(network, x, neap_concat((neap_tensor *[]){times(BATCH), times(BATCH)}, 2, 0), both);
    ck_assert_msg(joined != NULL, "%s", neap_error_message());
    ck_assert(same_bits(neap_slice(joined, 0, 0, BATCH), v));
    ck_assert(same_bits(neap_slice(joined, 0, BATCH, 2 * BATCH), velocity(network, BATCH, neap_condition_new(BATCH))));
    neap_network_release(network);
}
END_TEST

/* --- Both -------------------------------------------------------------------------------------------------------- */

static const char *const *const ways[] = {SETTINGS(CHANNELS), SETTINGS(TOKENS)};
static const neap_extent extents[] = {{4, 2, 3}, {4, 6, 2}};
enum { WAYS = 2 };

static neap_tensor *random_picture(int way, int64_t batch)
{
    const neap_extent *e = &extents[way];
    return neap_randn((neap_random){5, 0}, 0, neap_dims(batch, e->height, e->width, e->channels));
}

static void check_rows(int way)
{
    neap_network *network = shaken_network("dit", ways[way]);
    const neap_spec spec = spec_of(network);
    ck_assert_int_eq(memcmp(&spec.picture, &extents[way], sizeof spec.picture), 0);
    neap_tensor *v = velocity(network, BATCH, shown(random_picture(way, BATCH)));
    ck_assert(same_bits(neap_slice(v, 0, 0, 2), velocity(network, 2, shown(random_picture(way, 2)))));
    neap_tensor *null = velocity(network, BATCH, shown(neap_affine(random_picture(way, BATCH), 0, 0)));
    ck_assert(same_bits(null, velocity(network, BATCH, neap_condition_new(BATCH))) && !same_bits(null, v));
    neap_network_release(network);
}

START_TEST(rows_and_null)
{
    for (int way = 0; way < WAYS; way++)
        check_rows(way);
}
END_TEST

static void check_gradients(int way)
{
    neap_network *network = shaken_network("dit", ways[way]);
    neap_tensor *parameters[64], *gradients[64];
    const neap_model *model = neap_network_model(network);
    const int count = neap_model_count(model);
    ck_assert_int_le(count, 64);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_tensor *loss = neap_mse(velocity(network, BATCH, shown(random_picture(way, BATCH))), pictures(BATCH));
    ck_succeeds(neap_gradients(loss, NULL, parameters, count, 0, gradients));
    for (int i = 0; i < count; i++)
        ck_assert_msg(gradients[i] && !all_zero(gradients[i]), "%s", neap_model_name(model, i));
    neap_network_release(network);
}

START_TEST(gradients_reach_all)
{
    for (int way = 0; way < WAYS; way++)
        check_gradients(way);
}
END_TEST

static void check_sizes(int way)
{
    neap_network *network = shaken_network("dit", ways[way]);
    neap_tensor *odd = neap_zeros(NEAP_F32, neap_dims(BATCH, 4, 4, 2));
    ck_fails_with(!neap_network_velocity(network, pictures(BATCH), times(BATCH), shown(odd)),
                  way ? "dit: picture: expected [3, 4, 6, 2], got f32 [3, 4, 4, 2]"
                     : "dit: picture: expected [3, 4, 2, 3], got f32 [3, 4, 4, 2]");
    neap_network_release(network);
}

START_TEST(other_sizes)
{
    for (int way = 0; way < WAYS; way++)
        check_sizes(way);
}
END_TEST

/* Sizes that are not given are those of the network's pictures. */
START_TEST(default_sizes)
{
    neap_network *network = NETWORK("dit", TINY, "picture", "channels");
    const neap_spec spec = spec_of(network);
    ck_assert(spec.picture.height == 8 && spec.picture.width == 8 && spec.picture.channels == 2);
    ck_assert(!all_zero(velocity(network, BATCH, shown(pictures(BATCH)))));
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("pictures as conditions of dit", run_open, run_close, channels_are_input, tokens_are_patches,
                          beside_a_text, default_sizes, rows_and_null, gradients_reach_all, other_sizes);
}
