/* Parts of data sets whose examples are functions of (seed, index). Part of the plugins shapes, captioned_shapes, toy2d and stacked. */
#ifndef NEAP_DATASET_DRAWN_H
#define NEAP_DATASET_DRAWN_H

#include <neap/registry.h>

/* What `part` of a data set with parameters `seed` and `count` returns: another draw has another seed, so it has other examples
 * of the same distribution. `seed` is the instance's own. */
static inline int drawn_part(neap_instance *instance, neap_part part, int64_t seed, int64_t draw, int64_t count)
{
    const neap_value other = {.type = NEAP_PARAM_INT, .integer = seed + draw};
    const neap_value number = {.type = NEAP_PARAM_INT, .integer = count};
    if (part == NEAP_PART_TRAIN)
        return 1;
    return neap_instance_set(instance, "seed", &other) < 0 || neap_instance_set(instance, "count", &number) < 0 ? -1 : 1;
}

#endif
