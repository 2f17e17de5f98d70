/* The hook that interrupts long calls: see cancel.h. */
#include <neap/cancel.h>

#include <pthread.h>

#include <neap/error.h>

static struct {
    pthread_mutex_t lock;
    neap_cancel_fn *asked;
    void *user;
} hook = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool held;

void neap_on_cancel(neap_cancel_fn *asked, void *user)
{
    pthread_mutex_lock(&hook.lock);
    hook.asked = asked;
    hook.user = user;
    pthread_mutex_unlock(&hook.lock);
}

int neap_check_cancel(void)
{
    if (held)
        return 0;
    pthread_mutex_lock(&hook.lock);
    neap_cancel_fn *asked = hook.asked;
    void *user = hook.user;
    pthread_mutex_unlock(&hook.lock);
    return asked && asked(user) ? neap_fail("interrupted") : 0;
}

bool neap_cancel_hold(bool on)
{
    const bool before = held;
    held = on;
    return before;
}
