/* Views, padding, joining and picking against plain index arithmetic. */
#include "ops_test.h"

/* Element (i, j, k) of x [3, 4, 5] is 100 i + 10 j + k, so that each tells where it came from. */
static neap_tensor *labelled(void)
{
    float v[60];
    for (int i = 0; i < 60; i++)
        v[i] = (float)(100 * (i / 20) + 10 * (i / 5 % 4) + i % 5);
    return neap_from(NEAP_F32, neap_dims(3, 4, 5), v);
}

static double label(int i, int j, int k)
{
    return 100 * i + 10 * j + k;
}

START_TEST(test_reshape)
{
    neap_tensor *x = labelled(), *swapped = neap_permute(x, (int[]){0, 2, 1});
    check_values("reshape", neap_reshape(x, neap_dims(6, -1)), neap_dims(6, 10), values(x), 0);
    check_values("scalar", neap_reshape(neap_scalar(3), neap_dims(1, 1)), neap_dims(1, 1), (double[]){3}, 0);
    check_values("reshape of a view", neap_reshape(swapped, neap_dims(15, 4)), neap_dims(15, 4), values(swapped), 0);
    neap_tensor *part = neap_slice(x, 1, 1, 3);
    check_values("reshape of a slice", neap_reshape(part, neap_dims(3, 10)), neap_dims(3, 10), values(part), 0);
}
END_TEST

START_TEST(test_permute)
{
    double *v = room(60);
    for (int n = 0; n < 60; n++)
        v[n] = label(n / 4 % 3, n % 4, n / 12);
    neap_tensor *y = neap_permute(labelled(), (int[]){2, 0, -2});
    check_values("permute", y, neap_dims(5, 3, 4), v, 0);
    check_values("contiguous", neap_contiguous(y), neap_dims(5, 3, 4), v, 0);
    ck_assert(!neap_is_contiguous(y) && neap_is_contiguous(neap_contiguous(y)));
}
END_TEST

START_TEST(test_slice_and_chunk)
{
    neap_tensor *parts[2];
    double v[30];
    for (int n = 0; n < 30; n++)
        v[n] = label(n / 10, 2 + n / 5 % 2, n % 5);
    check_values("slice", neap_slice(labelled(), -2, 2, 4), neap_dims(3, 2, 5), v, 0);
    ck_assert_int_eq(neap_chunk(labelled(), 2, parts, 1), 0);
    check_values("chunk", parts[1], neap_dims(3, 2, 5), v, 0);
    check_values("empty", neap_slice(labelled(), 0, 1, 1), neap_dims(0, 4, 5), NULL, 0);
}
END_TEST

START_TEST(test_expand)
{
    double v[30];
    for (int n = 0; n < 30; n++)
        v[n] = label(n / 5 % 3, 1, n % 5);
    neap_tensor *x = neap_slice(labelled(), 1, 1, 2); /* [3, 1, 5] */
    neap_tensor *y = neap_permute(neap_expand(x, neap_dims(3, 2, 5)), (int[]){1, 0, 2});
    check_values("expand", y, neap_dims(2, 3, 5), v, 0);
}
END_TEST

START_TEST(test_pad)
{
    neap_tensor *x = neap_permute(labelled(), (int[]){1, 0, 2}); /* [4, 3, 5] */
    double *v = room(7 * 3 * 6);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 5; k++)
                v[((i + 1) * 3 + j) * 6 + k] = label(j, i, k);
    check_values("pad", neap_pad(x, (int64_t[]){1, 2, 0, 0, 0, 1}), neap_dims(7, 3, 6), v, 0);
    neap_tensor *bytes = neap_from(NEAP_U8, neap_dims(2), (uint8_t[]){7, 9});
    check_values("pad u8", neap_pad(bytes, (int64_t[]){1, 1}), neap_dims(4), (double[]){0, 7, 9, 0}, 0);
}
END_TEST

START_TEST(test_concat)
{
    neap_tensor *x = labelled(), *parts[] = {neap_slice(x, 1, 3, 4), neap_slice(x, 1, 0, 2), neap_slice(x, 1, 2, 2)};
    double v[45];
    for (int n = 0; n < 45; n++)
        v[n] = label(n / 15, (int[]){3, 0, 1}[n / 5 % 3], n % 5);
    check_values("concat", neap_concat(parts, 3, 1), neap_dims(3, 3, 5), v, 0);
}
END_TEST

/* [outer, n, inner] picked at [outer, m, inner]; inner crosses the width of a unit of work. */
START_TEST(test_gather_and_scatter)
{
    static const int64_t sizes[][4] = {{1, 5, 9, 1}, {3, 4, 2, 5}, {2, 3, 40, 130}, {1, 2, 500, 70}};
    for (int s = 0; s < 4; s++) {
        const int64_t outer = sizes[s][0], n = sizes[s][1], m = sizes[s][2], inner = sizes[s][3];
        neap_tensor *x = random_tensor(neap_dims(outer, n, inner), -1, 1);
        neap_tensor *y = random_tensor(neap_dims(outer, m, inner), -1, 1);
        neap_tensor *index = random_index(neap_dims(outer, m, inner), (int32_t)n);
        const double *v = values(x), *w = values(y), *at = values(index);
        double *picked = room(outer * m * inner), *added = room(outer * n * inner);
        for (int64_t i = 0; i < outer * m * inner; i++) {
            const int64_t from = (i / (m * inner) * n + (int64_t)at[i]) * inner + i % inner;
            picked[i] = v[from];
            added[from] += w[i];
        }
        check_values("gather", neap_gather(x, index, 1), neap_dims(outer, m, inner), picked, 0);
        /* Up to 250 terms, one after the other in f32. */
        check_values("scatter_add", neap_scatter_add(y, index, 1, n), neap_dims(outer, n, inner), added, 2e-5);
    }
}
END_TEST

START_TEST(test_embedding)
{
    neap_tensor *table = random_tensor(neap_dims(7, 70), -1, 1), *index = random_index(neap_dims(4, 50), 7);
    neap_tensor *rows = random_tensor(neap_dims(4, 50, 70), -1, 1);
    const double *v = values(table), *w = values(rows), *at = values(index);
    double *picked = room(200 * 70), *added = room(7 * 70);
    for (int i = 0; i < 200 * 70; i++) {
        const int from = (int)at[i / 70] * 70 + i % 70;
        picked[i] = v[from];
        added[from] += w[i];
    }
    check_values("embedding", neap_embedding(table, index), neap_dims(4, 50, 70), picked, 0);
    neap_tensor *in[] = {rows, index};
    neap_tensor *sum = neap_op_apply(neap_op_find("embedding_sum"), in, 2, &(neap_attrs){.i = {7}});
    check_values("embedding_sum", sum, neap_dims(7, 70), added, 3e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops, layout");
    TCase *tcase = new_tcase(suite, "layout");
    tcase_add_test(tcase, test_reshape);
    tcase_add_test(tcase, test_permute);
    tcase_add_test(tcase, test_slice_and_chunk);
    tcase_add_test(tcase, test_expand);
    tcase_add_test(tcase, test_pad);
    tcase_add_test(tcase, test_concat);
    tcase_add_test(tcase, test_gather_and_scatter);
    tcase_add_test(tcase, test_embedding);
    return run_suite(suite);
}
