/* Abandonment: ops fail while it is on; a training step is abandoned before its first update and leaves everything as it was,
 * or it is done whole. */
#include <neap/cancel.h>

#include "training.h"

static training gan_training(neap_exchange *exchange)
{
    neap_network *network = NETWORK("gan", "rows", "8", "columns", "8", "channels", "1", "style", "dcgan", "width", "8", "latent",
                                    "4");
    neap_trainer_config config = usual_config;
    config.exchange = exchange;
    config.optimizer.clip = 0;
    return start_training(network, small_shapes(), "adversarial", &config);
}

/* Called after the backward pass of each phase, before its update. */
static int abandon_here(void *user, neap_tensor *const *gradients, int count)
{
    (void)user, (void)gradients, (void)count;
    neap_abandon(true);
    return neap_check_abandon();
}

static int abandon_later(void *user, neap_tensor *const *gradients, int count)
{
    (void)user, (void)gradients, (void)count;
    neap_abandon(true);
    return 0;
}

START_TEST(ops)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_full(NEAP_F32, neap_dims(3), 2);
    neap_abandon(true);
    ck_assert(!neap_abandoned());
    ck_fails_with(neap_square(x) ? 0 : -1, "interrupted");
    ck_assert(neap_abandoned());
    ck_assert(!neap_abandon_hold(true));
    ck_assert_ptr_nonnull(neap_square(x));
    ck_assert(neap_abandon_hold(false));
    neap_abandon(false);
    ck_assert(!neap_abandoned());
    ck_assert_ptr_nonnull(neap_square(x));
    neap_scope_close(scope);
}
END_TEST

/* The forward passes of a DCGAN have changed running statistics by then. */
START_TEST(steps_leave_everything)
{
    training t = gan_training(abandon_here);
    ck_assert_msg(t.trainer != NULL, "%s", neap_error_message());
    refuses_step(t, 1, "train: step 1: interrupted");
    ck_assert(neap_abandoned());
    neap_abandon(false);
    end_training(t);
}
END_TEST

/* What abandonment comes too late for is a step like any other. */
START_TEST(steps_with_an_update_are_whole)
{
    training late = gan_training(abandon_later), usual = gan_training(NULL);
    take_step(late, 1);
    ck_assert(!neap_abandoned());
    neap_abandon(false);
    take_step(usual, 1);
    neap_scope scope = neap_scope_open();
    const snapshot whole = snapshot_of(usual);
    ck_assert_int_eq(first_change(&whole, late), -1);
    neap_scope_close(scope);
    end_training(late);
    end_training(usual);
}
END_TEST

/* Also where the caller holds it off, as a loop of training does. */
START_TEST(callers_that_hold_it_off)
{
    training t = small_training(1);
    const bool before = neap_abandon_hold(true);
    neap_abandon(true);
    refuses_step(t, 1, "train: step 1: flow_matching: interrupted");
    ck_assert(neap_abandon_hold(before));
    neap_abandon(false);
    end_training(t);
}
END_TEST

START_TEST(rehearsals)
{
    training t = small_training(1);
    size_t peak;
    double seconds;
    neap_abandon(true);
    ck_fails_with(neap_trainer_rehearse(t.trainer, 1, &peak, &seconds), "train: rehearsal: flow_matching: interrupted");
    neap_abandon(false);
    end_training(t);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("abandon", run_open, run_close, ops, steps_leave_everything, steps_with_an_update_are_whole,
                          callers_that_hold_it_off, rehearsals);
}
