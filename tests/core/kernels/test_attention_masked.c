/* Attention kernels with lengths: masked tokens take no part, and gradients without an array are not computed. */
#include "attention_arrays.h"

/* Lengths of three batch rows: [kind][row] of queries, then of keys; -1: no lengths. */
static const int32_t lengths[][2][3] = {
    {{-1}, {100, 33, 0}}, {{-1}, {1, 0, 99}}, {{-1}, {64, 49, 31}}, {{48, 49, 0}, {100, 17, 5}}, {{97, 0, 1}, {0, 70, 100}},
};
static const double hostile[] = {NAN, INFINITY, -INFINITY, 1e30};

static attention_problem masked_problem(int kind, int64_t queries, bool bf16)
{
    const int32_t *query_lengths = lengths[kind][0][0] < 0 ? NULL : lengths[kind][0];
    return masked_problem_new((attention_shape){3, 2, queries, 100, 19, 0.23, 1, bf16}, query_lengths, lengths[kind][1]);
}

/* Masked tokens take no part, whatever they hold; cross-attention, and q, k and v in one array. */
START_TEST(masked_tokens)
{
    for (int64_t queries = 100; queries <= 110; queries += 10) {
        check_problem(masked_problem(_i, queries, false), hostile, 4);
        check_problem(masked_problem(_i, queries, true), hostile, 4);
    }
}
END_TEST

/* The arguments of one batch row as a problem of its own, its arrays cut at the row's lengths. */
static neap_attention_args one_row(const attention_problem *p, const arrays *x, int64_t row)
{
    neap_attention_args args = arguments_of(p, x);
    neap_attention_view *views[ARRAY_COUNT] = {&args.q, &args.k, &args.v, &args.o, &args.go, &args.gq, &args.gk, &args.gv};
    for (int i = 0; i < ARRAY_COUNT; i++) {
        views[i]->data = (char *)views[i]->data + (size_t)(row * views[i]->batch) * x->size;
    }
    args.batch = 1;
    args.queries = used_tokens(p, Q, row * p->s.heads);
    args.keys = used_tokens(p, K, row * p->s.heads);
    args.lse = (char *)args.lse + (size_t)(row * p->s.heads * p->s.queries) * x->size;
    args.query_lengths = args.key_lengths = NULL;
    return args;
}

static void same_tokens(const attention_problem *p, const arrays *x, const arrays *y, int array, const char *name)
{
    for (int64_t head = 0; head < p->s.batch * p->s.heads; head++) {
        for (int64_t token = 0; token < used_tokens(p, array, head); token++) {
            const int64_t place = place_of(&p->s, &x->view[array], head, token, 0);
            const char *a = (const char *)x->view[array].data + (size_t)place * x->size;
            const char *b = (const char *)y->view[array].data + (size_t)place * x->size;
            ck_assert_msg(!memcmp(a, b, (size_t)p->s.dim * x->size), "%s: %s, head %d, token %d depends on padding",
                          describe_shape(&p->s, name), array_names[array], (int)head, (int)token);
        }
    }
}

static void check_padding(const attention_problem *p, const neap_kernels *kernels, size_t size)
{
    arrays x = arrays_new(p, size), y = arrays_new(p, size);
    const neap_attention_args args = arguments_of(p, &x);
    ck_assert(kernels->attention(kernels, &args) == 0 && kernels->attention_gradient(kernels, &args) == 0);
    for (int64_t row = 0; row < p->s.batch; row++) {
        const neap_attention_args cut = one_row(p, &y, row);
        ck_assert(kernels->attention(kernels, &cut) == 0 && kernels->attention_gradient(kernels, &cut) == 0);
    }
    for (int array = O; array < ARRAY_COUNT; array++) {
        same_tokens(p, &x, &y, array, kernels->name);
    }
    arrays_free(&x);
    arrays_free(&y);
}

/* Each row has the same bits as without padding. */
START_TEST(padding_changes_no_bit)
{
    for (int bf16 = 0; bf16 < 2; bf16++) {
        attention_problem p = masked_problem(_i, 110, bf16);
        for (int table = 0; table < F32_TABLES; table++) {
            if (f32_table(table)) {
                check_padding(&p, f32_table(table), sizeof(float));
            }
        }
        check_padding(&p, neap_kernels_for(NEAP_F64), sizeof(double));
        attention_problem_free(&p);
    }
}
END_TEST

static void check_skipping(const attention_problem *p, const neap_kernels *kernels, int wanted)
{
    arrays whole = arrays_new(p, sizeof(float)), part = arrays_new(p, sizeof(float));
    neap_attention_args all = arguments_of(p, &whole), some = arguments_of(p, &part);
    neap_attention_view *views[] = {&some.gq, &some.gk, &some.gv};
    for (int i = 0; i < 3; i++) {
        views[i]->data = wanted >> i & 1 ? views[i]->data : NULL;
    }
    ck_assert(kernels->attention(kernels, &all) == 0 && kernels->attention_gradient(kernels, &all) == 0);
    ck_assert(kernels->attention(kernels, &some) == 0 && kernels->attention_gradient(kernels, &some) == 0);
    for (int i = 0; i < 3; i++) {
        const guarded *got = &part.at[GQ + i], *full = &whole.at[GQ + i];
        const bool same = wanted >> i & 1 ? !memcmp(got->data, full->data, got->bytes) : all_canaries(got->data, got->bytes);
        ck_assert_msg(same && guarded_intact(got), "%s: wanted %d: %s", kernels->name, wanted, array_names[GQ + i]);
    }
    arrays_free(&whole);
    arrays_free(&part);
}

/* A gradient without an array is not computed, and the others keep their bits. */
START_TEST(unwanted_gradients)
{
    attention_problem p = masked_problem(0, 53, _i & 1);
    for (int table = 0; table < F32_TABLES; table++) {
        if (f32_table(table)) {
            check_skipping(&p, f32_table(table), _i / 2);
        }
    }
    attention_problem_free(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention, masked");
    TCase *tests = tcase_create("attention, masked");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, masked_tokens, 0, (int)(sizeof lengths / sizeof *lengths));
    tcase_add_loop_test(tests, padding_changes_no_bit, 0, (int)(sizeof lengths / sizeof *lengths));
    tcase_add_loop_test(tests, unwanted_gradients, 0, 16);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
