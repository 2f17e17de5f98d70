/*
 * Runs, for programs that embed neap: networks, data sets, training, sampling and scores, made of components.
 * Components themselves need network.h alone.
 */
#ifndef NEAP_RUN_H
#define NEAP_RUN_H

#include <neap/autograd.h>
#include <neap/network.h>
#include <neap/optim.h>
#include <neap/registry.h>

/* --- Networks ---------------------------------------------------------------------------------------------------- */

/* The caller owns the network: neap_network_keep and neap_network_release of registry.h. */
neap_network *neap_network_new(neap_instance *architecture, uint64_t seed);
/* The same with at most so many elements in its parameters: for settings that come from a file. */
neap_network *neap_network_new_within(neap_instance *architecture, uint64_t seed, int64_t elements);
neap_model *neap_network_model(const neap_network *network);
neap_instance *neap_network_instance(const neap_network *network);

/* The shape of the noise that `count` samples begin from: [count, n] for a generator with latents, else that of its spec. */
neap_shape neap_network_noise_shape(const neap_network *network, int64_t count);

/* The functions that a network may offer, by index from 0: "velocity", ...; NULL past the end. */
const char *neap_network_offer_at(int index);

/* Makes it a network that others lean on: its parameters want no gradient, and its calls are never in training. */
int neap_network_freeze(neap_network *network);
bool neap_network_frozen(const neap_network *network);

/* The objective that the network was trained by, which says how a velocity follows from its output; NULL where nothing is known.
 * Sampling asks; a trainer sets it. The network keeps an owner of the instance. */
void neap_network_set_objective(neap_network *network, neap_instance *objective);
neap_instance *neap_network_objective(const neap_network *network);

/* --- Autoencoders ---------------------------------------------------------------------------------------------------- */

/* Lets the network work in the latents of an autoencoder (Rombach et al. 2022, High-Resolution Image Synthesis with Latent
 * Diffusion Models). A trainer then encodes its batches, sampling encodes pictures and decodes samples. Freezes the autoencoder
 * and keeps an owner of it. Fails unless the network works on its latents. */
int neap_network_set_autoencoder(neap_network *network, neap_network *autoencoder);
neap_network *neap_network_autoencoder(const neap_network *network); /* borrowed, or NULL */

/* Pictures f32 [B, H, W, C] to latents f32 [B, h, w, c], normalised by channel, and back; without an autoencoder, x itself.
 * `random` NULL takes the means; otherwise row i is drawn with sample first + i. Recording is off inside. */
neap_tensor *neap_network_to_latents(neap_network *network, neap_tensor *x, const neap_random *random, uint64_t first);
neap_tensor *neap_network_to_pictures(neap_network *network, neap_tensor *z);

typedef struct neap_source neap_source;

/* Writes mean and standard deviation of each latent channel over about so many examples of the source into the buffers
 * latents.mean and latents.deviation of the autoencoder's model, which a new one has as 0 and 1. */
int neap_autoencoder_measure(neap_network *autoencoder, neap_source *source, int64_t examples, uint64_t seed);
bool neap_autoencoder_measured(const neap_network *autoencoder);

/* --- Sources: an open data set ---------------------------------------------------------------------------------------- */

neap_source *neap_source_open(neap_instance *dataset);
void neap_source_close(neap_source *source);
neap_instance *neap_source_instance(const neap_source *source);
void neap_source_spec(const neap_source *source, neap_spec *out); /* as neap_network_spec */
int64_t neap_source_count(const neap_source *source);
const char *neap_source_label_name(const neap_source *source, int64_t label); /* NULL when it has none */
bool neap_source_couples_noise(const neap_source *source);

/* Examples of a data set, in the innermost scope. */
typedef struct neap_batch {
    neap_tensor *x;            /* f32 [B, H, W, C] */
    neap_condition *condition; /* of B rows; NULL where the data set tells nothing */
    neap_tensor *noise;        /* f32, of x's shape: of batches where the data set couples noise with examples; else NULL */
} neap_batch;

/* The examples at `count` indices. */
int neap_source_read(neap_source *source, const int64_t *indices, int64_t count, neap_batch *batch);

/* Which rows of a global batch. global 0: the batch has `count` rows, and these are all of them. */
typedef struct neap_batch_rows {
    int64_t count, first, global;
} neap_batch_rows;

/* Rows of batch number `step` (from 1) of an endless shuffled pass: epoch e is a permutation drawn from (seed, e), so the
 * position needs no state but the step. */
int neap_source_batch(neap_source *source, neap_random random, int64_t step, const neap_batch_rows *rows, neap_batch *batch);

/* An instance of the same data set for its examples to train on, or for others to test on; see `part` of neap_dataset. The
 * caller owns it. *drawn: is it a draw, of `count` examples, of which there are as many as one likes? */
neap_instance *neap_source_part(neap_instance *dataset, neap_part part, int64_t draw, int64_t count, bool *drawn);

/* --- Training -------------------------------------------------------------------------------------------------------- */

typedef struct neap_trainer neap_trainer;

/* What a phase of the objective is trained by, where that is not what the others are. */
typedef struct neap_phase_optimizer {
    const char *phase;
    neap_optimizer_config optimizer;
} neap_phase_optimizer;

/* Replaces each of `count` gradients by its mean over all ranks, in place. Called by all ranks in the same order, once a
 * phase. Fails as tensor.h says. */
typedef int neap_exchange(void *user, neap_tensor *const *gradients, int count);

typedef struct neap_trainer_config {
    int64_t batch;         /* rows of this trainer's batches */
    int64_t first, global; /* they are these rows of a global batch; both 0: there is only this trainer */
    neap_exchange *exchange; /* or NULL */
    void *exchange_user;
    uint64_t seed;
    neap_optimizer_config optimizer;
    const neap_phase_optimizer *own; /* one for each phase in place of `optimizer`, or none; read by neap_trainer_new alone */
    int own_count;
} neap_trainer_config;

/* Borrows network, source and objective for its life. Fails when they do not fit: what the objective needs, the shape of
 * pictures, what the network takes and the data set tells. */
neap_trainer *neap_trainer_new(neap_network *network, neap_source *source, neap_instance *objective,
                               const neap_trainer_config *config);
void neap_trainer_free(neap_trainer *trainer);

#define NEAP_TRAIN_REPORTS 16
typedef struct neap_reported {
    const char *name;
    double value;
} neap_reported;

/* A step outside a trainer, for tests of objectives: the batch is the global one. Borrows the batch's tensors. */
neap_step *neap_step_new(const neap_batch *batch, neap_random random, int64_t number);
void neap_step_free(neap_step *step);
int neap_step_reports(const neap_step *step, const neap_reported **reports); /* how many, and which */

typedef struct neap_train_report {
    double loss;          /* of the first phase */
    double gradient_norm; /* likewise, before clipping */
    int reports;          /* values that the objective reported, and the later phases' "loss_PHASE" and
                             "gradient_norm_PHASE", whose names live as long as the trainer */
    neap_reported report[NEAP_TRAIN_REPORTS];
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

    /* What follows may be left at zero. */
    const neap_condition *condition; /* of `count` rows; NULL: nothing is told */
    const neap_watch *watch;
    neap_tensor *noise;   /* f32, neap_network_noise_shape(network, count), in place of noise drawn by (seed, i) */
    neap_tensor *picture; /* f32 [count, H, W, C], for the three below */
    neap_tensor *keep;    /* f32 [count, H, W, 1]: 1 where the picture is kept, 0 where it is drawn anew */
    double level;         /* in (0, 1): begin at t = level from (1 - level) picture + level noise */
    bool invert;          /* integrate from the picture at t = 0 up to its noise at t = 1, which is the result */
    int64_t *evaluations; /* where not NULL: the network's evaluations of a sample are written here, guidance counted; the
                             most of any sample */
} neap_sampling;

/* The noise that samples first, first + 1, .. of a seed begin from; shape [n, H, W, C]. */
neap_tensor *neap_sample_noise(uint64_t seed, int64_t first, neap_shape shape);

/* f32 [count, H, W, C]; of an inversion, noise. Picture i depends on (seed, i) and not on count or batch. With an autoencoder,
 * pictures are encoded by their means, a latent is kept where all pixels that it covers are kept, and kept pixels end as they were
 * given. Recording and training are off inside. */
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
