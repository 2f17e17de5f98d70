/*
 * Runs a program in a pseudo-terminal and talks to it by a script on standard input:
 *
 *     terminal ROWS COLUMNS PROGRAM ARGUMENT... <script
 *
 *     send TEXT            types it
 *     expect TEXT          waits until the program has written it, after what was expected before
 *     never TEXT           fails if it is in what was written between the last two expected texts
 *     resize ROWS COLUMNS  changes the size of the terminal
 *     make FILE            creates an empty file
 *     remove FILE
 *     hangup               closes the terminal
 *     end STATUS           waits until the program has ended with this status; 128 and the number of a signal that ended it
 *
 * Texts have \n, \r, \t, \e, \\ and \xNN. Lines that are empty or begin with # are skipped. On failure, the line and what the
 * program wrote last go to standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 120 /* seconds without output before a test fails; a slow machine needs some */
#define MOST (4 << 20)
#define SHOWN 2000

static struct {
    int terminal;
    pid_t program;
    char output[MOST];
    size_t length, from, to; /* from: where the last expected text began to be searched; to: behind it */
} own;

static const char *script_line;

static void fail(const char *why)
{
    const size_t start = own.length > SHOWN ? own.length - SHOWN : 0;
    fprintf(stderr, "%s: %s\n--- the last output:\n", script_line, why);
    fwrite(own.output + start, 1, own.length - start, stderr);
    fputs("\n---\n", stderr);
    kill(own.program, SIGKILL);
    exit(1);
}

/* Decodes escapes in place; returns the length. */
static size_t decode(char *text)
{
    static const char letters[] = "nrte\\", values[] = "\n\r\t\033\\";
    char *out = text;
    for (const char *in = text; *in; in++) {
        const char *letter = *in == '\\' && in[1] ? strchr(letters, in[1]) : NULL;
        if (*in == '\\' && in[1] == 'x') {
            const char digits[] = {in[2], in[2] ? in[3] : '\0', '\0'};
            *out++ = (char)strtol(digits, NULL, 16);
            in += 3;
        } else if (letter) {
            *out++ = values[letter - letters];
            in++;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

/* Reads more output; false at its end. */
static bool read_more(void)
{
    struct pollfd input = {.fd = own.terminal, .events = POLLIN};
    if (own.length == MOST)
        fail("too much output");
    const int ready = poll(&input, 1, PATIENCE * 1000);
    if (ready == 0)
        fail("nothing more was written");
    const ssize_t count = read(own.terminal, own.output + own.length, MOST - own.length);
    if (count <= 0)
        return false;
    own.length += (size_t)count;
    return true;
}

static void send_text(const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(own.terminal, text, length);
        if (count <= 0)
            fail("cannot be typed");
        text += count;
        length -= (size_t)count;
    }
}

static void expect(const char *text, size_t length)
{
    own.from = own.to;
    for (;;) {
        const char *found = memmem(own.output + own.from, own.length - own.from, text, length);
        if (found) {
            own.to = (size_t)(found - own.output) + length;
            return;
        }
        if (!read_more())
            fail("the program has ended");
    }
}

static void never(const char *text, size_t length)
{
    if (memmem(own.output + own.from, own.to - own.from, text, length))
        fail("was written");
}

static void resize(const char *sizes)
{
    struct winsize size = {0};
    if (sscanf(sizes, "%hu %hu", &size.ws_row, &size.ws_col) != 2 || ioctl(own.terminal, TIOCSWINSZ, &size) < 0)
        fail("cannot resize");
}

static void make(const char *path)
{
    const int file = open(path, O_WRONLY | O_CREAT, 0666);
    if (file < 0)
        fail(strerror(errno));
    close(file);
}

static void end(const char *wanted)
{
    int status;
    char got[64];
    while (own.terminal >= 0 && read_more())
        ;
    if (waitpid(own.program, &status, 0) < 0)
        fail("cannot wait");
    const int value = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    snprintf(got, sizeof got, "ended with status %d", value);
    if (value != atoi(wanted))
        fail(got);
    exit(0);
}

static void obey(char *line)
{
    char *text = line + strcspn(line, " ");
    if (*text)
        *text++ = '\0';
    const bool file = strcmp(line, "make") == 0 || strcmp(line, "remove") == 0;
    const size_t length = file ? strlen(text) : decode(text);
    if (strcmp(line, "send") == 0)
        send_text(text, length);
    else if (strcmp(line, "expect") == 0)
        expect(text, length);
    else if (strcmp(line, "never") == 0)
        never(text, length);
    else if (strcmp(line, "resize") == 0)
        resize(text);
    else if (strcmp(line, "make") == 0)
        make(text);
    else if (strcmp(line, "remove") == 0)
        remove(text);
    else if (strcmp(line, "end") == 0)
        end(text);
    else if (strcmp(line, "hangup") == 0) {
        close(own.terminal);
        own.terminal = -1;
    } else
        fail("no such command");
}

int main(int argc, char **argv)
{
    static char line[65536], copy[65536];
    if (argc < 4)
        return 2;
    struct winsize size = {.ws_row = (unsigned short)atoi(argv[1]), .ws_col = (unsigned short)atoi(argv[2])};
    own.program = forkpty(&own.terminal, NULL, NULL, &size);
    if (own.program == 0) {
        signal(SIGINT, SIG_DFL); /* shells ignore it in the background */
        signal(SIGHUP, SIG_DFL);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    script_line = copy;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(copy, sizeof copy, "%s", line);
        if (line[0] && line[0] != '#')
            obey(line);
    }
    fail("the script ends before the program");
}
