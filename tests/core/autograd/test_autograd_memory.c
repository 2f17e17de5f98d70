/* What the tape holds and when it lets go: the rows' needs to the byte, loops that never end, memory that runs out. */
#include <neap/parallel.h>

#include "tape_test.h"

enum { COUNT = 1000, CHAIN = 20 };
#define BUFFER (COUNT * sizeof(float))

static size_t live(void)
{
    return neap_memory().live;
}

/* --- What rows name ---------------------------------------------------------------------------------------------- */

static neap_tensor *apply_affine(neap_tensor *x)
{
    return neap_affine(x, 2, 1);
}

static neap_tensor *apply_add(neap_tensor *x)
{
    return neap_add(x, x);
}

static neap_tensor *apply_mul(neap_tensor *x)
{
    return neap_mul(x, x);
}

static neap_tensor *apply_reshape(neap_tensor *x)
{
    return neap_reshape(x, neap_dims(1, COUNT));
}

static neap_tensor *apply_layer_norm(neap_tensor *x)
{
    return neap_layer_norm(x, 1e-6);
}

static neap_tensor *apply_softmax(neap_tensor *x)
{
    return neap_softmax(x, -1);
}

/* A chain of ops in a scope that returns the last result: of the CHAIN - 1 between, those that a row needs are left. */
static const struct {
    const char *name;
    neap_tensor *(*apply)(neap_tensor *x);
    bool held;       /* every result between is held */
    size_t also;     /* bytes that each op holds besides */
} rows[] = {
    {"affine", apply_affine, false, 0},
    {"neg", neap_neg, false, 0},
    {"add", apply_add, false, 0},
    {"mul", apply_mul, true, 0},
    {"relu", neap_relu, true, 0},
    {"square", neap_square, true, 0},
    {"exp", neap_exp, true, 0},
    {"softmax", apply_softmax, true, 0},
    {"layer_norm", apply_layer_norm, true, 2 * sizeof(float)}, /* mean and scale of the one row */
};

static neap_tensor *chain(neap_tensor *(*apply)(neap_tensor *x), neap_tensor *x)
{
    neap_scope scope = neap_scope_open();
    for (int i = 0; i < CHAIN; i++)
        x = apply(x);
    return neap_scope_return(scope, x);
}

START_TEST(test_held_is_what_rows_name)
{
    neap_tensor *x = leaf(neap_dims(1, COUNT));
    const size_t before = live(), last = BUFFER;
    const size_t between = rows[_i].held ? (CHAIN - 1) * BUFFER : 0, also = CHAIN * rows[_i].also;
    chain(rows[_i].apply, x);
    ck_assert_msg(live() - before == last + between + also, "%s: %zu bytes held, expected %zu", rows[_i].name,
                  live() - before, last + between + also);
    neap_require_grad(x, false);
    const size_t plain = live();
    chain(rows[_i].apply, x);
    ck_assert_msg(live() - plain == last, "%s: %zu bytes held without a gradient", rows[_i].name, live() - plain);
}
END_TEST

/* A view shares what it shows. */
START_TEST(test_views_hold_nothing)
{
    neap_tensor *x = leaf(neap_dims(COUNT));
    const size_t before = live();
    neap_tensor *y = chain(apply_reshape, x);
    ck_assert(neap_requires_grad(y));
    ck_assert_uint_eq(live(), before);
}
END_TEST

/* --- The pass lets go -------------------------------------------------------------------------------------------- */

/* Afterwards the chain is gone, but for what the test's scope owns, unless the graph was to be kept. */
START_TEST(test_pass_lets_go)
{
    neap_tensor *x = leaf(neap_dims(COUNT)), *g;
    const size_t before = live();
    neap_tensor *y = total(chain(neap_exp, neap_affine(x, 0, 0)));
    const size_t held = live() - before;
    ck_assert_int_eq(neap_gradients(y, NULL, &x, 1, NEAP_KEEP_GRAPH, &g), 0);
    const size_t gained = BUFFER + sizeof(float); /* the gradient, and the seed of ones */
    ck_assert_uint_eq(live() - before, held + gained);
    ck_assert_int_eq(neap_gradients(y, NULL, &x, 1, 0, &g), 0);
    ck_assert_uint_eq(live() - before, 2 * BUFFER + sizeof(float) + 2 * gained); /* both ends of the chain, and y */
}
END_TEST

/* On its way down a chain the pass has two gradients and a seed in hand, whatever the length. */
START_TEST(test_peak_of_a_pass)
{
    neap_tensor *x = leaf(neap_dims(COUNT)), *g;
    neap_tensor *y = total(chain(neap_relu, x));
    const size_t before = live();
    neap_memory_reset_peak();
    ck_assert_int_eq(neap_gradients(y, NULL, &x, 1, 0, &g), 0);
    ck_assert_uint_le(neap_memory().peak - before, 3 * BUFFER + sizeof(float));
}
END_TEST

START_TEST(test_leaf_takes_its_gradient_along)
{
    const size_t before = live();
    const neap_scope scope = neap_scope_open();
    neap_tensor *x = leaf(neap_dims(COUNT));
    ck_assert_int_eq(neap_backward(total(neap_square(x)), NULL, NEAP_KEEP_GRAPH), 0);
    ck_assert_ptr_nonnull(neap_grad(x));
    neap_scope_close(scope);
    ck_assert_uint_eq(live(), before);
}
END_TEST

/* --- Loops that never differentiate ------------------------------------------------------------------------------ */

/* As a script would do it: the last round's result lives until the next one's is there. */
START_TEST(test_rounds_without_a_pass)
{
    neap_tensor *w = leaf(neap_dims(8, 8)), *x = random_tensor(neap_dims(4, 8), -1, 1), *kept = NULL;
    size_t after_first = 0;
    for (int round = 0; round < 1000; round++) {
        const neap_scope scope = neap_scope_open();
        neap_tensor *loss = neap_mse(neap_tanh(neap_linear_nobias(x, w)), x);
        neap_release(kept);
        kept = neap_keep(loss);
        neap_scope_close(scope);
        after_first = round ? after_first : live();
        ck_assert_uint_eq(live(), after_first);
    }
    ck_assert(neap_requires_grad(kept));
    neap_release(kept);
}
END_TEST

START_TEST(test_rounds_with_a_pass)
{
    neap_tensor *w = leaf(neap_dims(8, 8)), *x = random_tensor(neap_dims(4, 8), -1, 1);
    const size_t before = live();
    for (int round = 0; round < 1000; round++) {
        const unsigned flags[] = {0, NEAP_KEEP_GRAPH, NEAP_CREATE_GRAPH};
        const neap_scope scope = neap_scope_open();
        neap_tensor *loss = neap_mse(neap_tanh(neap_linear_nobias(x, w)), x);
        ck_assert_int_eq(neap_backward(loss, NULL, flags[round % 3]), 0);
        neap_grad_clear(w);
        neap_scope_close(scope);
        ck_assert_uint_eq(live(), before);
    }
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

typedef struct network {
    neap_tensor *x, *w[4], *wide[2];
} network;

static neap_tensor *loss_of(const network *n)
{
    neap_tensor *h = neap_silu(neap_linear(n->x, n->w[0], n->w[1]));
    h = neap_layer_norm(neap_linear_gelu(h, n->w[2], n->w[3]), 1e-6);
    return neap_mse(neap_add(h, neap_square(h)), n->x);
}

/* Two passes, so that gradients are added to what is there; what came of them goes in any case. */
static bool two_passes(void *user)
{
    const network *n = user;
    bool done = true;
    for (int pass = 0; pass < 2 && done; pass++) {
        neap_tensor *loss = loss_of(n);
        done = loss && neap_backward(loss, NULL, pass ? 0 : NEAP_CREATE_GRAPH) == 0;
    }
    for (int i = 0; i < 4; i++)
        neap_grad_clear(n->w[i]);
    return done;
}

static neap_tensor *product(void *user, neap_tensor *const *x)
{
    (void)user;
    return total(neap_sin(neap_matmul(x[0], x[1])));
}

/* The second argument's gradient is a view with strides. */
static neap_tensor *turned_product(void *user, neap_tensor *const *x)
{
    return product(user, (neap_tensor *[]){x[0], neap_permute(x[1], (int[]){1, 0})});
}

static bool check_gradients(void *user)
{
    const network *n = user;
    return neap_gradient_check(turned_product, NULL, n->wide, 2, 1e-7, true, NULL) == 0;
}

START_TEST(test_every_allocation_may_fail)
{
    const neap_shape shapes[] = {neap_dims(6, 4), neap_dims(6), neap_dims(4, 6), neap_dims(4)};
    network n = {.x = random_tensor(neap_dims(3, 4), -1, 1)};
    for (int i = 0; i < 4; i++)
        n.w[i] = leaf(shapes[i]);
    for (int i = 0; i < 2; i++) {
        n.wide[i] = neap_cast(random_tensor(neap_dims(2, 2), -1, 1), NEAP_F64);
        neap_require_grad(n.wide[i], true);
    }
    neap_threads_set(1); /* refusals are counted on this thread */
    ck_assert_int_gt(refuse_each(two_passes, &n), 100);
    ck_assert_int_gt(refuse_each(check_gradients, &n), 100);
    neap_threads_set(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("autograd, memory");
    TCase *tcase = new_tcase(suite, "memory");
    tcase_add_loop_test(tcase, test_held_is_what_rows_name, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, test_views_hold_nothing);
    tcase_add_test(tcase, test_pass_lets_go);
    tcase_add_test(tcase, test_peak_of_a_pass);
    tcase_add_test(tcase, test_leaf_takes_its_gradient_along);
    tcase_add_test(tcase, test_rounds_without_a_pass);
    tcase_add_test(tcase, test_rounds_with_a_pass);
    tcase_add_test(tcase, test_every_allocation_may_fail);
    return run_suite(suite);
}
