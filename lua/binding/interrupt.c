/*
 * SIGINT, SIGTERM and SIGHUP end the program in order.
 *
 * The handler sets a flag. Long calls of the core check it between units of work (neap_check_cancel). A loop in Lua that polls,
 * as in training, ends at its next step. Other Lua code is stopped by a debug hook that raises an error at the next
 * instruction. The hook stays set, so no pcall below the outermost protected call of the program can catch the error.
 *
 * A second signal within PATIENCE ends the process at once. One within ECHO is ignored: the parent process may forward the
 * signal that the terminal has sent to neap as well.
 *
 * At a prompt, Ctrl-C is for the line that runs (core.prompt). The first press stops it like the signals above, and the second
 * abandons it at the next op (neap_abandon). A line that still runs a second after a press gets a message that says what the next
 * press does. After the second message, the next press ends the process; before it, more presses change nothing. The hook
 * raises errors in Lua code of the user only: that of the library is short and has to clean up.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "define.h"

#define PATIENCE 2000 /* milliseconds */
#define ECHO 200      /* milliseconds */
#define MESSAGE "neap.interrupted" /* in the registry: what the hook raises */

static volatile sig_atomic_t pressed, caught; /* caught: the last signal; 0: none */
static volatile sig_atomic_t polling = 1;     /* until the program protects a verb */
static volatile int64_t last_press;           /* milliseconds */
static volatile sig_atomic_t prompt, presses; /* is there a prompt; presses of Ctrl-C since the last line, at most 2 */
static volatile sig_atomic_t explained;       /* of these presses, those with a message */
static lua_State *volatile running;           /* the running coroutine; each has its own hook */
static pthread_t main_thread;

/* --- The hook --------------------------------------------------------------------------------------------------------- */

static void stop(lua_State *L, lua_Debug *frame)
{
    if (prompt && !(lua_getinfo(L, "Sl", frame) && neap_lua_is_recipe(frame)))
        return;
    if (lua_getfield(L, LUA_REGISTRYINDEX, MESSAGE) == LUA_TNIL)
        neap_lua_error(L, "interrupted");
    lua_error(L);
}

/* Also called by the signal handler: lua_sethook is async-signal-safe. */
static void update_hook(void)
{
    lua_State *L = running;
    if (L && pressed && !polling)
        lua_sethook(L, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
    else if (L && lua_gethook(L) == stop)
        lua_sethook(L, NULL, 0, 0);
}

static void set_polling(bool on)
{
    polling = on;
    neap_abandon_hold(on); /* loops that poll keep their own state */
    update_hook();
}

bool neap_lua_poll(bool on)
{
    const bool before = polling;
    set_polling(on);
    return before;
}

lua_State *neap_lua_running(lua_State *L)
{
    lua_State *before = running;
    running = L;
    update_hook();
    return before;
}

lua_State *neap_lua_current(void)
{
    return running;
}

/* --- Signals ---------------------------------------------------------------------------------------------------------- */

static void note(int signal_number)
{
    pressed = 1;
    caught = signal_number;
    update_hook();
}

static void note_press(int signal_number)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (pressed && time - last_press <= ECHO)
        return;
    if (pressed && time - last_press <= PATIENCE)
        _exit(128 + signal_number);
    last_press = time;
    note(signal_number);
}

/* Seconds until the message about the last press; 0: none. */
static void set_timer(int seconds)
{
    const struct itimerval timer = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static const char *const messages[] = {
    "",
    "\nstopping; Ctrl-C again abandons this step or this op\n",
    "\nstill in a call that does not check for Ctrl-C; Ctrl-C again ends neap, and what is not saved is lost\n",
};

static void explain(int signal_number)
{
    (void)signal_number;
    explained = presses;
    const ssize_t ignored = write(STDERR_FILENO, messages[presses], strlen(messages[presses]));
    (void)ignored;
}

static void press_at_prompt(void)
{
    if (presses == 2 && explained == 2)
        _exit(128 + SIGINT);
    if (presses == 2)
        return;
    presses++;
    note(SIGINT);
    neap_abandon(presses == 2);
    set_timer(1);
}

/* The system may deliver a signal to a thread of a library; only the main thread may use the Lua state. */
static void on_signal(int signal_number)
{
    if (!pthread_equal(pthread_self(), main_thread))
        pthread_kill(main_thread, signal_number);
    else if (prompt && signal_number == SIGINT)
        press_at_prompt();
    else
        note_press(signal_number);
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

/* Signals that were ignored at the start, as by nohup, stay ignored. No SA_RESTART: a blocked read or write has to end at a
 * signal. */
static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction before, action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

static bool asked_to_stop(void *user)
{
    (void)user;
    return pressed;
}

/* A closed pipe and a file-size limit become errors of the write. The handler is a no-op and not SIG_IGN, which child processes
 * of a recipe would inherit. */
void neap_lua_signals_start(void)
{
    main_thread = pthread_self();
    handle(SIGPIPE, do_nothing);
    handle(SIGXFSZ, do_nothing);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    handle(SIGHUP, on_signal);
    neap_on_cancel(asked_to_stop, NULL);
}

int neap_lua_signal_status(void)
{
    return caught ? 128 + caught : 0;
}

/* --- In Lua ----------------------------------------------------------------------------------------------------------- */

static int interrupted(lua_State *L)
{
    lua_pushboolean(L, pressed);
    return 1;
}

/* poll(on): while on, no hook stops Lua code; the caller has to check interrupted() after each step. */
static int poll(lua_State *L)
{
    set_polling(lua_toboolean(L, 1));
    return 0;
}

static int leave_protected(lua_State *L, int status, lua_KContext before)
{
    const bool done = status == LUA_OK || status == LUA_YIELD;
    if (!done && pressed) {
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, MESSAGE);
    }
    lua_pushboolean(L, done);
    lua_replace(L, 1);
    set_polling(before != 0);
    return lua_gettop(L);
}

/* protect(polling, f, ...): pcall(f, ...) with polling on or off, restored afterwards. If f fails after a signal, the hook raises
 * its message from then on. */
static int protect(lua_State *L)
{
    const lua_KContext before = polling;
    luaL_checkany(L, 2);
    set_polling(lua_toboolean(L, 1));
    return leave_protected(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, before, leave_protected), before);
}

/* hold(f, ...): pcall(f, ...), in which no signal interrupts the long calls of the core, or abandons an op */
static int hold(lua_State *L)
{
    luaL_checkany(L, 1);
    const bool before = neap_cancel_hold(true), kept = neap_abandon_hold(true);
    const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    neap_cancel_hold(before);
    neap_abandon_hold(kept);
    luaL_checkstack(L, 1, "hold");
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* caught_signal() -> the name of the last signal, "INT", "TERM" or "HUP", and the status of a process that it ends; or nil */
static int caught_signal(lua_State *L)
{
    if (!caught)
        return 0;
    lua_pushstring(L, caught == SIGINT ? "INT" : caught == SIGTERM ? "TERM" : "HUP");
    lua_pushinteger(L, neap_lua_signal_status());
    return 2;
}

/* forget_signal(): clears the signal; for a prompt, where Ctrl-C ends a line. */
static int forget_signal(lua_State *L)
{
    set_timer(0);
    pressed = caught = presses = explained = 0;
    neap_abandon(false);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, MESSAGE);
    update_hook();
    return 0;
}

/* abandoned(): has an op been refused since the second Ctrl-C at the prompt? */
static int abandoned(lua_State *L)
{
    lua_pushboolean(L, neap_abandoned());
    return 1;
}

/* prompt(on): from now on, Ctrl-C is for a line of the prompt. */
static int set_prompt(lua_State *L)
{
    struct sigaction action = {.sa_handler = explain, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    prompt = lua_toboolean(L, 1);
    if (prompt)
        sigaction(SIGALRM, &action, NULL);
    return 0;
}

static const luaL_Reg functions[] = {
    {"interrupted", interrupted}, {"abandoned", abandoned}, {"poll", poll}, {"protect", protect}, {"hold", hold},
    {"prompt", set_prompt}, {"caught_signal", caught_signal}, {"forget_signal", forget_signal}, {NULL, NULL},
};

void neap_lua_open_interrupt(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
