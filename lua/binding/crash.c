/*
 * SIGSEGV, SIGFPE, SIGILL, SIGABRT: a line on standard error names the component whose code was running, and the signal then does
 * what it would have done. The handler calls only functions that are async-signal-safe.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}};
#define SIGNALS (sizeof signals / sizeof *signals)

static struct sigaction before[SIGNALS];
static char own_stack[1 << 16]; /* the main thread's, for a crash by too deep a recursion */

/* A line of bounded length, built without the C library's formatting. */
typedef struct line {
    size_t length;
    char text[1024];
} line;

/* The text up to `end`, or all of it. */
static void add_until(line *l, const char *text, char end)
{
    for (; *text && *text != end && l->length < sizeof l->text; text++)
        l->text[l->length++] = *text;
}

static void add(line *l, const char *text)
{
    add_until(l, text, '\0');
}

/* "neap: SIGSEGV in 'sample' of sampler 'ralston' (plugins/ralston.so)" */
static void describe(line *l, const char *name)
{
    neap_running running;
    add(l, "neap: ");
    add(l, name);
    if (!neap_running_call(&running)) {
        add(l, ", in no component\n");
        return;
    }
    add(l, " in '");
    add(l, running.function);
    add(l, "' of ");
    add_until(l, running.interface, '/');
    add(l, " '");
    add(l, running.component);
    add(l, "' (");
    add(l, running.file ? running.file : "built in");
    add(l, ")\n");
}

/* Restores the former action. A fault then happens again, at the same instruction, under that action; a signal that was sent is
 * sent again. abort() ends the process when the handler returns. */
static void on_crash(int number, siginfo_t *about, void *context)
{
    line l;
    l.length = 0;
    (void)context;
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number != number)
            continue;
        describe(&l, signals[i].name);
        sigaction(number, &before[i], NULL);
    }
    const ssize_t written = write(STDERR_FILENO, l.text, l.length);
    (void)written;
    if (about->si_code <= 0)
        raise(number);
}

void neap_lua_catch_crashes(void)
{
    const stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i].number, &action, &before[i]);
}
