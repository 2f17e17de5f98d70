/* Shared by the files of the architecture gan: settings, styles, and layers. */
#ifndef GAN_H
#define GAN_H

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>

typedef enum gan_norm { GAN_BATCH_NORM, GAN_GROUP_NORM, GAN_NO_NORM } gan_norm;

typedef struct gan_config {
    int64_t rows, columns, channels, classes, latent, width, depth, label_width, group_width;
    int style, prior, norm, conditioning;
    bool spectral_norm;
} gan_config;

#define GAN_SLOPE 0.2 /* of the leaky ReLU */

/* Builds and runs generator and discriminator. `self` is what `make` returned; neap_free frees it. */
typedef struct gan_style {
    int (*check)(const gan_config *c); /* NULL: any settings are valid */
    void *(*make)(const gan_config *c, int64_t inputs, neap_model *model); /* inputs: width of latent and label */
    neap_tensor *(*generate)(const void *self, neap_tensor *z);            /* [B, inputs] to pictures */
    neap_tensor *(*features)(const void *self, neap_tensor *x);            /* pictures to [B, features] */
    int64_t (*feature_count)(const void *self);
} gan_style;

extern const gan_style gan_mlp, gan_dcgan, gan_resnet;

/* The smallest resolution: the sides halved `stages` times, to 4 to 7 pixels each. */
#define GAN_MAX_STAGES 12
typedef struct gan_base {
    int stages;
    int64_t rows, columns;
} gan_base;

/* Returns 0, or -1 with a message that names the style if the sides have no such base. */
int gan_base_of(const gan_config *c, const char *style, gan_base *base);

/* Weights and layers with the buffer u of their spectral norm, which is NULL without one. */
typedef struct gan_table {
    neap_tensor *weight, *u;
} gan_table;

typedef struct gan_linear {
    neap_linear_layer layer;
    neap_tensor *u;
} gan_linear;

typedef struct gan_conv {
    neap_conv_layer layer;
    neap_tensor *u;
} gan_conv;

/* `spectral`: the weight is divided by its largest singular value. Names: path.weight, path.u. */
int gan_table_make(gan_table *t, bool spectral, neap_model *model, neap_shape shape, neap_init init, const char *path);
neap_tensor *gan_table_weight(const gan_table *t);
int gan_linear_make(gan_linear *l, bool spectral, neap_model *model, int64_t in, int64_t out, neap_init init,
                    const char *path);
neap_tensor *gan_linear_apply(const gan_linear *l, neap_tensor *x);
int gan_conv_make(gan_conv *l, bool spectral, neap_model *model, const neap_conv_spec *spec, const char *path);
neap_tensor *gan_conv_apply(const gan_conv *l, neap_tensor *x);

#endif
