/* What architectures share: the linear layer and its fused kin, normalisation, labels, features of the time, positions, patches. */
#include "tests/core/ops/ops_test.h"

#include <neap/nn.h>

static const neap_init normal = {NEAP_INIT_NORMAL, 1};

/* --- The linear layer -------------------------------------------------------------------------------------------- */

typedef struct layers {
    neap_model *model;
    neap_linear_layer layer, plain; /* 4 to 6; plain is the same without its bias */
} layers;

static layers make_layers(void)
{
    layers l = {.model = neap_model_new(3)};
    ck_assert_int_eq(neap_linear_make(&l.layer, l.model, 4, 6, normal, "blocks.%d.attn.qkv", 3), 0);
    ck_assert_int_eq(neap_write(l.layer.bias, NEAP_F64, (double[]){1, -2, 3, -4, 5, -6}), 0);
    l.plain = l.layer;
    l.plain.bias = NULL;
    return l;
}

START_TEST(test_linear_is_made)
{
    neap_linear_layer layer;
    neap_model *model = neap_model_new(3);
    ck_assert_int_eq(neap_linear_make(&layer, model, 4, 6, normal, "blocks.%d.attn.qkv", 3), 0);
    ck_assert_int_eq(neap_model_count(model), 2);
    ck_assert_str_eq(neap_model_name(model, 0), "blocks.3.attn.qkv.weight");
    ck_assert_str_eq(neap_model_name(model, 1), "blocks.3.attn.qkv.bias");
    ck_assert(layer.weight == neap_model_tensor(model, 0) && layer.bias == neap_model_tensor(model, 1));
    ck_assert(neap_shape_equal(neap_shape_of(layer.weight), neap_dims(6, 4)));
    check_values("bias", layer.bias, neap_dims(6), room(6), 0);
    ck_assert_double_gt(neap_item(neap_max(neap_abs(layer.weight), NULL, 0, false)), 0);
    neap_model_free(model);
}
END_TEST

START_TEST(test_linear_is_refused)
{
    char path[201];
    neap_linear_layer layer;
    neap_model *model = neap_model_new(3);
    memset(path, 'p', sizeof path);
    path[200] = '\0';
    ck_assert_int_eq(neap_linear_make(&layer, model, 4, 6, normal, "%s", path), -1);
    check_message("linear: expected a path below 200 bytes, got 200");
    ck_assert_int_eq(neap_model_count(model), 0);
    ck_assert_int_eq(neap_linear_make(&layer, model, 4, 6, normal, "%s", path + 1), 0);
    ck_assert_int_eq(neap_linear_make(&layer, model, 4, 6, normal, "%s", "out"), 0);
    ck_assert_int_eq(neap_linear_make(&layer, model, 4, 6, normal, "%s", "out"), -1);
    check_message("model: parameter 'out.weight' exists already");
    neap_model_free(model);
}
END_TEST

/* Each with and without a bias, against ops that know no layers: sums of a few terms differ in rounding alone. */
START_TEST(test_linear_is_applied)
{
    const layers l = make_layers();
    const neap_shape shape = neap_dims(2, 3, 6);
    neap_tensor *x = random_tensor(neap_dims(2, 3, 4), -1, 1), *residual = random_tensor(shape, -1, 1);
    neap_tensor *gate = random_tensor(neap_dims(2, 6), -1, 1), *gates = neap_reshape(gate, neap_dims(2, 1, 6));
    neap_tensor *products[] = {neap_matmul_t(x, l.layer.weight, false, true), NULL};
    products[1] = neap_add(products[0], l.layer.bias);
    for (int biased = 0; biased < 2; biased++) {
        const neap_linear_layer *layer = biased ? &l.layer : &l.plain;
        neap_tensor *h = products[biased], *gelu = neap_gelu_tanh(h), *gated = neap_add(residual, neap_mul(gates, h));
        check_values("linear", neap_linear_apply(layer, x), shape, values(h), 1e-6);
        check_values("gelu", neap_linear_apply_gelu(layer, x), shape, values(gelu), 1e-6);
        check_values("gated", neap_linear_apply_gated(layer, residual, gate, x), shape, values(gated), 1e-6);
    }
    neap_model_free(l.model);
}
END_TEST

/* Of every kind of call; NULL leaves the first message as it was. */
START_TEST(test_linear_names_itself)
{
    const layers l = make_layers();
    neap_tensor *x = random_tensor(neap_dims(2, 5), -1, 1), *scalar = neap_scalar(1);
    neap_tensor *r = random_tensor(neap_dims(2, 6), -1, 1);
    ck_assert_ptr_null(neap_linear_apply(&l.layer, x));
    check_message("blocks.3.attn.qkv: expected [*, 4], got [2, 5]");
    ck_assert_ptr_null(neap_linear_apply_gelu(&l.plain, x));
    check_message("blocks.3.attn.qkv: expected [*, 4], got [2, 5]");
    ck_assert_ptr_null(neap_linear_apply_gated(&l.layer, r, r, x));
    check_message("blocks.3.attn.qkv: expected [*, 4], got [2, 5]");
    ck_assert_ptr_null(neap_linear_apply(&l.layer, scalar));
    check_message("blocks.3.attn.qkv: expected [*, 4], got []");
    neap_fail("the first");
    ck_assert_ptr_null(neap_linear_apply(&l.layer, neap_linear_apply_gelu(&l.layer, NULL)));
    ck_assert_ptr_null(neap_linear_apply_gated(&l.layer, r, r, NULL));
    check_message("the first");
    neap_model_free(l.model);
}
END_TEST

/* --- Normalisation ----------------------------------------------------------------------------------------------- */

/* Deviations of 1e-3, so that eps matters. Batch norm uses the running statistics, which are still 0 and 1. */
START_TEST(test_norm_uses_its_eps)
{
    neap_model *model = neap_model_new(3);
    neap_norm_layer group, batch;
    ck_assert_int_eq(neap_norm_make(&group, model, 2, 1, "group"), 0);
    ck_assert_int_eq(neap_norm_make(&batch, model, 2, 0, "batch"), 0);
    ck_assert(group.eps == 1e-5 && batch.eps == 1e-5);
    group.eps = batch.eps = 1e-6;
    neap_tensor *x = neap_from(NEAP_F32, neap_dims(1, 1, 2), (const float[]){-1e-3f, 1e-3f});
    const double z = 1e-3 / sqrt(2e-6), small = 1e-3 / sqrt(1 + 1e-6);
    const double silu[] = {-z / (1 + exp(z)), z / (1 + exp(-z))};
    const double frozen[] = {-small / (1 + exp(small)), small / (1 + exp(-small))};
    check_values("group", neap_norm_apply(&group, x, 0.5), neap_dims(1, 1, 2), (double[]){-z / 2, z}, 1e-6);
    check_values("group silu", neap_norm_apply_silu(&group, x), neap_dims(1, 1, 2), silu, 1e-6);
    check_values("batch", neap_norm_apply(&batch, x, 0.5), neap_dims(1, 1, 2), (double[]){-small / 2, small}, 1e-9);
    check_values("batch silu", neap_norm_apply_silu(&batch, x), neap_dims(1, 1, 2), frozen, 1e-9);
    ck_assert_ptr_null(neap_norm_apply_silu(&group, random_tensor(neap_dims(1, 1, 3), -1, 1)));
    check_message("group_norm_silu: expected x [B, .., C], scale and shift [C], got f32 [1, 1, 3], f32 [2], f32 [2], "
                  "groups 1");
    neap_model_free(model);
}
END_TEST

/* --- Labels ------------------------------------------------------------------------------------------------------ */

/* A weight of one beside zeros picks its row exactly; others mix. */
START_TEST(test_labels_pick_and_mix)
{
    neap_tensor *table = neap_from(NEAP_F32, neap_dims(3, 2), (const float[]){1, 2, 30, 40, -500, 600});
    neap_tensor *numbers = neap_from(NEAP_I32, neap_dims(2), (const int32_t[]){2, 0});
    neap_tensor *ones = neap_from(NEAP_F32, neap_dims(2, 3), (const float[]){0, 0, 1, 1, 0, 0});
    neap_tensor *mixed = neap_from(NEAP_F32, neap_dims(2, 3), (const float[]){0.5f, 0.5f, 0, 0, 0.75f, 0.25f});
    const double picked[] = {-500, 600, 1, 2};
    check_values("numbers", neap_label_embedding(table, numbers), neap_dims(2, 2), picked, 0);
    check_values("ones", neap_label_embedding(table, ones), neap_dims(2, 2), picked, 0);
    check_values("mixed", neap_label_embedding(table, mixed), neap_dims(2, 2), (double[]){15.5, 21, -102.5, 180}, 0);
}
END_TEST

START_TEST(test_labels_are_refused)
{
    neap_tensor *table = random_tensor(neap_dims(3, 2), -1, 1);
    ck_assert_ptr_null(neap_label_embedding(table, neap_from(NEAP_I32, neap_dims(1), (const int32_t[]){3})));
    check_message("embedding: index: expected 0 to 2, got 3 at element 0");
    ck_assert_ptr_null(neap_label_embedding(table, random_tensor(neap_dims(1, 4), 0, 1)));
    check_message("matmul: expected [.., m, k] by [.., k, n] (after transposing), got f32 [1, 4], f32 [3, 2]");
    ck_assert_ptr_null(neap_label_embedding(table, neap_label_embedding(NULL, table)));
}
END_TEST

/* --- Time and place ---------------------------------------------------------------------------------------------- */

/* Angles reach 1000, so f32 holds them to within 3e-5 of a turn's radian; doubles see the rate's own rounding. */
START_TEST(test_time_features)
{
    enum { WIDTH = 10, HALF = WIDTH / 2 };
    const double times[] = {0, 0.25, 0.7310585786, 1};
    double expected[4 * WIDTH];
    for (int b = 0; b < 4; b++)
        for (int i = 0; i < HALF; i++) {
            const double angle = 1000 * times[b] / pow(10000, (double)i / HALF);
            expected[b * WIDTH + i] = cos(angle);
            expected[b * WIDTH + HALF + i] = sin(angle);
        }
    neap_tensor *wide = neap_from(NEAP_F64, neap_dims(4), times), *t = neap_cast(wide, NEAP_F32);
    check_values("f32", neap_time_features(t, WIDTH), neap_dims(4, WIDTH), expected, 1e-4);
    check_values("f64", neap_time_features(wide, WIDTH), neap_dims(4, WIDTH), expected, 4e-5);
    ck_assert_int_eq(neap_dtype_of(neap_time_features(wide, WIDTH)), NEAP_F64);
}
END_TEST

START_TEST(test_slow_time_features)
{
    neap_tensor *t = neap_from(NEAP_F32, neap_dims(2), (const float[]){1, 0.25f});
    neap_tensor *slow = neap_from(NEAP_F32, neap_dims(2), (const float[]){0.01f, 0.0025f});
    check_values("slow", neap_slow_time_features(t, 6), neap_dims(2, 6), values(neap_time_features(slow, 6)), 1e-6);
}
END_TEST

START_TEST(test_time_features_are_refused)
{
    neap_tensor *t = neap_zeros(NEAP_F32, neap_dims(2)), *square = neap_zeros(NEAP_F32, neap_dims(2, 2));
    const int64_t widths[] = {7, 0, -2};
    const char *const messages[] = {"time_features: expected t [B] and an even width, got rank 1 and 7",
                                    "time_features: expected t [B] and an even width, got rank 1 and 0",
                                    "time_features: expected t [B] and an even width, got rank 1 and -2"};
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_null(neap_time_features(t, widths[i]));
        check_message(messages[i]);
    }
    ck_assert_ptr_null(neap_time_features(square, 8));
    check_message("time_features: expected t [B] and an even width, got rank 2 and 8");
    ck_assert_ptr_null(neap_time_features(NULL, 8));
}
END_TEST

/* Entry `channel` of one axis's quarter pairs: sines, then cosines. */
static double position_feature(int64_t at, int64_t channel, int64_t half)
{
    const int64_t quarter = half / 2;
    const double angle = (double)at * exp(-log(10000) * (double)(channel % quarter) / (double)quarter);
    return channel < quarter ? sin(angle) : cos(angle);
}

START_TEST(test_grid_positions)
{
    enum { ROWS = 3, COLUMNS = 5, WIDTH = 12, HALF = WIDTH / 2 };
    double expected[ROWS * COLUMNS * WIDTH];
    for (int i = 0; i < ROWS * COLUMNS * WIDTH; i++) {
        const int place = i / WIDTH, channel = i % WIDTH;
        expected[i] = position_feature(channel < HALF ? place % COLUMNS : place / COLUMNS, channel % HALF, HALF);
    }
    check_values("grid", neap_grid_positions(ROWS, COLUMNS, WIDTH), neap_dims(ROWS * COLUMNS, WIDTH), expected, 1e-7);
    ck_assert_ptr_null(neap_grid_positions(2, 2, 6));
    check_message("grid_positions: expected a width that is a multiple of 4, got 6");
    ck_assert_ptr_null(neap_grid_positions(2, 2, 0));
    check_message("grid_positions: expected a width that is a multiple of 4, got 0");
}
END_TEST

/* --- Patches ----------------------------------------------------------------------------------------------------- */

/* Element by element: row and column of the patch, then row and column within it, then the channel. */
START_TEST(test_patchify)
{
    enum { B = 2, H = 6, W = 9, C = 2, P = 3, ALL = B * H * W * C };
    double expected[ALL];
    int at = 0;
    for (int b = 0; b < B; b++)
        for (int row = 0; row < H; row += P)
            for (int column = 0; column < W; column += P)
                for (int i = 0; i < P * P * C; i++)
                    expected[at++] = ((b * H + row + i / (P * C)) * W + column + i / C % P) * C + i % C;
    neap_tensor *x = neap_reshape(neap_arange(NEAP_F32, 0, 1, ALL), neap_dims(B, H, W, C));
    neap_tensor *patches = neap_patchify(x, P);
    check_values("patchify", patches, neap_dims(B, H / P * (W / P), P * P * C), expected, 0);
    check_values("unpatchify", neap_unpatchify(patches, P, H, W), neap_dims(B, H, W, C), values(x), 0);
}
END_TEST

START_TEST(test_patches_of_one)
{
    neap_tensor *x = random_tensor(neap_dims(2, 3, 4, 5), -1, 1), *rows = neap_patchify(x, 1);
    check_values("rows", rows, neap_dims(2, 12, 5), values(x), 0);
    check_values("back", neap_unpatchify(rows, 1, 3, 4), neap_dims(2, 3, 4, 5), values(x), 0);
}
END_TEST

START_TEST(test_patches_are_refused)
{
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(2, 4, 6, 1)), *rows = neap_zeros(NEAP_F32, neap_dims(2, 6, 8));
    static const struct {
        int64_t patch, height, width;
        const char *message;
    } bad[] = {
        {0, 4, 6, "unpatchify: expected height and width divisible by 0, got 4 and 6"},
        {-2, 4, 6, "unpatchify: expected height and width divisible by -2, got 4 and 6"},
        {2, 5, 6, "unpatchify: expected height and width divisible by 2, got 5 and 6"},
        {2, 4, 4, "unpatchify: expected [B, 4, 4 C], got [2, 6, 8]"},
        {3, 6, 9, "unpatchify: expected [B, 6, 9 C], got [2, 6, 8]"},
    };
    for (int i = 0; i < 5; i++) {
        ck_assert_ptr_null(neap_unpatchify(rows, bad[i].patch, bad[i].height, bad[i].width));
        check_message(bad[i].message);
    }
    ck_assert_ptr_null(neap_patchify(x, 4));
    check_message("patchify: expected [B, H, W, C] with H and W divisible by 4, got [2, 4, 6, 1]");
    ck_assert_ptr_null(neap_patchify(x, 0));
    check_message("patchify: expected [B, H, W, C] with H and W divisible by 0, got [2, 4, 6, 1]");
    ck_assert_ptr_null(neap_patchify(rows, 2));
    check_message("patchify: expected [B, H, W, C] with H and W divisible by 2, got [2, 6, 8]");
    ck_assert_ptr_null(neap_unpatchify(x, 2, 4, 6));
    check_message("unpatchify: expected [B, 6, 4 C], got [2, 4, 6, 1]");
    ck_assert_ptr_null(neap_unpatchify(neap_patchify(NULL, 2), 2, 4, 6));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tcase = new_tcase(suite, "layers");
    tcase_add_test(tcase, test_linear_is_made);
    tcase_add_test(tcase, test_linear_is_refused);
    tcase_add_test(tcase, test_linear_is_applied);
    tcase_add_test(tcase, test_linear_names_itself);
    tcase_add_test(tcase, test_norm_uses_its_eps);
    tcase_add_test(tcase, test_labels_pick_and_mix);
    tcase_add_test(tcase, test_labels_are_refused);
    tcase_add_test(tcase, test_time_features);
    tcase_add_test(tcase, test_slow_time_features);
    tcase_add_test(tcase, test_time_features_are_refused);
    tcase_add_test(tcase, test_grid_positions);
    tcase_add_test(tcase, test_patchify);
    tcase_add_test(tcase, test_patches_of_one);
    tcase_add_test(tcase, test_patches_are_refused);
    return run_suite(suite);
}
