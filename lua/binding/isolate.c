/*
 * Runs a Lua function in a process of its own, so that a crash, an endless loop or a call of exit ends that process alone. The
 * child is a fork: it has what is loaded, and none of the threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

#define WALL 30 /* the limit of elapsed time, as a multiple of that of processor time: other programs may take the processor */

/* --- The child ------------------------------------------------------------------------------------------------------ */

static void send(int file, const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            _exit(1);
        text += written;
        length -= (size_t)written;
    }
}

static void limit_child(lua_Number seconds)
{
    const rlim_t most = (rlim_t)(seconds < 1 ? 1 : seconds);
    const struct rlimit time = {most, most + 1}, none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_CORE, &none);
}

/* Calls the function on top of the stack and sends "+" and its result, or "-" and its message. */
static _Noreturn void run_child(lua_State *L, lua_Number seconds, int answer, int output)
{
    size_t length;
    limit_child(seconds);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    const bool done = lua_pcall(L, 0, 1, 0) == LUA_OK;
    const char *text = lua_isnil(L, -1) ? (length = 0, "") : luaL_tolstring(L, -1, &length);
    fflush(stdout);
    send(answer, done ? "+" : "-", 1);
    send(answer, text, length);
    _exit(0);
}

/* --- The parent ----------------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Adds what the child sends to `text` until it ends; kills it when the time is over or neap is asked to stop. */
static bool receive(luaL_Buffer *text, int answer, pid_t child, double deadline)
{
    for (bool late = false;;) {
        struct pollfd wait = {.fd = answer, .events = POLLIN};
        const double left = deadline - now();
        const int ready = poll(&wait, 1, left > 1 ? 1000 : left > 0 ? (int)(left * 1000) + 1 : 0);
        if (!late && (now() > deadline || neap_check_cancel() < 0)) {
            kill(child, SIGKILL);
            late = true;
        }
        char *room = luaL_prepbuffer(text);
        const ssize_t got = ready > 0 ? read(answer, room, LUAL_BUFFERSIZE) : -1;
        if (got > 0)
            luaL_addsize(text, (size_t)got);
        else if (got == 0)
            return late;
    }
}

static int reap(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Pushes the last bytes of what the child printed. */
static void push_output(lua_State *L, int output)
{
    char text[4096];
    const off_t end = lseek(output, 0, SEEK_END), most = sizeof text;
    const ssize_t got = pread(output, text, sizeof text, end > most ? end - most : 0);
    lua_pushlstring(L, text, got > 0 ? (size_t)got : 0);
}

/* How the child ended: "time", the name of a signal, "exit N", or "" after it has sent its answer. */
static void push_end(lua_State *L, int status, bool late, bool answered)
{
    if (late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
        lua_pushliteral(L, "time");
    else if (WIFSIGNALED(status))
        lua_pushfstring(L, "SIG%s", sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else if (!answered)
        lua_pushfstring(L, "exit %d", WEXITSTATUS(status));
    else
        lua_pushliteral(L, "");
}

/* isolate(seconds, f) -> how it ended, answer, output. f() runs in a child with so much processor time; `answer` is "+" and its
 * result as text, or "-" and its message; `how` is "" when there is an answer, else "time", "SIGSEGV", .. or "exit 3". */
static int isolate(lua_State *L)
{
    const lua_Number seconds = luaL_checknumber(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    int answer[2], output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0 || pipe2(answer, O_CLOEXEC) < 0)
        return neap_lua_error(L, "isolate: %s", strerror(errno));
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        run_child(L, seconds, answer[1], output);
    close(answer[1]);
    if (child < 0)
        return neap_lua_error(L, "isolate: %s", strerror(errno));
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    const bool late = receive(&text, answer[0], child, now() + WALL * seconds);
    luaL_pushresult(&text);
    close(answer[0]);
    push_end(L, reap(child), late, lua_rawlen(L, -1) > 0);
    lua_insert(L, -2);
    push_output(L, output);
    close(output);
    return neap_failed() ? neap_lua_raise(L) : 3;
}

void neap_lua_open_isolate(lua_State *L)
{
    lua_pushcfunction(L, isolate);
    lua_setfield(L, -2, "isolate");
}
