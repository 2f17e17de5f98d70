/*
 * Ctrl-C. While a loop polls (training, sampling), the first press sets a flag and the loop ends at its next step;
 * otherwise a hook raises an error at the next Lua instruction. A second press within two seconds ends the process; but not one
 * that follows at once, for what starts neap may pass on what the terminal has sent already.
 */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

#define PATIENCE 2000 /* milliseconds */
#define ECHO 200      /* likewise */

static volatile sig_atomic_t pressed, polling, caught; /* caught: the last signal of all, 0: none */
static volatile int64_t last_press; /* milliseconds */
static lua_State *interrupted_state;

static void stop(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    lua_sethook(L, NULL, 0, 0);
    pressed = 0;
    neap_lua_error(L, "interrupted");
}

static void on_signal(int signal_number)
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
    if (!polling)
        lua_sethook(interrupted_state, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void neap_lua_interrupt_start(lua_State *L)
{
    struct sigaction action = {.sa_handler = on_signal};
    interrupted_state = L;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool neap_lua_interrupted(void)
{
    return pressed;
}

static int interrupted(lua_State *L)
{
    lua_pushboolean(L, pressed);
    return 1;
}

/* poll(on) -> the former state. While it is on, the caller promises to ask interrupted() after each step. */
static int poll(lua_State *L)
{
    lua_pushboolean(L, polling);
    polling = lua_toboolean(L, 1);
    if (!polling)
        pressed = 0;
    return 1;
}

/* caught_signal() -> the number of the signal that came last, or 0. Unlike interrupted(), it outlives the loop. */
static int caught_signal(lua_State *L)
{
    lua_pushinteger(L, caught);
    return 1;
}

static const luaL_Reg functions[] = {
    {"interrupted", interrupted}, {"poll", poll}, {"caught_signal", caught_signal}, {NULL, NULL},
};

void neap_lua_open_interrupt(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
