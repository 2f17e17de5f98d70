/* Initial values of parameters: f32 tensors from a random stream. */
#include <math.h>

#include "nn/init.h"

/* Fan-in or fan-out of a weight [out, window.., in]; both include the size of the window. */
static double fan(neap_shape shape, bool in)
{
    const int last = shape.rank - 1;
    double n = last < 1 ? 1 : (double)shape.dim[in ? last : 0];
    for (int i = 1; i < last; i++)
        n *= (double)shape.dim[i];
    return last == 0 && !in ? (double)shape.dim[0] : n;
}

static neap_tensor *uniform(neap_shape shape, neap_random random, double bound)
{
    return neap_affine(neap_rand(random, 0, shape), 2 * bound, -bound);
}

static neap_tensor *init_zero(neap_init init, neap_shape shape, neap_random random)
{
    (void)init, (void)random;
    return neap_zeros(NEAP_F32, shape);
}

static neap_tensor *init_one(neap_init init, neap_shape shape, neap_random random)
{
    (void)init, (void)random;
    return neap_full(NEAP_F32, shape, 1);
}

static neap_tensor *init_normal(neap_init init, neap_shape shape, neap_random random)
{
    return neap_affine(neap_randn(random, 0, shape), init.scale, 0);
}

static neap_tensor *init_uniform(neap_init init, neap_shape shape, neap_random random)
{
    return uniform(shape, random, init.scale);
}

static neap_tensor *init_xavier(neap_init init, neap_shape shape, neap_random random)
{
    (void)init;
    return uniform(shape, random, sqrt(6 / (fan(shape, false) + fan(shape, true))));
}

static neap_tensor *init_kaiming(neap_init init, neap_shape shape, neap_random random)
{
    return uniform(shape, random, init.scale * sqrt(6 / fan(shape, true)));
}

neap_tensor *neap_init_tensor(neap_init init, neap_shape shape, neap_random random)
{
    static neap_tensor *(*const kinds[])(neap_init, neap_shape, neap_random) = {
        [NEAP_INIT_ZERO] = init_zero, [NEAP_INIT_ONE] = init_one, [NEAP_INIT_NORMAL] = init_normal,
        [NEAP_INIT_UNIFORM] = init_uniform, [NEAP_INIT_XAVIER_UNIFORM] = init_xavier,
        [NEAP_INIT_KAIMING_UNIFORM] = init_kaiming,
    };
    return kinds[init.kind](init, shape, random);
}
