/* Scratch memory of a thread: one growing block for each user, so that users may call each other. */
#ifndef NEAP_SCRATCH_H
#define NEAP_SCRATCH_H

#include <stddef.h>

typedef enum neap_scratch_slot {
    NEAP_SCRATCH_GEMM,
    NEAP_SCRATCH_ATTENTION,
    NEAP_SCRATCH_CONV_SPREAD,    /* calls gemm */
    NEAP_SCRATCH_CONV_TRANSPOSE, /* calls conv_spread and gemm */
    NEAP_SCRATCH_WINOGRAD,
    NEAP_SCRATCH_SET_NORM,
    NEAP_SCRATCH_SLOTS
} neap_scratch_slot;

/* `bytes` for the calling thread, 64-byte aligned and not zeroed; valid until the thread asks for this slot again or ends.
 * NULL with a message where memory is refused. */
void *neap_scratch(neap_scratch_slot slot, size_t bytes);

#endif
