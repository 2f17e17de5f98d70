/*
 * SIGINT, SIGTERM and SIGHUP: requests to end.
 *
 * The handler sets a flag. Long calls of the core ask for it between units of work (neap_check_cancel). A loop in Lua that
 * polls, as training does, ends at its next step. Any other Lua code is stopped by a debug hook, which raises an error at
 * the next instruction; it stays in place, so that the error passes every pcall on its way to the outermost protected call
 * of the program.
 *
 * A second signal within two seconds ends the process; but not one that follows at once, for what starts neap may pass on
 * what the terminal has sent already.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

#define PATIENCE 2000 /* milliseconds */
#define ECHO 200      /* likewise */
#define MESSAGE "neap.interrupted" /* in the registry: what the hook raises */

static volatile sig_atomic_t pressed, caught; /* caught: the last signal of all, 0: none */
static volatile sig_atomic_t polling = 1;     /* until the program protects a verb */
static volatile int64_t last_press;           /* milliseconds */
static lua_State *volatile running;           /* the coroutine that runs; hooks belong to one each */
static pthread_t main_thread;

/* --- The hook --------------------------------------------------------------------------------------------------------- */

static void stop(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    if (lua_getfield(L, LUA_REGISTRYINDEX, MESSAGE) == LUA_TNIL)
        neap_lua_error(L, "interrupted");
    lua_error(L);
}

/* Called by the handler as well: lua_sethook is made for that. */
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
    update_hook();
}

lua_State *neap_lua_running(lua_State *L)
{
    lua_State *before = running;
    running = L;
    update_hook();
    return before;
}

/* --- Signals ---------------------------------------------------------------------------------------------------------- */

static void note_press(int signal_number)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (pressed && time - last_press <= ECHO)
        return;
    if (pressed && time - last_press <= PATIENCE)
        _exit(128 + signal_number);
    pressed = 1;
    caught = signal_number;
    last_press = time;
    update_hook();
}

/* Threads that a library has made may be chosen to take a signal; the Lua state is the main thread's. */
static void on_signal(int signal_number)
{
    if (pthread_equal(pthread_self(), main_thread))
        note_press(signal_number);
    else
        pthread_kill(main_thread, signal_number);
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

/* Signals that were ignored when the program started stay so: nohup asks for that. Interrupted calls are not begun anew, so
 * that a write to a pipe that nobody reads, or a read that nobody answers, ends. */
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

/* A closed pipe and a file-size limit become errors of the call that writes. Their handler does nothing and is not SIG_IGN,
 * which programs that a recipe starts would inherit. */
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

/* poll(on): while it is on, the caller promises to ask interrupted() after each step, and no hook stops it. */
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

/* protect(polling, f, ...): as pcall(f, ...), with polling as it is given meanwhile and as it was afterwards. While a signal
 * waits to be answered, the message of a failure becomes the one that the hook raises from then on. */
static int protect(lua_State *L)
{
    const lua_KContext before = polling;
    luaL_checkany(L, 2);
    set_polling(lua_toboolean(L, 1));
    return leave_protected(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, before, leave_protected), before);
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

/* forget_signal(): goes on as if none had come; for a prompt, where Ctrl-C ends a line. */
static int forget_signal(lua_State *L)
{
    pressed = caught = 0;
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, MESSAGE);
    update_hook();
    return 0;
}

static const luaL_Reg functions[] = {
    {"interrupted", interrupted}, {"poll", poll}, {"protect", protect}, {"caught_signal", caught_signal},
    {"forget_signal", forget_signal}, {NULL, NULL},
};

void neap_lua_open_interrupt(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
