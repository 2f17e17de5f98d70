/* The members of a trainer, for the step and its rehearsal. */
#ifndef NEAP_RUN_TRAINER_H
#define NEAP_RUN_TRAINER_H

#include "run/step.h"

struct neap_trainer {
    neap_network *network;
    neap_source *source;
    neap_instance *instance;
    const neap_objective *objective;
    neap_trainer_config config;
    int phases;                 /* of the objective */
    int first;                  /* the first phase that runs */
    int64_t *begins;            /* [phases]: the step at which each begins, 0: it never runs */
    int64_t rounds;             /* batches of a step: the largest number of repeats of a phase */
    neap_optimizer **optimizer; /* [phases]; NULL for a phase that never runs */
    char **name;                /* [2 phases]: "loss_PHASE" and "gradient_norm_PHASE" of each */
    neap_tensor **gradients;    /* as many as the phase with the most parameters has */
    neap_arena *arena;
};

/* How often a phase runs in a step, from 1. */
int64_t neap_trainer_repeats(const neap_trainer *t, int phase);

/* Runs step `number`; with `update` false, without its updates. */
int neap_trainer_run(neap_trainer *t, int64_t number, double lr_scale, bool update, neap_train_report *report);

/* Copies of the model's buffers, in the innermost scope; NULL for parameters. The caller frees the array. */
neap_tensor **neap_trainer_copy_buffers(const neap_trainer *t);
int neap_trainer_restore_buffers(const neap_trainer *t, neap_tensor *const *copies);

#endif
