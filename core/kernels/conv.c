/*
 * Convolutions as products with a matrix of patches, which the product reads while it packs its blocks.
 *
 * Forward: patches of x by weights. Backward to the input: pixels of x whose rows and columns have the same remainders modulo
 * the strides meet the same taps, so each such phase is a convolution of y with stride 1. Backward to the weights: y
 * transposed by patches of x. Shapes that suit it use Winograd tiles instead (winograd.h), and those with few channels exchange
 * x and y or spread products (conv.h).
 */
#include <neap/error.h>

#include "conv.h"
#include "conv_patches.h"
#include "conv_phase.h"
#include "winograd.h"

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static patch_axis axis_of(const neap_conv_axis *a)
{
    return (patch_axis){.size = a->x, .patches = a->y, .taps = a->kernel, .stride = a->stride, .origin = -a->pad,
                        .step = a->dilation};
}

static patches patches_of_x(const neap_conv *c, int64_t group)
{
    const int64_t channels = c->in / c->groups;
    return (patches){(const real *)c->x + group * channels, c->in, channels, axis_of(&c->rows), axis_of(&c->columns)};
}

static bool is_plain(const neap_conv_axis *a)
{
    return a->kernel == 1 && a->stride == 1 && a->pad == 0 && a->x == a->y;
}

static int forward_group(const neap_product *product, const neap_conv *c, int64_t group)
{
    const patches p = patches_of_x(c, group);
    const gemm_reader reader = {NEAP_VARIANT(neap_conv_read_patches), &p};
    const bool plain = is_plain(&c->rows) && is_plain(&c->columns); /* then x is the matrix of patches */
    const int64_t k = patch_elements(&p), n = c->out / c->groups;
    const neap_gemm g = {.m = c->batch * c->rows.y * c->columns.y, .n = n, .k = k, .a = p.data, .a_row = c->in, .a_col = 1,
                         .b = (const real *)c->w + group * n * k, .b_row = 1, .b_col = k,
                         .c = (real *)c->y + group * n, .c_row = c->out,
                         .bias = c->bias ? (const real *)c->bias + group * n : NULL};
    return NEAP_VARIANT(neap_gemm_through)(product, &g, &(gemm_access){.a = plain ? NULL : &reader});
}

/* --- Backward to the input ----------------------------------------------------------------------------------------- */

typedef struct phase {
    const neap_conv *c;
    phase_axis rows, columns;
    int64_t row, column; /* remainders */
    const real *w;       /* of the group */
} phase;

/* Weights as a matrix of (tap row, tap column, output channel) by input channels; a gemm_read_fn. */
static void read_weights(const void *self, int64_t row, int64_t rows, int64_t col, int64_t count, real *out,
                         int64_t out_row)
{
    const phase *f = self;
    const neap_conv *c = f->c;
    const int64_t channels = c->in / c->groups, outputs = c->out / c->groups;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t output = (row + r) % outputs, tap = (row + r) / outputs;
        const int64_t i = f->rows.tap + (f->rows.taps - 1 - tap / f->columns.taps) * f->rows.tap_step;
        const int64_t j = f->columns.tap + (f->columns.taps - 1 - tap % f->columns.taps) * f->columns.tap_step;
        const int64_t at = ((output * c->rows.kernel + i) * c->columns.kernel + j) * channels + col;
        memcpy(out + r * out_row, f->w + at, (size_t)count * sizeof *out);
    }
}

/* Where the pixels of a phase lie in x; a gemm_place_fn. */
static void place_pixels(const void *self, int64_t row, int64_t rows, int64_t *offset)
{
    const phase *f = self;
    const neap_conv *c = f->c;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t line = (row + r) / f->columns.pixels, j = (row + r) % f->columns.pixels;
        const int64_t image = line / f->rows.pixels, i = line % f->rows.pixels;
        const int64_t y = i * c->rows.stride + f->row, x = j * c->columns.stride + f->column;
        offset[r] = ((image * c->rows.x + y) * c->columns.x + x) * c->in;
    }
}

static patch_axis axis_of_phase(const neap_conv_axis *a, const phase_axis *f)
{
    return (patch_axis){.size = a->y, .patches = f->pixels, .taps = f->taps, .stride = 1, .origin = f->origin,
                        .step = f->step};
}

static int backward_phase(const neap_product *product, const phase *f, int64_t group)
{
    const neap_conv *c = f->c;
    const int64_t channels = c->in / c->groups, outputs = c->out / c->groups;
    const patches p = {(const real *)c->y + group * outputs, c->out, outputs, axis_of_phase(&c->rows, &f->rows),
                       axis_of_phase(&c->columns, &f->columns)};
    const gemm_reader left = {NEAP_VARIANT(neap_conv_read_patches), &p}, right = {read_weights, f};
    const neap_gemm g = {.m = c->batch * f->rows.pixels * f->columns.pixels, .n = channels, .k = patch_elements(&p),
                         .c = (real *)c->x + group * channels, .c_row = c->in,
                         .bias = c->bias ? (const real *)c->bias + group * channels : NULL};
    const bool dense = c->rows.stride == 1 && c->columns.stride == 1;
    const gemm_access access = {&left, &right, dense ? NULL : place_pixels, f};
    return NEAP_VARIANT(neap_gemm_through)(product, &g, &access);
}

static int backward_group(const neap_product *product, const neap_conv *c, int64_t group)
{
    const int64_t weights = c->out / c->groups * c->rows.kernel * c->columns.kernel * (c->in / c->groups);
    phase f = {.c = c, .w = (const real *)c->w + group * weights};
    for (f.row = 0; f.row < least(c->rows.stride, c->rows.x); f.row++) {
        f.rows = phase_of(&c->rows, f.row);
        for (f.column = 0; f.column < least(c->columns.stride, c->columns.x); f.column++) {
            f.columns = phase_of(&c->columns, f.column);
            if (backward_phase(product, &f, group) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* --- Backward to the weights --------------------------------------------------------------------------------------- */

static int weights_group(const neap_product *product, const neap_conv *c, int64_t group)
{
    const patches p = patches_of_x(c, group);
    const gemm_reader reader = {NEAP_VARIANT(neap_conv_read_patches), &p};
    const int64_t n = patch_elements(&p), m = c->out / c->groups;
    const neap_gemm g = {.m = m, .n = n, .k = c->batch * c->rows.y * c->columns.y,
                         .a = (const real *)c->y + group * m, .a_row = 1, .a_col = c->out,
                         .c = (real *)c->w + group * m * n, .c_row = n};
    return NEAP_VARIANT(neap_gemm_through)(product, &g, &(gemm_access){.b = &reader});
}

/* ------------------------------------------------------------------------------------------------------------------- */

typedef int group_fn(const neap_product *product, const neap_conv *c, int64_t group);

static int each_group(const neap_kernels *kernels, const neap_conv *c, group_fn *run)
{
    for (int64_t group = 0; group < c->groups; group++) {
        if (run(neap_product_of(kernels, c->bf16), c, group) < 0) {
            return neap_fail_in("conv");
        }
    }
    return 0;
}

static int backward_to_input(const neap_kernels *kernels, const neap_conv *c)
{
    const neap_product *product = neap_product_of(kernels, c->bf16);
    if (NEAP_VARIANT(neap_winograd_suits)(c)) {
        return NEAP_VARIANT(neap_winograd_input)(product, c);
    }
    if (NEAP_VARIANT(neap_conv_is_narrow)(c)) {
        return NEAP_VARIANT(neap_conv_spread)(product, c) < 0 ? neap_fail_in("conv") : 0;
    }
    return each_group(kernels, c, backward_group);
}

static int forward_transposed(const neap_kernels *kernels, const neap_conv *c)
{
    neap_conv t;
    if (NEAP_VARIANT(neap_conv_transpose)(c, &t) < 0) {
        return -1;
    }
    NEAP_VARIANT(neap_conv_flip_filters)(c->w, c->out, c->rows.kernel * c->columns.kernel, c->in, t.w);
    return backward_to_input(kernels, &t);
}

static int weights_transposed(const neap_kernels *kernels, const neap_conv *c)
{
    neap_conv t;
    if (NEAP_VARIANT(neap_conv_transpose)(c, &t) < 0 || each_group(kernels, &t, weights_group) < 0) {
        return -1;
    }
    NEAP_VARIANT(neap_conv_flip_filters)(t.w, t.out, c->rows.kernel * c->columns.kernel, t.in, c->w);
    return 0;
}

int NEAP_KERNEL(conv)(const neap_kernels *kernels, const neap_conv *c)
{
    if (NEAP_VARIANT(neap_winograd_suits)(c)) {
        return NEAP_VARIANT(neap_winograd_conv)(neap_product_of(kernels, c->bf16), c);
    }
    return NEAP_VARIANT(neap_conv_transposes)(c) ? forward_transposed(kernels, c) : each_group(kernels, c, forward_group);
}

int NEAP_KERNEL(conv_input)(const neap_kernels *kernels, const neap_conv *c)
{
    return backward_to_input(kernels, c);
}

int NEAP_KERNEL(conv_weight)(const neap_kernels *kernels, const neap_conv *c)
{
    if (NEAP_VARIANT(neap_winograd_suits)(c)) {
        return NEAP_VARIANT(neap_winograd_weight)(neap_product_of(kernels, c->bf16), c);
    }
    return NEAP_VARIANT(neap_conv_transposes)(c) ? weights_transposed(kernels, c) : each_group(kernels, c, weights_group);
}
