/* A step with the parts that objectives reach through functions. */
#ifndef NEAP_RUN_STEP_H
#define NEAP_RUN_STEP_H

#include <neap/run.h>

#define STEP_SHARED 4

typedef struct step_state {
    neap_step step;                  /* first, so that a pointer to it is one to the whole */
    neap_tensor *shared[STEP_SHARED]; /* owned */
    int reports;
    neap_reported report[NEAP_TRAIN_REPORTS];
} step_state;

/* A batch of its own, alone; what was reported stays. */
void neap_step_begin(step_state *s, const neap_batch *batch, neap_random random, int64_t number);
/* Lets go of what is shared. */
void neap_step_end(step_state *s);

#endif
