/*
 * Attention and its gradient, of every instruction set and in f64, against plain loops in double.
 */
#include <pthread.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "attention_problem.h"
#include "model_product.h"

/* The arrays as kernels see them: where there are as many queries as keys, q, k and v lie in one array
 * [batch, tokens, 3, heads, dim], and so do gq, gk and gv; gaps everywhere. */
typedef struct arrays {
    size_t size; /* of an element */
    guarded at[ARRAY_COUNT], lse;
    neap_attention_view view[ARRAY_COUNT];
} arrays;

enum { GAP = 3 };

static void put(const arrays *x, int array, int64_t i, double value)
{
    if (x->size == sizeof(float)) {
        ((float *)x->view[array].data)[i] = (float)value;
    } else {
        ((double *)x->view[array].data)[i] = value;
    }
}

static double get(const arrays *x, const void *data, int64_t i)
{
    return x->size == sizeof(float) ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Where element d of a head's token lies in a view. */
static int64_t place_of(const attention_shape *s, const neap_attention_view *v, int64_t head, int64_t token, int64_t d)
{
    return head / s->heads * v->batch + token * v->token + head % s->heads * v->head + d;
}

static void new_view(arrays *x, const attention_shape *s, int array, int shared_with, int third)
{
    const bool joint = s->queries == s->keys && array != O && array != GO;
    const int64_t head = s->dim + GAP, token = (joint ? 3 : 1) * s->heads * head + GAP;
    const int64_t batch = tokens_of(s, array) * token + GAP;
    if (!joint || array == shared_with) {
        x->at[array] = guarded_new((size_t)(s->batch * batch) * x->size, x->size);
    }
    char *data = x->at[joint ? shared_with : array].data;
    x->view[array] = (neap_attention_view){data + (size_t)(joint ? third * s->heads * head : 0) * x->size, batch, token,
                                           head};
}

/* Masked tokens hold `padding`. */
static void copy_in(const arrays *x, const attention_problem *p, int array, double padding)
{
    for (int64_t i = 0; i < count_of(&p->s, array); i++) {
        const int64_t n = tokens_of(&p->s, array), head = i / p->s.dim / n, token = i / p->s.dim % n;
        const bool used = token < used_tokens(p, array, head);
        put(x, array, place_of(&p->s, &x->view[array], head, token, i % p->s.dim), used ? p->value[array][i] : padding);
    }
}

static arrays padded_arrays_new(const attention_problem *p, size_t size, double padding)
{
    arrays x = {.size = size};
    const int shared[ARRAY_COUNT] = {Q, Q, Q, O, GO, GQ, GQ, GQ}, third[ARRAY_COUNT] = {0, 1, 2, 0, 0, 0, 1, 2};
    for (int i = 0; i < ARRAY_COUNT; i++) {
        new_view(&x, &p->s, i, shared[i], third[i]);
    }
    x.lse = guarded_new((size_t)(p->s.batch * p->s.heads * p->s.queries) * size, size);
    copy_in(&x, p, Q, padding);
    copy_in(&x, p, K, padding);
    copy_in(&x, p, V, padding);
    copy_in(&x, p, GO, padding);
    return x;
}

static arrays arrays_new(const attention_problem *p, size_t size)
{
    return padded_arrays_new(p, size, NAN);
}

static void arrays_free(arrays *x)
{
    for (int i = 0; i < ARRAY_COUNT; i++) {
        guarded_free(&x->at[i]);
    }
    guarded_free(&x->lse);
}

static neap_attention_args arguments_of(const attention_problem *p, const arrays *x)
{
    const attention_shape *s = &p->s;
    return (neap_attention_args){
        .batch = s->batch, .heads = s->heads, .queries = s->queries, .keys = s->keys, .dim = s->dim, .scale = s->scale,
        .bf16 = s->bf16, .query_lengths = p->query_lengths, .key_lengths = p->key_lengths, .q = x->view[Q],
        .k = x->view[K], .v = x->view[V], .o = x->view[O], .lse = x->lse.data, .go = x->view[GO], .gq = x->view[GQ], .gk = x->view[GK], .gv = x->view[GV]};
}

static const char *describe_shape(const attention_shape *s, const char *name)
{
    static char text[160];
    snprintf(text, sizeof text, "%s batch %d heads %d queries %d keys %d dim %d scale %g bf16 %d", name, (int)s->batch,
             (int)s->heads, (int)s->queries, (int)s->keys, (int)s->dim, s->scale, s->bf16);
    return text;
}

/* Rounding errors add up like a random walk: a sum of n terms is off by some sqrt(n) units of its magnitude, and
 * an error of a score, itself a sum over dim, multiplies its exponential; 4 deviations. Where weights are rounded to
 * bf16 each is off by 2^-8 at most: half a unit of 8 bits. */
static double tolerance(const attention_problem *p, size_t size)
{
    const double unit = size == sizeof(float) ? 0x1p-24 : 0x1p-53;
    const double terms = sqrt((double)p->s.dim) + sqrt((double)(p->s.keys + p->s.queries));
    return 4 * unit * terms * (1 + p->largest) + (p->s.bf16 ? 0x1p-8 : 0);
}

static void check_array(const attention_problem *p, const arrays *x, int array, const char *name)
{
    const double relative = tolerance(p, x->size);
    for (int64_t i = 0; i < count_of(&p->s, array); i++) {
        const int64_t token = i / p->s.dim, n = tokens_of(&p->s, array);
        const int64_t place = place_of(&p->s, &x->view[array], token / n, token % n, i % p->s.dim);
        const double got = get(x, x->view[array].data, place), want = p->value[array][i];
        const double bound = relative * p->magnitude[array][i] + 0x1p-120;
        if (!(fabs(got - want) <= bound)) {
            ck_abort_msg("%s: %s element %d is %g, expected %g within %g", describe_shape(&p->s, name), array_names[array],
                         (int)i, got, want, bound);
        }
    }
}

/* Nothing outside the elements was written: once the elements are canaries, the whole array is. */
static void check_gaps(const attention_problem *p, arrays *x, const char *name)
{
    for (int array = 0; array < ARRAY_COUNT; array++) {
        for (int64_t i = 0; i < count_of(&p->s, array); i++) {
            const int64_t token = i / p->s.dim, n = tokens_of(&p->s, array);
            const int64_t place = place_of(&p->s, &x->view[array], token / n, token % n, i % p->s.dim);
            memset((char *)x->view[array].data + (size_t)place * x->size, CANARY, x->size);
        }
    }
    for (int array = 0; array < ARRAY_COUNT; array++) {
        const guarded *g = &x->at[array];
        ck_assert_msg(!g->data || (guarded_intact(g) && all_canaries(g->data, g->bytes)), "%s: wrote outside %s",
                      describe_shape(&p->s, name), array_names[array]);
    }
    ck_assert(guarded_intact(&x->lse));
}

static void check_lse(const attention_problem *p, const arrays *x, const char *name)
{
    for (int64_t i = 0; i < p->s.batch * p->s.heads * p->s.queries; i++) {
        if (i % p->s.queries >= used_tokens(p, Q, i / p->s.queries)) {
            continue;
        }
        const double got = get(x, x->lse.data, i), want = p->lse[i];
        const bool close = fabs(got - want) <= tolerance(p, x->size) - (p->s.bf16 ? 0x1p-8 : 0);
        if (!close && got != want) { /* without keys: -infinity */
            ck_abort_msg("%s: lse %d is %g, expected %g", describe_shape(&p->s, name), (int)i, got, want);
        }
    }
}

static void check_on(const attention_problem *p, const neap_kernels *kernels, size_t size, double padding, const char *name)
{
    arrays x = padded_arrays_new(p, size, padding);
    const neap_attention_args args = arguments_of(p, &x);
    ck_assert_int_eq(kernels->attention(kernels, &args), 0);
    check_array(p, &x, O, name);
    check_lse(p, &x, name);
    ck_assert_int_eq(kernels->attention_gradient(kernels, &args), 0);
    check_array(p, &x, GQ, name);
    check_array(p, &x, GK, name);
    check_array(p, &x, GV, name);
    check_gaps(p, &x, name);
    arrays_free(&x);
}

/* On every instruction set and in f64, with each of `padding` in the masked tokens. */
static void check_problem(attention_problem p, const double *padding, int count)
{
    for (int i = 0; i < count; i++) {
        for (int table = 0; table < F32_TABLES; table++) {
            const neap_kernels *kernels = f32_table(table);
            if (kernels) {
                check_on(&p, kernels, sizeof(float), padding[i], kernels->name);
            }
        }
        if (!p.s.bf16) {
            check_on(&p, neap_kernels_for(NEAP_F64), sizeof(double), padding[i], "f64");
        }
    }
    attention_problem_free(&p);
}

static void check_shape(attention_shape s)
{
    check_problem(attention_problem_new(s), (double[]){0}, 1);
}

/* batch, heads, queries, keys, dim */
static const int64_t sides[][5] = {
    {1, 1, 1, 1, 1},    {2, 3, 7, 5, 3},     {1, 2, 49, 49, 64}, {2, 2, 64, 64, 64},  {1, 3, 50, 33, 17},
    {1, 1, 100, 129, 40}, {2, 1, 48, 96, 16}, {1, 1, 97, 257, 65}, {1, 2, 257, 70, 31}, {1, 1, 3, 1030, 8},
    {1, 1, 50, 768, 72}, {3, 2, 5, 1, 70},   {1, 2, 1, 65, 64},  {2, 3, 17, 17, 24},
};

START_TEST(shapes)
{
    const int64_t *d = sides[_i];
    attention_shape s = {.batch = d[0], .heads = d[1], .queries = d[2], .keys = d[3], .dim = d[4], .spread = 1};
    s.scale = 1 / sqrt((double)s.dim);
    check_shape(s);
    s.bf16 = true;
    check_shape(s);
    s.bf16 = false;
    s.scale = -0.3;
    check_shape(s);
}
END_TEST

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

/* Scores of a few hundred, whose exponentials would overflow if the row's maximum were not subtracted. */
START_TEST(large_scores)
{
    check_shape((attention_shape){1, 2, 33, 40, 16, 1, 16, false});
    check_shape((attention_shape){1, 2, 33, 40, 16, -1, 16, false});
}
END_TEST

/* The same bits for any number of threads, also for fewer heads than threads. */
START_TEST(threads_change_no_bit)
{
    const int before = neap_threads();
    attention_problem p = attention_problem_new((attention_shape){1, _i + 1, 150, 90, 40, 0.2, 1, _i & 1});
    for (int table = 0; table < F32_TABLES; table++) {
        const neap_kernels *kernels = f32_table(table);
        arrays first = {0};
        for (int threads = 1; kernels && threads <= 5; threads++) {
            arrays x = arrays_new(&p, sizeof(float));
            const neap_attention_args args = arguments_of(&p, &x);
            ck_assert_int_eq(neap_threads_set(threads), 0);
            ck_assert(kernels->attention(kernels, &args) == 0 && kernels->attention_gradient(kernels, &args) == 0);
            for (int array = 0; threads > 1 && array < ARRAY_COUNT; array++) {
                ck_assert_msg(!memcmp(x.at[array].data, first.at[array].data, x.at[array].bytes), "%s: %s, %d threads",
                              kernels->name, array_names[array], threads);
            }
            arrays_free(threads > 1 ? &x : &first);
            first = threads > 1 ? first : x;
        }
        arrays_free(&first);
    }
    ck_assert_int_eq(neap_threads_set(before), 0);
    attention_problem_free(&p);
}
END_TEST

/* A NaN in one query stays in its row; an infinite score gives a NaN, not a crash or a number. */
START_TEST(special_values)
{
    const neap_kernels *kernels = f32_table(_i);
    static const double specials[] = {NAN, INFINITY};
    for (int i = 0; kernels && i < 2; i++) {
        attention_problem p = attention_problem_new((attention_shape){1, 1, 9, 20, 16, 1, 1, false});
        p.value[Q][4 * 16 + 3] = specials[i];
        arrays x = arrays_new(&p, sizeof(float));
        const neap_attention_args args = arguments_of(&p, &x);
        ck_assert_int_eq(kernels->attention(kernels, &args), 0);
        for (int64_t query = 0; query < 9; query++) {
            const double got = get(&x, x.view[O].data, place_of(&p.s, &x.view[O], 0, query, 0));
            ck_assert_msg(query == 4 ? isnan(got) : isfinite(got), "%s: query %d gives %g", kernels->name, (int)query, got);
        }
        arrays_free(&x);
        attention_problem_free(&p);
    }
}
END_TEST

/* Without keys the result and all gradients are zero; without queries the gradients of keys and values are zero. */
START_TEST(empty_sides)
{
    for (int i = 0; i < 2; i++) {
        attention_problem p = attention_problem_new((attention_shape){2, 2, i ? 5 : 0, i ? 0 : 5, 7, 1, 1, false});
        for (int table = 0; table < F32_TABLES; table++) {
            const neap_kernels *kernels = f32_table(table);
            if (!kernels) {
                continue;
            }
            arrays x = arrays_new(&p, sizeof(float));
            const neap_attention_args args = arguments_of(&p, &x);
            ck_assert(kernels->attention(kernels, &args) == 0 && kernels->attention_gradient(kernels, &args) == 0);
            for (int array = O; array < ARRAY_COUNT; array++) {
                check_array(&p, &x, array, kernels->name);
            }
            check_gaps(&p, &x, kernels->name);
            arrays_free(&x);
        }
        attention_problem_free(&p);
    }
}
END_TEST

static bool refuse_all(void *user, size_t bytes)
{
    (void)user;
    return bytes > 0;
}

/* Runs on its own thread, which has no scratch yet. */
static void *starved(void *failed)
{
    attention_problem p = attention_problem_new((attention_shape){1, 1, 9, 20, 16, 1, 1, false});
    arrays x = arrays_new(&p, sizeof(float));
    const neap_attention_args args = arguments_of(&p, &x);
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    neap_on_allocate(refuse_all, NULL);
    const bool forward = kernels->attention(kernels, &args) < 0 && !strncmp(neap_error_message(), "attention: ", 11);
    neap_error_clear();
    const bool backward = kernels->attention_gradient(kernels, &args) < 0 && !strncmp(neap_error_message(), "attention: ", 11);
    neap_error_clear();
    neap_on_allocate(NULL, NULL);
    *(bool *)failed = forward && backward;
    arrays_free(&x);
    attention_problem_free(&p);
    return NULL;
}

START_TEST(no_memory)
{
    pthread_t thread;
    bool failed = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, starved, &failed), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(failed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention");
    TCase *tests = tcase_create("attention");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, shapes, 0, (int)(sizeof sides / sizeof *sides));
    tcase_add_loop_test(tests, masked_tokens, 0, (int)(sizeof lengths / sizeof *lengths));
    tcase_add_loop_test(tests, padding_changes_no_bit, 0, (int)(sizeof lengths / sizeof *lengths));
    tcase_add_loop_test(tests, unwanted_gradients, 0, 16);
    tcase_add_test(tests, large_scores);
    tcase_add_loop_test(tests, threads_change_no_bit, 0, 4);
    tcase_add_loop_test(tests, special_values, 0, F32_TABLES);
    tcase_add_test(tests, empty_sides);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
