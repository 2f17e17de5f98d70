/* For tests of architectures that take texts: a condition of texts, and building where memory runs out. */
#ifndef NEAP_TEXTS_H
#define NEAP_TEXTS_H

#include "tests/core/run/run_test.h"

/* Texts as a condition, in `most` bytes; padding holds bytes that must not be read. */
static inline neap_condition *texts_in(const char *const *text, int64_t rows, int64_t most)
{
    neap_tensor *bytes = neap_full(NEAP_U8, neap_dims(rows, most), 'x'), *counts = neap_empty(NEAP_I32, neap_dims(rows));
    for (int64_t i = 0; i < rows; i++) {
        memcpy((char *)neap_data(bytes) + i * most, text[i], strlen(text[i]));
        ((int32_t *)neap_data(counts))[i] = (int32_t)strlen(text[i]);
    }
    return neap_condition_with(neap_condition_with(neap_condition_new(rows), NEAP_TEXT, bytes), NEAP_LENGTHS, counts);
}

static neap_instance *everything; /* the architecture that build_one builds */

static inline bool build_one(void)
{
    neap_network *network = neap_network_new(everything, 1);
    neap_network_release(network);
    return network != NULL;
}

#endif
