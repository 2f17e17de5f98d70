/*
 * Optimisers: AdamW and SGD with gradient clipping and an exponential moving average (EMA) of the parameters, in one pass over
 * each parameter. One thread at a time may use an optimiser; it uses neap_parallel. Functions that return int return 0, or -1 with
 * a message, unless they say otherwise.
 */
#ifndef NEAP_OPTIM_H
#define NEAP_OPTIM_H

#include <neap/nn.h>

typedef enum neap_optimizer_kind { NEAP_ADAMW, NEAP_SGD, NEAP_OPTIMIZER_COUNT } neap_optimizer_kind;

/* AdamW (Loshchilov and Hutter 2019) uses the betas and eps; SGD uses momentum: v <- momentum v + g + weight_decay p,
 * p <- p - lr v. */
typedef struct neap_optimizer_config {
    neap_optimizer_kind kind;
    double lr, beta1, beta2, eps, momentum, weight_decay;
    double clip;  /* gradients are scaled down to this L2 norm of all together; 0: no clipping */
    double least; /* a step fails if that norm is below this: the gradient has vanished; 0: no check */
    double ema;   /* decay of the moving average; 0: none. The decay of a step is min(ema, 1 - (1 + step)^(-2/3)) */
} neap_optimizer_config;

const char *neap_optimizer_name(neap_optimizer_kind kind); /* "adamw", "sgd" */

/* The state for the parameters of a model whose names begin with one of the given prefixes; buffers are left out. */
typedef struct neap_optimizer neap_optimizer;

/* Fails at the first setting out of range: `adamw: lr: expected a number above 0, got -1`. */
int neap_optimizer_check(const neap_optimizer_config *config);

/* `prefixes` are separated by blanks: "encoder. decoder."; "" stands for all parameters. Checks the settings; NULL with a
 * message on failure. Keeps the parameters, and does not use the model after the call. */
neap_optimizer *neap_optimizer_new(neap_model *model, const char *prefixes, const neap_optimizer_config *config);

/* The same for `count` tensors, from 1, with names for messages and for the state: contiguous f32 leaves that require a gradient and
 * share no elements. Keeps the tensors and copies the names. */
neap_optimizer *neap_optimizer_new_of(const char *const *names, neap_tensor *const *tensors, int count,
                                      const neap_optimizer_config *config);
void neap_optimizer_free(neap_optimizer *optimizer);

/* Sets the settings of later steps; the rate may be 0, as a schedule ends. Fails and changes nothing for settings out of range, for
 * another kind, and where momentum or the moving average would begin or end, since their state is made with the optimiser. */
int neap_optimizer_configure(neap_optimizer *optimizer, const neap_optimizer_config *config);

int neap_optimizer_count(const neap_optimizer *optimizer);
neap_tensor *neap_optimizer_parameter(const neap_optimizer *optimizer, int index);

/* Step number `step` of this optimiser, from 1, with the rate lr * lr_scale. gradients[i] is that of neap_optimizer_parameter(i).
 * Writes the L2 norm of all gradients before clipping to *norm. If a gradient is not finite or all have vanished, fails with the
 * name of a parameter and changes nothing. */
int neap_optimizer_step(neap_optimizer *optimizer, neap_tensor *const *gradients, int64_t step, double lr_scale,
                        double *norm);

/* The state for checkpoints: "moment1.NAME", "moment2.NAME", "ema.NAME", as far as the settings need them. Names and tensors
 * are borrowed; a resume writes into the tensors. Returns their number. */
int neap_optimizer_state(neap_optimizer *optimizer, const char *const **names, neap_tensor *const **tensors);

bool neap_optimizer_averages(const neap_optimizer *optimizer); /* has it a moving average? */

/* Swaps the parameters with their averages; a second call swaps back. Fails without a moving average. */
int neap_optimizer_swap_ema(neap_optimizer *optimizer);

/* The factor of the learning rate at a step from 1: linear from 0 to 1 over `warmup` steps, then constant or falling to `floor`
 * at step `total`. A step may be fractional, for a schedule that is stretched to another number of steps. */
typedef enum neap_decay { NEAP_DECAY_NONE, NEAP_DECAY_LINEAR, NEAP_DECAY_COSINE } neap_decay;
double neap_schedule(double step, int64_t warmup, int64_t total, neap_decay decay, double floor);

#endif
