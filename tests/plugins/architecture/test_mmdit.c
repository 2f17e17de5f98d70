/*
 * The diffusion transformer with joint attention: initialisation, velocity and gradients compared with a second implementation in
 * double precision that has no padding, and rows that do not depend on their batch.
 */
#include "doubles.h"
#include "mmdit_test.h"

enum { MOST_PARAMETERS = 128 };

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

int main(void)
{
    return RUN_SUITE_WITH("mmdit", run_open, run_close, starts_at_zero, velocities, gradients, rows_are_apart, parts_left_out);
}
