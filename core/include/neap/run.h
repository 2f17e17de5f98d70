/*
 * Runs, for programs that embed neap: networks, data sets, training, sampling and scores. Components include network.h
 * instead.
 *
 * Objects of this header may be used from one thread at a time. Functions borrow their arguments unless they say
 * otherwise; tensors and conditions that they return belong to the innermost scope. They fail with NULL or -1 and a
 * message.
 */
#ifndef NEAP_RUN_H
#define NEAP_RUN_H

#include <neap/autograd.h>
#include <neap/network.h>
#include <neap/optim.h>
#include <neap/registry.h>

/* --- Networks ------------------------------------------------------------------------------------------------------- */

/* Builds an architecture; its parameters start from `seed`. Keeps an owner of the instance. The caller owns the network:
 * see neap_network_keep and neap_network_release in registry.h. */
neap_network *neap_network_new(neap_instance *architecture, uint64_t seed);
/* The same, but fails before it allocates more than `elements` elements of parameters: for settings from a file. */
neap_network *neap_network_new_within(neap_instance *architecture, uint64_t seed, int64_t elements);
/* Borrowed. */
neap_model *neap_network_model(const neap_network *network);
neap_instance *neap_network_instance(const neap_network *network);

/* The shape of the noise that `count` samples start from: that of `count` latents of a generator that has them ([count, n] or
 * [count, h, w, c]; see spec.latent), else [count, H, W, C] of neap_network_spec. */
neap_shape neap_network_noise_shape(const neap_network *network, int64_t count);

/* Freezes a network for use by another one: its parameters require no gradient, and its calls ignore neap_training. */
int neap_network_freeze(neap_network *network);
bool neap_network_frozen(const neap_network *network);

/* The objective that the network was trained by, borrowed, or NULL when unknown. Sampling needs it to convert the
 * network's output to a velocity. neap_trainer_new sets it. The network keeps an owner. */
void neap_network_set_objective(neap_network *network, neap_instance *objective);
neap_instance *neap_network_objective(const neap_network *network);

/* --- Autoencoders --------------------------------------------------------------------------------------------------- */

/* Makes the network work in the latents of an autoencoder (Rombach et al. 2022, High-Resolution Image Synthesis with
 * Latent Diffusion Models): a trainer then encodes its batches, sampling encodes pictures and decodes samples. Freezes
 * the autoencoder and keeps an owner; of one with an extra part (see `extra` in neap/plugin.h), it keeps a copy without that.
 * Fails unless the sizes of the network's spec are those of the latents. */
int neap_network_set_autoencoder(neap_network *network, neap_network *autoencoder);
neap_network *neap_network_autoencoder(const neap_network *network); /* borrowed, or NULL */

/* Pictures f32 [B, H, W, C] to latents f32 [B, h, w, c], normalised by channel, and back. Without an autoencoder, returns
 * the argument itself. `random` NULL: the means of the latents; otherwise a draw, in which row i uses sample first + i.
 * Recording is off inside. */
neap_tensor *neap_network_to_latents(neap_network *network, neap_tensor *x, const neap_random *random, uint64_t first);
neap_tensor *neap_network_to_pictures(neap_network *network, neap_tensor *z);

typedef struct neap_source neap_source;

/* Measures mean and standard deviation of each latent channel over at least `examples` examples of the source, and writes
 * them to the buffers latents.mean and latents.deviation of the autoencoder's model. Returns the number of constant
 * channels, whose deviation is written as 1. Fails for latents that are not finite; after a failure the autoencoder counts
 * as not measured. */
int neap_autoencoder_measure(neap_network *autoencoder, neap_source *source, int64_t examples, uint64_t seed);
/* False while these buffers have their initial values, 0 and 1. */
bool neap_autoencoder_measured(const neap_network *autoencoder);

/* A hash of names, shapes and values of all parameters and buffers but the latent statistics and an extra part (see `extra`
 * in neap/plugin.h). Moments that a network encoded are valid for a network of the same fingerprint. Writes to `text`
 * and returns it. */
#define NEAP_FINGERPRINT 17
const char *neap_network_fingerprint(const neap_network *network, char text[NEAP_FINGERPRINT]);

/* --- Sources: an open data set -------------------------------------------------------------------------------------- */

/* Opens a data set and keeps an owner of the instance. The caller owns the source. */
neap_source *neap_source_open(neap_instance *dataset);
void neap_source_close(neap_source *source);
neap_instance *neap_source_instance(const neap_source *source);    /* borrowed */
void neap_source_spec(const neap_source *source, neap_spec *out); /* the caller sets out->size, as for neap_network_spec */
int64_t neap_source_count(const neap_source *source);
const char *neap_source_label_name(const neap_source *source, int64_t label); /* NULL when it has none */
bool neap_source_couples_noise(const neap_source *source);
/* Of a data set of moments: see neap_dataset. NULL for any other. */
const char *neap_source_encoded_by(const neap_source *source);
const char *neap_source_encoded_from(const neap_source *source);

/* Examples of a data set, in the innermost scope. */
typedef struct neap_batch {
    neap_tensor *x;            /* f32 [B, H, W, C] */
    neap_condition *condition; /* of B rows; NULL when the data set provides none */
    neap_tensor *noise;        /* f32, of x's shape: the paired noise, from neap_source_batch alone; or NULL */
} neap_batch;

/* Reads the examples at `count` indices from 0, on all threads of the pool. */
int neap_source_read(neap_source *source, const int64_t *indices, int64_t count, neap_batch *batch);

/* Rows first, ..., first + count - 1 of a global batch of `global` rows. global 0: the global batch has `count` rows. */
typedef struct neap_batch_rows {
    int64_t count, first, global;
} neap_batch_rows;

/* Reads rows of batch number `step`, from 1, of an endless shuffled pass. Epoch e is a permutation drawn from (random,
 * e), so the step is the only state. */
int neap_source_batch(neap_source *source, neap_random random, int64_t step, const neap_batch_rows *rows, neap_batch *batch);

/* An instance of the training or the test part of a data set; see `part` of neap_dataset. The caller owns it. *drawn: is
 * it a generated data set, which has `count` examples and any number of draws? */
neap_instance *neap_source_part(neap_instance *dataset, neap_part part, int64_t draw, int64_t count, bool *drawn);

/* --- Training ------------------------------------------------------------------------------------------------------- */

typedef struct neap_trainer neap_trainer;

/* The optimizer of one phase of the objective; a phase that never runs does not use it. */
typedef struct neap_phase_optimizer {
    const char *phase;
    neap_optimizer_config optimizer;
} neap_phase_optimizer;

/* Replaces each of `count` gradients by its mean over all ranks, in place. All ranks call it in the same order, once for
 * each run of a phase. */
typedef int neap_exchange(void *user, neap_tensor *const *gradients, int count);

typedef struct neap_trainer_config {
    int64_t batch;         /* rows of this trainer's batches */
    int64_t first, global; /* row 0 is row `first` of a global batch of `global` rows; both 0: there is one rank */
    neap_exchange *exchange; /* NULL: one rank */
    void *exchange_user;     /* passed to `exchange` */
    uint64_t seed;
    neap_optimizer_config optimizer;
    const neap_phase_optimizer *own; /* in place of `optimizer`, one for each phase; only neap_trainer_new reads it */
    int own_count;                   /* 0: all phases use `optimizer` */
} neap_trainer_config;

/* Network and source must outlive the trainer; it keeps an owner of the objective. Fails when the network does not offer
 * what the objective needs, when the shapes of pictures differ, when the data set does not provide the condition that the
 * network takes, when the latents of the autoencoder were not measured, or when the data set has moments of another one. */
neap_trainer *neap_trainer_new(neap_network *network, neap_source *source, neap_instance *objective,
                               const neap_trainer_config *config);
void neap_trainer_free(neap_trainer *trainer);

#define NEAP_TRAIN_REPORTS 32
typedef struct neap_reported {
    const char *name;
    double value;
} neap_reported;

/* A step without a trainer, for tests of objectives. Its batch is the whole global batch, whose tensors must outlive it.
 * The caller owns the step. */
neap_step *neap_step_new(const neap_batch *batch, neap_random random, int64_t number);
void neap_step_free(neap_step *step);
/* Sets *reports to the reported values, which the step owns, and returns their number. */
int neap_step_reports(const neap_step *step, const neap_reported **reports);

typedef struct neap_train_report {
    double loss;          /* of the first phase that runs */
    double gradient_norm; /* of the same phase, before clipping */
    int reports;          /* values reported by the objective, and "loss_PHASE" and "gradient_norm_PHASE" of the later
                             phases, whose names live as long as the trainer */
    neap_reported report[NEAP_TRAIN_REPORTS];
} neap_train_report;

/* Runs step `number`, from 1: batch, loss, gradients and update of each phase, as often as the objective says. The
 * repeats of a step use consecutive batches; a phase that runs once uses the last of them. All random numbers are
 * functions of the seed and the number. A phase that fails changes no parameter and ends the step; the phases before it
 * have made their updates. A loss or a gradient that is not finite is such a failure; its message names the step and the
 * first such tensor. */
int neap_trainer_step(neap_trainer *trainer, int64_t number, double lr_scale, neap_train_report *report);

/* Runs step 1 and step `last`, the last of the run, without their updates; if they are short, also some later steps. Leaves
 * parameters and buffers unchanged. Sets *peak to the bytes of tensors alive at the peak, parameters and optimizer state
 * included, and *seconds to the time of a step. */
int neap_trainer_rehearse(neap_trainer *trainer, int64_t last, size_t *peak, double *seconds);

/* The optimizers, one for each phase that runs, borrowed; NULL without a message for another index. */
int neap_trainer_optimizers(const neap_trainer *trainer);
neap_optimizer *neap_trainer_optimizer(const neap_trainer *trainer, int index);

/* --- Sampling ------------------------------------------------------------------------------------------------------- */

typedef struct neap_sampling {
    neap_instance *sampler;
    neap_instance *guidance; /* or NULL */
    int64_t count, batch;    /* number of samples, and how many are drawn at a time; batch 0: 64 */
    uint64_t seed;

    /* The members below may be 0 or NULL. */
    const neap_condition *condition; /* of `count` rows; NULL: all rows are null */
    const neap_condition *negative;  /* of `count` rows: what the guidance leads away from; NULL: null rows */
    const neap_watch *watch;
    neap_tensor *noise;   /* f32, of neap_network_noise_shape(network, count); NULL: row i is drawn by (seed, i) */
    neap_tensor *picture; /* f32 [count, H, W, C], for keep, level and invert */
    neap_tensor *keep;    /* f32 [count, H, W, 1]: above 0.5 where the picture is kept, else it is drawn anew */
    double level;         /* in (0, 1): start at t = level from (1 - level) picture + level noise */
    bool invert;          /* integrate from the picture at t = 0 up to its noise at t = 1 and return the noise */
    int64_t *evaluations; /* receives the largest number of network evaluations of a sample, guidance included */
    double *decoding;     /* receives the seconds that decoding latents took */
} neap_sampling;

/* The noise that samples first, first + 1, ... of a seed start from; shape [n, H, W, C], or [n, latent]. */
neap_tensor *neap_sample_noise(uint64_t seed, int64_t first, neap_shape shape);

/* Returns f32 [count, H, W, C] pictures; an inversion returns noise. Picture i depends on (seed, i), not on count or
 * batch. With an autoencoder, pictures are encoded to their mean latents, a latent is kept when all pixels that it covers
 * are kept, and kept pixels of the result are exactly those given. Recording and training are off inside. */
neap_tensor *neap_sample(neap_network *network, const neap_sampling *sampling);

/* --- Scores --------------------------------------------------------------------------------------------------------- */

#define NEAP_SCORES 8
typedef struct neap_scored {
    int count;
    struct {
        const char *name;   /* owned by the metric's plugin, as is: */
        const char *better; /* which values are better: "lower", "higher", ..; NULL where the metric does not say */
        double value;
        double deviation; /* standard deviation of the scores of resampled samples; 0 without resamples */
        double low, high; /* value - 1.96 deviation and value + 1.96 deviation */
    } score[NEAP_SCORES];
} neap_scored;

/*
 * Scores samples against a reference by a metric. `reference` may be NULL for metrics that use none. The tensors of each
 * side must have the same number of rows; see neap_evidence for their shapes.
 *
 * The interval is the bootstrap's normal interval (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter
 * 13): `resamples` times, as many rows of the samples are drawn with replacement by (seed, r), and scored against the
 * same reference. The interval is made from the deviation of these scores and not from their percentiles, which are
 * biased: a resample has duplicate rows, which narrow Gaussians and bring nearest neighbours to distance 0, so all its
 * Frechet distances and recalls lie to one side of the value. This bias hardly changes their deviation, except when both
 * sides are equal to within chance: the distance is then near its minimum, and the interval is wider than necessary.
 * resamples 0: no interval.
 *
 * A failure names the metric. Recording is off inside.
 */
int neap_score(neap_instance *metric, const neap_evidence *samples, const neap_evidence *reference, int64_t resamples,
               uint64_t seed, neap_scored *scored);

#endif
