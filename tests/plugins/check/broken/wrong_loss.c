/* An objective whose loss is computed by hand in part: its gradient is half of what it should be. */
#include "faulty.h"

static neap_tensor *loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    neap_tensor *t = neap_full(NEAP_F32, neap_dims(neap_dim(step->x, 0)), 0.5);
    neap_tensor *v = neap_network_velocity(network, step->x, t, NULL);
    const float *from = v ? neap_data(v) : NULL;
    neap_tensor *copy = from ? neap_from(NEAP_F32, neap_shape_of(v), from) : NULL;
    return neap_mean(neap_mul(v, copy), NULL, 0, false);
}

static const neap_objective functions = {.size = sizeof functions, .needs = (const char *const[]){"velocity", NULL},
                                         .phases = (const neap_phase[]){{"flow", ""}, {0}}, .loss = loss};
FAULTY_PLUGIN(wrong_loss, "objective/2", functions);
