/*
 * Texts as conditions of the diffusion transformer: the encoder compared with a second implementation in double precision, rows
 * that do not depend on their batch, null texts, hashed words, gradients, and texts that are refused.
 */
#include "doubles.h"
#include "texts.h"

enum { ROWS = 4, BYTES = 40, WIDTH = 16, HEADS = 2, DEPTH = 2, START = 256 };

#define PICTURE "size", "4", "channels", "2"
#define TINY "patch", "2", "width", "16", "heads", "2", "depth", "2", "mlp_ratio", "2"
#define TEXT "text", "40", "text_width", "16", "text_heads", "2", "text_depth", "2"

static const char *const captions[ROWS] = {"red heart", "", "a blue star, left of a Red Heart", "\xc3\xa9t\xc3\xa9"};
static const char *const conditionings[] = {"adaln", "in_context", "cross"};
#define CONDITIONINGS ((int)(sizeof conditionings / sizeof *conditionings))

static neap_condition *all_texts(void)
{
    return texts_in(captions, ROWS, BYTES);
}

static neap_tensor *pictures(int64_t rows)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(rows, 4, 4, 2));
}

static neap_tensor *times(int64_t rows)
{
    return neap_rand((neap_random){4, 0}, 0, neap_dims(rows));
}

static neap_tensor *velocity(neap_network *network, const neap_condition *condition)
{
    const int64_t rows = neap_condition_rows(condition);
    neap_tensor *v = neap_network_velocity(network, pictures(rows), times(rows), condition);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    return v;
}

static neap_network *text_network(const char *conditioning, const char *words)
{
    return NETWORK("dit", PICTURE, TINY, TEXT, "conditioning", conditioning, "classes", "3", "text_words", words);
}

/* --- In double precision ----------------------------------------------------------------------------------------- */

static neap_tensor *table(const neap_model *model, const char *name)
{
    return parameter(model, name, -1, "weight");
}

static neap_tensor *normed(const neap_model *model, const char *path, neap_tensor *x)
{
    return neap_add(neap_mul(normal(x, false), parameter(model, path, -1, "weight")), parameter(model, path, -1, "bias"));
}

static neap_tensor *encoder_block(const neap_model *model, int i, neap_tensor *x)
{
    char path[6][48];
    static const char *const part[6] = {"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"};
    const int64_t tokens = neap_dim(x, 1);
    neap_tensor *h[3];
    for (int k = 0; k < 6; k++)
        snprintf(path[k], sizeof path[k], "text_encoder.blocks.%d.%s", i, part[k]);
    neap_tensor *product = linear(model, path[1], -1, normed(model, path[0], x));
    for (int k = 0; k < 3; k++) {
        h[k] = neap_slice(product, 2, k * WIDTH, (k + 1) * WIDTH);
        h[k] = neap_permute(neap_reshape(h[k], neap_dims(1, tokens, HEADS, WIDTH / HEADS)), (int[]){0, 2, 1, 3});
    }
    x = neap_add(x, linear(model, path[2], -1, attended(h)));
    return neap_add(x, linear(model, path[5], -1, gelu(linear(model, path[4], -1, normed(model, path[3], x)))));
}

/* One text, without padding: [1, bytes + 1, WIDTH]. */
static neap_tensor *encoded(const neap_model *model, const char *text)
{
    const int64_t count = (int64_t)strlen(text);
    int32_t row[BYTES + 1] = {START};
    for (int64_t i = 0; i < count; i++)
        row[i + 1] = (unsigned char)text[i];
    neap_tensor *x = neap_embedding(table(model, "text_encoder.bytes"), neap_from(NEAP_I32, neap_dims(1, count + 1), row));
    x = neap_add(x, neap_slice(table(model, "text_encoder.positions"), 0, 0, count + 1));
    for (int i = 0; i < DEPTH; i++)
        x = encoder_block(model, i, x);
    return normed(model, "text_encoder.norm", x);
}

START_TEST(encodings)
{
    neap_network *network = text_network("adaln", "0");
    const neap_model *model = neap_network_model(network);
    neap_condition *c = neap_network_prepare(network, all_texts(), ROWS);
    ck_assert_msg(c != NULL, "%s", neap_error_message());
    neap_tensor *tokens = neap_condition_get(c, NEAP_TOKENS), *pooled = neap_condition_get(c, NEAP_POOLED);
    const int32_t *length = neap_data(neap_condition_get(c, NEAP_LENGTHS));
    ck_assert_ptr_null(neap_condition_get(c, NEAP_TEXT));
    ck_assert(neap_shape_equal(neap_shape_of(tokens), neap_dims(ROWS, BYTES + 1, WIDTH)));
    for (int i = 0; i < ROWS; i++) {
        ck_assert_int_eq(length[i], (int)strlen(captions[i]) + 1);
        neap_tensor *expected = encoded(model, captions[i]);
        check_near(captions[i], neap_slice(neap_slice(tokens, 0, i, i + 1), 1, 0, length[i]), expected, 1e-5);
        check_near(captions[i], neap_slice(pooled, 0, i, i + 1), neap_mean(expected, (int[]){1}, 1, false), 1e-5);
    }
    neap_network_release(network);
}
END_TEST

/* A row whose text changes gets another velocity; the others keep their bits. */
START_TEST(pooled_vectors_count)
{
    for (int i = 0; i < CONDITIONINGS; i++) {
        neap_network *network = text_network(conditionings[i], "0");
        const char *const other[] = {"red heart", "", "a blue star, left of a Red Heart", "ete"};
        neap_tensor *a = velocity(network, all_texts()), *b = velocity(network, texts_in(other, ROWS, BYTES));
        ck_assert(same_bits(neap_slice(a, 0, 0, 3), neap_slice(b, 0, 0, 3)));
        ck_assert(!same_bits(neap_slice(a, 0, 3, 4), neap_slice(b, 0, 3, 4)));
        neap_network_release(network);
    }
}
END_TEST

/* --- Rows and batches -------------------------------------------------------------------------------------------- */

/* Velocity of one caption in the first row, among `rows` rows of at most `most` bytes. */
static neap_tensor *first_of(neap_network *network, int64_t caption, int64_t rows, int64_t most)
{
    const char *text[32] = {captions[caption]};
    for (int64_t i = 1; i < rows; i++)
        text[i] = most >= 32 ? captions[i % ROWS] : "";
    return neap_slice(velocity(network, texts_in(text, rows, most)), 0, 0, 1);
}

START_TEST(rows_are_apart)
{
    for (int i = 0; i < CONDITIONINGS; i++)
        for (int precision = 0; precision < 2; precision++) {
            neap_network *network = text_network(conditionings[i], "7");
            neap_precision_set(precision ? NEAP_BF16 : NEAP_F32);
            for (int64_t k = 0; k < ROWS; k++) {
                neap_tensor *alone = first_of(network, k, 1, (int64_t)strlen(captions[k]));
                ck_assert(same_bits(alone, first_of(network, k, 1, BYTES)));
                ck_assert(same_bits(alone, first_of(network, k, 2, (int64_t)strlen(captions[k]))));
                ck_assert(same_bits(alone, first_of(network, k, 31, BYTES)));
            }
            neap_precision_set(NEAP_F32);
            neap_network_release(network);
        }
}
END_TEST

/* --- Null texts -------------------------------------------------------------------------------------------------- */

/* The empty text, no text, no condition, and null rows that a guidance joins to prepared ones. */
START_TEST(null_rows)
{
    static const char *const empty[ROWS] = {"", "", "", ""};
    for (int i = 0; i < CONDITIONINGS; i++) {
        neap_network *network = text_network(conditionings[i], "7");
        neap_tensor *null = velocity(network, texts_in(empty, ROWS, 3));
        ck_assert(same_bits(null, velocity(network, neap_condition_new(ROWS))));
        ck_assert(same_bits(null, neap_network_velocity(network, pictures(ROWS), times(ROWS), NULL)));
        neap_condition *prepared = neap_network_prepare(network, all_texts(), ROWS);
        neap_condition *both = neap_condition_join(prepared, neap_condition_null(prepared));
        neap_tensor *x = neap_concat((neap_tensor *[]){pictures(ROWS), pictures(ROWS)}, 2, 0);
        neap_tensor *t = neap_concat((neap_tensor *[]){times(ROWS), times(ROWS)}, 2, 0);
        neap_tensor *v = neap_network_velocity(network, x, t, both);
        ck_assert_msg(v != NULL, "%s", neap_error_message());
        ck_assert(same_bits(neap_slice(v, 0, ROWS, 2 * ROWS), null));
        ck_assert(same_bits(neap_slice(v, 0, 0, ROWS), velocity(network, all_texts())));
        ck_assert(!same_bits(neap_slice(v, 0, 0, ROWS), null));
        neap_network_release(network);
    }
}
END_TEST

/* Text adds parameters and nothing else: with a pooled vector of weight zero, the bits are those of a network without text. */
START_TEST(without_text_as_before)
{
    for (int i = 0; i < 2; i++) { /* cross-attention needs a context */
        neap_network *with = text_network(conditionings[i], "0");
        neap_network *without = NETWORK("dit", PICTURE, TINY, "conditioning", conditionings[i], "classes", "3");
        const neap_model *model = neap_network_model(without);
        for (int k = 0; k < neap_model_count(model); k++)
            ck_assert_str_eq(neap_model_name(model, k), neap_model_name(neap_network_model(with), k));
        for (int k = 0; k < 2; k++) {
            static const char *const names[] = {"pooled_embedder.mlp.2.weight", "pooled_embedder.mlp.2.bias"};
            neap_tensor *p = neap_model_find(neap_network_model(with), names[k]);
            ck_succeeds(neap_write(p, NEAP_F32, neap_data(neap_zeros(NEAP_F32, neap_shape_of(p)))));
        }
        neap_tensor *labels = neap_from(NEAP_I32, neap_dims(ROWS), (const int32_t[]){2, 0, 3, 1});
        neap_condition *both = neap_condition_with(all_texts(), NEAP_LABELS, labels);
        ck_assert(same_bits(velocity(with, both), velocity(without, labelled(labels))));
        ck_assert(!same_bits(velocity(with, both), velocity(with, all_texts())));
        neap_network_release(with);
        neap_network_release(without);
    }
}
END_TEST

/* --- Gradients --------------------------------------------------------------------------------------------------- */

/* Gradients of all parameters, in their order. */
static void gradients_of(neap_network *network, const neap_condition *c, neap_tensor **gradients)
{
    neap_tensor *parameters[96];
    const neap_model *model = neap_network_model(network);
    const int count = neap_model_count(model);
    ck_assert_int_le(count, 96);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_tensor *loss = neap_mse(velocity(network, c), pictures(neap_condition_rows(c)));
    ck_succeeds(neap_gradients(loss, NULL, parameters, count, 0, gradients));
}

START_TEST(gradients_reach_all)
{
    for (int i = 0; i < CONDITIONINGS; i++) {
        neap_network *network = text_network(conditionings[i], "7");
        const neap_model *model = neap_network_model(network);
        neap_tensor *gradients[96];
        gradients_of(network, all_texts(), gradients);
        for (int k = 0; k < neap_model_count(model); k++)
            ck_assert_msg(gradients[k] && !all_zero(gradients[k]), "%s: %s", conditionings[i], neap_model_name(model, k));
        neap_network_release(network);
    }
}
END_TEST

/* --- Words ------------------------------------------------------------------------------------------------------- */

/* The rows of a table of `words` words that one text uses, by their gradient: bit i is row i. */
static unsigned rows_used(const char *table_name, const char *text)
{
    neap_network *network = text_network("adaln", "23");
    const neap_model *model = neap_network_model(network);
    neap_tensor *gradients[96], *gradient = NULL;
    unsigned used = 0;
    gradients_of(network, texts_in(&text, 1, BYTES), gradients);
    for (int i = 0; i < neap_model_count(model); i++)
        if (strcmp(neap_model_name(model, i), table_name) == 0)
            gradient = gradients[i];
    ck_assert_int_eq(neap_dim(gradient, 0), 24);
    for (int i = 0; i < 24; i++)
        used |= (unsigned)!all_zero(neap_contiguous(neap_slice(gradient, 0, i, i + 1))) << i;
    neap_network_release(network);
    return used;
}

static unsigned words_used(const char *text)
{
    return rows_used("text_encoder.words.weight", text);
}

/* Case and place do not count; each word has a row of its own here, and what is no word shares the last row. */
START_TEST(words_have_rows)
{
    const unsigned none = 1u << 23, red = words_used("red"), blue = words_used("blue"), ete = words_used(captions[3]);
    ck_assert_uint_eq(words_used(""), none);
    ck_assert_uint_eq(words_used(" ,."), none);
    ck_assert_int_eq(__builtin_popcount(red), 2); /* and the start token */
    ck_assert(red != blue && red != ete && blue != ete && (red & none));
    ck_assert_uint_eq(words_used("RED"), red);
    ck_assert_uint_eq(words_used("blue,Red blue"), red | blue);
    ck_assert(words_used("redblue") != (red | blue));
}
END_TEST

/* --- Bad input --------------------------------------------------------------------------------------------------- */

static bool refused(neap_network *network, const neap_condition *c)
{
    const int64_t rows = neap_condition_rows(c);
    return !neap_network_velocity(network, pictures(rows), times(rows), c);
}

START_TEST(refusals)
{
    neap_network *network = text_network("adaln", "0");
    neap_condition *good = all_texts();
    ck_fails_with(refused(network, texts_in(captions, ROWS, BYTES + 1)), "dit: text: expected at most 40 bytes, got 41");
    neap_tensor *beyond = neap_from(NEAP_I32, neap_dims(ROWS), (const int32_t[]){1, 41, 0, 0});
    ck_fails_with(refused(network, neap_condition_with(good, NEAP_LENGTHS, beyond)), "dit: lengths: expected 0 to 40, got 41");
    neap_network_release(network);
    ck_fails_with(!TRY_NETWORK("dit", "text", "8", "text_width", "16", "text_heads", "3"),
                  "dit: text_heads: expected a divisor of text_width 16, got 3");
    neap_network_release(NETWORK("dit", PICTURE, TINY, "text_heads", "3")); /* without text, its settings do not count */
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

static neap_network *whole;
static neap_condition *two_texts;

/* Prepared texts beside null rows, and a picture. */
static bool call_one(void)
{
    neap_scope scope = neap_scope_open();
    neap_condition *c = neap_network_prepare(whole, two_texts, 2);
    c = neap_condition_join(c, neap_condition_new(2));
    const bool done = c && neap_network_velocity(whole, pictures(4), times(4), c);
    neap_scope_close(scope);
    return done;
}

START_TEST(every_allocation_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    everything = COMPONENT("architecture", "dit", PICTURE, TINY, TEXT, "conditioning", "cross", "text_words", "7", "depth", "1",
                           "text_depth", "1", "picture", "tokens");
    refuse_each(build_one);
    whole = neap_network_new(everything, 1);
    two_texts = texts_in(captions, 2, BYTES);
    refuse_each(call_one);
    neap_network_release(whole);
    neap_instance_release(everything);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("text encoder", run_open, run_close, encodings, pooled_vectors_count, rows_are_apart, null_rows,
                          without_text_as_before, gradients_reach_all, words_have_rows, refusals, every_allocation_may_fail);
}
