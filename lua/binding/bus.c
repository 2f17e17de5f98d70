/*
 * SIGBUS: another program has truncated a file that is mapped to memory, or its disk fails. The program ends with a line that
 * names the file. Checkpoints are always whole, so a run can resume from its last one. The handler calls only functions that
 * are async-signal-safe.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"

typedef struct lines {
    int file;
    size_t used, at; /* of the buffer */
    char buffer[1024];
} lines;

/* The next line without its end, cut to the room; false after the last one. */
static bool next_line(lines *l, char *line, size_t room)
{
    for (size_t length = 0;;) {
        if (l->at == l->used) {
            const ssize_t got = read(l->file, l->buffer, sizeof l->buffer);
            if (got <= 0)
                return false;
            l->used = (size_t)got;
            l->at = 0;
        }
        const char c = l->buffer[l->at++];
        line[length] = c == '\n' ? '\0' : c;
        if (c == '\n')
            return true;
        length += length + 1 < room;
    }
}

static uintptr_t read_hex(const char **at)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t number = 0;
    for (const char *digit; **at && (digit = strchr(digits, **at)); ++*at)
        number = number * 16 + (uintptr_t)(digit - digits);
    return number;
}

/* The path of the file that is mapped at the address, or NULL. The lines of /proc/self/maps: 7f00-7f08 r--p 0 08:01 5 /a/file */
static const char *file_at(uintptr_t address, char *line, size_t room)
{
    lines l = {.file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
    const char *found = NULL;
    while (l.file >= 0 && !found && next_line(&l, line, room)) {
        const char *at = line;
        const uintptr_t begin = read_hex(&at);
        at += *at == '-';
        if (begin <= address && address < read_hex(&at))
            found = strchr(at, '/');
    }
    if (l.file >= 0)
        close(l.file);
    return found;
}

static void say(const char *text)
{
    const ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void end(int signal_number, siginfo_t *about, void *context)
{
    static bool ending;
    static char line[8192];
    (void)signal_number, (void)context;
    while (__atomic_exchange_n(&ending, true, __ATOMIC_SEQ_CST))
        pause(); /* another thread ends the program */
    const char *path = file_at((uintptr_t)about->si_addr, line, sizeof line);
    say("neap: ");
    say(path ? path : "a mapped file");
    say(": was truncated by another program, or cannot be read from its disk; a run continues from its last checkpoint "
        "with resume=true\n");
    _exit(1);
}

void neap_lua_catch_bus_errors(void)
{
    struct sigaction action = {.sa_sigaction = end, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
