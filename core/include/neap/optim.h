/*
 * Optimisers: AdamW and SGD with clipping and an exponential moving average, in one pass over each parameter.
 */
#ifndef NEAP_OPTIM_H
#define NEAP_OPTIM_H

#include <neap/nn.h>

typedef enum neap_optimizer_kind { NEAP_ADAMW, NEAP_SGD, NEAP_OPTIMIZER_COUNT } neap_optimizer_kind;

/* AdamW (Loshchilov and Hutter 2019) reads the betas and eps; SGD reads momentum, v <- momentum v + g + weight_decay p,
 * p <- p - lr v. */
typedef struct neap_optimizer_config {
    neap_optimizer_kind kind;
    double lr, beta1, beta2, eps, momentum, weight_decay;
    double clip;  /* largest L2 norm of all gradients together; 0: no clipping */
    double least; /* L2 norm of all gradients below which there is nothing left to learn from, and a step fails; 0: none */
    double ema;   /* decay of the average, 0: none. Its warm-up: min(ema, 1 - (1 + step)^(-2/3)) */
} neap_optimizer_config;

const char *neap_optimizer_name(neap_optimizer_kind kind); /* "adamw", "sgd" */

/* State for some parameters of a model, by the prefix of their names ("" for all of them); buffers are left out. */
typedef struct neap_optimizer neap_optimizer;

/* Fails for the first setting out of range: `adamw: lr: expected a number above 0, got -1`. neap_optimizer_new does, too. */
int neap_optimizer_check(const neap_optimizer_config *config);

neap_optimizer *neap_optimizer_new(neap_model *model, const char *prefix, const neap_optimizer_config *config);
void neap_optimizer_free(neap_optimizer *optimizer);

int neap_optimizer_count(const neap_optimizer *optimizer);
neap_tensor *neap_optimizer_parameter(const neap_optimizer *optimizer, int index);

/* One step, number `step` of its own from 1, with lr times lr_scale; gradients are those of neap_optimizer_parameter(i). Writes
 * the gradients' norm before clipping. When a gradient is not finite, or all have vanished, nothing changes and the
 * message names the parameter. */
int neap_optimizer_step(neap_optimizer *optimizer, neap_tensor *const *gradients, int64_t step, double lr_scale,
                        double *norm);

/* State by name, for checkpoints: "moment1.NAME", "moment2.NAME", "ema.NAME", those that the settings
 * ask for; borrowed tensors, written in place to
 * resume. Returns how many there are; `names` are owned by the optimiser. */
int neap_optimizer_state(neap_optimizer *optimizer, const char *const **names, neap_tensor *const **tensors);

bool neap_optimizer_averages(const neap_optimizer *optimizer); /* does it keep a moving average? */

/* Swaps the parameters' values with their averages; a second call swaps back. Fails where there is no average. */
int neap_optimizer_swap_ema(neap_optimizer *optimizer);

/* Factor of the learning rate at a step from 1: linear from 0 to 1 over `warmup` steps, then constant, or falling to `floor`
 * at step `total`. The step may be a fraction, for schedules that are stretched over another number of steps. */
typedef enum neap_decay { NEAP_DECAY_NONE, NEAP_DECAY_LINEAR, NEAP_DECAY_COSINE } neap_decay;
double neap_schedule(double step, int64_t warmup, int64_t total, neap_decay decay, double floor);

#endif
