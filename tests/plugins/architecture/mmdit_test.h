/* For tests of the architecture mmdit: its variants, their conditions and velocities. */
#ifndef NEAP_MMDIT_TEST_H
#define NEAP_MMDIT_TEST_H

#include "tests/core/run/training.h"

enum { BATCH = 4, ROWS = 2, COLUMNS = 3, WIDTH = 16, HEADS = 2, DEPTH = 3, TOKENS = 5, POOLED = 7, LENGTH = 6, CLASSES = 3 };

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

static inline neap_network *fresh(const variant *v)
{
    char depth[8];
    snprintf(depth, sizeof depth, "%d", v->depth);
    neap_network *network = TRY_NETWORK("mmdit", TINY, "depth", depth, "tokens", "5", "pooled", v->pooled ? "7" : "0", "classes",
                                        v->classes ? "3" : "0", "qk_norm", v->qk_norm ? "true" : "false", "still",
                                        v->still ? "true" : "false");
    ck_assert_msg(network != NULL, "%s: %s", v->name, neap_error_message());
    return network;
}

static inline neap_network *randomised(const variant *v)
{
    neap_network *network = fresh(v);
    shake(network);
    return network;
}

static inline neap_tensor *pictures(int64_t rows)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(rows, 4, 6, 2));
}

/* At 0 the time features are exact, so that the tolerances below are those of all other ops. */
static inline neap_tensor *times(int64_t rows)
{
    return neap_zeros(NEAP_F32, neap_dims(rows));
}

/* Tokens of all rows in `most` places; padding holds `padding`. */
static inline neap_tensor *tokens_in(int64_t rows, int64_t most, float padding)
{
    neap_tensor *all = neap_randn((neap_random){5, 0}, 0, neap_dims(BATCH, LENGTH, TOKENS));
    neap_tensor *tokens = neap_full(NEAP_F32, neap_dims(rows, most, TOKENS), padding);
    float *to = neap_data(tokens);
    for (int64_t i = 0; i < rows; i++)
        memcpy(to + i * most * TOKENS, floats(all) + i * LENGTH * TOKENS, (size_t)(lengths[i] * TOKENS) * sizeof(float));
    return tokens;
}

static inline neap_condition *condition_in(int64_t rows, int64_t most, float padding)
{
    static const int32_t label[BATCH] = {2, 0, CLASSES, 1};
    neap_condition *c = neap_condition_with(neap_condition_new(rows), NEAP_TOKENS, tokens_in(rows, most, padding));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(rows), lengths));
    c = neap_condition_with(c, NEAP_POOLED, neap_randn((neap_random){6, 0}, 0, neap_dims(rows, POOLED)));
    return neap_condition_with(c, NEAP_LABELS, neap_from(NEAP_I32, neap_dims(rows), label));
}

static inline neap_condition *usual_condition(void)
{
    return condition_in(BATCH, LENGTH, 0);
}

static inline neap_tensor *velocity(neap_network *network, const neap_condition *c)
{
    const int64_t rows = neap_condition_rows(c);
    neap_tensor *v = neap_network_velocity(network, pictures(rows), times(rows), c);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    return v;
}

#endif
