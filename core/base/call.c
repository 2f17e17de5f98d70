/* The call of a component that runs on each thread. */
#include "call.h"

#include <stddef.h>

_Thread_local const void *neap_call_now __attribute__((tls_model("initial-exec"))) = NULL;
