/*
 * Models: named parameters, how they start, and the layers that architectures share.
 *
 * A parameter's name is a dotted path ("blocks.0.attn.qkv.weight"); the part before the first dot that a model was
 * asked to divide by ("generator", "discriminator") is a part that an objective can train alone. Layouts: linear
 * [out, in], convolution [out, rows, columns, in], which a checkpoint has as [out, in, rows, columns].
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

neap_model *neap_model_new(uint64_t seed); /* parameters start from streams forked by name: order does not matter */
void neap_model_free(neap_model *model);

/* At most so many elements in all: a parameter beyond fails before anything is allocated for it. */
void neap_model_limit(neap_model *model, int64_t elements);

/* Adds a parameter and returns it, borrowed; it lives as long as the model. A second use of a name fails. */
neap_tensor *neap_model_parameter(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for what no gradient trains and checkpoints hold all the same: running statistics. */
neap_tensor *neap_model_buffer(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* Parameters and buffers in the order in which they were added. */
int neap_model_count(const neap_model *model);
const char *neap_model_name(const neap_model *model, int index);
neap_tensor *neap_model_tensor(const neap_model *model, int index);
bool neap_model_is_buffer(const neap_model *model, int index);
neap_tensor *neap_model_find(const neap_model *model, const char *name); /* NULL without a message */
int64_t neap_model_size(const neap_model *model);                       /* elements of all parameters */

/* Layers: a few borrowed parameters and their path, which stands before messages about them. */
typedef struct neap_linear_layer {
    neap_tensor *weight, *bias; /* bias NULL: none */
    const char *path;           /* owned by the model */
} neap_linear_layer;

/* Names are path.weight and path.bias; the bias starts at zero. Returns 0, or -1 with a message. */
int neap_linear_make(neap_linear_layer *layer, neap_model *model, int64_t in, int64_t out, neap_init init,
                     const char *path, ...) __attribute__((format(printf, 6, 7)));
neap_tensor *neap_linear_apply(const neap_linear_layer *layer, neap_tensor *x);
neap_tensor *neap_linear_apply_gelu(const neap_linear_layer *layer, neap_tensor *x);
neap_tensor *neap_linear_apply_gated(const neap_linear_layer *layer, neap_tensor *residual, neap_tensor *gate,
                                     neap_tensor *x);

/* A convolution of pictures [B, rows, columns, in], see neap_conv2d in ops.h; `kernel` pixels a side. Names are
 * path.weight and, with a bias, path.bias, which starts at zero. */
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

/* Group norm, or batch norm where groups is 0: path.weight, path.bias, and for batch norm the buffers path.running_mean and
 * path.running_var. In training batch norm takes the batch's statistics and moves the running ones a tenth of the way (see
 * neap_batch_norm in ops.h); otherwise it goes by the running ones. slope: see neap_batch_norm in ops.h. */
typedef struct neap_norm_layer {
    neap_tensor *scale, *shift, *mean, *variance; /* the last two NULL for group norm */
    int64_t groups;
} neap_norm_layer;

int neap_norm_make(neap_norm_layer *layer, neap_model *model, int64_t channels, int64_t groups, const char *path, ...)
    __attribute__((format(printf, 5, 6)));
neap_tensor *neap_norm_apply(const neap_norm_layer *layer, neap_tensor *x, double slope);

/* weight [out, ..] over its largest singular value as a matrix of `out` rows, by the power method (Miyato et al. 2018);
 * u [out] is the buffer that follows its left singular vector, one step a call in training. Weights of zeros have none, and
 * fail. */
neap_tensor *neap_spectral_weight(neap_tensor *weight, neap_tensor *u);

/* Is this thread training? Trainers say so around the phases of a step, loops of one's own where they wish; off elsewhere.
 * Returns the former. */
bool neap_training_set(bool on);
bool neap_training(void);

/* The rows of x, of any dtype, that `rows` names, i32 [n]: [n, ...]. */
neap_tensor *neap_rows(neap_tensor *x, neap_tensor *rows);

/* What labels mean: i32 [B] picks rows of the table [N, D], weights [B, N] of the table's dtype mix them -> [B, D]. */
neap_tensor *neap_label_embedding(neap_tensor *table, neap_tensor *labels);

/* [cos, sin] of 1000 t f_i, f_i = 10000^(-i / (width / 2)); t [B] in [0, 1] -> [B, width]. */
neap_tensor *neap_time_features(neap_tensor *t, int64_t width);

/* The same of t / 100, for networks whose derivative in t is learned from (Geng et al. 2025). The features above turn
 * by up to 1000 t, and so their derivative would be a thousand times theirs; these still tell times apart. */
neap_tensor *neap_slow_time_features(neap_tensor *t, int64_t width);

/* Fixed positions of a grid: half the channels for columns, then half for rows, each [sin, cos] -> [rows * columns,
 * width]; width a multiple of 4 (MAE's and DiT's table). */
neap_tensor *neap_grid_positions(int64_t rows, int64_t columns, int64_t width);

/* [B, H, W, C] -> [B, (H/p)(W/p), p p C] in the order (row in patch, column in patch, channel), and back. */
neap_tensor *neap_patchify(neap_tensor *x, int64_t patch);
neap_tensor *neap_unpatchify(neap_tensor *x, int64_t patch, int64_t height, int64_t width);

#endif
