/* Attention kernels on tokens that lie in two arrays: the same bits as on one; nothing beside the tokens is read or written. */
#include "attention_arrays.h"

enum { MOVED = 0xff }; /* bytes of a NaN */

/* Where queries and keys are split, 0: nowhere; of 100 keys and 100 or 110 queries. In bf16 queries are split between two blocks
 * of 48, since matrix units sum the products of a block in groups. */
static const struct {
    int64_t queries, split_queries, split_keys;
} forms[] = {{100, 48, 48}, {100, 96, 96}, {110, 0, 50}, {110, 48, 0}, {110, 96, 3}};
enum { FORMS = sizeof forms / sizeof *forms };

static const int32_t lengths[][2][3] = {
    {{-1}, {-1}}, {{-1}, {100, 33, 0}}, {{97, 0, 1}, {0, 70, 34}}, {{48, 100, 34}, {100, 51, 98}}};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* The second arrays of a problem. */
typedef struct second {
    guarded at[ARRAY_COUNT];
    neap_attention_view view[ARRAY_COUNT];
} second;

static bool is_key(int array)
{
    return array == K || array == V || array == GK || array == GV;
}

static char *element(const attention_problem *p, const arrays *x, const neap_attention_view *v, int64_t head, int64_t token)
{
    if (!v->split || token < v->split)
        return (char *)v->data + (size_t)place_of(&p->s, v, head, token, 0) * x->size;
    const int64_t place = head / p->s.heads * v->rest_batch + (token - v->split) * v->rest_token + head % p->s.heads * v->head;
    return (char *)v->rest + (size_t)place * x->size;
}

/* Moves the tokens from `split` on to a second array, with other strides, and leaves NaN in their places. */
static void move(const attention_problem *p, const arrays *x, int array, int64_t split, second *s)
{
    neap_attention_view *v = &s->view[array];
    const size_t bytes = (size_t)p->s.dim * x->size;
    *v = x->view[array];
    if (!split)
        return;
    const int64_t tokens = tokens_of(&p->s, array);
    v->split = split;
    v->rest_token = p->s.heads * v->head + GAP;
    v->rest_batch = (tokens - split) * v->rest_token + GAP;
    s->at[array] = guarded_new((size_t)(p->s.batch * v->rest_batch) * x->size, x->size);
    v->rest = s->at[array].data;
    for (int64_t head = 0; head < p->s.batch * p->s.heads; head++)
        for (int64_t token = split; token < tokens; token++) {
            char *from = element(p, x, &x->view[array], head, token);
            memcpy(element(p, x, v, head, token), from, bytes);
            memset(from, MOVED, bytes);
        }
}

static void check_moved(const attention_problem *p, const arrays *x, const arrays *y, const second *s, int array,
                        const char *name)
{
    unsigned char moved[512];
    const size_t bytes = (size_t)p->s.dim * x->size;
    memset(moved, MOVED, sizeof moved);
    ck_assert_uint_le(bytes, sizeof moved);
    for (int64_t head = 0; head < p->s.batch * p->s.heads; head++)
        for (int64_t token = 0; token < tokens_of(&p->s, array); token++) {
            char *want = element(p, x, &x->view[array], head, token), *got = element(p, y, &s->view[array], head, token);
            ck_assert_msg(!memcmp(want, got, bytes), "%s: %s, head %d, token %d: other bits than in one array",
                          describe_shape(&p->s, name), array_names[array], (int)head, (int)token);
            if (s->view[array].split && token >= s->view[array].split)
                ck_assert_msg(!memcmp(element(p, y, &y->view[array], head, token), moved, bytes), "%s: %s: wrote token %d",
                              name, array_names[array], (int)token);
        }
}

/* Once the elements are canaries, the whole second array is. */
static void check_second(const attention_problem *p, const arrays *y, second *s, int array)
{
    const neap_attention_view *v = &s->view[array];
    if (!v->split)
        return;
    for (int64_t head = 0; head < p->s.batch * p->s.heads; head++)
        for (int64_t token = v->split; token < tokens_of(&p->s, array); token++)
            memset(element(p, y, v, head, token), CANARY, (size_t)p->s.dim * y->size);
    ck_assert_msg(guarded_intact(&s->at[array]) && all_canaries(s->at[array].data, s->at[array].bytes), "wrote outside %s",
                  array_names[array]);
    guarded_free(&s->at[array]);
}

static void check_split(const attention_problem *p, const neap_kernels *kernels, size_t size, int64_t split_queries,
                        int64_t split_keys)
{
    arrays x = arrays_new(p, size), y = arrays_new(p, size);
    second s = {0};
    for (int i = 0; i < ARRAY_COUNT; i++)
        move(p, &y, i, is_key(i) ? split_keys : split_queries, &s);
    neap_attention_args one = arguments_of(p, &x), two = arguments_of(p, &y);
    neap_attention_view *views[ARRAY_COUNT] = {&two.q, &two.k, &two.v, &two.o, &two.go, &two.gq, &two.gk, &two.gv};
    for (int i = 0; i < ARRAY_COUNT; i++)
        *views[i] = s.view[i];
    ck_assert(kernels->attention(kernels, &one) == 0 && kernels->attention_gradient(kernels, &one) == 0);
    ck_assert(kernels->attention(kernels, &two) == 0 && kernels->attention_gradient(kernels, &two) == 0);
    ck_assert(!memcmp(x.lse.data, y.lse.data, x.lse.bytes));
    for (int i = 0; i < ARRAY_COUNT; i++)
        check_moved(p, &x, &y, &s, i, kernels->name);
    for (int i = 0; i < ARRAY_COUNT; i++)
        check_second(p, &y, &s, i);
    arrays_free(&x);
    arrays_free(&y);
}

static attention_problem problem_of(int form, int kind, bool bf16)
{
    const int32_t *query_lengths = lengths[kind][0][0] < 0 ? NULL : lengths[kind][0];
    const int32_t *key_lengths = lengths[kind][1][0] < 0 ? NULL : lengths[kind][1];
    return masked_problem_new((attention_shape){3, 2, forms[form].queries, 100, 19, 0.23, 1, bf16}, query_lengths, key_lengths);
}

START_TEST(two_arrays)
{
    for (int kind = 0; kind < LENGTHS; kind++)
        for (int bf16 = 0; bf16 < 2; bf16++) {
            attention_problem p = problem_of(_i, kind, bf16);
            const int64_t queries = forms[_i].split_queries, keys = forms[_i].split_keys, less = queries && !bf16 ? 11 : 0;
            for (int table = 0; table < F32_TABLES; table++)
                if (f32_table(table))
                    check_split(&p, f32_table(table), sizeof(float), queries - less, keys);
            if (!bf16)
                check_split(&p, neap_kernels_for(NEAP_F64), sizeof(double), queries - less, keys);
            attention_problem_free(&p);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention, two arrays");
    TCase *tests = tcase_create("attention, two arrays");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, two_arrays, 0, FORMS);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
