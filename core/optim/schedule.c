/* Learning-rate schedules: warm-up, then decay. */
#include <math.h>

#include <neap/optim.h>

double neap_schedule(double step, int64_t warmup, int64_t total, neap_decay decay, double floor)
{
    if (step < (double)warmup)
        return step / (double)warmup;
    if (decay == NEAP_DECAY_NONE || total <= warmup)
        return 1;
    double done = fmin(1, (step - (double)warmup) / (double)(total - warmup));
    double left = decay == NEAP_DECAY_LINEAR ? 1 - done : (1 + cos(M_PI * done)) / 2;
    return floor + (1 - floor) * left;
}
