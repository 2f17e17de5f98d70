/* See composite.h. */
#include "ops/composite.h"

/* Both sizes are given: -1 would be undetermined if the other is 0. */
neap_tensor *neap_as_rows(neap_tensor *x)
{
    if (!x)
        return NULL;
    return neap_reshape(x, neap_dims(neap_row_count(x->shape), x->shape.dim[x->shape.rank - 1]));
}

neap_tensor *neap_per_sample(neap_tensor *v, neap_shape shape)
{
    for (int i = 1; i < shape.rank - 1; i++)
        shape.dim[i] = 1;
    return neap_reshape(v, shape);
}

neap_tensor *neap_sum_samples(neap_tensor *x)
{
    int axes[NEAP_MAX_RANK], count = 0;
    for (int i = 1; x && i < x->shape.rank - 1; i++)
        axes[count++] = i;
    return count ? neap_sum(x, axes, count, false) : x;
}

neap_tensor *neap_sum_to(neap_tensor *g, neap_shape shape)
{
    int axes[NEAP_MAX_RANK], count = 0;
    if (!g || neap_shape_equal(g->shape, shape))
        return g;
    int lead = g->shape.rank - shape.rank;
    for (int i = 0; i < g->shape.rank; i++)
        if (i < lead || (shape.dim[i - lead] == 1 && g->shape.dim[i] != 1))
            axes[count++] = i;
    if (count)
        g = neap_sum(g, axes, count, true);
    return neap_reshape(g, shape);
}

neap_tensor *neap_silu_slope(neap_tensor *x)
{
    neap_tensor *s = neap_sigmoid(x);
    return neap_mul(s, neap_affine(neap_mul(x, neap_affine(s, -1, 1)), 1, 1));
}
