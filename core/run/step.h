/* A step with its reports and shared tensors, which objectives reach through functions. */
#ifndef NEAP_RUN_STEP_H
#define NEAP_RUN_STEP_H

#include <neap/run.h>

#define STEP_SHARED 4

typedef struct step_state {
    neap_step step;                  /* first: a pointer to it is one to the whole struct */
    neap_tensor *shared[STEP_SHARED]; /* owned */
    int reports;
    neap_reported report[NEAP_TRAIN_REPORTS];
} step_state;

/* Sets the step to a batch that is the whole global batch; reports and shared tensors stay. */
void neap_step_begin(step_state *s, const neap_batch *batch, neap_random random, int64_t number);
/* Releases the shared tensors. */
void neap_step_end(step_state *s);

#endif
