/* Texts in the diffusion transformer with joint attention, its number of parameters, bad input, and memory that runs out. */
#include "mmdit_test.h"
#include "texts.h"

/* --- Texts ------------------------------------------------------------------------------------------------------- */

static const char *const captions[BATCH] = {"red heart", "", "a blue star", "red hearts"};

static neap_network *text_network(const char *still)
{
    return NETWORK("mmdit", TINY, "depth", "2", "text", "20", "text_width", "16", "text_heads", "2", "text_depth", "1",
                   "still", still);
}

/* Every byte counts, a row does not depend on the others, and the empty text is the null text, joined or given. */
START_TEST(texts)
{
    for (int still = 0; still < 2; still++) {
        neap_network *network = text_network(still ? "true" : "false");
        neap_tensor *all = velocity(network, texts_in(captions, BATCH, 20)), *one = velocity(network, texts_in(captions, 1, 9));
        ck_assert(same_bits(one, neap_slice(all, 0, 0, 1)));
        ck_assert(same_bits(velocity(network, texts_in(captions + 1, 1, 1)), velocity(network, neap_condition_new(1))));
        neap_condition *red = neap_network_prepare(network, texts_in(captions, 1, 9), 1);
        neap_tensor *x = neap_concat((neap_tensor *[]){pictures(1), pictures(1)}, 2, 0);
        neap_tensor *joined = neap_network_velocity(network, x, times(2), neap_condition_join(red, neap_condition_null(red)));
        ck_assert_msg(joined != NULL, "%s", neap_error_message());
        ck_assert(same_bits(neap_slice(joined, 0, 0, 1), one));
        ck_assert(same_bits(neap_slice(joined, 0, 1, 2), velocity(network, neap_condition_new(1))));
        ck_assert(!same_bits(one, velocity(network, texts_in(captions + 3, 1, 10))));
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

static neap_network *whole;
static neap_condition *two_texts;

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
    two_texts = texts_in(captions, 2, 9);
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
    return RUN_SUITE_WITH("mmdit, texts", run_open, run_close, texts, sizes, refused_conditions, refused_settings,
                          every_allocation_may_fail);
}
