/*
 * The plugin ABI: one exported constant, components, their parameter tables, and one interface per kind.
 *
 * A plugin is a shared object with the symbol neap_plugin_v1 and nothing else exported. The host reads its ABI number
 * and size from the file before any of its code runs. The same source links in statically, named neap_plugin_NAME,
 * where NEAP_STATIC_PLUGINS is defined. Plugins are never unloaded, so strings and tables may be referred to for ever.
 *
 * Every function below borrows its arguments, may be called from one thread at a time unless it says otherwise, and
 * fails as tensor.h and error.h say.
 */
#ifndef NEAP_PLUGIN_H
#define NEAP_PLUGIN_H

#include <neap/nn.h>

#define NEAP_ABI 2

/* --- Parameters ------------------------------------------------------------------------------------------------------ */

typedef enum neap_param_type {
    NEAP_PARAM_END,
    NEAP_PARAM_INT,    /* int64_t */
    NEAP_PARAM_REAL,   /* double */
    NEAP_PARAM_FLAG,   /* bool */
    NEAP_PARAM_TEXT,   /* const char *, owned by the config */
    NEAP_PARAM_CHOICE, /* int: the index in `choices` */
    NEAP_PARAM_COMPONENT /* const neap_instance *, or NULL; `text` names the kind. Owned by the config */
} neap_param_type;

/* One row per parameter. The core fills and checks the config struct; calls from Lua, messages, help, checkpoint
 * metadata and reference pages come from these rows. */
typedef struct neap_param {
    const char *name;
    neap_param_type type;
    size_t offset;
    bool required;
    double fallback, low, high;  /* INT, REAL; inclusive. FLAG and CHOICE use fallback alone */
    const char *text;            /* TEXT: the default, may be NULL. COMPONENT: the kind */
    const char *const *choices;  /* CHOICE: ends with NULL */
    const char *help;
} neap_param;

#define NEAP_INT(config, field, fallback, low, high, help)                                                          \
    {#field, NEAP_PARAM_INT, offsetof(config, field), false, fallback, low, high, NULL, NULL, help}
#define NEAP_REAL(config, field, fallback, low, high, help)                                                         \
    {#field, NEAP_PARAM_REAL, offsetof(config, field), false, fallback, low, high, NULL, NULL, help}
#define NEAP_FLAG(config, field, fallback, help)                                                                    \
    {#field, NEAP_PARAM_FLAG, offsetof(config, field), false, fallback, 0, 1, NULL, NULL, help}
#define NEAP_TEXT(config, field, fallback, help)                                                                    \
    {#field, NEAP_PARAM_TEXT, offsetof(config, field), false, 0, 0, 0, fallback, NULL, help}
#define NEAP_CHOICE(config, field, fallback, choices, help)                                                         \
    {#field, NEAP_PARAM_CHOICE, offsetof(config, field), false, fallback, 0, 0, NULL, choices, help}
#define NEAP_REQUIRED_INT(config, field, low, high, help)                                                           \
    {#field, NEAP_PARAM_INT, offsetof(config, field), true, 0, low, high, NULL, NULL, help}
#define NEAP_REQUIRED_TEXT(config, field, help)                                                                     \
    {#field, NEAP_PARAM_TEXT, offsetof(config, field), true, 0, 0, 0, NULL, NULL, help}
#define NEAP_COMPONENT(config, field, kind, help)                                                                   \
    {#field, NEAP_PARAM_COMPONENT, offsetof(config, field), false, 0, 0, 0, kind, NULL, help}
#define NEAP_PARAMS_END {NULL, NEAP_PARAM_END, 0, false, 0, 0, 0, NULL, NULL, NULL}

/* --- Components ------------------------------------------------------------------------------------------------------ */

typedef struct neap_component {
    const char *interface; /* "sampler/1" */
    const char *name;      /* "euler": [a-z][a-z0-9_]* */
    const char *help;      /* one line */
    size_t config_size;
    const neap_param *params;
    const void *functions; /* the struct of the interface; begins with its size */
} neap_component;

typedef struct neap_plugin {
    uint32_t abi;  /* NEAP_ABI */
    uint32_t size; /* sizeof(neap_plugin) */
    const char *name, *version, *license, *help;
    const neap_component *components; /* ends with a row whose interface is NULL */
} neap_plugin;

#ifdef NEAP_STATIC_PLUGINS
#define NEAP_PLUGIN(id) extern const neap_plugin neap_plugin_##id; const neap_plugin neap_plugin_##id
#else
#define NEAP_PLUGIN(id)                                                                                             \
    extern const neap_plugin neap_plugin_v1;                                                                        \
    __attribute__((visibility("default"))) const neap_plugin neap_plugin_v1
#endif

/* The value of a plugin with one component, which has the plugin's name and help. `functions` is the name of the struct of
 * the interface, `config` a type:
 *     NEAP_PLUGIN(cfg) = NEAP_ONE_COMPONENT("cfg", "1.0.0", "MIT", "Guidance.", "guidance/1", config, params, functions); */
#define NEAP_ONE_COMPONENT(name, version, license, help, interface, config, params, functions)                     \
    {NEAP_ABI, sizeof(neap_plugin), name, version, license, help,                                                  \
     (const neap_component[]){{interface, name, help, sizeof(config), params, &functions}, {0}}}

/* --- What flows between components ---------------------------------------------------------------------------------- */

/* One example: a picture [height, width, channels] in [-1, 1], or a point as [1, 1, dimensions]. */
typedef struct neap_spec {
    int64_t height, width, channels;
    int64_t classes; /* 0: unconditional. Labels are i32 in [0, classes); the null label is `classes` itself */
} neap_spec;

/* A built architecture: its parameters and what it offers; see run.h. */
typedef struct neap_network neap_network;

/* What a training step hands to an objective. */
#define NEAP_STEP_SHARED 4
#define NEAP_STEP_REPORTS 16
typedef struct neap_step {
    neap_tensor *x;      /* f32 [B, H, W, C] */
    neap_tensor *labels; /* i32 [B], or NULL where the data or the network has none */
    neap_tensor *noise;  /* f32, of x's shape: what the data set couples with each example, or NULL */
    neap_random random;  /* of this step; fork it by purpose */
    int64_t number;      /* from 1 */
    neap_tensor *shared[NEAP_STEP_SHARED]; /* from one phase of a step to the next; kept by neap_step_share */
    int reports;
    struct {
        const char *name;
        double value;
    } report[NEAP_STEP_REPORTS];
} neap_step;

/* A finite figure for the step's metrics. Without room for one more, and with a slot that is not there, the step fails. */
void neap_step_report(neap_step *step, const char *name, double value);
void neap_step_share(neap_step *step, int slot, neap_tensor *x);

/* What a sampler integrates or drives, and between which times: from 1 to 0, or a part of that way, or upward where a
 * picture is taken back to its noise. Labels and guidance are inside already. Times lie in [0, 1]. */
typedef struct neap_field {
    void *self;
    /* Of x's shape; x [n, H, W, C] and t f64 [n] hold one row and one time for each sample of the batch, or for those in
     * `rows`, i32 [n]. NULL where the network has no velocity. neap_velocity_at of sampling.h: all samples at one time. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *rows);
    neap_tensor *(*generate)(void *self, neap_tensor *z);           /* likewise */
    neap_tensor *(*average)(void *self, neap_tensor *x, double t, double r); /* likewise: mean velocity between r and t */
    double from, to;
    uint64_t first; /* row 0 is sample `first`: what a sampler draws for a row depends on this and not on its batch */
} neap_field;

/* Told of a batch before a sampler's first step, as step 0 of 0, and by the sampler after each step; `steps` is 0 where it
 * chooses them on its way, and where samples are at different times t is that of the one farthest behind. A non-zero return ends sampling with a failure recorded by the watcher. */
typedef struct neap_watch {
    void *user;
    int (*step)(void *user, int64_t step, int64_t steps, double t, neap_tensor *x);
} neap_watch;

/* What a guidance combines: the conditional field at any labels, the same of a worse network, and the labels of these n
 * samples. x, t and labels of a call have n rows, or n for each of several labels, one after another. t is f64. */
typedef struct neap_conditional neap_conditional;
struct neap_conditional {
    void *self;
    neap_tensor *(*velocity)(const neap_conditional *field, neap_tensor *x, neap_tensor *t, neap_tensor *labels);
    neap_tensor *(*worse)(const neap_conditional *field, neap_tensor *x, neap_tensor *t, neap_tensor *labels); /* or NULL */
    neap_tensor *labels, *null_labels; /* i32 [n], or both f32 [n, classes + 1], see velocity of architecture/1; NULL
                                          where classes = 0 */
    neap_tensor *rows; /* i32 [n]: the samples of the batch that these are, from 0 */
};

/* What a metric compares: rows of features of pictures, or points themselves, and what a classifier says of them. */
typedef struct neap_evidence {
    neap_tensor *features; /* f32 [N, D] */
    neap_tensor *logits;   /* f32 [N, classes], or NULL */
    neap_tensor *labels;   /* i32 [N], true ones or those asked for; or NULL */
} neap_evidence;

/* --- Interfaces: `size` is sizeof of the struct; functions that may be NULL say so -------------------------------- */

/* architecture/1 */
typedef struct neap_architecture {
    size_t size;
    void *(*build)(const void *config, neap_model *model); /* adds parameters; the config outlives the result */
    void (*destroy)(void *self);
    neap_spec (*spec)(const void *self);
    /* Any of these may be NULL. x [B, H, W, C]; t f32 [B]; labels NULL where classes = 0, else i32 [B] or, for mixtures,
     * f32 [B, classes + 1]: weights of the rows of the label table. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *labels); /* of x's shape */
    neap_tensor *(*generate)(void *self, neap_tensor *z, neap_tensor *labels);
    neap_tensor *(*discriminate)(void *self, neap_tensor *x, neap_tensor *labels); /* logits [B] */
    neap_tensor *(*encode)(void *self, neap_tensor *x);
    neap_tensor *(*decode)(void *self, neap_tensor *z);
    neap_tensor *(*classify)(void *self, neap_tensor *x); /* logits [B, classes] */
    /* Mean velocity between times r <= t, each f32 [B] (Geng et al. 2025, Mean Flows); of x's shape. */
    neap_tensor *(*average)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, neap_tensor *labels);
    /* Values of a latent: generate takes z f32 [B, latent], normal. NULL or 0: z has the pictures' shape. */
    int64_t (*latent)(const void *self);
} neap_architecture;

/* objective/1 */
typedef struct neap_phase {
    const char *name;
    const char *part; /* prefix of the parameters it trains; "" for all */
} neap_phase;

typedef struct neap_objective {
    size_t size;
    const char *const *needs; /* what the network must offer; ends with NULL */
    const neap_phase *phases; /* ends with a row whose name is NULL */
    /* One element that some parameter has a share in; NULL with a message where there is none. */
    neap_tensor *(*loss)(const void *config, int phase, neap_network *network, neap_step *step);
    /* The velocity that follows from what a network trained so gives at x and t f32 [B]; NULL: it is the velocity. */
    neap_tensor *(*velocity)(const void *config, neap_tensor *output, neap_tensor *x, neap_tensor *t);
    /* How often a phase runs in a step, from 1, on a batch of its own each time; NULL: once. */
    int64_t (*repeats)(const void *config, int phase);
    /* By phase, the norm of its gradient below which training has diverged, 0 for none; NULL: none at all. */
    const double *least;
} neap_objective;

/* sampler/1 */
typedef struct neap_sampler {
    size_t size;
    const char *const *needs;
    /* From x [B, H, W, C] at t = field->from, noise unless the caller began elsewhere, to t = field->to; where `needs` has
     * 'generate' and the network has latents, from those, x [B, latent]. watch may be NULL.
     * See sampling.h for the grid of times and the walk along it. */
    neap_tensor *(*sample)(const void *config, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch);
} neap_sampler;

/* guidance/1 */
typedef struct neap_guidance {
    size_t size;
    /* x [n, H, W, C] and t f64 [n], one time for each row; a row of the result depends on that row alone, so that a sample
     * does not depend on its batch. Where `conditional` is not NULL, the velocity at the batch's labels is left there, too:
     * guidances that stand on this one compare the two. See neap_guided_velocity in sampling.h. */
    neap_tensor *(*velocity)(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional);
} neap_guidance;

/* dataset/1 */
typedef struct neap_dataset {
    size_t size;
    void *(*open)(const void *config);
    void (*close)(void *self);
    neap_spec (*spec)(const void *self);
    int64_t (*count)(const void *self);
    const char *(*label_name)(const void *self, int64_t label); /* the function or its result may be NULL */
    /* One example: height * width * channels floats, and the label (0 where classes = 0). Called from many threads. */
    int (*read)(const void *self, int64_t index, float *x, int32_t *label);
    /* The noise that an example is coupled with, of its size; may be NULL. Called from many threads. */
    int (*noise)(const void *self, int64_t index, float *z);
} neap_dataset;

/* metric/1 */
typedef struct neap_metric {
    size_t size;
    const char *const *scores; /* the names of what it gives, "precision", "recall"; ends with NULL */
    int (*score)(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores);
} neap_metric;

#endif
