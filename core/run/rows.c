/* All samples of a batch at one time, and fields of some of its samples. */
#include <neap/sampling.h>

neap_tensor *neap_velocity_at(const neap_field *field, neap_tensor *x, double t)
{
    return x ? field->velocity(field->self, x, neap_full(NEAP_F64, neap_dims(neap_dim(x, 0)), t), NULL) : NULL;
}

int neap_conditional_rows(const neap_conditional *field, neap_tensor *rows, neap_conditional *part)
{
    neap_conditional own = {0};
    memcpy(&own, field, field->size < sizeof own ? field->size : sizeof own); /* either struct may be shorter than this host's */
    own.size = part->size;
    own.rows = neap_rows(field->rows, rows);
    own.condition = field->condition ? neap_condition_take(field->condition, rows) : NULL;
    memcpy(part, &own, own.size < sizeof own ? own.size : sizeof own);
    return own.rows && !own.condition == !field->condition ? 0 : -1;
}
