/* Gradients of slices meet in one tensor of the input's size: the values, where slices overlap too, and the memory. */
#include <neap/memory.h>

#include "tape_test.h"

enum { A = 3, B = 7, C = 4 };

/* [start, stop) of an axis; the last two overlap others. */
static const int64_t ranges[][3] = {{1, 0, 2}, {1, 2, 5}, {1, 5, 7}, {0, 1, 3}, {2, 0, 1}, {1, 1, 6}, {1, 2, 2}};
enum { RANGES = sizeof ranges / sizeof *ranges };

/* A sum in which each element of each slice has a weight of its own. */
static neap_tensor *weigh(neap_tensor *x, const int *order, int count)
{
    neap_tensor *sum = neap_full(neap_dtype_of(x), (neap_shape){0}, 0);
    for (int i = 0; i < count; i++) {
        const int64_t *range = ranges[order[i]];
        neap_tensor *part = neap_slice(x, (int)range[0], range[1], range[2]);
        neap_tensor *weights = neap_cos(neap_affine(neap_arange(neap_dtype_of(x), 0, 1, neap_size(part)), 0.7, order[i]));
        sum = neap_add(sum, total(neap_mul(part, neap_reshape(weights, neap_shape_of(part)))));
    }
    return sum;
}

/* The weights of weigh(), added by hand. */
static void expect(const int *order, int count, double *expected)
{
    const int64_t side[] = {A, B, C};
    for (int i = 0; i < count; i++) {
        const int64_t *range = ranges[order[i]];
        int64_t place = 0;
        for (int64_t at = 0; at < A * B * C; at++) {
            const int64_t index[] = {at / (B * C), at / C % side[1], at % side[2]};
            if (index[range[0]] >= range[1] && index[range[0]] < range[2])
                expected[at] += cos(0.7 * (double)place++ + order[i]);
        }
    }
}

static const int orders[][RANGES] = {{0, 1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1, 0}, {3, 0, 4, 6, 1, 5, 2}, {1, 1, 1, 5, 5, 0, 0}};

START_TEST(test_values)
{
    neap_tensor *x = neap_cast(random_tensor(neap_dims(A, B, C), -1, 1), NEAP_F64);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    for (int count = 1; count <= RANGES; count++) {
        double *expected = room(A * B * C);
        expect(orders[_i], count, expected);
        neap_tensor *plain = gradient_of(weigh(x, orders[_i], count), x, 0);
        check_values("gradient of slices", plain, neap_dims(A, B, C), expected, 1e-14);
        neap_tensor *recorded = gradient_of(weigh(x, orders[_i], count), x, NEAP_CREATE_GRAPH);
        check_values("recorded gradient of slices", recorded, neap_dims(A, B, C), values(plain), 0);
    }
}
END_TEST

static size_t largest;

static bool note_largest(void *user, size_t bytes)
{
    *(int *)user += bytes >= largest;
    return false;
}

/* How many tensors of the size of x a backward pass through `count` slices makes. */
static int large_tensors(neap_tensor *x, int count)
{
    int large = 0;
    neap_tensor *parts[8], *sum = NULL, *g;
    ck_assert_int_eq(neap_chunk(x, 8, parts, 1), 0);
    for (int i = 0; i < count; i++)
        sum = i ? neap_add(sum, neap_square(parts[i])) : neap_square(parts[i]);
    sum = total(sum);
    neap_on_allocate(note_largest, &large);
    const int status = neap_gradients(sum, NULL, &x, 1, 0, &g);
    neap_on_allocate(NULL, NULL);
    ck_assert_int_eq(status, 0);
    return large;
}

START_TEST(test_memory)
{
    neap_tensor *x = leaf(neap_dims(16, 800));
    largest = 16 * 800 * sizeof(float);
    ck_assert_int_eq(large_tensors(x, 1), 1);
    ck_assert_int_eq(large_tensors(x, 8), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("autograd, slices");
    TCase *tcase = new_tcase(suite, "slices");
    tcase_add_loop_test(tcase, test_values, 0, sizeof orders / sizeof *orders);
    tcase_add_test(tcase, test_memory);
    return run_suite(suite);
}
