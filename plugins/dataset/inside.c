/* Data sets inside others. See inside.h. */
#include "inside.h"

#include <neap/error.h>
#include <neap/run.h>

int inside_open(inside *data, const neap_instance *of)
{
    if (!of)
        return neap_fail("of: expected a data set");
    if (neap_instance_check(of) < 0)
        return -1;
    data->functions = neap_instance_component(of)->functions;
    data->self = data->functions->open(neap_instance_config(of));
    data->spec = (neap_spec){.size = sizeof data->spec};
    if (data->self && data->functions->spec(data->self, &data->spec) == 0)
        return 0;
    return neap_fail_in(neap_instance_component(of)->name);
}

void inside_close(inside *data)
{
    if (data->self)
        data->functions->close(data->self);
    data->self = NULL;
}

int inside_set_part(neap_instance *instance, const neap_instance *of, neap_part part, int64_t draw, int64_t examples, bool *drawn)
{
    if (!of)
        return neap_fail("of: expected a data set");
    neap_value value = {.type = NEAP_PARAM_COMPONENT,
                        .component = neap_source_part((neap_instance *)(uintptr_t)of, part, draw, examples, drawn)};
    const int status = value.component ? neap_instance_set(instance, "of", &value) : -1;
    neap_instance_release(value.component);
    return status;
}
