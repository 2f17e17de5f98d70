/*
 * Spectral normalisation: a weight divided by its largest singular value, estimated by one step of power iteration per pass
 * (Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks, algorithm 1).
 */
#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/nn.h>

#define EPS 1e-12

/* x scaled to length 1. */
static neap_tensor *unit(neap_tensor *x)
{
    return neap_mul(x, neap_rsqrt(neap_affine(neap_sum(neap_square(x), NULL, 0, false), 1, EPS)));
}

/* The gradient treats both singular vectors as constants. In training the buffer u is updated. */
static neap_tensor *singular_value(neap_tensor *matrix, neap_tensor *u)
{
    neap_tensor *fixed = neap_detach(matrix);
    neap_tensor *left = unit(neap_reshape(u, neap_dims(1, -1)));
    neap_tensor *v = unit(neap_matmul(left, fixed));
    if (neap_training())
        left = neap_reshape(unit(neap_matmul_t(fixed, v, false, true)), neap_dims(1, -1));
    neap_tensor *value = neap_sum(neap_mul(neap_matmul(left, matrix), v), NULL, 0, false);
    if (!value)
        return NULL;
    if (neap_item(value) == 0)
        return neap_fail_null("spectral norm: expected a weight that is not all zeros");
    return neap_training() && neap_write(u, neap_dtype_of(left), neap_data(left)) < 0 ? NULL : value;
}

neap_tensor *neap_spectral_weight(neap_tensor *weight, neap_tensor *u)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!weight || !u)
        return NULL;
    if (neap_rank(weight) < 2 || neap_size(weight) < 1 || !neap_shape_equal(neap_shape_of(u), neap_dims(neap_dim(weight, 0))))
        return neap_fail_null("spectral norm: expected a weight [out, ..] and u [out], got %s and %s",
                              neap_shape_text(neap_shape_of(weight), want), neap_shape_text(neap_shape_of(u), got));
    neap_tensor *matrix = neap_reshape(weight, neap_dims(neap_dim(weight, 0), neap_size(weight) / neap_dim(weight, 0)));
    return neap_div(weight, singular_value(matrix, u));
}
