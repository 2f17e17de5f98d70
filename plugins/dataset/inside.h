/* A data set as the parameter `of` of another one. Part of the plugins stacked and degraded. Functions return 0 or an object, or -1
 * or NULL with a message. */
#ifndef NEAP_DATASET_INSIDE_H
#define NEAP_DATASET_INSIDE_H

#include <neap/registry.h>

typedef struct inside {
    const neap_dataset *functions;
    void *self; /* NULL: not open */
    neap_spec spec;
} inside;

int inside_open(inside *data, const neap_instance *of);
void inside_close(inside *data);

/* Sets the data set inside an instance to the same part of itself. *drawn: is it a generated one? */
int inside_set_part(neap_instance *instance, const neap_instance *of, neap_part part, int64_t draw, int64_t examples, bool *drawn);

#endif
