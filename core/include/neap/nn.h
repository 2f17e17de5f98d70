/*
 * Models: named parameters, their initialisation, and the layers that architectures share.
 *
 * A parameter's name is a dotted path ("blocks.0.attn.qkv.weight"). Parameters with a common first word ("generator",
 * "discriminator") can be a part that an objective trains alone. Layouts: linear [out, in]; convolution [out, rows, columns, in],
 * in checkpoints [out, in, rows, columns].
 *
 * One thread at a time may change a model or apply a layer in training. Functions that return int return 0, or -1 with a
 * message; those that return a pointer return NULL with a message, unless they say otherwise. A tensor argument that is NULL
 * gives NULL and leaves the message as it is. Results lie in the innermost open scope.
 */
#ifndef NEAP_NN_H
#define NEAP_NN_H

#include <neap/ops.h>

typedef struct neap_model neap_model;

typedef enum neap_init_kind {
    NEAP_INIT_ZERO,
    NEAP_INIT_ONE,
    NEAP_INIT_NORMAL,         /* N(0, scale^2) */
    NEAP_INIT_UNIFORM,        /* U(-scale, scale) */
    NEAP_INIT_XAVIER_UNIFORM, /* U(-a, a), a = sqrt(6 / (in + out)) (Glorot and Bengio 2010) */
    NEAP_INIT_KAIMING_UNIFORM /* U(-a, a), a = sqrt(6 / in) times scale (He et al. 2015) */
} neap_init_kind;

typedef struct neap_init {
    neap_init_kind kind;
    double scale;
} neap_init;

/* The random stream of a parameter is forked from the seed by its name, so values do not depend on the order of creation. */
neap_model *neap_model_new(uint64_t seed);
void neap_model_free(neap_model *model);

/* Limits the elements of all parameters and buffers; one beyond the limit fails before it is allocated. */
void neap_model_limit(neap_model *model, int64_t elements);

/* Adds a parameter, which the model owns, and returns it. A name that exists fails. */
neap_tensor *neap_model_parameter(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for a buffer, such as running statistics: no gradient trains it, but checkpoints contain it. */
neap_tensor *neap_model_buffer(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* Parameters and buffers, in the order of creation; borrowed. An index out of range gives NULL or false, without a message. */
int neap_model_count(const neap_model *model);
const char *neap_model_name(const neap_model *model, int index);
neap_tensor *neap_model_tensor(const neap_model *model, int index);
bool neap_model_is_buffer(const neap_model *model, int index);
neap_tensor *neap_model_find(const neap_model *model, const char *name); /* NULL without a message */
int64_t neap_model_size(const neap_model *model);                       /* elements of all parameters, without buffers */

/* Layers: borrowed parameters and their path, with which messages begin. */
typedef struct neap_linear_layer {
    neap_tensor *weight, *bias; /* bias NULL: none */
    const char *path;           /* owned by the model */
} neap_linear_layer;

/* Creates path.weight and path.bias, which starts at zero. */
int neap_linear_make(neap_linear_layer *layer, neap_model *model, int64_t in, int64_t out, neap_init init,
                     const char *path, ...) __attribute__((format(printf, 6, 7)));
/* x [.., in] -> [.., out]: the layer, gelu (tanh form) of it, and residual + gate * it. */
neap_tensor *neap_linear_apply(const neap_linear_layer *layer, neap_tensor *x);
neap_tensor *neap_linear_apply_gelu(const neap_linear_layer *layer, neap_tensor *x);
neap_tensor *neap_linear_apply_gated(const neap_linear_layer *layer, neap_tensor *residual, neap_tensor *gate,
                                     neap_tensor *x);

/* A convolution of pictures [B, rows, columns, in] with a kernel of `kernel` x `kernel` pixels: see neap_conv2d in ops.h.
 * Creates path.weight and, with a bias, path.bias, which starts at zero. */
typedef struct neap_conv_spec {
    int64_t in, out, kernel;
    neap_window window;
    bool transposed, bias;
    neap_init init;
} neap_conv_spec;

typedef struct neap_conv_layer {
    neap_tensor *weight, *bias; /* bias NULL: none */
    neap_window window;
    int64_t in;
    bool transposed;
    const char *path; /* owned by the model */
} neap_conv_layer;

int neap_conv_make(neap_conv_layer *layer, neap_model *model, const neap_conv_spec *spec, const char *path, ...)
    __attribute__((format(printf, 4, 5)));
neap_tensor *neap_conv_apply(const neap_conv_layer *layer, neap_tensor *x);

/* Group norm, or batch norm if groups is 0. Creates path.weight, path.bias and, for batch norm, the buffers path.running_mean
 * and path.running_var. In training, batch norm uses the statistics of the batch and updates the running ones with momentum 0.1;
 * otherwise it uses the running ones. neap_batch_norm in ops.h documents slope. */
typedef struct neap_norm_layer {
    neap_tensor *scale, *shift, *mean, *variance; /* group norm: mean and variance are NULL */
    int64_t groups;
    double eps; /* neap_norm_make sets 1e-5; an architecture may change it afterwards */
} neap_norm_layer;

int neap_norm_make(neap_norm_layer *layer, neap_model *model, int64_t channels, int64_t groups, const char *path, ...)
    __attribute__((format(printf, 5, 6)));
neap_tensor *neap_norm_apply(const neap_norm_layer *layer, neap_tensor *x, double slope);
/* The same with SiLU; group norm does both in one pass (neap_group_norm_silu). */
neap_tensor *neap_norm_apply_silu(const neap_norm_layer *layer, neap_tensor *x);

/* Spectral normalisation (Miyato et al. 2018): weight [out, ..] divided by its largest singular value as a matrix of `out` rows.
 * u [out] is a buffer that approximates the left singular vector; in training each call does one step of power iteration. Fails for
 * a weight of zeros. */
neap_tensor *neap_spectral_weight(neap_tensor *weight, neap_tensor *u);

/* Training mode of this thread, initially off. The trainer turns it on for the phases of a step; a training loop of your own
 * has to do so itself. neap_training_set returns the mode before. */
bool neap_training_set(bool on);
bool neap_training(void);

/* The rows of x, of any dtype, that `rows` names, i32 [n]: [n, ...]. */
neap_tensor *neap_rows(neap_tensor *x, neap_tensor *rows);

/* Rows of a table [N, D] by labels i32 [B], or mixed by weights [B, N] of the dtype of the table -> [B, D]. */
neap_tensor *neap_label_embedding(neap_tensor *table, neap_tensor *labels);

/* [cos, sin] of 1000 t f_i, f_i = 10000^(-i / (width / 2)); t [B] in [0, 1] -> [B, width]. */
neap_tensor *neap_time_features(neap_tensor *t, int64_t width);

/* The same of t / 100, for objectives that use the derivative of the network in t (Geng et al. 2025): the features above have
 * angles up to 1000 t, so their derivative would be up to a thousand times their size. These still separate times well. */
neap_tensor *neap_slow_time_features(neap_tensor *t, int64_t width);

/* Fixed position embeddings of a grid, as in MAE and DiT -> [rows * columns, width]: half of the channels for the column, then half
 * for the row, each [sin, cos]; width is a multiple of 4. */
neap_tensor *neap_grid_positions(int64_t rows, int64_t columns, int64_t width);

/* [B, H, W, C] -> [B, (H/p)(W/p), p p C], each patch in the order (row, column, channel), and back. */
neap_tensor *neap_patchify(neap_tensor *x, int64_t patch);
neap_tensor *neap_unpatchify(neap_tensor *x, int64_t patch, int64_t height, int64_t width);

#endif
