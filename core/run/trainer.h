/* A trainer's inside, for the step and its rehearsal. */
#ifndef NEAP_RUN_TRAINER_H
#define NEAP_RUN_TRAINER_H

#include "run/step.h"

struct neap_trainer {
    neap_network *network;
    neap_source *source;
    neap_instance *instance;
    const neap_objective *objective;
    neap_trainer_config config;
    int phases;
    int64_t rounds;             /* the most that a phase runs in a step */
    neap_optimizer **optimizer; /* one a phase */
    char **name;                /* two a phase: under which loss and gradient norm of those after the first are reported */
    neap_tensor **gradients;    /* room for the phase with the most parameters */
    neap_arena *arena;
};

/* How often a phase runs in a step, from 1. */
int64_t neap_trainer_repeats(const neap_trainer *t, int phase);

/* All of step `number`, but for the updates where `update` is false. */
int neap_trainer_run(neap_trainer *t, int64_t number, double lr_scale, bool update, neap_train_report *report);

#endif
