/*
 * Runs: what the host builds from components. A network, batches of a data set, a training step, sampling, scores.
 */
#ifndef NEAP_RUN_H
#define NEAP_RUN_H

#include <neap/autograd.h>
#include <neap/optim.h>
#include <neap/registry.h>

/* --- Networks ---------------------------------------------------------------------------------------------------- */

neap_network *neap_network_new(neap_instance *architecture, uint64_t seed);
/* The same with at most so many elements in its parameters: for settings that come from a file. */
neap_network *neap_network_new_within(neap_instance *architecture, uint64_t seed, int64_t elements);
void neap_network_free(neap_network *network);
neap_model *neap_network_model(const neap_network *network);
neap_instance *neap_network_instance(const neap_network *network);
neap_spec neap_network_spec(const neap_network *network);
int64_t neap_network_latent(const neap_network *network); /* values of a latent; 0 where there are none */
bool neap_network_offers(const neap_network *network, const char *what); /* "velocity", "generate", ... */

/* Calls with shapes checked; labels NULL stands for the null label where the network is conditional, unless a message
 * is pending: then making them has failed, and so does the call. A failure inside is prefixed with the architecture's
 * name. Objectives call these. */
neap_tensor *neap_network_velocity(neap_network *network, neap_tensor *x, neap_tensor *t, neap_tensor *labels);
neap_tensor *neap_network_generate(neap_network *network, neap_tensor *z, neap_tensor *labels);
neap_tensor *neap_network_discriminate(neap_network *network, neap_tensor *x, neap_tensor *labels);
neap_tensor *neap_network_encode(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_decode(neap_network *network, neap_tensor *z);
neap_tensor *neap_network_classify(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_average(neap_network *network, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                                  neap_tensor *labels);

/* What the network was trained by, which says how a velocity follows from what it gives; NULL where nothing is known.
 * Sampling asks; a trainer sets it. The network keeps an owner of the instance. */
void neap_network_set_objective(neap_network *network, neap_instance *objective);
neap_instance *neap_network_objective(const neap_network *network);

/* Fails by name when something needed is not offered: `flow_matching needs 'velocity'; gan offers 'generate',
 * 'discriminate'`. `needs` ends with NULL. */
int neap_network_require(const neap_network *network, const char *who, const char *const *needs);

/* --- Sources: an open data set ---------------------------------------------------------------------------------------- */

typedef struct neap_source neap_source;
neap_source *neap_source_open(neap_instance *dataset);
void neap_source_close(neap_source *source);
neap_instance *neap_source_instance(const neap_source *source);
neap_spec neap_source_spec(const neap_source *source);
int64_t neap_source_count(const neap_source *source);
const char *neap_source_label_name(const neap_source *source, int64_t label); /* NULL when it has none */

/* The examples at `count` positions; x f32 [count, H, W, C], labels i32 [count], or NULL where it has none. */
int neap_source_read(neap_source *source, const int64_t *indices, int64_t count, neap_tensor **x, neap_tensor **labels);

/* Batch number `step` (from 1) of an endless shuffled pass: epoch e is a permutation drawn from (seed, e), so the
 * position needs no state but the step. */
int neap_source_batch(neap_source *source, neap_random random, int64_t step, int64_t batch, neap_tensor **x,
                    neap_tensor **labels);

/* The noise coupled with the examples of that batch, f32 [batch, H, W, C], to *z; NULL there where the data set has none. */
int neap_source_noise(neap_source *source, neap_random random, int64_t step, int64_t batch, neap_tensor **z);

/* --- Training -------------------------------------------------------------------------------------------------------- */

typedef struct neap_trainer neap_trainer;

/* What a phase of the objective is trained by, where that is not what the others are. */
typedef struct neap_phase_optimizer {
    const char *phase;
    neap_optimizer_config optimizer;
} neap_phase_optimizer;

typedef struct neap_trainer_config {
    int64_t batch;
    uint64_t seed;
    neap_optimizer_config optimizer;
    const neap_phase_optimizer *own; /* one for each phase in place of `optimizer`, or none; read by neap_trainer_new alone */
    int own_count;
} neap_trainer_config;

/* Borrows network, source and objective for its life. Fails when they do not fit: what the objective needs, the shape of
 * pictures, the number of classes. */
neap_trainer *neap_trainer_new(neap_network *network, neap_source *source, neap_instance *objective,
                               const neap_trainer_config *config);
void neap_trainer_free(neap_trainer *trainer);

typedef struct neap_train_report {
    double loss;          /* of the first phase */
    double gradient_norm; /* likewise, before clipping */
    int reports;          /* figures that the objective reported, and the later phases' "loss_PHASE" and
                             "gradient_norm_PHASE", whose names live as long as the trainer */
    struct {
        const char *name;
        double value;
    } report[NEAP_STEP_REPORTS];
} neap_train_report;

/* Step `number` from 1: batch, loss, gradients, update, for each phase as often as the objective says; the repeats of a step
 * take consecutive batches, and a phase that runs once takes the last. Everything random is a function of the seed and
 * the number. A phase that fails changes no parameter and ends the step; phases before it have made their update. A loss or
 * gradient that is not finite is such a failure, and names step and first bad tensor. */
int neap_trainer_step(neap_trainer *trainer, int64_t number, double lr_scale, neap_train_report *report);

/* Does all of step 1 but the update, twice, and where it is short some steps that follow, leaving parameters and buffers as they
 * were. Gives the bytes of tensors alive at the peak (parameters and optimiser state included) and the seconds of a step. */
int neap_trainer_rehearse(neap_trainer *trainer, size_t *peak, double *seconds);

int neap_trainer_optimizers(const neap_trainer *trainer);
neap_optimizer *neap_trainer_optimizer(const neap_trainer *trainer, int phase);

/* --- Sampling -------------------------------------------------------------------------------------------------------- */

typedef struct neap_sampling {
    neap_instance *sampler;
    neap_instance *guidance; /* or NULL */
    int64_t count, batch;    /* how many, and how many at a time; batch 0 means a sensible one */
    uint64_t seed;
    const int32_t *labels;   /* [count], or NULL: the null label */
    const neap_watch *watch; /* or NULL */

    /* What follows may be left at zero. */
    neap_network *worse;  /* for guidances that lead away from a worse network's field */
    neap_tensor *mixture; /* f32 [count, classes + 1] in place of labels: weights of the rows of the label table */
    neap_tensor *noise;   /* f32 [count, H, W, C], or [count, latent] for samplers that generate, in place of noise drawn
                             by (seed, i) */
    neap_tensor *picture; /* f32 [count, H, W, C], for the three below */
    neap_tensor *keep;    /* f32 [count, H, W, 1]: 1 where the picture is kept, 0 where it is drawn anew */
    double level;         /* in (0, 1): begin at t = level from (1 - level) picture + level noise */
    bool invert;          /* walk from the picture at t = 0 up to its noise at t = 1 */
    int64_t *evaluations; /* where not NULL: the network's evaluations of a sample are written here, guidance counted; the
                             most of any sample */
} neap_sampling;

/* The noise that samples first, first + 1, .. of a seed begin from; shape [n, H, W, C]. */
neap_tensor *neap_sample_noise(uint64_t seed, int64_t first, neap_shape shape);

/* f32 [count, H, W, C]. Picture i depends on (seed, i) and not on count or batch. Recording and training are off inside. */
neap_tensor *neap_sample(neap_network *network, const neap_sampling *sampling);

/* --- Scores ---------------------------------------------------------------------------------------------------------- */

#define NEAP_SCORES 8
typedef struct neap_scored {
    int count;
    struct {
        const char *name; /* the metric's */
        double value;
        double deviation; /* of the score of resampled samples; 0 without resamples */
        double low, high; /* value -+ 1.96 deviation */
    } score[NEAP_SCORES];
} neap_scored;

/*
 * Scores samples against a reference by a metric; `reference` may be NULL for metrics that take none. What is there of
 * each side has one number of rows: features f32 [N, D], logits f32 [N, classes], labels i32 [N].
 *
 * The interval is the bootstrap's (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13, the normal
 * interval): as many rows of the samples are drawn with replacement, `resamples` times by (seed, r), while the reference
 * stays; the deviation of their scores is the width. Percentiles of these scores would be off: a resample has rows
 * twice, which draws Gaussians together and nearest neighbours to distance zero, so that all its Frechet distances and
 * recalls lie to one side of the value. Their spread is hardly touched by that, but where both sides are alike to within
 * chance: there a distance is near its least, and the interval is wider than it need be. resamples 0: no interval.
 *
 * Fails with the metric's name and what it misses. Recording is off inside.
 */
int neap_score(neap_instance *metric, const neap_evidence *samples, const neap_evidence *reference, int64_t resamples,
               uint64_t seed, neap_scored *scored);

#endif
