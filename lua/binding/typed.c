/*
 * What is typed at the terminal of standard input.
 *
 * The wait is in ppoll, so that a signal cannot come between a check and the wait. The read must not block either: Ctrl-C makes the
 * terminal drop the line that ppoll has announced. The terminal is therefore opened once more, without blocking; the flags of
 * standard input itself belong to other programs, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "typed.h"

static int terminal = -1;

static int open_terminal(void)
{
    const char *name = terminal < 0 ? ttyname(STDIN_FILENO) : NULL;
    if (name)
        terminal = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return terminal < 0 ? STDIN_FILENO : terminal;
}

/* Waits for input with these signals open; they are blocked otherwise. False if one asks to end the line. */
static bool wait_with(const sigset_t *open_signals, void (*before)(void))
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        if (before)
            before();
        if (neap_lua_signal_status())
            return false;
        const int ready = ppoll(&input, 1, NULL, open_signals);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

static bool wait_for_input(void (*before)(void))
{
    sigset_t blocked, open_signals;
    sigfillset(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &open_signals);
    const bool ready = wait_with(&open_signals, before);
    pthread_sigmask(SIG_SETMASK, &open_signals, NULL);
    return ready;
}

ssize_t neap_lua_read_typed(char *bytes, size_t size, void (*before)(void))
{
    while (wait_for_input(before)) {
        const ssize_t count = read(open_terminal(), bytes, size);
        if (count >= 0 || (errno != EAGAIN && errno != EINTR))
            return count;
    }
    return -1;
}
