/* Failures of components without a message, and the call that runs on a thread. */
#include "plugin/call.h"

#include <string.h>

#include <neap/error.h>

#include "plugin/host.h"

int neap_call_fail(const neap_component *component, const char *function, const char *what)
{
    const char *origin = neap_registry_origin(component);
    if (!origin || strcmp(origin, "built in") == 0)
        return neap_fail("%s: %s", function, what);
    return neap_fail("%s: %s (%s)", function, what, origin);
}

bool neap_running_call(neap_running *out)
{
    const neap_call *call = neap_call_now;
    if (!call)
        return false;
    *out = (neap_running){call->component->interface, call->component->name, call->function,
                          neap_registry_file(call->component)};
    return true;
}
