/*
 * The diffusion transformer with cross-attention: velocities and gradients compared with a second implementation in double
 * precision, with tokens of several lengths; rows that do not depend on their batch; settings that do not agree.
 */
#include "doubles.h"

enum { BATCH = 5, TOKENS = 7, GIVEN = 5, POOLED = 3, WIDTH = 16, HEADS = 2, DEPTH = 2, CLASSES = 3, MOST_PARAMETERS = 64 };

#define PICTURE "rows", "4", "columns", "6", "channels", "2"
#define TINY "patch", "2", "width", "16", "heads", "2", "depth", "2", "mlp_ratio", "2"
#define CROSS PICTURE, TINY, "conditioning", "cross", "tokens", "5"

static const int32_t some_lengths[BATCH] = {7, 3, 0, 1, 5};

static neap_tensor *pictures(int64_t batch)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, 4, 6, 2));
}

/* Time features of t = 0 are exact. */
static neap_tensor *times(int64_t batch)
{
    return neap_zeros(NEAP_F32, neap_dims(batch));
}

/* Tokens [batch, most, GIVEN] with lengths, pooled vectors and labels. Padding is large, and must not count. */
static neap_condition *given(int64_t batch, int64_t most)
{
    neap_tensor *tokens = neap_full(NEAP_F32, neap_dims(batch, most, GIVEN), 1e4);
    neap_tensor *all = neap_randn((neap_random){5, 0}, 0, neap_dims(batch, TOKENS, GIVEN));
    for (int64_t i = 0; i < batch; i++)
        memcpy((float *)neap_data(tokens) + i * most * GIVEN, floats(all) + i * TOKENS * GIVEN,
               (size_t)some_lengths[i] * GIVEN * sizeof(float));
    neap_condition *c = labelled(neap_from(NEAP_I32, neap_dims(batch), (const int32_t[BATCH]){2, 0, CLASSES, 1, 1}));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(batch), some_lengths));
    c = neap_condition_with(c, NEAP_POOLED, neap_randn((neap_random){6, 0}, 0, neap_dims(batch, POOLED)));
    return neap_condition_with(c, NEAP_TOKENS, tokens);
}

/* --- In double precision ----------------------------------------------------------------------------------------- */

static neap_tensor *wide(neap_tensor *x)
{
    return neap_cast(x, NEAP_F64);
}

/* Chunk i of the channels of [B, n D], as [B, 1, D]. */
static neap_tensor *chunk(neap_tensor *m, int i)
{
    return neap_reshape(neap_slice(m, 1, i * WIDTH, (i + 1) * WIDTH), neap_dims(neap_dim(m, 0), 1, WIDTH));
}

static neap_tensor *modulated(neap_tensor *x, neap_tensor *shift, neap_tensor *scale)
{
    return neap_add(neap_mul(normal(x, false), neap_affine(scale, 1, 1)), shift);
}

static neap_tensor *heads_of(neap_tensor *x, int part)
{
    x = neap_slice(x, 2, part * WIDTH, (part + 1) * WIDTH);
    x = neap_reshape(x, neap_dims(neap_dim(x, 0), neap_dim(x, 1), HEADS, WIDTH / HEADS));
    return neap_permute(x, (int[]){0, 2, 1, 3});
}

static neap_tensor *self_attention(const neap_model *model, int block, neap_tensor *x)
{
    neap_tensor *product = linear(model, "attn.qkv", block, x);
    neap_tensor *h[3] = {heads_of(product, 0), heads_of(product, 1), heads_of(product, 2)};
    return linear(model, "attn.proj", block, attended(h));
}

/* mask [B, 1, 1, L]: 1 for tokens that count. A row without any gets 0. */
static neap_tensor *cross_attention(const neap_model *model, int block, neap_tensor *x, neap_tensor *tokens, neap_tensor *mask)
{
    neap_tensor *q = heads_of(linear(model, "cross_attn.q_linear", block, x), 0);
    neap_tensor *product = linear(model, "cross_attn.kv_linear", block, tokens);
    neap_tensor *scores = neap_affine(neap_matmul_t(q, heads_of(product, 0), false, true), 1 / sqrt(WIDTH / HEADS), 0);
    neap_tensor *p = neap_mul(neap_exp(scores), mask);
    p = neap_div(p, neap_affine(neap_sum(p, (int[]){-1}, 1, true), 1, 1e-300));
    neap_tensor *y = neap_permute(neap_matmul(p, heads_of(product, 1)), (int[]){0, 2, 1, 3});
    return linear(model, "cross_attn.proj", block, neap_reshape(y, neap_shape_of(x)));
}

static neap_tensor *mlp(const neap_model *model, int block, neap_tensor *x)
{
    return linear(model, "mlp.fc2", block, gelu(linear(model, "mlp.fc1", block, x)));
}

typedef struct context {
    neap_tensor *modulation, *tokens, *mask;
} context;

static neap_tensor *block_of(const neap_model *model, int i, neap_tensor *x, const context *c)
{
    char name[48];
    snprintf(name, sizeof name, "blocks.%d.scale_shift_table", i);
    neap_tensor *table = wide(neap_model_find(model, name));
    neap_tensor *m = neap_add(c->modulation, neap_reshape(table, neap_dims(1, 6 * WIDTH)));
    x = neap_add(x, neap_mul(chunk(m, 2), self_attention(model, i, modulated(x, chunk(m, 0), chunk(m, 1)))));
    x = neap_add(x, cross_attention(model, i, x, c->tokens, c->mask));
    return neap_add(x, neap_mul(chunk(m, 5), mlp(model, i, modulated(x, chunk(m, 3), chunk(m, 4)))));
}

static neap_tensor *embedded(const neap_model *model, const char *path, neap_tensor *x)
{
    char layer[2][40];
    for (int i = 0; i < 2; i++)
        snprintf(layer[i], sizeof layer[i], "%s.mlp.%d", path, 2 * i);
    return linear(model, layer[1], -1, swish(linear(model, layer[0], -1, x)));
}

static neap_tensor *embedding(const neap_model *model, neap_tensor *t, const neap_condition *c)
{
    neap_tensor *label = neap_embedding(parameter(model, "y_embedder.embedding_table", -1, "weight"),
                                        neap_condition_get(c, NEAP_LABELS));
    neap_tensor *pooled = embedded(model, "pooled_embedder", wide(neap_condition_get(c, NEAP_POOLED)));
    return neap_add(neap_add(embedded(model, "t_embedder", neap_time_features(wide(t), 256)), label), pooled);
}

static neap_tensor *mask_of(neap_tensor *lengths, int64_t most)
{
    neap_tensor *places = neap_reshape(neap_arange(NEAP_F64, 0, 1, most), neap_dims(1, 1, 1, most));
    return wide(neap_lt(places, neap_reshape(wide(lengths), neap_dims(-1, 1, 1, 1))));
}

/* Padding is replaced by zeros: it does not count, and its exponentials would be infinite. */
static context context_of(const neap_model *model, neap_tensor *both, const neap_condition *c)
{
    neap_tensor *tokens = wide(neap_condition_get(c, NEAP_TOKENS));
    neap_tensor *mask = mask_of(neap_condition_get(c, NEAP_LENGTHS), neap_dim(tokens, 1));
    tokens = neap_mul(tokens, neap_reshape(mask, neap_dims(neap_dim(tokens, 0), neap_dim(tokens, 1), 1)));
    tokens = linear(model, "y_embedder.y_proj.fc2", -1, gelu(linear(model, "y_embedder.y_proj.fc1", -1, tokens)));
    return (context){linear(model, "t_block.1", -1, swish(both)), tokens, mask};
}

static neap_tensor *reference(const neap_model *model, neap_tensor *x, neap_tensor *t, const neap_condition *c)
{
    neap_tensor *both = embedding(model, t, c), *h = linear(model, "x_embedder.proj", -1, neap_patchify(wide(x), 2));
    const context all = context_of(model, both, c);
    neap_tensor *table = wide(neap_model_find(model, "final_layer.scale_shift_table"));
    h = neap_add(h, wide(neap_grid_positions(2, 3, WIDTH)));
    for (int i = 0; i < DEPTH; i++)
        h = block_of(model, i, h, &all);
    neap_tensor *m = neap_concat((neap_tensor *[]){both, both}, 2, 1);
    m = neap_add(m, neap_reshape(table, neap_dims(1, 2 * WIDTH)));
    return neap_unpatchify(linear(model, "final_layer.linear", -1, modulated(h, chunk(m, 0), chunk(m, 1))), 2, 4, 6);
}

/* --- Values and gradients ---------------------------------------------------------------------------------------- */

static neap_network *full_network(void)
{
    return NETWORK("dit", CROSS, "pooled", "3", "classes", "3");
}

START_TEST(velocities)
{
    neap_network *network = full_network();
    neap_condition *c = given(BATCH, TOKENS);
    neap_tensor *v = neap_network_velocity(network, pictures(BATCH), times(BATCH), c);
    check_near("velocity", v, reference(neap_network_model(network), pictures(BATCH), times(BATCH), c), 1e-5);
    neap_network_release(network);
}
END_TEST

static void gradients_of(const neap_model *model, neap_tensor *v, neap_tensor **gradients)
{
    neap_tensor *parameters[MOST_PARAMETERS];
    const int count = neap_model_count(model);
    ck_assert_int_le(count, MOST_PARAMETERS);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_tensor *loss = neap_mse(v, neap_cast(pictures(BATCH), neap_dtype_of(v)));
    ck_assert_msg(neap_gradients(loss, NULL, parameters, count, 0, gradients) == 0, "%s", neap_error_message());
}

/* The largest difference, as a share of the largest element of b. */
static double difference(neap_tensor *a, neap_tensor *b)
{
    neap_tensor *most = neap_max(neap_abs(wide(b)), NULL, 0, false);
    neap_tensor *apart = neap_max(neap_abs(neap_sub(wide(a), wide(b))), NULL, 0, false);
    return neap_item(neap_div(apart, most));
}

/* Sums of products in f32 differ by 1e-5 of the largest gradient; a bias of keys has none but rounding, since a softmax does not
 * change when all its arguments do. */
START_TEST(gradients)
{
    neap_network *network = full_network();
    const neap_model *model = neap_network_model(network);
    neap_condition *c = given(BATCH, TOKENS);
    neap_tensor *got[MOST_PARAMETERS], *expected[MOST_PARAMETERS];
    gradients_of(model, neap_network_velocity(network, pictures(BATCH), times(BATCH), c), got);
    gradients_of(model, reference(model, pictures(BATCH), times(BATCH), c), expected);
    for (int i = 0; i < neap_model_count(model); i++) {
        ck_assert_msg(got[i] && expected[i] && !all_zero(got[i]), "%s: no gradient", neap_model_name(model, i));
        const double apart = difference(got[i], expected[i]);
        ck_assert_msg(apart < 2e-5, "%s: gradients differ by %g", neap_model_name(model, i), apart);
    }
    neap_network_release(network);
}
END_TEST

/* --- Rows -------------------------------------------------------------------------------------------------------- */

START_TEST(rows_are_apart)
{
    neap_network *network = full_network();
    neap_tensor *all = neap_network_velocity(network, pictures(BATCH), times(BATCH), given(BATCH, TOKENS));
    neap_tensor *more = neap_network_velocity(network, pictures(BATCH), times(BATCH), given(BATCH, 40));
    neap_tensor *few = neap_network_velocity(network, pictures(2), times(2), given(2, TOKENS));
    ck_assert_msg(all && more && few, "%s", neap_error_message());
    ck_assert(same_bits(all, more));
    ck_assert(same_bits(few, neap_slice(all, 0, 0, 2)));
    neap_network_release(network);
}
END_TEST

/* A missing condition, and null rows, are tokens of length 0. */
START_TEST(null_rows)
{
    neap_network *network = full_network();
    neap_tensor *x = pictures(BATCH), *null = neap_network_velocity(network, x, times(BATCH), NULL);
    neap_condition *both = neap_condition_join(given(BATCH, TOKENS), neap_condition_new(BATCH));
    neap_tensor *v = neap_network_velocity(network, neap_concat((neap_tensor *[]){x, x}, 2, 0), times(2 * BATCH), both);
    ck_assert_msg(v && null, "%s", neap_error_message());
    ck_assert(same_bits(neap_slice(v, 0, BATCH, 2 * BATCH), null) && !same_bits(neap_slice(v, 0, 0, BATCH), null));
    neap_network_release(network);
}
END_TEST

/* --- Initialisation and settings --------------------------------------------------------------------------------- */

/* A new network ignores its tokens, and gives 0: the layer after cross-attention and the last one are zero. */
START_TEST(starts_at_zero)
{
    neap_network *network = TRY_NETWORK("dit", CROSS, "text_heads", "2");
    const neap_model *model = neap_network_model(network);
    for (int i = 0; i < neap_model_count(model); i++) {
        const char *name = neap_model_name(model, i);
        const bool zero = strstr(name, "final_layer.linear") || strstr(name, "cross_attn.proj") || strstr(name, ".bias");
        ck_assert_msg(all_zero(neap_model_tensor(model, i)) == zero, "%s", name);
    }
    ck_assert(all_zero(neap_network_velocity(network, pictures(BATCH), times(BATCH), given(BATCH, TOKENS))));
    neap_network_release(network);
}
END_TEST

START_TEST(works_with_options)
{
    static const char *const options[] = {"qk_norm", "rope", "swiglu", "rms_norm", "interval"};
    for (int i = 0; i < 5; i++) {
        neap_network *network = NETWORK("dit", CROSS, options[i], "true");
        neap_tensor *v = neap_network_velocity(network, pictures(BATCH), times(BATCH), given(BATCH, TOKENS));
        ck_assert_msg(v && !all_zero(v), "%s: %s", options[i], neap_error_message());
        neap_network_release(network);
    }
}
END_TEST

static const struct {
    const char *const settings[8], *message;
} refused[] = {
    {{"conditioning", "cross"}, "dit: conditioning: 'cross' needs text, tokens or picture = 'tokens', got none of them"},
    {{"tokens", "5"}, "dit: tokens: expected 0 unless conditioning is 'cross', got 5"},
    {{"conditioning", "cross", "text", "9", "tokens", "5"}, "dit: tokens: expected 0 beside a text, got 5"},
    {{"text", "9", "pooled", "5"}, "dit: pooled: expected 0 beside a text, got 5"},
    {{"picture", "tokens"}, "dit: picture: expected 'none' or 'channels' unless conditioning is 'cross', got 'tokens'"},
    {{"conditioning", "cross", "picture", "tokens", "picture_rows", "3"},
     "dit: patch: expected a divisor of picture_rows 3 and picture_columns 32, got 2"},
};

START_TEST(refusals)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_fails_with(!try_network("dit", 1, refused[i].settings), refused[i].message);
    neap_network *network = full_network();
    neap_condition *c = neap_condition_with(given(BATCH, TOKENS), NEAP_TOKENS, neap_zeros(NEAP_F32, neap_dims(BATCH, 7, 4)));
    ck_fails_with(!neap_network_velocity(network, pictures(BATCH), times(BATCH), c),
                  "dit: tokens: expected a width of 5, got 4");
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("cross-attention of dit", run_open, run_close, velocities, gradients, rows_are_apart, null_rows,
                          starts_at_zero, works_with_options, refusals);
}
