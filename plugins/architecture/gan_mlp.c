/* Generator and discriminator as multilayer perceptrons (Goodfellow et al. 2014, Generative Adversarial Nets),
 * for pictures and points. */
#include <stdio.h>

#include "gan.h"

typedef struct mlp {
    const gan_config *config;
    neap_linear_layer out;
    neap_linear_layer *generator; /* [depth], after this struct; then the discriminator's */
    gan_linear *discriminator;
} mlp;

static const neap_init kaiming = {NEAP_INIT_KAIMING_UNIFORM, 1}, xavier = {NEAP_INIT_XAVIER_UNIFORM, 0};

static int64_t pixels(const gan_config *c)
{
    return c->rows * c->columns * c->channels;
}

static int fill(mlp *m, int64_t inputs, neap_model *model)
{
    const gan_config *c = m->config;
    char path[64];
    for (int64_t i = 0; i < c->depth; i++) {
        if (neap_linear_make(&m->generator[i], model, i ? c->width : inputs, c->width, kaiming,
                             "generator.layers.%lld", (long long)i) < 0)
            return -1;
    }
    if (neap_linear_make(&m->out, model, c->width, pixels(c), xavier, "generator.out") < 0)
        return -1;
    for (int64_t i = 0; i < c->depth; i++) {
        snprintf(path, sizeof path, "discriminator.layers.%lld", (long long)i);
        if (gan_linear_make(&m->discriminator[i], c->spectral_norm, model, i ? c->width : pixels(c), c->width, kaiming,
                            path) < 0)
            return -1;
    }
    return 0;
}

static void *make(const gan_config *c, int64_t inputs, neap_model *model)
{
    const size_t depth = (size_t)c->depth;
    mlp *m = neap_calloc(1, sizeof *m + depth * (sizeof *m->generator + sizeof *m->discriminator));
    if (!m)
        return NULL;
    m->config = c;
    m->generator = (neap_linear_layer *)(m + 1);
    m->discriminator = (gan_linear *)(m->generator + depth);
    if (fill(m, inputs, model) == 0)
        return m;
    neap_free(m);
    return NULL;
}

/* The output of pictures goes through tanh; that of points does not. */
static neap_tensor *generate(const void *self, neap_tensor *z)
{
    const mlp *m = self;
    const gan_config *c = m->config;
    const int64_t batch = z ? neap_dim(z, 0) : 0;
    for (int64_t i = 0; i < c->depth; i++)
        z = neap_relu(neap_linear_apply(&m->generator[i], z));
    z = neap_reshape(neap_linear_apply(&m->out, z), neap_dims(batch, c->rows, c->columns, c->channels));
    return c->rows * c->columns > 1 ? neap_tanh(z) : z;
}

static neap_tensor *features(const void *self, neap_tensor *x)
{
    const mlp *m = self;
    x = neap_reshape(x, neap_dims(x ? neap_dim(x, 0) : 0, pixels(m->config)));
    for (int64_t i = 0; i < m->config->depth; i++)
        x = neap_leaky_relu(gan_linear_apply(&m->discriminator[i], x), GAN_SLOPE);
    return x;
}

static int64_t feature_count(const void *self)
{
    return ((const mlp *)self)->config->width;
}

const gan_style gan_mlp = {NULL, make, generate, features, feature_count};
