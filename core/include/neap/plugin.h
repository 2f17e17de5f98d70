/*
 * All that a plugin includes: the rest of the API comes with it.
 *
 * The plugin ABI: one exported constant, components, their parameter tables, and one interface per kind. docs/plugins.md
 * is the guide for authors of plugins.
 *
 * A plugin is a shared object that exports the symbol neap_plugin_v2 and nothing else. The host reads its ABI number and
 * size from the file before any of its code runs. With NEAP_STATIC_PLUGINS defined, the same source links statically, and
 * the constant is named neap_plugin_NAME. Plugins are never unloaded, so the host keeps pointers to their strings and
 * tables.
 *
 * Versions. Structs that host and plugin exchange begin with their size. New members are added at the end only. To read a
 * member that was added after ABI 2 began, or an optional member of an interface, use NEAP_MEMBER: it gives NULL when the
 * other side was compiled without that member. To fill a struct of the other side, write no more than its size. Rows of
 * tables (parameters, phases, components) and small values (neap_shape, neap_random, neap_extent) do not change within an
 * ABI number. A plugin may offer one component in several versions of its interface ("sampler/2" and "sampler/3" by the
 * same name); the host uses the newest version that it serves.
 *
 * Threads. The host calls the functions of one object from one thread at a time, unless a function's comment says
 * otherwise. The thread may change between calls.
 *
 * Ownership and errors. Every function borrows its arguments. A tensor or condition that is returned belongs to the
 * innermost scope. A function that fails returns NULL or -1 and records one message; see tensor.h and error.h.
 */
#ifndef NEAP_PLUGIN_H
#define NEAP_PLUGIN_H

#include <string.h>

#include <neap/autograd.h>
#include <neap/cancel.h>
#include <neap/condition.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/linalg.h>
#include <neap/memory.h>
#include <neap/nn.h>
#include <neap/parallel.h>
#include <neap/random.h>

#define NEAP_ABI 2

/* A member, pointer or number, of a struct that begins with its size; NULL or 0 when the struct is too short to have it. */
#define NEAP_MEMBER(p, member)                                                                                      \
    ((p)->size >= offsetof(__typeof__(*(p)), member) + sizeof((p)->member) ? (p)->member : (__typeof__((p)->member))0)

/* --- Parameters ----------------------------------------------------------------------------------------------------- */

typedef struct neap_network neap_network;
typedef struct neap_instance neap_instance; /* a component and its filled config; see registry.h */

typedef enum neap_param_type {
    NEAP_PARAM_END,
    NEAP_PARAM_INT,       /* int64_t */
    NEAP_PARAM_REAL,      /* double */
    NEAP_PARAM_FLAG,      /* bool */
    NEAP_PARAM_TEXT,      /* const char *, owned by the config */
    NEAP_PARAM_CHOICE,    /* int: the index in `choices` */
    NEAP_PARAM_COMPONENT, /* const neap_instance *, or NULL; `text` names the kind. Owned by the config */
    NEAP_PARAM_NETWORK    /* neap_network *, or NULL: a trained network, which the host freezes. Given as a run, a checkpoint
                             or, in Lua, a model. `text` names the function that it must offer. Owned by the config */
} neap_param_type;

/* One row per parameter. The host fills and checks the config struct by these rows. Calls from Lua, messages, help,
 * checkpoint metadata and reference pages are made from them, too. */
typedef struct neap_param {
    const char *name;
    neap_param_type type;
    size_t offset;
    bool required;
    double fallback, low, high;  /* INT, REAL: default and inclusive range. FLAG, CHOICE: the default alone */
    const char *text;            /* TEXT: the default, may be NULL. COMPONENT: the kind. NETWORK: "velocity", ... */
    const char *const *choices;  /* CHOICE: ends with NULL */
    const char *help;            /* one line */
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
#define NEAP_NETWORK(config, field, offer, help)                                                                    \
    {#field, NEAP_PARAM_NETWORK, offsetof(config, field), false, 0, 0, 0, offer, NULL, help}
#define NEAP_PARAMS_END {NULL, NEAP_PARAM_END, 0, false, 0, 0, 0, NULL, NULL, NULL}

/* --- Components ----------------------------------------------------------------------------------------------------- */

typedef struct neap_component {
    const char *interface; /* "sampler/2" */
    const char *name;      /* "euler": [a-z][a-z0-9_]* */
    const char *help;      /* one line */
    size_t config_size;    /* bytes; the host zeroes the config before it fills in the parameters */
    const neap_param *params;
    const void *functions; /* the interface's struct, such as neap_sampler */
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
    extern const neap_plugin neap_plugin_v2;                                                                        \
    __attribute__((visibility("default"))) const neap_plugin neap_plugin_v2
#endif

/* The initialiser of a plugin with one component of the same name and help. `functions` names the interface's struct,
 * `config` is a type:
 *     NEAP_PLUGIN(cfg) = NEAP_ONE_COMPONENT("cfg", "1.0.0", "MIT", "Guidance.", "guidance/2", config, params,
 * functions); */
#define NEAP_ONE_COMPONENT(name, version, license, help, interface, config, params, functions)                     \
    {NEAP_ABI, sizeof(neap_plugin), name, version, license, help,                                                  \
     (const neap_component[]){{interface, name, help, sizeof(config), params, &functions}, {0}}}

/* --- Data between host and components ------------------------------------------------------------------------------- */

typedef struct neap_extent {
    int64_t height, width, channels; /* channels 0: absent */
} neap_extent;

/* The sizes of one example and of its condition. The example is a picture [height, width, channels] in [-1, 1], or a
 * point as [1, 1, dimensions]. The condition is what an architecture takes or a data set provides; a kind of size 0 is
 * absent. */
typedef struct neap_spec {
    size_t size;
    int64_t height, width, channels;
    int64_t classes;     /* LABELS: number of classes. Labels are i32 in [0, classes); `classes` itself is the null class */
    int64_t text;        /* TEXT: the largest number of bytes in a row */
    int64_t tokens;      /* TOKENS: the width D */
    int64_t pooled;      /* POOLED: the width D */
    neap_extent picture; /* PICTURE */
    neap_extent latent;  /* autoencoder: the size of one latent; encode returns twice the channels. Generator: the size of
                            one latent, {1, 1, n} for latents [B, n]; absent when it takes noise of the pictures' shape. Data
                            set: the examples are moments of such latents, as encode returns them, with twice the channels */
    bool scales;         /* autoencoder: decode also takes latents of other heights and widths; those of the pictures change by
                            the same factors */
} neap_spec;

/* Copies `own` to *out, up to out->size, which is kept. Returns 0, so that a `spec` function can end with it. */
static inline int neap_spec_fill(neap_spec *out, neap_spec own)
{
    const size_t size = out->size;
    own.size = size;
    memcpy(out, &own, size < sizeof own ? size : sizeof own);
    return 0;
}

/* Does the spec have this kind of condition? It has LENGTHS when it has TEXT or TOKENS. */
bool neap_spec_has(const neap_spec *spec, neap_condition_kind kind);

/* A training step as an objective sees it. Made by the host only. */
typedef struct neap_step {
    size_t size;
    neap_tensor *x;                  /* f32 [B, H, W, C] */
    const neap_condition *condition; /* of B rows; NULL when the data set provides none */
    neap_tensor *noise;  /* f32, of x's shape: the noise that the data set pairs with each example, or NULL */
    neap_random random;  /* of this step; fork it by purpose. Row i uses sample first + i */
    int64_t number;      /* from 1 */
    uint64_t first;      /* row 0 is this row of the global batch */
    int64_t global;      /* rows of the global batch, over all ranks */
} neap_step;

/* Adds a finite value to the step's metrics. `name` must live as long as the plugin. Returns -1 with a message when the
 * step has NEAP_TRAIN_REPORTS values already (run.h); the step then fails. */
int neap_step_report(neap_step *step, const char *name, double value);

/* Passes a tensor with its history to the later phases of a step, in a slot from 0 to 3. The step keeps an owner until it
 * ends. neap_step_shared: the tensor, borrowed; NULL without a message when the slot is empty. */
int neap_step_share(neap_step *step, int slot, neap_tensor *x);
neap_tensor *neap_step_shared(const neap_step *step, int slot);

/* What a sampler calls: the network with its condition and its guidance. The sampler goes from time `from` to time `to`,
 * both in [0, 1]: from 1 to 0, over a part of that interval, or upward to invert a picture to its noise. */
typedef struct neap_field {
    size_t size;
    void *self;
    /* The velocity, of x's shape. x [n, H, W, C] and t f64 [n] have one row for each sample of the batch; or, with `rows`
     * i32 [n], for each of these samples. NULL when the network has no velocity. For one time see neap_velocity_at in
     * sampling.h. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *rows);
    neap_tensor *(*generate)(void *self, neap_tensor *z); /* pictures from noise or latents; or NULL */
    neap_tensor *(*average)(void *self, neap_tensor *x, double t, double r); /* mean velocity between r and t; or NULL */
    double from, to;
    uint64_t first; /* row 0 is sample `first`. Draw noise by this number, so that a picture does not depend on its batch */
} neap_field;

/* Watches sampling. The host calls `step` before the first step of each batch, as step 0 of 0; the sampler calls it after
 * each step. An adaptive sampler passes `steps` 0 and as t the time of the sample that is farthest behind. x is the
 * network's: with an autoencoder, latents. To stop sampling, record a message and return a value other than 0. */
typedef struct neap_watch {
    size_t size;
    void *user;
    int (*step)(void *user, int64_t step, int64_t steps, double t, neap_tensor *x);
} neap_watch;

/* What a guidance calls: the velocity of a network under any condition. x, t (f64) and the condition have n rows each, or a
 * multiple of n: the same samples under several conditions, joined by neap_condition_join, in one call of the network. */
typedef struct neap_conditional neap_conditional;
struct neap_conditional {
    size_t size;
    void *self;
    /* `network` is a parameter of the guidance, whose spec has the same sizes; NULL: the network that is sampled. Each row
     * counts as one evaluation of its sample. */
    neap_tensor *(*velocity)(const neap_conditional *field, neap_network *network, neap_tensor *x, neap_tensor *t,
                             const neap_condition *condition);
    const neap_condition *condition; /* of these n samples; NULL when the network takes none */
    neap_tensor *rows;               /* i32 [n]: the indices of these samples in the batch, from 0 */
};

/* What a metric compares, with N rows each: features of pictures, or points; a classifier's logits; labels; the pictures themselves
 * and their condition. A metric reads the last two by NEAP_MEMBER. */
typedef struct neap_evidence {
    size_t size;
    neap_tensor *features; /* f32 [N, D] */
    neap_tensor *logits;   /* f32 [N, classes], or NULL */
    neap_tensor *labels;   /* i32 [N], of the examples, or those that samples were drawn with; or NULL */
    neap_tensor *pictures; /* f32 [N, H, W, C] in [-1, 1], or NULL */
    const neap_condition *condition; /* of N rows: of the examples, or of the samples; or NULL */
} neap_evidence;

/* --- Interfaces: `size` is sizeof of the struct. Members that may be NULL say so. ----------------------------------- */

/* architecture/2. Every condition has all kinds that the spec has, with one row for each of x; it is NULL when there are
 * none. The host checks the shapes of arguments and results against the spec. */
typedef struct neap_architecture {
    size_t size;
    /* Adds parameters to the model and returns self. Config and model outlive self. */
    void *(*build)(const void *config, neap_model *model);
    void (*destroy)(void *self); /* frees self, not the model */
    int (*spec)(const void *self, neap_spec *out); /* called once, after build; see neap_spec_fill */
    /* Any of these may be NULL. x [B, H, W, C]; t f32 [B] in [0, 1]. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition); /* x's shape */
    neap_tensor *(*generate)(void *self, neap_tensor *z, const neap_condition *condition);     /* z: see spec.latent */
    /* Logits, one or more for each row: [B] or [B, ..], as a map of patches [B, h, w, 1]. Losses take the mean over all. */
    neap_tensor *(*discriminate)(void *self, neap_tensor *x, const neap_condition *condition);
    /* Moments of a diagonal Gaussian over latents (Kingma and Welling 2014), f32 [B, h, w, 2 C]: C means, then C logarithms
     * of variances. An autoencoder offers encode and decode and fills spec.latent. */
    neap_tensor *(*encode)(void *self, neap_tensor *x);
    neap_tensor *(*decode)(void *self, neap_tensor *z);   /* latents [B, h, w, C] to pictures; see spec.scales */
    neap_tensor *(*features)(void *self, neap_tensor *x); /* [B, D], for metrics and perceptual losses */
    neap_tensor *(*classify)(void *self, neap_tensor *x); /* logits [B, classes] */
    /* The mean velocity between times r <= t, each f32 [B] (Geng et al. 2025, Mean Flows); of x's shape. */
    neap_tensor *(*average)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition);
    /* Encodes a condition, such as a text into tokens. The functions above receive the result, of as many rows. Sampling
     * calls it once per batch, training in every step with gradient. It belongs to the innermost scope. */
    neap_condition *(*prepare)(void *self, const neap_condition *condition);
    /* Does this network, with its settings, have the function of this name ("discriminate", ...)? Asked for functions that
     * are not NULL above. NULL: it has all of them. */
    bool (*offers)(const void *self, const char *name);
    /* Of an autoencoder: the FLAG parameter that adds a part which encode and decode do not use, as "discriminator". Names of
     * that part's parameters begin with the flag's and a dot. A network that works in the latents of this one keeps a copy
     * without that part. NULL: there is no such part. */
    const char *extra;
} neap_architecture;

/* objective/2 */
typedef struct neap_phase {
    const char *name;
    const char *part; /* the prefixes of the parameters that it trains, separated by blanks; "" for all */
} neap_phase;

typedef struct neap_objective {
    size_t size;
    const char *const *needs; /* functions that the network must offer, "velocity", ...; ends with NULL */
    const neap_phase *phases; /* ends with a row whose name is NULL */
    /* A scalar that depends on at least one parameter: the mean over the step's rows. NULL with a message on failure. */
    neap_tensor *(*loss)(const void *config, int phase, neap_network *network, neap_step *step);
    /* The members below may be NULL. */
    /* Converts the output of a trained network to a velocity, at x and t f32 [B]. NULL: the output is the velocity. */
    neap_tensor *(*velocity)(const void *config, neap_tensor *output, neap_tensor *x, neap_tensor *t);
    /* How often a phase runs in a step, from 1; each time on another batch. NULL: once. */
    int64_t (*repeats)(const void *config, int phase);
    /* For each phase the gradient norm below which training counts as diverged, 0 for no limit. NULL: no limits. */
    const double *least;
    /* The target of the network's velocity, for a checkpoint's metadata. NULL: "v=z-x". */
    const char *(*predicts)(const void *config);
    /* The probability with which training makes a row's condition null. With 0 the null condition is never trained, with
     * 1 no other is. NULL: unknown. */
    double (*dropout)(const void *config);
    /* Can the network be trained with this config? Called once, before training; it offers all of `needs`. Returns 0, or -1
     * with a message. NULL: yes. */
    int (*check)(const void *config, neap_network *network);
    /* The step at which a phase begins, from 1; 0: it never runs, and the network need not have its part. The first phase that
     * runs begins at step 1. NULL: all phases begin at step 1. */
    int64_t (*begins)(const void *config, int phase);
    /* A reported value, at least 0, that falls in a stable training. If its moving average rises by half above its minimum,
     * the run goes back to an earlier state; see `guard` of neap.train. NULL: none. */
    const char *guard;
} neap_objective;

/* sampler/2 */
typedef struct neap_sampler {
    size_t size;
    const char *const *needs; /* members of neap_field, "velocity", ...; ends with NULL */
    /* Takes x [B, H, W, C] at t = field->from, which is noise at t = 1, and returns x at t = field->to. When `needs` has
     * 'generate' and the network has latents, x is latents, [B, n] or [B, h, w, c]. `random` is the same for all batches.
     * watch may be NULL. sampling.h has grids of times and the steps along them. */
    neap_tensor *(*sample)(const void *config, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch);
} neap_sampler;

/* guidance/2 */
typedef struct neap_guidance {
    size_t size;
    /* The guided velocity at x [n, H, W, C] and t f64 [n]. Each row of the result must depend on that row alone, so that
     * a sample does not depend on its batch. When `conditional` is not NULL, it also receives the velocity under the
     * samples' own condition, for guidances that modify another one. See neap_guided_velocity in sampling.h. */
    neap_tensor *(*velocity)(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional);
    /* Does it use the velocity under the null condition? NULL: no. */
    bool (*uses_null)(const void *config);
} neap_guidance;

/* dataset/2 */

/* Where the parts of one example go, in the sizes of the data set's spec. x is never NULL; a part that the spec does not have is
 * always NULL, and any other part may be. The host zeroes all parts but x before the call. */
typedef struct neap_example {
    size_t size;
    float *x;       /* height * width * channels */
    int32_t *label; /* in [0, classes), or -1 for the null class */
    uint8_t *text;  /* spec.text bytes, of which the first *length are UTF-8 without NUL, and the rest is padding */
    int32_t *length;
    float *picture; /* picture.height * picture.width * picture.channels */
} neap_example;

typedef enum neap_part { NEAP_PART_TRAIN, NEAP_PART_TEST } neap_part;

typedef struct neap_dataset {
    size_t size;
    void *(*open)(const void *config); /* the config outlives self */
    void (*close)(void *self);
    int (*spec)(const void *self, neap_spec *out); /* called once, after open; see neap_spec_fill */
    int64_t (*count)(const void *self); /* of examples, from 1; never changes */
    /* Called from many threads at once. index in [0, count). */
    int (*read)(const void *self, int64_t index, const neap_example *out);
    /* The members below may be NULL. */
    const char *(*label_name)(const void *self, int64_t label); /* NULL: it has no name */
    /* Writes the noise that an example is paired with, of the size of x. Called from many threads at once. */
    int (*noise)(const void *self, int64_t index, float *z);
    /* Turns `instance`, a copy of an instance of this data set, into its training or its test part, by neap_instance_set.
     * A generated data set makes `count` examples with draw number `draw`, from 1, and returns 1; one of files selects
     * its split and returns 0. Returns -1 with a message when there is no such part. NULL: it has no parts. */
    int (*part)(neap_instance *instance, neap_part part, int64_t draw, int64_t count);
    /* Of a data set of moments (spec.latent): the fingerprint of the autoencoder that encoded them, and the data set of the
     * pictures as JSON, {"name": .., "config": {..}}, or NULL when unknown. Both live as long as self. NULL: unknown. */
    const char *(*encoded_by)(const void *self);
    const char *(*encoded_from)(const void *self);
} neap_dataset;

/* metric/2 */
typedef struct neap_metric {
    size_t size;
    const char *const *scores; /* names of its 1 to 8 values, "precision", "recall"; ends with NULL */
    /* Writes one finite value for each name. */
    int (*score)(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores);
    /* Which values are better, for each name "lower", "higher" or, where neither is, what is: "near 1". NULL: not said. */
    const char *const *better;
} neap_metric;

#include <neap/network.h>
#include <neap/registry.h>
#include <neap/sampling.h>

#endif
