/*
 * The architecture vae_gan compared with a second implementation in double precision and simple ops: moments, pictures,
 * logits, and the gradients of all parameters.
 */
#include <stdarg.h>

#include "tests/core/run/run_test.h"

/* --- Parameters in double precision ------------------------------------------------------------------------------------ */

#define MOST 256

/* A copy of each parameter as an f64 leaf that requires a gradient. */
static struct {
    const neap_model *model;
    neap_tensor *leaf[MOST];
    bool used[MOST];
} copies;

static void copy_parameters(const neap_network *network)
{
    copies.model = neap_network_model(network);
    ck_assert_int_le(neap_model_count(copies.model), MOST);
    for (int i = 0; i < neap_model_count(copies.model); i++) {
        copies.leaf[i] = neap_cast(neap_detach(neap_model_tensor(copies.model, i)), NEAP_F64);
        ck_succeeds(neap_require_grad(copies.leaf[i], true));
        copies.used[i] = false;
    }
}

/* NULL where the model has no such parameter. */
static neap_tensor *try_parameter(const char *path, const char *kind)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", path, kind);
    for (int i = 0; i < neap_model_count(copies.model); i++)
        if (strcmp(neap_model_name(copies.model, i), name) == 0) {
            copies.used[i] = true;
            return copies.leaf[i];
        }
    return NULL;
}

static neap_tensor *parameter(const char *path, const char *kind)
{
    neap_tensor *x = try_parameter(path, kind);
    ck_assert_msg(x != NULL, "no %s.%s", path, kind);
    return x;
}

/* A path: PART.NAME, where the name is made as by printf. */
__attribute__((format(printf, 1, 2))) static const char *path_of(const char *format, ...)
{
    static char text[8][96];
    static int turn;
    va_list args;
    va_start(args, format);
    turn = (turn + 1) % 8;
    vsnprintf(text[turn], sizeof text[turn], format, args);
    va_end(args);
    return text[turn];
}

/* --- Layers ------------------------------------------------------------------------------------------------------------ */

/* Every second row and column. */
static neap_tensor *every_second(neap_tensor *x)
{
    const int64_t batch = neap_dim(x, 0), rows = neap_dim(x, 1), columns = neap_dim(x, 2), channels = neap_dim(x, 3);
    x = neap_pad(x, (const int64_t[]){0, 0, 0, rows % 2, 0, columns % 2, 0, 0});
    const int64_t h = (rows + 1) / 2, w = (columns + 1) / 2;
    x = neap_slice(neap_reshape(neap_contiguous(x), neap_dims(batch, h, 2, w, 2 * channels)), 2, 0, 1);
    return neap_reshape(neap_contiguous(neap_slice(x, 4, 0, channels)), neap_dims(batch, h, w, channels));
}

/* A convolution of x with `before` zeros on the left and above, and `after` on the right and below. */
static neap_tensor *conv(const char *path, neap_tensor *x, int64_t stride, int64_t before, int64_t after)
{
    neap_tensor *weight = parameter(path, "weight"), *bias = try_parameter(path, "bias"), *sum = NULL;
    const int64_t kernel = neap_dim(weight, 1), margin = before + after - kernel + 1;
    const int64_t rows = neap_dim(x, 1) + margin, columns = neap_dim(x, 2) + margin;
    x = neap_pad(x, (const int64_t[]){0, 0, before, after, before, after, 0, 0});
    for (int64_t i = 0; i < kernel * kernel; i++) {
        const int64_t a = i / kernel, b = i % kernel;
        neap_tensor *tap = neap_slice(neap_slice(weight, 1, a, a + 1), 2, b, b + 1);
        tap = neap_reshape(neap_contiguous(tap), neap_dims(neap_dim(weight, 0), neap_dim(weight, 3)));
        neap_tensor *part = neap_contiguous(neap_slice(neap_slice(x, 1, a, a + rows), 2, b, b + columns));
        part = neap_matmul_t(part, tap, false, true);
        sum = sum ? neap_add(sum, part) : part;
    }
    sum = stride == 2 ? every_second(sum) : sum;
    return bias ? neap_add(sum, bias) : sum;
}

static neap_tensor *same(const char *path, neap_tensor *x)
{
    return conv(path, x, 1, 1, 1);
}

static neap_tensor *group_norm(const char *path, neap_tensor *x, int64_t groups)
{
    const int64_t batch = neap_dim(x, 0), pixels = neap_dim(x, 1) * neap_dim(x, 2), channels = neap_dim(x, 3);
    neap_tensor *g = neap_reshape(neap_contiguous(x), neap_dims(batch, pixels, groups, channels / groups));
    g = neap_sub(g, neap_mean(g, (int[]){1, 3}, 2, true));
    g = neap_div(g, neap_sqrt(neap_affine(neap_mean(neap_mul(g, g), (int[]){1, 3}, 2, true), 1, 1e-6)));
    return neap_add(neap_mul(neap_reshape(g, neap_shape_of(x)), parameter(path, "weight")), parameter(path, "bias"));
}

static neap_tensor *silu(neap_tensor *x)
{
    return neap_div(x, neap_affine(neap_exp(neap_neg(x)), 1, 1));
}

static neap_tensor *enlarged(neap_tensor *x)
{
    const int64_t batch = neap_dim(x, 0), rows = neap_dim(x, 1), columns = neap_dim(x, 2), channels = neap_dim(x, 3);
    x = neap_reshape(neap_contiguous(x), neap_dims(batch, rows, 1, columns, channels));
    x = neap_concat((neap_tensor *[]){x, x}, 2, 2);
    x = neap_reshape(x, neap_dims(batch, 2 * rows, columns, 1, channels));
    return neap_reshape(neap_concat((neap_tensor *[]){x, x}, 2, 3), neap_dims(batch, 2 * rows, 2 * columns, channels));
}

/* --- The style kl ------------------------------------------------------------------------------------------------------ */

typedef struct layout {
    int levels, blocks;
    int64_t groups;
    bool attention, quant;
} layout;

static neap_tensor *resnet(const char *path, neap_tensor *x, int64_t groups)
{
    const char *shortcut = path_of("%s.conv_shortcut", path);
    neap_tensor *h = same(path_of("%s.conv1", path), silu(group_norm(path_of("%s.norm1", path), x, groups)));
    h = same(path_of("%s.conv2", path), silu(group_norm(path_of("%s.norm2", path), h, groups)));
    return neap_add(h, try_parameter(shortcut, "weight") ? conv(shortcut, x, 1, 0, 0) : x);
}

static neap_tensor *linear(const char *path, neap_tensor *x)
{
    return neap_add(neap_matmul_t(x, parameter(path, "weight"), false, true), parameter(path, "bias"));
}

static neap_tensor *attend(const char *path, neap_tensor *x, int64_t groups)
{
    const int64_t batch = neap_dim(x, 0), pixels = neap_dim(x, 1) * neap_dim(x, 2), width = neap_dim(x, 3);
    neap_tensor *h = neap_reshape(group_norm(path_of("%s.group_norm", path), x, groups), neap_dims(batch, pixels, width));
    neap_tensor *q = linear(path_of("%s.to_q", path), h), *k = linear(path_of("%s.to_k", path), h);
    neap_tensor *weight = neap_exp(neap_affine(neap_matmul_t(q, k, false, true), 1 / sqrt((double)width), 0));
    weight = neap_div(weight, neap_sum(weight, (int[]){2}, 1, true));
    h = linear(path_of("%s.to_out.0", path), neap_matmul(weight, linear(path_of("%s.to_v", path), h)));
    return neap_add(x, neap_reshape(h, neap_shape_of(x)));
}

static neap_tensor *middle(const layout *l, const char *part, neap_tensor *x)
{
    x = resnet(path_of("%s.mid_block.resnets.0", part), x, l->groups);
    x = l->attention ? attend(path_of("%s.mid_block.attentions.0", part), x, l->groups) : x;
    return resnet(path_of("%s.mid_block.resnets.1", part), x, l->groups);
}

static neap_tensor *ending(const layout *l, const char *part, neap_tensor *x)
{
    return same(path_of("%s.conv_out", part), silu(group_norm(path_of("%s.conv_norm_out", part), x, l->groups)));
}

static neap_tensor *encoded(const layout *l, neap_tensor *x)
{
    x = same("encoder.conv_in", x);
    for (int i = 0; i < l->levels; i++) {
        for (int j = 0; j < l->blocks; j++)
            x = resnet(path_of("encoder.down_blocks.%d.resnets.%d", i, j), x, l->groups);
        if (i + 1 < l->levels) /* zeros to the right and below alone */
            x = conv(path_of("encoder.down_blocks.%d.downsamplers.0.conv", i), x, 2, 0, 1);
    }
    x = ending(l, "encoder", middle(l, "encoder", x));
    return l->quant ? conv("quant_conv", x, 1, 0, 0) : x;
}

static neap_tensor *decoded(const layout *l, neap_tensor *z)
{
    neap_tensor *x = same("decoder.conv_in", l->quant ? conv("post_quant_conv", z, 1, 0, 0) : z);
    x = middle(l, "decoder", x);
    for (int i = 0; i < l->levels; i++) {
        for (int j = 0; j <= l->blocks; j++)
            x = resnet(path_of("decoder.up_blocks.%d.resnets.%d", i, j), x, l->groups);
        if (i + 1 < l->levels)
            x = same(path_of("decoder.up_blocks.%d.upsamplers.0.conv", i), enlarged(x));
    }
    return ending(l, "decoder", x);
}

/* --- The style tiny ---------------------------------------------------------------------------------------------------- */

static neap_tensor *positive(neap_tensor *x)
{
    return neap_maximum(x, neap_full(NEAP_F64, neap_dims(1), 0));
}

/* `count` blocks from place *place on. */
static neap_tensor *tiny_blocks(const char *part, int *place, int count, neap_tensor *x)
{
    for (int i = 0; i < count; i++, ++*place) {
        neap_tensor *h = positive(same(path_of("%s.layers.%d.conv.0", part, *place), x));
        h = positive(same(path_of("%s.layers.%d.conv.2", part, *place), h));
        x = positive(neap_add(x, same(path_of("%s.layers.%d.conv.4", part, *place), h)));
    }
    return x;
}

static neap_tensor *tiny_encoded(const layout *l, neap_tensor *x)
{
    int place = 1;
    x = tiny_blocks("encoder", &place, 1, same("encoder.layers.0", neap_affine(neap_affine(x, 1, 1), 0.5, 0)));
    for (int i = 1; i < l->levels; i++) {
        x = conv(path_of("encoder.layers.%d", place++), x, 2, 1, 1);
        x = tiny_blocks("encoder", &place, l->blocks, x);
    }
    x = same(path_of("encoder.layers.%d", place), x);
    return neap_concat((neap_tensor *[]){x, neap_affine(x, 0, -30)}, 2, 3);
}

static neap_tensor *tiny_decoded(const layout *l, neap_tensor *z)
{
    int place = 2;
    neap_tensor *x = positive(same("decoder.layers.0", neap_affine(neap_tanh(neap_affine(z, 1.0 / 3, 0)), 3, 0)));
    for (int i = 1; i < l->levels; i++) {
        x = tiny_blocks("decoder", &place, l->blocks, x);
        x = same(path_of("decoder.layers.%d", place + 1), enlarged(x));
        place += 2;
    }
    x = tiny_blocks("decoder", &place, 1, x);
    return neap_affine(same(path_of("decoder.layers.%d", place), x), 2, -1);
}

/* --- The discriminator --------------------------------------------------------------------------------------------------- */

static neap_tensor *leaky(neap_tensor *x)
{
    return neap_maximum(x, neap_affine(x, 0.2, 0));
}

/* Over the whole batch, as in training. */
static neap_tensor *batch_norm(const char *path, neap_tensor *x)
{
    x = neap_sub(x, neap_mean(x, (int[]){0, 1, 2}, 3, true));
    x = neap_div(x, neap_sqrt(neap_affine(neap_mean(neap_mul(x, x), (int[]){0, 1, 2}, 3, true), 1, 1e-5)));
    return neap_add(neap_mul(x, parameter(path, "weight")), parameter(path, "bias"));
}

/* Of two layers with stride 2. */
static neap_tensor *judged(neap_tensor *x)
{
    x = leaky(conv("discriminator.main.0", x, 2, 1, 1));
    x = leaky(batch_norm("discriminator.main.3", conv("discriminator.main.2", x, 2, 1, 1)));
    x = leaky(batch_norm("discriminator.main.6", conv("discriminator.main.5", x, 1, 1, 1)));
    return conv("discriminator.main.8", x, 1, 1, 1);
}

/* --- Comparisons ---------------------------------------------------------------------------------------------------------- */

static neap_tensor *wide(neap_tensor *x)
{
    return neap_cast(x, NEAP_F64);
}

/* A scalar of x in which every element has a weight of its own. */
static neap_tensor *weighted(neap_tensor *x)
{
    neap_tensor *weight = neap_randn((neap_random){8, 0}, 0, neap_shape_of(x));
    return neap_sum(neap_mul(x, neap_dtype_of(x) == NEAP_F64 ? wide(weight) : weight), NULL, 0, false);
}

static double largest(neap_tensor *x)
{
    return neap_item(neap_max(neap_abs(x), NULL, 0, false));
}

/* The gradients of `value` by the parameters and of `expected` by their copies; each must be near relative to its largest
 * element. Keys have a bias without effect: it adds the same to all scores of a query. */
static void check_gradients(const neap_network *network, neap_tensor *value, neap_tensor *expected, double tolerance)
{
    const neap_model *model = neap_network_model(network);
    neap_tensor *own[MOST], *leaf[MOST], *gradient[MOST], *reference[MOST];
    const char *name[MOST];
    int count = 0;
    for (int i = 0; i < neap_model_count(model); i++)
        if (copies.used[i]) {
            name[count] = neap_model_name(model, i);
            own[count] = neap_model_tensor(model, i);
            leaf[count++] = copies.leaf[i];
        }
    ck_succeeds(neap_gradients(value, NULL, own, count, 0, gradient));
    ck_succeeds(neap_gradients(expected, NULL, leaf, count, 0, reference));
    for (int i = 0; i < count; i++) {
        const double scale = largest(reference[i]), error = largest(neap_sub(wide(gradient[i]), reference[i]));
        ck_assert_msg(scale > 0 || strstr(name[i], "to_k.bias"), "%s has no gradient", name[i]);
        ck_assert_msg(error <= tolerance * fmax(scale, 1), "%s: the gradient is off by %g of %g", name[i], error, scale);
    }
}

static void check_all_used(bool discriminator)
{
    for (int i = 0; i < neap_model_count(copies.model); i++) {
        const char *name = neap_model_name(copies.model, i);
        const bool judges = strncmp(name, "discriminator.", 14) == 0;
        if (!neap_model_is_buffer(copies.model, i) && judges == discriminator)
            ck_assert_msg(copies.used[i], "%s has no place in the layout", name);
    }
}

#define FAINT 1e-3

/* Small random weights about those of an initial network, so that activations stay near 1. Only the first layers give faint
 * ones, whose variance is near the epsilon of the norms. */
static neap_network *prepared(const char *const *settings)
{
    neap_network *network = try_network("vae_gan", 5, settings);
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    const neap_model *model = neap_network_model(network);
    for (int i = 0; i < neap_model_count(model); i++) {
        const neap_scope scope = neap_scope_open();
        neap_tensor *p = neap_model_tensor(model, i);
        neap_tensor *noise = neap_randn((neap_random){6, (uint64_t)i}, 0, neap_shape_of(p));
        neap_tensor *moved = neap_add(neap_detach(p), neap_affine(noise, 0.1, 0));
        if (!neap_model_is_buffer(model, i))
            ck_succeeds(neap_write(p, NEAP_F32, floats(neap_affine(moved, strstr(neap_model_name(model, i), "conv_in") ? FAINT : 1, 0))));
        neap_scope_close(scope);
    }
    copy_parameters(network);
    return network;
}

#define SIDES "rows", "12", "columns", "20", "channels", "2", "latent", "3"
#define BATCH 2

/* f32 sums of some hundred products, in some ten layers: 1e-5 to 1e-4 of the largest value. */
static void check_values(const char *const *settings, const layout *l, bool tiny)
{
    neap_network *network = prepared(settings);
    const bool recorded = neap_record(true);
    const neap_extent e = spec_of(network).latent;
    neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(BATCH, 12, 20, 2));
    neap_tensor *z = neap_randn((neap_random){4, 0}, 0, neap_dims(BATCH, e.height, e.width, e.channels));
    neap_tensor *moments = neap_network_encode(network, x), *pictures = neap_network_decode(network, z);
    neap_tensor *expected = (tiny ? tiny_encoded : encoded)(l, wide(x)), *drawn = (tiny ? tiny_decoded : decoded)(l, wide(z));
    check_near("moments", moments, expected, 2e-5);
    check_near("pictures", pictures, drawn, 2e-5);
    check_gradients(network, neap_add(weighted(moments), weighted(pictures)), neap_add(weighted(expected), weighted(drawn)), 1e-4);
    check_all_used(false);
    neap_record(recorded);
    neap_network_release(network);
}

START_TEST(autoencoders_kl)
{
    check_values(SETTINGS(SIDES, "factor", "4", "width", "8", "growth", "1,2,3", "groups", "4", "blocks", "2", "d_layers", "1"),
                 &(layout){3, 2, 4, true, true}, false);
    check_values(SETTINGS(SIDES, "factor", "2", "width", "6", "groups", "3", "attention", "false", "quant", "false",
                          "discriminator", "false"), &(layout){2, 1, 3, false, false}, false);
}
END_TEST

START_TEST(autoencoders_tiny)
{
    check_values(SETTINGS(SIDES, "style", "tiny", "factor", "4", "width", "8", "blocks", "2", "d_layers", "1"),
                 &(layout){.levels = 3, .blocks = 2}, true);
}
END_TEST

START_TEST(discriminators)
{
    neap_network *network = prepared(SETTINGS("rows", "16", "columns", "20", "channels", "2", "d_width", "4", "width", "4", "groups", "2"));
    const bool was = neap_training_set(true), recorded = neap_record(true);
    neap_tensor *x = neap_randn((neap_random){3, 0}, 0, neap_dims(3, 16, 20, 2));
    neap_tensor *logits = neap_network_discriminate(network, x, NULL), *expected = judged(wide(x));
    check_near("logits", logits, expected, 2e-5);
    check_gradients(network, weighted(logits), weighted(expected), 1e-4);
    check_all_used(true);
    neap_record(recorded);
    neap_training_set(was);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("vae_gan values", run_open, run_close, autoencoders_kl, autoencoders_tiny, discriminators);
}
