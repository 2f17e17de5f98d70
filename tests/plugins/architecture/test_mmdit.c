/*
 * The diffusion transformer with joint attention: initialisation, velocity and gradients compared with a second implementation in
 * double precision that has no padding, rows that do not depend on their batch, texts, parameters, bad input.
 */
#include "doubles.h"
#include "tests/core/run/training.h"

enum { BATCH = 4, ROWS = 2, COLUMNS = 3, WIDTH = 16, HEADS = 2, DEPTH = 3, TOKENS = 5, POOLED = 7, LENGTH = 6, CLASSES = 3 };
enum { MOST_PARAMETERS = 128 };

#define TINY "rows", "4", "columns", "6", "channels", "2", "patch", "2", "width", "16", "heads", "2", "mlp_ratio", "2"

typedef struct variant {
    const char *name;
    int depth;
    bool qk_norm, still, classes, pooled;
} variant;

static const variant variants[] = {
    {"plain", DEPTH, .pooled = true},
    {"qk_norm", DEPTH, .qk_norm = true, .pooled = true},
    {"still", DEPTH, .still = true, .pooled = true},
    {"still, qk_norm", DEPTH, .qk_norm = true, .still = true},
    {"classes", DEPTH, .classes = true},
    {"one block", 1, .classes = true, .pooled = true},
};
#define VARIANTS ((int)(sizeof variants / sizeof *variants))

static const int32_t lengths[BATCH] = {3, LENGTH, 0, 1};

static neap_network *fresh(const variant *v)
{
    char depth[8];
    snprintf(depth, sizeof depth, "%d", v->depth);
    neap_network *network = TRY_NETWORK("mmdit", TINY, "depth", depth, "tokens", "5", "pooled", v->pooled ? "7" : "0", "classes",
                                        v->classes ? "3" : "0", "qk_norm", v->qk_norm ? "true" : "false", "still",
                                        v->still ? "true" : "false");
    ck_assert_msg(network != NULL, "%s: %s", v->name, neap_error_message());
    return network;
}

static neap_network *randomised(const variant *v)
{
    neap_network *network = fresh(v);
    shake(network);
    return network;
}

static neap_tensor *pictures(int64_t rows)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(rows, 4, 6, 2));
}

/* At 0 the time features are exact, so that the tolerances below are those of all other ops. */
static neap_tensor *times(int64_t rows)
{
    return neap_zeros(NEAP_F32, neap_dims(rows));
}

/* Tokens of all rows in `most` places; padding holds `padding`. */
static neap_tensor *tokens_in(int64_t rows, int64_t most, float padding)
{
    neap_tensor *all = neap_randn((neap_random){5, 0}, 0, neap_dims(BATCH, LENGTH, TOKENS));
    neap_tensor *tokens = neap_full(NEAP_F32, neap_dims(rows, most, TOKENS), padding);
    float *to = neap_data(tokens);
    for (int64_t i = 0; i < rows; i++)
        memcpy(to + i * most * TOKENS, floats(all) + i * LENGTH * TOKENS, (size_t)(lengths[i] * TOKENS) * sizeof(float));
    return tokens;
}

static neap_condition *condition_in(int64_t rows, int64_t most, float padding)
{
    static const int32_t label[BATCH] = {2, 0, CLASSES, 1};
    neap_condition *c = neap_condition_with(neap_condition_new(rows), NEAP_TOKENS, tokens_in(rows, most, padding));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(rows), lengths));
    c = neap_condition_with(c, NEAP_POOLED, neap_randn((neap_random){6, 0}, 0, neap_dims(rows, POOLED)));
    return neap_condition_with(c, NEAP_LABELS, neap_from(NEAP_I32, neap_dims(rows), label));
}

static neap_condition *usual_condition(void)
{
    return condition_in(BATCH, LENGTH, 0);
}

static neap_tensor *velocity(neap_network *network, const neap_condition *c)
{
    const int64_t rows = neap_condition_rows(c);
    neap_tensor *v = neap_network_velocity(network, pictures(rows), times(rows), c);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    return v;
}

/* --- Initialisation ---------------------------------------------------------------------------------------------- */

START_TEST(starts_at_zero)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *network = fresh(&variants[n]);
        const neap_model *model = neap_network_model(network);
        for (int i = 0; i < neap_model_count(model); i++) {
            const char *name = neap_model_name(model, i);
            const bool zero = strstr(name, "final_layer.linear") || strstr(name, "adaLN") || strstr(name, ".bias");
            ck_assert_msg(all_zero(neap_model_tensor(model, i)) == zero, "%s: %s", variants[n].name, name);
        }
        ck_assert(all_zero(velocity(network, usual_condition())));
        neap_network_release(network);
    }
}
END_TEST

/* --- In double precision ----------------------------------------------------------------------------------------- */

typedef struct reference {
    const neap_model *model;
    const variant *v;
    int block;
} reference;

typedef enum stream { PICTURE, TEXT } stream;

static const char *path_of(const reference *r, stream s, const char *layer)
{
    static char path[64];
    snprintf(path, sizeof path, "joint_blocks.%d.%s.%s", r->block, s == PICTURE ? "x_block" : "context_block", layer);
    return path;
}

static neap_tensor *layer(const reference *r, stream s, const char *name, neap_tensor *x)
{
    return linear(r->model, path_of(r, s, name), -1, x);
}

/* Chunk i of the channels of [1, n D], as [1, 1, D]. */
static neap_tensor *chunk(neap_tensor *m, int i)
{
    return neap_reshape(neap_slice(m, 1, i * WIDTH, (i + 1) * WIDTH), neap_dims(1, 1, WIDTH));
}

static neap_tensor *modulate(neap_tensor *x, neap_tensor *m, int i)
{
    return neap_add(neap_mul(normal(x, false), neap_affine(chunk(m, i + 1), 1, 1)), chunk(m, i));
}

/* Part `part` of a product [1, T, n D] as [1, H, T, d]; with a norm of that name. */
static neap_tensor *heads(const reference *r, stream s, neap_tensor *product, int part, const char *norm)
{
    const int64_t tokens = neap_dim(product, 1);
    neap_tensor *x = neap_slice(product, 2, part * WIDTH, (part + 1) * WIDTH);
    x = neap_reshape(x, neap_dims(1, tokens, HEADS, WIDTH / HEADS));
    if (norm && r->v->qk_norm)
        x = neap_mul(normal(x, true), parameter(r->model, path_of(r, s, norm), -1, "weight"));
    return neap_permute(x, (int[]){0, 2, 1, 3});
}

static neap_tensor *finished(const reference *r, stream s, neap_tensor *x, neap_tensor *h, neap_tensor *m)
{
    x = neap_add(x, neap_mul(chunk(m, 2), layer(r, s, "attn.proj", h)));
    h = layer(r, s, "mlp.fc2", gelu(layer(r, s, "mlp.fc1", modulate(x, m, 3))));
    return neap_add(x, neap_mul(chunk(m, 5), h));
}

/* The product of the text's keys and values; with queries where it moves. */
static neap_tensor *text_product(const reference *r, neap_tensor *text, neap_tensor *m)
{
    const bool moves = !r->v->still && r->block < r->v->depth - 1;
    return layer(r, TEXT, moves ? "attn.qkv" : "attn.kv", m ? modulate(text, m, 0) : text);
}

/* Block of one row; text is NULL where its length is 0. */
static void run_block(const reference *r, neap_tensor *c, neap_tensor **x, neap_tensor **text)
{
    static const char *const norms[] = {"attn.q_norm", "attn.k_norm", NULL};
    const bool moves = !r->v->still && r->block < r->v->depth - 1;
    const int64_t n = ROWS * COLUMNS;
    neap_tensor *m = layer(r, PICTURE, "adaLN_modulation.1", c), *h[3], *t = NULL, *tm = NULL;
    neap_tensor *product = layer(r, PICTURE, "attn.qkv", modulate(*x, m, 0));
    if (*text) {
        tm = r->v->still ? NULL : layer(r, TEXT, "adaLN_modulation.1", c);
        t = text_product(r, *text, tm);
    }
    for (int i = 0; i < 3; i++) {
        h[i] = heads(r, PICTURE, product, i, norms[i]);
        if (t && (i > 0 || moves))
            h[i] = neap_concat((neap_tensor *[]){h[i], heads(r, TEXT, t, i - !moves, norms[i])}, 2, 2);
    }
    neap_tensor *y = attended(h);
    *x = finished(r, PICTURE, *x, neap_slice(y, 1, 0, n), m);
    if (t && moves)
        *text = finished(r, TEXT, *text, neap_slice(y, 1, n, neap_dim(y, 1)), tm);
}

static neap_tensor *embedded(const neap_model *model, const char *path, neap_tensor *features)
{
    char name[2][48];
    for (int i = 0; i < 2; i++)
        snprintf(name[i], sizeof name[i], "%s.mlp.%d", path, 2 * i);
    return linear(model, name[1], -1, swish(linear(model, name[0], -1, features)));
}

static neap_tensor *row(neap_tensor *x, int64_t i)
{
    return neap_slice(neap_cast(x, NEAP_F64), 0, i, i + 1);
}

static neap_tensor *row_condition(const reference *r, const neap_condition *given, int64_t i)
{
    neap_tensor *c = embedded(r->model, "t_embedder", neap_time_features(row(times(BATCH), i), 256));
    neap_tensor *label = weights_of(neap_condition_get(given, NEAP_LABELS), CLASSES + 1);
    if (r->v->classes)
        c = neap_add(c, neap_matmul(row(label, i), parameter(r->model, "y_embedder.embedding_table", -1, "weight")));
    if (r->v->pooled)
        c = neap_add(c, embedded(r->model, "pooled_embedder", row(neap_condition_get(given, NEAP_POOLED), i)));
    return swish(c);
}

/* One row: its text is cut at its length, so nothing is masked. */
static neap_tensor *expected_row(reference r, const neap_condition *given, int64_t i)
{
    neap_tensor *c = row_condition(&r, given, i), *text = NULL;
    neap_tensor *x = linear(r.model, "x_embedder.proj", -1, neap_patchify(row(pictures(BATCH), i), 2));
    x = neap_add(x, neap_cast(neap_grid_positions(ROWS, COLUMNS, WIDTH), NEAP_F64));
    if (lengths[i]) {
        text = neap_slice(row(neap_condition_get(given, NEAP_TOKENS), i), 1, 0, lengths[i]);
        text = linear(r.model, "context_embedder", -1, text);
        text = r.v->still ? normal(text, false) : text;
    }
    for (r.block = 0; r.block < r.v->depth; r.block++)
        run_block(&r, c, &x, &text);
    x = modulate(x, linear(r.model, "final_layer.adaLN_modulation.1", -1, c), 0);
    return neap_unpatchify(linear(r.model, "final_layer.linear", -1, x), 2, 4, 6);
}

static neap_tensor *expected(const neap_model *model, const variant *v)
{
    neap_tensor *rows[BATCH];
    for (int64_t i = 0; i < BATCH; i++)
        rows[i] = expected_row((reference){model, v, 0}, usual_condition(), i);
    return neap_concat(rows, BATCH, 0);
}

START_TEST(velocities)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *network = randomised(&variants[n]);
        neap_tensor *v = velocity(network, usual_condition());
        check_near(variants[n].name, v, expected(neap_network_model(network), &variants[n]), 2e-5);
        neap_network_release(network);
    }
}
END_TEST

/* --- Gradients --------------------------------------------------------------------------------------------------- */

/* Of a weighted sum of the velocity to all parameters, in their order. */
static int gradients_of(const neap_model *model, neap_tensor *v, neap_tensor **gradients)
{
    neap_tensor *parameters[MOST_PARAMETERS];
    const int count = neap_model_count(model);
    ck_assert_int_le(count, MOST_PARAMETERS);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_tensor *weights = neap_cast(neap_randn((neap_random){8, 0}, 0, neap_shape_of(v)), neap_dtype_of(v));
    ck_succeeds(neap_gradients(neap_mean(neap_mul(v, weights), NULL, 0, false), NULL, parameters, count, 0, gradients));
    return count;
}

static double largest(neap_tensor *x)
{
    return neap_item(neap_max(neap_abs(neap_cast(x, NEAP_F64)), NULL, 0, false));
}

/* In f32 a gradient is a sum of some hundred terms that are each rounded a few dozen times: 1e-5 of the largest. */
START_TEST(gradients)
{
    for (int n = 0; n < VARIANTS; n++) {
        neap_network *network = randomised(&variants[n]);
        const neap_model *model = neap_network_model(network);
        neap_tensor *got[MOST_PARAMETERS], *wanted[MOST_PARAMETERS];
        const int count = gradients_of(model, velocity(network, usual_condition()), got);
        gradients_of(model, expected(model, &variants[n]), wanted);
        for (int i = 0; i < count; i++) {
            const double most = largest(wanted[i]), error = largest(neap_sub(got[i], wanted[i]));
            ck_assert_msg(most > 0 && error <= 1e-5 * most + 1e-8, "%s: %s: gradients up to %g, difference %g", variants[n].name,
                          neap_model_name(model, i), most, error);
        }
        neap_network_release(network);
    }
}
END_TEST

/* --- Rows and batches -------------------------------------------------------------------------------------------- */

/* Neither the number of rows, nor the longest text, nor what padding holds changes a bit. */
START_TEST(rows_are_apart)
{
    for (int n = 0; n < VARIANTS; n++)
        for (int precision = 0; precision < 2; precision++) {
            neap_network *network = randomised(&variants[n]);
            neap_precision_set(precision ? NEAP_BF16 : NEAP_F32);
            neap_tensor *all = velocity(network, usual_condition());
            ck_assert_msg(same_bits(all, velocity(network, condition_in(BATCH, LENGTH + 30, NAN))), "%s", variants[n].name);
            neap_tensor *one = velocity(network, condition_in(1, lengths[0], 0));
            ck_assert_msg(same_bits(one, neap_slice(all, 0, 0, 1)), "%s", variants[n].name);
            neap_precision_set(NEAP_F32);
            neap_network_release(network);
        }
}
END_TEST

/* Without tokens a row is a null row; without lengths all tokens count. */
START_TEST(parts_left_out)
{
    neap_network *network = randomised(&variants[0]);
    neap_condition *null = neap_condition_with(usual_condition(), NEAP_LENGTHS, neap_zeros(NEAP_I32, neap_dims(BATCH)));
    neap_condition *without = neap_condition_with(neap_condition_with(usual_condition(), NEAP_TOKENS, NULL), NEAP_LENGTHS, NULL);
    neap_condition *full = neap_condition_with(usual_condition(), NEAP_LENGTHS, neap_full(NEAP_I32, neap_dims(BATCH), LENGTH));
    ck_assert(same_bits(velocity(network, null), velocity(network, without)));
    ck_assert(!same_bits(velocity(network, null), velocity(network, usual_condition())));
    ck_assert(same_bits(velocity(network, full), velocity(network, neap_condition_with(usual_condition(), NEAP_LENGTHS, NULL))));
    neap_network_release(network);
}
END_TEST

/* --- Texts ------------------------------------------------------------------------------------------------------- */

static const char *const captions[BATCH] = {"red heart", "", "a blue star", "red hearts"};

static neap_network *text_network(const char *still)
{
    return NETWORK("mmdit", TINY, "depth", "2", "text", "20", "text_width", "16", "text_heads", "2", "text_depth", "1",
                   "still", still);
}

static neap_condition *texts_in(int64_t first, int64_t rows, int64_t most)
{
    neap_tensor *bytes = neap_full(NEAP_U8, neap_dims(rows, most), 'x'), *length = neap_empty(NEAP_I32, neap_dims(rows));
    for (int64_t i = 0; i < rows; i++) {
        memcpy((char *)neap_data(bytes) + i * most, captions[first + i], strlen(captions[first + i]));
        ((int32_t *)neap_data(length))[i] = (int32_t)strlen(captions[first + i]);
    }
    return neap_condition_with(neap_condition_with(neap_condition_new(rows), NEAP_TEXT, bytes), NEAP_LENGTHS, length);
}

/* Every byte counts, a row does not depend on the others, and the empty text is the null text, joined or given. */
START_TEST(texts)
{
    for (int still = 0; still < 2; still++) {
        neap_network *network = text_network(still ? "true" : "false");
        neap_tensor *all = velocity(network, texts_in(0, BATCH, 20)), *one = velocity(network, texts_in(0, 1, 9));
        ck_assert(same_bits(one, neap_slice(all, 0, 0, 1)));
        ck_assert(same_bits(velocity(network, texts_in(1, 1, 1)), velocity(network, neap_condition_new(1))));
        neap_condition *red = neap_network_prepare(network, texts_in(0, 1, 9), 1);
        neap_tensor *x = neap_concat((neap_tensor *[]){pictures(1), pictures(1)}, 2, 0);
        neap_tensor *joined = neap_network_velocity(network, x, times(2), neap_condition_join(red, neap_condition_null(red)));
        ck_assert_msg(joined != NULL, "%s", neap_error_message());
        ck_assert(same_bits(neap_slice(joined, 0, 0, 1), one));
        ck_assert(same_bits(neap_slice(joined, 0, 1, 2), velocity(network, neap_condition_new(1))));
        ck_assert(!same_bits(one, velocity(network, texts_in(3, 1, 10))));
        neap_network_release(network);
    }
}
END_TEST

/* --- Parameters -------------------------------------------------------------------------------------------------- */

static int64_t size_with(const char *depth, const char *still)
{
    neap_network *network = TRY_NETWORK("mmdit", "size", "8", "width", "32", "heads", "4", "depth", depth, "tokens", "8",
                                        "still", still);
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    const int64_t size = neap_model_size(neap_network_model(network));
    neap_network_release(network);
    return size;
}

/* A joint block has two DiT blocks of 18 D^2 weights and 15 D biases; still text adds its keys and values alone. */
START_TEST(sizes)
{
    const int64_t d = 32, block = 18 * d * d + 15 * d, keys = 2 * d * d + 2 * d;
    ck_assert_int_eq(size_with("3", "false") - size_with("2", "false"), 2 * block);
    ck_assert_int_eq(size_with("3", "true") - size_with("2", "true"), block + keys);
    ck_assert_int_eq(size_with("1", "false") - size_with("1", "true"), keys); /* the modulation, as large */
}
END_TEST

/* --- Bad input --------------------------------------------------------------------------------------------------- */

static bool refused(neap_network *network, const neap_condition *c)
{
    return !neap_network_velocity(network, pictures(BATCH), times(BATCH), c);
}

START_TEST(refused_conditions)
{
    neap_network *network = randomised(&variants[0]);
    neap_tensor *beyond = neap_from(NEAP_I32, neap_dims(BATCH), (const int32_t[]){1, LENGTH + 1, 0, 0});
    ck_fails_with(refused(network, neap_condition_with(usual_condition(), NEAP_LENGTHS, beyond)),
                  "mmdit: lengths: expected 0 to 6, got 7");
    neap_tensor *wide = neap_zeros(NEAP_F32, neap_dims(BATCH, LENGTH, TOKENS + 1));
    ck_fails_with(refused(network, neap_condition_with(usual_condition(), NEAP_TOKENS, wide)),
                  "mmdit: tokens: expected a width of 5, got 6");
    neap_tensor *pooled = neap_zeros(NEAP_F32, neap_dims(BATCH, POOLED - 1));
    ck_fails_with(refused(network, neap_condition_with(usual_condition(), NEAP_POOLED, pooled)),
                  "mmdit: pooled: expected a width of 7, got 6");
    neap_network_release(network);
}
END_TEST

START_TEST(refused_settings)
{
    ck_fails_with(!TRY_NETWORK("mmdit", TINY),
                  "mmdit: text: expected a number of bytes from 1, or the width of given tokens, got neither");
    ck_fails_with(!TRY_NETWORK("mmdit", TINY, "text", "8", "tokens", "5"),
                  "mmdit: tokens: expected 0 beside a text, got 5");
    ck_fails_with(!TRY_NETWORK("mmdit", TINY, "text", "8", "pooled", "7"),
                  "mmdit: pooled: expected 0 beside a text, got 7");
    ck_fails_with(!TRY_NETWORK("mmdit", "tokens", "5", "width", "16", "heads", "3"),
                  "mmdit: heads: expected a divisor of the width 16, got 3");
    ck_fails_with(!TRY_NETWORK("mmdit", TINY, "text", "8", "text_width", "16", "text_heads", "3"),
                  "mmdit: text_heads: expected a divisor of text_width 16, got 3");
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

static neap_instance *everything;
static neap_network *whole;
static neap_condition *two_texts;

static bool build_one(void)
{
    neap_network *network = neap_network_new(everything, 1);
    neap_network_release(network);
    return network != NULL;
}

static bool call_one(void)
{
    neap_scope scope = neap_scope_open();
    const bool done = neap_network_velocity(whole, pictures(2), times(2), two_texts);
    neap_scope_close(scope);
    return done;
}

START_TEST(every_allocation_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    two_texts = texts_in(0, 2, 9);
    for (int still = 0; still < 2; still++) {
        everything = COMPONENT("architecture", "mmdit", TINY, "depth", "2", "text", "9", "text_width", "8", "text_heads", "2",
                               "text_depth", "1", "classes", "3", "qk_norm", "true", "still", still ? "true" : "false");
        refuse_each(build_one);
        whole = neap_network_new(everything, 1);
        refuse_each(call_one);
        neap_network_release(whole);
        neap_instance_release(everything);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("mmdit", run_open, run_close, starts_at_zero, velocities, gradients, rows_are_apart, parts_left_out,
                          texts, sizes, refused_conditions, refused_settings, every_allocation_may_fail);
}
