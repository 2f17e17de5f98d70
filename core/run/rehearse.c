/* Steps without updates, to measure the memory and time that training needs. */
#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>

#include "run/clock.h"
#include "run/trainer.h"

#define LONG_PASS 1 /* seconds */
#define TIMED 4     /* steps */

static int time_steps(neap_trainer *t, int64_t first, int64_t last, double *seconds)
{
    neap_train_report report = {0};
    const double start = neap_clock();
    for (int64_t number = first; number <= last; number++)
        if (neap_check_cancel() < 0 || neap_trainer_run(t, number, 1, false, &report) < 0)
            return -1;
    *seconds = (neap_clock() - start) / (double)(last - first + 1);
    return 0;
}

/* Step 1 lacks phases that begin later, and step `last` may lack what happens every few steps, so both are run. The first
 * pass records the arena's plan, and the second touches its memory for the first time. Later passes are timed like the
 * steps of training, which may differ from each other. When a pass takes long, the first touch is a small share of it, and
 * two passes suffice. */
static int rehearse(neap_trainer *t, int64_t last, double *seconds)
{
    if (time_steps(t, 1, 1, seconds) < 0 || time_steps(t, last, last, seconds) < 0)
        return -1;
    return *seconds < LONG_PASS ? time_steps(t, last + 1, last + TIMED, seconds) : 0;
}

int neap_trainer_rehearse(neap_trainer *t, int64_t last, size_t *peak, double *seconds)
{
    neap_scope scope = neap_scope_open();
    const bool kept = neap_abandon_hold(false);
    neap_tensor **copies = neap_trainer_copy_buffers(t);
    neap_memory_reset_peak();
    int status = copies ? rehearse(t, last < 1 ? 1 : last, seconds) : -1;
    *peak = neap_memory().peak;
    if (copies && neap_trainer_restore_buffers(t, copies) < 0)
        status = -1;
    neap_abandon_hold(kept);
    neap_free(copies);
    neap_scope_close(scope);
    return status < 0 ? neap_fail_in("train: rehearsal") : 0;
}
