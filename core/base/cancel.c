/* The hook that interrupts long calls, and abandonment: see cancel.h. */
#include <neap/cancel.h>

#include <pthread.h>
#include <stdatomic.h>

#include <neap/error.h>

static struct {
    pthread_mutex_t lock;
    neap_cancel_fn *asked;
    void *user;
} hook = {.lock = PTHREAD_MUTEX_INITIALIZER};

static atomic_bool abandon, refused;

static _Thread_local bool held, abandon_held;

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

void neap_abandon(bool on)
{
    atomic_store(&refused, false);
    atomic_store(&abandon, on);
}

bool neap_abandoned(void)
{
    return atomic_load(&refused);
}

int neap_check_abandon(void)
{
    if (!atomic_load_explicit(&abandon, memory_order_relaxed) || abandon_held)
        return 0;
    atomic_store(&refused, true);
    return neap_fail("interrupted");
}

bool neap_abandon_hold(bool on)
{
    const bool before = abandon_held;
    abandon_held = on;
    return before;
}
