/* A guidance that fails without a message. */
#include "faulty.h"

static neap_tensor *velocity(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    (void)config, (void)field, (void)x, (void)t, (void)conditional;
    return NULL;
}

static const neap_guidance functions = {.size = sizeof functions, .velocity = velocity};
FAULTY_PLUGIN(silent_guidance, "guidance/2", functions);
