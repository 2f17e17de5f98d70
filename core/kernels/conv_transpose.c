/*
 * Convolutions to so few channels that they would leave most columns of a product's tile empty. At stride 1 a convolution of
 * x to y is the transposed convolution (the backward pass) of one of y to x with flipped filters: there taps and channels fill
 * the columns together.
 */
#include <neap/error.h>

#include "base/scratch.h"
#include "conv.h"

#define MOST_OUTPUTS 4
#define LEAST_INPUTS 16 /* with fewer, there is nothing to gain */

static bool axis_transposes(const neap_conv_axis *a)
{
    return a->stride == 1 && a->dilation == 1 && a->pad < a->kernel;
}

bool NEAP_VARIANT(neap_conv_transposes)(const neap_conv *c)
{
    return c->groups == 1 && c->out <= MOST_OUTPUTS && c->in >= LEAST_INPUTS && axis_transposes(&c->rows) &&
           axis_transposes(&c->columns) && c->rows.kernel * c->columns.kernel > 1;
}

static neap_conv_axis transposed_axis(const neap_conv_axis *a)
{
    return (neap_conv_axis){.x = a->y, .y = a->x, .kernel = a->kernel, .stride = 1, .pad = a->kernel - 1 - a->pad,
                            .dilation = 1};
}

int NEAP_VARIANT(neap_conv_transpose)(const neap_conv *c, neap_conv *t)
{
    const size_t filters = (size_t)(c->in * c->rows.kernel * c->columns.kernel * c->out);
    *t = *c;
    t->in = c->out;
    t->out = c->in;
    t->rows = transposed_axis(&c->rows);
    t->columns = transposed_axis(&c->columns);
    t->x = c->y;
    t->y = c->x;
    t->w = neap_scratch(NEAP_SCRATCH_CONV_TRANSPOSE, filters * sizeof(real));
    return t->w ? 0 : neap_fail_in("conv");
}

void NEAP_VARIANT(neap_conv_flip_filters)(const real *from, int64_t out, int64_t taps, int64_t in, real *to)
{
    for (int64_t o = 0; o < out; o++) {
        for (int64_t tap = 0; tap < taps; tap++) {
            for (int64_t i = 0; i < in; i++) {
                to[(i * taps + taps - 1 - tap) * out + o] = from[(o * taps + tap) * in + i];
            }
        }
    }
}
