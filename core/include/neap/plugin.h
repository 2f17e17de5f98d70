/*
 * The plugin ABI: one exported constant, components, their parameter tables, and one interface per kind.
 * docs/plugins.md explains it from the author's side.
 *
 * A plugin is a shared object that exports the symbol neap_plugin_v2 and nothing else. The host reads its ABI number and size
 * from the file before any of its code runs. The same source links in statically, named neap_plugin_NAME, where
 * NEAP_STATIC_PLUGINS is defined. Plugins are never unloaded, so strings and tables may be referred to for ever.
 *
 * Growth. Structs that both sides see begin with their size. New members are only ever added at the end. Who reads a member that
 * the other side may lack uses NEAP_MEMBER, which gives NULL there; who fills a struct writes no more than its size. Rows
 * of tables (parameters, phases, components) and small values (neap_shape, neap_random, neap_extent) never change within an
 * ABI number. A plugin may offer one component in several versions of its interface ("sampler/2" and "sampler/3" by the
 * same name): a host takes the newest that it serves.
 *
 * Threads. Functions are called from one thread at a time unless they say otherwise; not always the same one.
 *
 * Ownership and errors: every function borrows its arguments, and fails as tensor.h and error.h say.
 */
#ifndef NEAP_PLUGIN_H
#define NEAP_PLUGIN_H

#include <string.h>

#include <neap/condition.h>
#include <neap/nn.h>

#define NEAP_ABI 2

/* A member of a struct that begins with its size; NULL where the struct is too old to have it. */
#define NEAP_MEMBER(p, member)                                                                                      \
    ((p)->size >= offsetof(__typeof__(*(p)), member) + sizeof((p)->member) ? (p)->member : (__typeof__((p)->member))0)

/* --- Parameters ------------------------------------------------------------------------------------------------------ */

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
    NEAP_PARAM_NETWORK    /* neap_network *, or NULL: trained, and frozen; given as a run, a checkpoint or, in Lua, a
                             model. `text` names what it must offer. Owned by the config */
} neap_param_type;

/* One row per parameter. The core fills and checks the config struct; calls from Lua, messages, help, checkpoint
 * metadata and reference pages come from these rows. */
typedef struct neap_param {
    const char *name;
    neap_param_type type;
    size_t offset;
    bool required;
    double fallback, low, high;  /* INT, REAL; inclusive. FLAG and CHOICE use fallback alone */
    const char *text;            /* TEXT: the default, may be NULL. COMPONENT: the kind. NETWORK: "velocity", ... */
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
#define NEAP_NETWORK(config, field, offer, help)                                                                    \
    {#field, NEAP_PARAM_NETWORK, offsetof(config, field), false, 0, 0, 0, offer, NULL, help}
#define NEAP_PARAMS_END {NULL, NEAP_PARAM_END, 0, false, 0, 0, 0, NULL, NULL, NULL}

/* --- Components ------------------------------------------------------------------------------------------------------ */

typedef struct neap_component {
    const char *interface; /* "sampler/2" */
    const char *name;      /* "euler": [a-z][a-z0-9_]* */
    const char *help;      /* one line */
    size_t config_size;    /* bytes; zeroed before the table fills it */
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
    extern const neap_plugin neap_plugin_v2;                                                                        \
    __attribute__((visibility("default"))) const neap_plugin neap_plugin_v2
#endif

/* The value of a plugin with one component, which has the plugin's name and help. `functions` is the name of the struct of
 * the interface, `config` a type:
 *     NEAP_PLUGIN(cfg) = NEAP_ONE_COMPONENT("cfg", "1.0.0", "MIT", "Guidance.", "guidance/2", config, params, functions); */
#define NEAP_ONE_COMPONENT(name, version, license, help, interface, config, params, functions)                     \
    {NEAP_ABI, sizeof(neap_plugin), name, version, license, help,                                                  \
     (const neap_component[]){{interface, name, help, sizeof(config), params, &functions}, {0}}}

/* --- What flows between components ---------------------------------------------------------------------------------- */

typedef struct neap_extent {
    int64_t height, width, channels; /* channels 0: there is none */
} neap_extent;

/* One example: a picture [height, width, channels] in [-1, 1], or a point as [1, 1, dimensions]; and the condition that goes
 * with it: what an architecture takes, what a data set tells. A kind whose size is 0 is not taken, or not told. */
typedef struct neap_spec {
    size_t size;
    int64_t height, width, channels;
    int64_t classes;     /* LABELS: number of classes. Labels are i32 in [0, classes); the null label is `classes` itself */
    int64_t text;        /* TEXT: the most bytes of a row */
    int64_t tokens;      /* TOKENS: their width D */
    int64_t pooled;      /* POOLED: its width D */
    neap_extent picture; /* PICTURE */
    neap_extent latent;  /* of an autoencoder: of one latent, encode's moments having twice the channels. Of a generator that
                            takes latents [B, n]: {1, 1, n}; without, it takes noise of the pictures' shape */
} neap_spec;

/* Writes `own` into *out as far as *out reaches; returns 0. The last line of every `spec`. */
static inline int neap_spec_fill(neap_spec *out, neap_spec own)
{
    const size_t size = out->size;
    own.size = size;
    memcpy(out, &own, size < sizeof own ? size : sizeof own);
    return 0;
}

/* Is this kind of condition taken, or told? LENGTHS go with TEXT and TOKENS. */
bool neap_spec_has(const neap_spec *spec, neap_condition_kind kind);

/* What a training step hands to an objective. Made by the host. */
typedef struct neap_step {
    size_t size;
    neap_tensor *x;                  /* f32 [B, H, W, C] */
    const neap_condition *condition; /* of B rows; NULL where nothing is told */
    neap_tensor *noise;  /* f32, of x's shape: the noise that the data set couples with each example, or NULL */
    neap_random random;  /* of this step; fork it by purpose. A draw for row i takes sample first + i */
    int64_t number;      /* from 1 */
    uint64_t first;      /* row 0 is this row of the global batch */
    int64_t global;      /* rows of the global batch: of all ranks together */
} neap_step;

/* A finite value for the step's metrics; `name` lives as long as the plugin. Returns -1, and the step fails, where there is no
 * room for one more. */
int neap_step_report(neap_step *step, const char *name, double value);

/* Hands a tensor with its history from one phase of a step to the next, by a slot from 0 to 3; NULL where nothing was handed
 * on. */
int neap_step_share(neap_step *step, int slot, neap_tensor *x);
neap_tensor *neap_step_shared(const neap_step *step, int slot);

/* What a sampler integrates or drives, and between which times: from 1 to 0, or a part of that interval, or upward where a
 * picture is inverted to its noise. Condition and guidance are inside already. Times lie in [0, 1]. */
typedef struct neap_field {
    size_t size;
    void *self;
    /* Of x's shape; x [n, H, W, C] and t f64 [n] hold one row and one time for each sample of the batch, or for those in
     * `rows`, i32 [n]. NULL where the network has no velocity. neap_velocity_at of sampling.h: all samples at one time. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *rows);
    neap_tensor *(*generate)(void *self, neap_tensor *z); /* likewise */
    neap_tensor *(*average)(void *self, neap_tensor *x, double t, double r); /* likewise: mean velocity between r and t */
    double from, to;
    uint64_t first; /* row 0 is sample `first`: what a sampler draws for a row depends on this and not on its batch */
} neap_field;

/* Called for each batch before a sampler's first step, as step 0 of 0, and by the sampler after each step; `steps` is 0 where the
 * sampler chooses its steps as it goes. t is then the time of the sample that is farthest behind. x is what the network works on:
 * latents, with an autoencoder. A non-zero return ends sampling with a failure that the watcher has recorded. */
typedef struct neap_watch {
    size_t size;
    void *user;
    int (*step)(void *user, int64_t step, int64_t steps, double t, neap_tensor *x);
} neap_watch;

/* What a guidance combines: the velocity of a network under any condition. x, t and a condition have n rows, or n for each
 * of several conditions, one after another (neap_condition_join). t is f64. */
typedef struct neap_conditional neap_conditional;
struct neap_conditional {
    size_t size;
    void *self;
    /* `network` NULL: the one that is sampled; otherwise one of the guidance's own parameters, whose pictures have the same
     * shape. Each counts as an evaluation. */
    neap_tensor *(*velocity)(const neap_conditional *field, neap_network *network, neap_tensor *x, neap_tensor *t,
                             const neap_condition *condition);
    const neap_condition *condition; /* of these n samples; NULL where the network takes none */
    neap_tensor *rows;               /* i32 [n]: which samples of the batch these are, from 0 */
};

/* What a metric compares: rows of features of pictures, or points themselves, and the answers of a classifier. */
typedef struct neap_evidence {
    size_t size;
    neap_tensor *features; /* f32 [N, D] */
    neap_tensor *logits;   /* f32 [N, classes], or NULL */
    neap_tensor *labels;   /* i32 [N], the true ones or those asked for; or NULL */
} neap_evidence;

/* --- Interfaces: `size` is sizeof of the struct; functions that may be NULL say so -------------------------------- */

/* architecture/2. A condition has every kind that the spec takes, with `rows` of x. */
typedef struct neap_architecture {
    size_t size;
    void *(*build)(const void *config, neap_model *model); /* adds parameters; the config outlives the result */
    void (*destroy)(void *self);
    int (*spec)(const void *self, neap_spec *out); /* called once, after build; see neap_spec_fill */
    /* Any of these may be NULL. x [B, H, W, C]; t f32 [B]. */
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition); /* x's shape */
    neap_tensor *(*generate)(void *self, neap_tensor *z, const neap_condition *condition);     /* pictures, see spec.latent */
    neap_tensor *(*discriminate)(void *self, neap_tensor *x, const neap_condition *condition); /* logits, one a row */
    /* Moments of a diagonal Gaussian over latents (Kingma and Welling 2014), f32 [B, h, w, 2 C]: C means, then C logarithms
     * of variances. An autoencoder offers encode and decode and fills spec.latent. */
    neap_tensor *(*encode)(void *self, neap_tensor *x);
    neap_tensor *(*decode)(void *self, neap_tensor *z);   /* latents [B, h, w, C] to pictures */
    neap_tensor *(*features)(void *self, neap_tensor *x); /* [B, D], for metrics and perceptual losses */
    neap_tensor *(*classify)(void *self, neap_tensor *x); /* logits [B, classes] */
    /* Mean velocity between times r <= t, each f32 [B] (Geng et al. 2025, Mean Flows); of x's shape. */
    neap_tensor *(*average)(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition);
    /* Encodes a condition once for many calls, as a text into tokens; the result belongs to the scope. Training calls it in
     * each step, with history. The calls above then see its result. */
    neap_condition *(*prepare)(void *self, const neap_condition *condition);
} neap_architecture;

/* objective/2 */
typedef struct neap_phase {
    const char *name;
    const char *part; /* prefix of the parameters it trains; "" for all */
} neap_phase;

typedef struct neap_objective {
    size_t size;
    const char *const *needs; /* what the network must offer; ends with NULL */
    const neap_phase *phases; /* ends with a row whose name is NULL */
    /* A scalar that depends on at least one parameter: the mean over the step's rows. NULL with a message on failure. */
    neap_tensor *(*loss)(const void *config, int phase, neap_network *network, neap_step *step);
    /* What follows may be NULL. */
    /* The velocity that follows from the output of a network trained so, at x and t f32 [B]; NULL: the output is it. */
    neap_tensor *(*velocity)(const void *config, neap_tensor *output, neap_tensor *x, neap_tensor *t);
    /* How often a phase runs in a step, from 1, on a batch of its own each time; NULL: once. */
    int64_t (*repeats)(const void *config, int phase);
    /* By phase, the norm of its gradient below which training has diverged, 0 for no limit; NULL: none at all. */
    const double *least;
    /* What the network's velocity is trained to be, for a checkpoint's metadata: "v=z-x"; NULL: that. */
    const char *(*predicts)(const void *config);
    /* With which probability a row is told nothing: 0 leaves the null condition untrained, 1 all others. NULL: not known. */
    double (*dropout)(const void *config);
} neap_objective;

/* sampler/2 */
typedef struct neap_sampler {
    size_t size;
    const char *const *needs; /* members of neap_field, "velocity", ...; ends with NULL */
    /* From x [B, H, W, C] at t = field->from, noise unless the caller began elsewhere, to t = field->to; where `needs` has
     * 'generate' and the network has latents, from those, x [B, n]. watch may be NULL.
     * See sampling.h for the grid of times and the steps along it. */
    neap_tensor *(*sample)(const void *config, const neap_field *field, neap_tensor *x, neap_random random,
                           const neap_watch *watch);
} neap_sampler;

/* guidance/2 */
typedef struct neap_guidance {
    size_t size;
    /* x [n, H, W, C] and t f64 [n], one time for each row; a row of the result depends on that row alone, so that a sample
     * does not depend on its batch. Where `conditional` is not NULL, the velocity under the samples' own condition is left
     * there, too: a guidance that changes another one compares the two. See neap_guided_velocity in sampling.h. */
    neap_tensor *(*velocity)(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional);
    /* Does it ask for the velocity under the null condition? NULL: no. */
    bool (*uses_null)(const void *config);
} neap_guidance;

/* dataset/2 */

/* Where the parts of one example go. A pointer is NULL where the part is not wanted; sizes are those of the data set's spec. */
typedef struct neap_example {
    size_t size;
    float *x;       /* height * width * channels */
    int32_t *label; /* in [0, classes), or -1: none. Zero before the call, as all that follows */
    uint8_t *text;  /* spec.text bytes, of which *length count */
    int32_t *length;
    float *picture; /* picture.height * width * channels */
} neap_example;

typedef enum neap_part { NEAP_PART_TRAIN, NEAP_PART_TEST } neap_part;

typedef struct neap_dataset {
    size_t size;
    void *(*open)(const void *config);
    void (*close)(void *self);
    int (*spec)(const void *self, neap_spec *out); /* called once, after open; see neap_spec_fill */
    int64_t (*count)(const void *self);
    /* Called from many threads. */
    int (*read)(const void *self, int64_t index, const neap_example *out);
    /* What follows may be NULL. */
    const char *(*label_name)(const void *self, int64_t label); /* NULL: it has no name */
    /* The noise that an example is coupled with, of its size. Called from many threads. */
    int (*noise)(const void *self, int64_t index, float *z);
    /* Turns `instance`, a copy of an instance of this data set, into one of the examples to train on or of others to test on,
     * by neap_instance_set. A data set that is drawn gives `count` examples of draw number `draw`, from 1, and returns 1;
     * one of files gives its half and returns 0. -1 with a message where there is no such part. NULL: there is none. */
    int (*part)(neap_instance *instance, neap_part part, int64_t draw, int64_t count);
} neap_dataset;

/* metric/2 */
typedef struct neap_metric {
    size_t size;
    const char *const *scores; /* the names of its values, "precision", "recall"; ends with NULL */
    int (*score)(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores);
} neap_metric;

#endif
