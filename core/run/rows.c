/* Rows of a batch: all samples at one time, and some samples at times of their own. */
#include <neap/sampling.h>

neap_tensor *neap_velocity_at(const neap_field *field, neap_tensor *x, double t)
{
    return x ? field->velocity(field->self, x, neap_full(NEAP_F64, neap_dims(neap_dim(x, 0)), t), NULL) : NULL;
}

neap_tensor *neap_rows(neap_tensor *x, neap_tensor *rows)
{
    if (!x || !rows)
        return NULL;
    neap_shape shape = neap_shape_of(x), column = shape;
    for (int i = 1; i < column.rank; i++)
        column.dim[i] = 1;
    shape.dim[0] = column.dim[0] = neap_dim(rows, 0);
    return neap_gather(x, neap_expand(neap_reshape(rows, column), shape), 0);
}

int neap_conditional_rows(const neap_conditional *field, neap_tensor *rows, neap_conditional *part)
{
    *part = *field;
    part->rows = neap_rows(field->rows, rows);
    part->labels = field->labels ? neap_rows(field->labels, rows) : NULL;
    part->null_labels = field->null_labels ? neap_rows(field->null_labels, rows) : NULL;
    const bool whole = part->rows && !part->labels == !field->labels && !part->null_labels == !field->null_labels;
    return whole ? 0 : -1;
}
