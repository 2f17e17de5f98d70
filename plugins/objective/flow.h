/*
 * What the objectives along a flow share: the times they draw, dropped conditions, the loss by time.
 * Part of these plugins and of nothing else.
 */
#ifndef NEAP_OBJECTIVE_FLOW_H
#define NEAP_OBJECTIVE_FLOW_H

#include <neap/autograd.h>
#include <neap/network.h>

/* How the times of a batch are drawn. */
typedef struct flow_times {
    int law;                /* FLOW_UNIFORM, ... */
    double mean, deviation; /* of the normal numbers under the logistic function */
    double mode_scale;
    bool stratified;
    double shift;
} flow_times;

enum { FLOW_UNIFORM, FLOW_LOGIT_NORMAL, FLOW_MODE };
extern const char *const flow_laws[]; /* their names, for a parameter table */

/* Above this scale the times of the mode law would turn back on their way from 1 to 0; so they would below -1. */
#define FLOW_MODE_SCALE_LIMIT 1.7519 /* 2 / (pi - 2), rounded down */

/* Rows for a parameter table whose config has a flow_times named `times`. */
#define FLOW_TIMES_PARAMS(config, usual_law, usual_mean)                                                               \
    {"times", NEAP_PARAM_CHOICE, offsetof(config, times.law), false, usual_law, 0, 0, NULL, flow_laws,                 \
     "How times are drawn: evenly, as the logistic function of normal numbers, or most of them near the middle."},     \
        {"mean", NEAP_PARAM_REAL, offsetof(config, times.mean), false, usual_mean, -10, 10, NULL, NULL,                \
         "logit_normal: mean of the normal numbers."},                                                                 \
        {"deviation", NEAP_PARAM_REAL, offsetof(config, times.deviation), false, 1, 0.01, 10, NULL, NULL,              \
         "logit_normal: their standard deviation."},                                                                   \
        {"mode_scale", NEAP_PARAM_REAL, offsetof(config, times.mode_scale), false, 1.29, -1, FLOW_MODE_SCALE_LIMIT,    \
         NULL, NULL, "mode: 0 draws evenly; the larger, the more times lie around the middle."},                       \
        {"stratified", NEAP_PARAM_FLAG, offsetof(config, times.stratified), false, 0, 0, 1, NULL, NULL,                \
         "Draw one time from each of as many equally likely parts as the batch has examples."},                        \
        {"shift", NEAP_PARAM_REAL, offsetof(config, times.shift), false, 1, 0.01, 100, NULL, NULL,                     \
         "Above 1, times move towards the noise, as large pictures need; 1: they stay."}

/* A tenth and not the lecture's half: every example that loses its label trains the unconditional field, which is
 * half of all steps there, though guidance needs that field as a correction only. */
#define FLOW_DROPOUT_PARAM(config)                                                                                     \
    {"label_dropout", NEAP_PARAM_REAL, offsetof(config, label_dropout), false, 0.1, 0, 1, NULL, NULL,                  \
     "Probability that an example is trained without its condition; guidance needs no more than about a tenth."}

/* One time for each row of the step, f32 [B] in [0, 1], by a stream of the step named `purpose`. */
neap_tensor *flow_draw_times(const flow_times *times, const neap_step *step, const char *purpose);

/* Normal noise of x's shape. */
neap_tensor *flow_draw_noise(const neap_step *step);

/* The step's condition, each row told nothing with the probability given. */
const neap_condition *flow_drop(double probability, const neap_step *step);

/* (1 - t) x + t z with t [B]; v = z - x. */
neap_tensor *flow_between(neap_tensor *x, neap_tensor *v, neap_tensor *t);

/* [B] as [B, 1, 1, 1], to meet pictures. */
neap_tensor *flow_per_picture(neap_tensor *t);

/* Reports the mean squared error in each eighth of the times, loss_t0 to loss_t7; an eighth that no example of the
 * batch fell into is left out. Returns 0, or -1 with a message. */
int flow_report(neap_step *step, neap_tensor *output, neap_tensor *target, neap_tensor *t);

#endif
