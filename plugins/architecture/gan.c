/*
 * A generator and a discriminator (Goodfellow et al. 2014) in one of three styles, unconditional or
 * class-conditional. The generator gets the label's embedding beside the latent. The discriminator adds the product
 * of an embedding and the features (Miyato and Koyama 2018, cGANs with Projection Discriminator) or has one logit per
 * class.
 */
#include "gan.h"

typedef struct gan {
    const gan_config *config;
    const gan_style *style;
    void *self;           /* what style->make returned; owned */
    neap_tensor *labels;  /* the generator's label table, or NULL */
    gan_table projection; /* the discriminator's label table; its weight may be NULL */
    gan_linear head;
} gan;

enum { PRIOR_NORMAL, PRIOR_UNIFORM };
enum { PROJECTION, JOINT };
static const char *const styles[] = {"mlp", "dcgan", "resnet", NULL};
static const gan_style *const style_of[] = {&gan_mlp, &gan_dcgan, &gan_resnet};
static const char *const priors[] = {"normal", "uniform", NULL};
static const char *const norms[] = {"batch", "group", "none", NULL};
static const char *const conditionings[] = {"projection", "joint", NULL};

static const neap_init xavier = {NEAP_INIT_XAVIER_UNIFORM, 0}, small = {NEAP_INIT_NORMAL, 0.02}, zero = {NEAP_INIT_ZERO, 0};

static int make_heads(gan *m, neap_model *model)
{
    const gan_config *c = m->config;
    const int64_t features = m->style->feature_count(m->self), joint = c->classes && c->conditioning == JOINT;
    if (gan_linear_make(&m->head, c->spectral_norm, model, features, joint ? c->classes + 1 : 1, xavier,
                        "discriminator.head") < 0)
        return -1;
    if (!c->classes || joint)
        return 0;
    return gan_table_make(&m->projection, c->spectral_norm, model, neap_dims(c->classes + 1, features),
                          c->spectral_norm ? xavier : zero, "discriminator.labels");
}

static int fill(gan *m, neap_model *model)
{
    const gan_config *c = m->config;
    const int64_t inputs = c->latent + (c->classes ? c->label_width : 0);
    if (m->style->check && m->style->check(c) < 0)
        return -1;
    if (c->classes && !(m->labels = neap_model_parameter(model, neap_dims(c->classes + 1, c->label_width), small,
                                                         "generator.labels.weight")))
        return -1;
    m->self = m->style->make(c, inputs, model);
    return m->self ? make_heads(m, model) : -1;
}

static void destroy(void *self)
{
    gan *m = self;
    neap_free(m->self);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    const gan_config *c = settings;
    gan *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = c;
    m->style = style_of[c->style];
    if (fill(m, model) == 0)
        return m;
    destroy(m);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const gan_config *c = ((const gan *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->rows, .width = c->columns, .channels = c->channels,
                                           .classes = c->classes, .latent = {1, 1, c->latent}});
}

/* Maps normal latents to the prior: 2 Phi(z) - 1 is uniform in [-1, 1]. */
static neap_tensor *map_to_prior(const gan *m, neap_tensor *z)
{
    return m->config->prior == PRIOR_UNIFORM ? neap_erf(neap_affine(z, 0.70710678118654752, 0)) : z;
}

static neap_tensor *generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    const gan *m = self;
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    z = map_to_prior(m, z);
    if (m->labels)
        z = neap_concat((neap_tensor *[]){z, neap_label_embedding(m->labels, labels)}, 2, 1);
    return m->style->generate(m->self, z);
}

/* The logits of the labels, [B]; labels i32 [B], or weights [B, classes + 1]. */
static neap_tensor *pick(neap_tensor *logits, neap_tensor *labels)
{
    if (!logits || !labels)
        return NULL;
    if (neap_dtype_of(labels) == NEAP_I32)
        return neap_reshape(neap_gather(logits, neap_reshape(labels, neap_dims(neap_dim(labels, 0), 1)), 1),
                            neap_dims(neap_dim(labels, 0)));
    return neap_sum(neap_mul(logits, labels), (int[]){1}, 1, false);
}

static neap_tensor *discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    const gan *m = self;
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    neap_tensor *features = m->style->features(m->self, x), *logits = gan_linear_apply(&m->head, features);
    if (!logits)
        return NULL;
    if (m->config->classes && m->config->conditioning == JOINT)
        return pick(logits, labels);
    logits = neap_reshape(logits, neap_dims(neap_dim(logits, 0)));
    if (!m->projection.weight)
        return logits;
    neap_tensor *product = neap_mul(features, neap_label_embedding(gan_table_weight(&m->projection), labels));
    return neap_add(logits, neap_sum(product, (int[]){1}, 1, false));
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .generate = generate, .discriminate = discriminate};

static const neap_param params[] = {
    NEAP_CHOICE(gan_config, style, 1, styles,
                "Multilayer perceptrons, strided convolutions, or residual blocks without norms."),
    NEAP_INT(gan_config, rows, 28, 1, 1024, "Rows of a picture; 1 for points."),
    NEAP_INT(gan_config, columns, 28, 1, 1024, "Columns of a picture; 1 for points."),
    NEAP_INT(gan_config, channels, 1, 1, 4096, "Channels of a picture, or dimensions of a point."),
    NEAP_INT(gan_config, classes, 0, 0, 1000000, "Number of classes; 0: unconditional."),
    NEAP_INT(gan_config, latent, 100, 1, 65536, "Width of a latent."),
    NEAP_CHOICE(gan_config, prior, PRIOR_NORMAL, priors,
                "Distribution of latents in the generator; uniform: normal latents are mapped to [-1, 1]."),
    NEAP_INT(gan_config, width, 64, 1, 4096,
             "Channels at full resolution; doubled when the sides halve. mlp: width of hidden layers."),
    NEAP_INT(gan_config, depth, 2, 1, 64, "mlp: number of hidden layers. resnet: blocks per resolution."),
    NEAP_CHOICE(gan_config, norm, GAN_BATCH_NORM, norms, "dcgan: norm after convolutions."),
    NEAP_INT(gan_config, group_width, 16, 1, 4096, "resnet: channels of a group in 3x3 convolutions."),
    NEAP_INT(gan_config, label_width, 64, 1, 4096, "Width of a label's embedding in the generator."),
    NEAP_CHOICE(gan_config, conditioning, PROJECTION, conditionings, "How the discriminator uses the label."),
    NEAP_FLAG(gan_config, spectral_norm, 0,
              "Divide the discriminator's weights by their largest singular values; not resnet's pool."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(gan) = NEAP_ONE_COMPONENT("gan", "1.0.0", "MIT", "A generator and a discriminator.", "architecture/2",
                                      gan_config, params, functions);
