/*
 * For tests of vae_gan: an autoencoder with few parameters and a discriminator beside it. A latent is e times the mean of two
 * by two pixels, with one log variance v for all; a pixel is d times its latent plus b; a logit is w times the mean of two by
 * two pixels plus u. `tiny_features` has means of two by two pixels as features, times 3.
 */
#ifndef NEAP_TINY_VAE_H
#define NEAP_TINY_VAE_H

#include "tests/core/run/training.h"

typedef struct tiny_vae_config {
    int64_t rows, columns, channels;
    bool discriminator, scales;
} tiny_vae_config;

typedef struct tiny_vae {
    const tiny_vae_config *config;
    neap_tensor *e, *v, *d, *b, *w, *u;
} tiny_vae;

static inline neap_tensor *tiny_scalar(neap_model *model, const char *name, double value)
{
    neap_tensor *p = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, name);
    return p && neap_write(p, NEAP_F64, &value) == 0 ? p : NULL;
}

static inline void *tiny_vae_build(const void *config, neap_model *model)
{
    tiny_vae *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = config;
    m->e = tiny_scalar(model, "encoder.e", 1.25);
    m->v = tiny_scalar(model, "encoder.v", -1.5);
    m->d = tiny_scalar(model, "decoder.d", 0.75);
    m->b = tiny_scalar(model, "post_quant_conv.b", 0.125);
    m->w = m->config->discriminator ? tiny_scalar(model, "discriminator.w", 0.5) : NULL;
    m->u = m->config->discriminator ? tiny_scalar(model, "discriminator.u", -0.25) : NULL;
    return m;
}

static inline int tiny_vae_spec(const void *self, neap_spec *out)
{
    const tiny_vae_config *c = ((const tiny_vae *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->rows, .width = c->columns, .channels = c->channels,
                                           .latent = {c->rows / 2, c->columns / 2, c->channels}, .scales = c->scales});
}

static inline neap_tensor *tiny_vae_encode(void *self, neap_tensor *x)
{
    const tiny_vae *m = self;
    neap_tensor *mean = neap_mul(neap_average_pool(x, 2, 2, 0), m->e);
    return neap_concat((neap_tensor *[]){mean, neap_add(neap_affine(mean, 0, 0), m->v)}, 2, 3);
}

static inline neap_tensor *tiny_vae_decode(void *self, neap_tensor *z)
{
    const tiny_vae *m = self;
    neap_tensor *x = neap_add(neap_mul(z, m->d), m->b);
    return neap_resize(x, 2 * neap_dim(z, 1), 2 * neap_dim(z, 2), NEAP_NEAREST);
}

static inline neap_tensor *tiny_vae_discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    const tiny_vae *m = self;
    (void)condition;
    return neap_add(neap_mul(neap_mean(neap_average_pool(x, 2, 2, 0), (int[]){3}, 1, true), m->w), m->u);
}

static inline bool tiny_vae_offers(const void *self, const char *name)
{
    return ((const tiny_vae *)self)->config->discriminator || strcmp(name, "discriminate") != 0;
}

static const neap_architecture tiny_vae_functions = {
    .size = sizeof tiny_vae_functions, .build = tiny_vae_build, .destroy = neap_free, .spec = tiny_vae_spec,
    .encode = tiny_vae_encode, .decode = tiny_vae_decode, .discriminate = tiny_vae_discriminate, .offers = tiny_vae_offers,
};

static inline neap_tensor *tiny_features(void *self, neap_tensor *x)
{
    (void)self;
    return neap_affine(neap_reshape(neap_average_pool(x, 2, 2, 0), neap_dims(neap_dim(x, 0), -1)), 3, 0);
}

static const neap_architecture tiny_features_functions = {
    .size = sizeof tiny_features_functions, .build = tiny_vae_build, .destroy = neap_free, .spec = tiny_vae_spec,
    .features = tiny_features,
};

static const neap_param tiny_vae_params[] = {
    NEAP_INT(tiny_vae_config, rows, 4, 1, 64, "Rows."),
    NEAP_INT(tiny_vae_config, columns, 4, 1, 64, "Columns."),
    NEAP_INT(tiny_vae_config, channels, 1, 1, 64, "Channels."),
    NEAP_FLAG(tiny_vae_config, discriminator, 1, "With a discriminator."),
    NEAP_FLAG(tiny_vae_config, scales, 1, "It says that it decodes latents of any size."),
    NEAP_PARAMS_END,
};
static const neap_component tiny_components[] = {
    {"architecture/2", "tiny_vae", "A VAE-GAN with six parameters.", sizeof(tiny_vae_config), tiny_vae_params,
     &tiny_vae_functions},
    {"architecture/2", "tiny_features", "Features.", sizeof(tiny_vae_config), tiny_vae_params, &tiny_features_functions},
    {0},
};
static const neap_plugin tiny_plugin = {NEAP_ABI, sizeof tiny_plugin, "test", "1", "MIT", "For tests.", tiny_components};

static inline void open_tiny_vae(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&tiny_plugin, NULL));
}

/* --- Losses by hand: pictures [rows, columns, channels] in double precision ------------------------------------------ */

enum { MOST_VALUES = 1 << 12 };

/* A batch of pictures. */
typedef struct pictures {
    int64_t count, rows, columns, channels;
    double x[MOST_VALUES];
} pictures;

static inline int64_t each(const pictures *p)
{
    return p->rows * p->columns * p->channels;
}

static inline pictures pictures_of(neap_tensor *x)
{
    pictures p = {.count = neap_dim(x, 0), .rows = neap_dim(x, 1), .columns = neap_dim(x, 2), .channels = neap_dim(x, 3)};
    const float *v = floats(neap_contiguous(x));
    ck_assert_int_le(neap_size(x), MOST_VALUES);
    for (int64_t i = 0; i < neap_size(x); i++)
        p.x[i] = (double)v[i];
    return p;
}

static inline int64_t at(const pictures *p, int64_t n, int64_t row, int64_t column, int64_t channel)
{
    return ((n * p->rows + row) * p->columns + column) * p->channels + channel;
}

/* The position of value i: picture, row, column and channel. */
static inline void place(const pictures *p, int64_t i, int64_t out[4])
{
    out[3] = i % p->channels;
    out[2] = i / p->channels % p->columns;
    out[1] = i / p->channels / p->columns % p->rows;
    out[0] = i / each(p);
}

static inline pictures halved(const pictures *p)
{
    pictures h = {.count = p->count, .rows = p->rows / 2, .columns = p->columns / 2, .channels = p->channels};
    int64_t k[4];
    for (int64_t i = 0; i < h.count * each(&h); i++) {
        place(&h, i, k);
        for (int64_t j = 0; j < 4; j++)
            h.x[i] += p->x[at(p, k[0], 2 * k[1] + j / 2, 2 * k[2] + j % 2, k[3])] / 4;
    }
    return h;
}

/* scale x + shift, each value as a square of 2 by 2. */
static inline pictures doubled(const pictures *p, double scale, double shift)
{
    pictures d = {.count = p->count, .rows = 2 * p->rows, .columns = 2 * p->columns, .channels = p->channels};
    int64_t k[4];
    for (int64_t i = 0; i < d.count * each(&d); i++) {
        place(&d, i, k);
        d.x[i] = scale * p->x[at(p, k[0], k[1] / 2, k[2] / 2, k[3])] + shift;
    }
    return d;
}

static inline double apart(const pictures *a, const pictures *b, bool squared)
{
    double sum = 0;
    for (int64_t i = 0; i < a->count * each(a); i++)
        sum += squared ? (a->x[i] - b->x[i]) * (a->x[i] - b->x[i]) : fabs(a->x[i] - b->x[i]);
    return sum / (double)(a->count * each(a));
}

/* What a step makes of its batch with the parameters above. */
typedef struct reconstructed {
    pictures x, mean, z, made;
} reconstructed;

static inline reconstructed reconstruct(const neap_step *step)
{
    reconstructed r = {.x = pictures_of(step->x)};
    r.z = r.mean = halved(&r.x);
    const neap_shape shape = neap_dims(r.z.count, r.z.rows, r.z.columns, r.z.channels);
    const float *noise = floats(neap_randn(neap_random_fork(step->random, "latents"), step->first, shape));
    for (int64_t i = 0; i < r.z.count * each(&r.z); i++) {
        r.mean.x[i] *= 1.25;
        r.z.x[i] = r.mean.x[i] + exp(-1.5 / 2) * (double)noise[i];
    }
    r.made = doubled(&r.z, 0.75, 0.125);
    return r;
}

/* --- Steps ----------------------------------------------------------------------------------------------------------- */

/* `rows` rows from row `first` of a batch of 4. */
static inline neap_step *part_of_step(neap_network *network, int64_t number, int64_t first, int64_t rows)
{
    const neap_spec s = spec_of(network);
    neap_tensor *x = neap_affine(neap_rand((neap_random){5, 6}, 0, neap_dims(4, s.height, s.width, s.channels)), 2, -1);
    neap_step *step = step_on((neap_batch){.x = neap_contiguous(neap_slice(x, 0, first, first + rows))},
                              neap_random_at((neap_random){1, 2}, (uint64_t)number), number);
    step->first = (uint64_t)first;
    step->global = 4;
    return step;
}

static inline neap_step *step_at(neap_network *network, int64_t number)
{
    return part_of_step(network, number, 0, 4);
}

static inline neap_tensor *phase_loss(neap_instance *objective, int phase, neap_network *network, neap_step *step)
{
    const neap_objective *functions = neap_instance_component(objective)->functions;
    neap_tensor *loss = functions->loss(neap_instance_config(objective), phase, network, step);
    ck_assert_msg(loss && !neap_failed(), "%s", neap_error_message());
    return loss;
}

static inline double loss_with(const char *const *settings, int phase, neap_network *network, neap_step *step)
{
    neap_instance *objective = component_of("objective", "vae_gan", settings);
    const double loss = neap_item(phase_loss(objective, phase, network, step));
    neap_instance_release(objective);
    return loss;
}

static inline bool has_report(const neap_step *step, const char *name)
{
    const neap_reported *reports;
    const int count = neap_step_reports(step, &reports);
    for (int i = 0; i < count; i++)
        if (strcmp(reports[i].name, name) == 0)
            return true;
    return false;
}

static inline double report_of(const neap_step *step, const char *name)
{
    const neap_reported *reports;
    const int count = neap_step_reports(step, &reports);
    for (int i = 0; i < count; i++)
        if (strcmp(reports[i].name, name) == 0)
            return reports[i].value;
    ck_abort_msg("the step has no report '%s'", name);
}

#endif
