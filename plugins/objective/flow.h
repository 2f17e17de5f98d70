/*
 * Shared by the objectives that train flows: drawing times, dropping conditions, the loss by time. Part of the plugins
 * flow_matching and mean_flow.
 */
#ifndef NEAP_OBJECTIVE_FLOW_H
#define NEAP_OBJECTIVE_FLOW_H

#include <neap/autograd.h>
#include <neap/network.h>

/* How the times of a batch are drawn. */
typedef struct flow_times {
    int law;                /* FLOW_UNIFORM, ... */
    double mean, deviation; /* logit-normal: of the normal variable */
    double mode_scale;
    bool stratified;
    double shift;
} flow_times;

enum { FLOW_UNIFORM, FLOW_LOGIT_NORMAL, FLOW_MODE };
extern const char *const flow_laws[]; /* their names, for a parameter table */

/* The mode distribution's map from u to t is monotonic for scales from -1 to this one. */
#define FLOW_MODE_SCALE_LIMIT 1.7519 /* 2 / (pi - 2), rounded down */

/* Rows for a parameter table whose config has a flow_times named `times`. */
#define FLOW_TIMES_PARAMS(config, default_law, default_mean)                                                           \
    {"times", NEAP_PARAM_CHOICE, offsetof(config, times.law), false, default_law, 0, 0, NULL, flow_laws,               \
     "Distribution of times: uniform, logit-normal, or with a mode near the middle."},                                 \
        {"mean", NEAP_PARAM_REAL, offsetof(config, times.mean), false, default_mean, -10, 10, NULL, NULL,              \
         "logit_normal: mean of the normal variable."},                                                                \
        {"deviation", NEAP_PARAM_REAL, offsetof(config, times.deviation), false, 1, 0.01, 10, NULL, NULL,              \
         "logit_normal: standard deviation of the normal variable."},                                                  \
        {"mode_scale", NEAP_PARAM_REAL, offsetof(config, times.mode_scale), false, 1.29, -1, FLOW_MODE_SCALE_LIMIT,    \
         NULL, NULL, "mode: 0 is uniform; the larger, the more times lie near the middle."},                           \
        {"stratified", NEAP_PARAM_FLAG, offsetof(config, times.stratified), false, 0, 0, 1, NULL, NULL,                \
         "Draw one time from each of B equally likely intervals, for a batch of B examples."},                         \
        {"shift", NEAP_PARAM_REAL, offsetof(config, times.shift), false, 1, 0.01, 100, NULL, NULL,                     \
         "Above 1, times move towards noise, which suits large pictures; 1: no shift."}

/* The default is 0.1 and not 0.5: examples without a condition train the unconditional velocity alone, which guidance
 * uses as a correction only. */
#define FLOW_DROPOUT_PARAM(config)                                                                                     \
    {"label_dropout", NEAP_PARAM_REAL, offsetof(config, label_dropout), false, 0.1, 0, 1, NULL, NULL,                  \
     "Probability that an example is trained without its condition (label, text and picture at once); 0.1 is enough "  \
     "for guidance."}

/* One time per row of the step, f32 [B] in [0, 1], from the stream of the step named `purpose`. */
neap_tensor *flow_draw_times(const flow_times *times, const neap_step *step, const char *purpose);

/* Standard normal noise of x's shape. */
neap_tensor *flow_draw_noise(const neap_step *step);

/* The step's condition; each row gets the null condition with the given probability. */
const neap_condition *flow_drop(double probability, const neap_step *step);

/* (1 - t) x + t z with t [B]; v = z - x. */
neap_tensor *flow_between(neap_tensor *x, neap_tensor *v, neap_tensor *t);

/* [B] as [B, 1, 1, 1], which broadcasts over pictures. */
neap_tensor *flow_per_picture(neap_tensor *t);

/* Reports the mean squared error in each eighth of the times, loss_t0 to loss_t7; an eighth without an example in
 * this batch is not reported. Returns 0, or -1 with a message. */
int flow_report(neap_step *step, neap_tensor *output, neap_tensor *target, neap_tensor *t);

#endif
