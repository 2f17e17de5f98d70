/* For tests of the tape: leaves, sums, gradients, and failures by their whole message. */
#ifndef NEAP_TAPE_TEST_H
#define NEAP_TAPE_TEST_H

#include "tests/core/ops/ops_test.h"

static inline neap_tensor *leaf(neap_shape shape)
{
    neap_tensor *x = random_tensor(shape, 0.5, 1.5);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

static inline neap_tensor *total(neap_tensor *x)
{
    return neap_sum(x, NULL, 0, false);
}

static inline neap_tensor *gradient_of(neap_tensor *y, neap_tensor *x, unsigned flags)
{
    neap_tensor *g;
    ck_assert_msg(neap_gradients(y, NULL, &x, 1, flags, &g) == 0, "%s", neap_error_message());
    return g;
}

static inline void fails_with(int status, const char *message)
{
    ck_assert_int_eq(status, -1);
    check_message(message);
}

#endif
