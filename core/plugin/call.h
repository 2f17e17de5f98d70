/* Calls of a component's functions: who runs is known when the process crashes, and a failure without a message gets one. */
#ifndef NEAP_PLUGIN_CALL_H
#define NEAP_PLUGIN_CALL_H

#include <neap/registry.h>

#include "base/call.h"

/* Lies on the stack of the caller while the call runs. */
typedef struct neap_call {
    const neap_component *component;
    const char *function; /* member of the interface */
    const void *outer;
} neap_call;

static inline void neap_call_begin(neap_call *call, const neap_component *component, const char *function)
{
    *call = (neap_call){component, function, neap_call_now};
    neap_call_now = call;
}

static inline void neap_call_end(const neap_call *call)
{
    neap_call_now = call->outer;
}

/* The value of an expression that calls the function of a component. */
#define NEAP_CALL(component, function, expression)                                                                  \
    __extension__({                                                                                                 \
        neap_call call_;                                                                                            \
        neap_call_begin(&call_, component, function);                                                               \
        __typeof__(expression) result_ = (expression);                                                              \
        neap_call_end(&call_);                                                                                      \
        result_;                                                                                                    \
    })

/* The same for a statement without a value. */
#define NEAP_CALL_VOID(component, function, statement)                                                              \
    do {                                                                                                            \
        neap_call call_;                                                                                            \
        neap_call_begin(&call_, component, function);                                                               \
        statement;                                                                                                  \
        neap_call_end(&call_);                                                                                      \
    } while (0)

/* Records "build: returned NULL without a message (FILE)" when no message is pending; always returns -1. `what` says what the
 * function did. The caller puts the component's name before it. */
int neap_call_fail(const neap_component *component, const char *function, const char *what);

#endif
