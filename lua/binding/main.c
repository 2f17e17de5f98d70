/* The program: prints its version, or passes its arguments to require "neap.cli". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#ifdef NEAP_STATIC_PLUGINS
#include "static_plugins.h"
#endif

/* A data set that is opened again warns of the same again; once is enough. */
static void warn(void *user, const char *message)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char last[4096];
    (void)user;
    pthread_mutex_lock(&lock);
    if (strncmp(last, message, sizeof last - 1) != 0) {
        snprintf(last, sizeof last, "%s", message);
        fprintf(stderr, "neap: warning: %s\n", message);
    }
    pthread_mutex_unlock(&lock);
}

/* Prints the first line of a message (further lines list the paths that `require` tried) and returns the exit status. */
static int fail(const char *message)
{
    const int signal_status = neap_lua_signal_status();
    message = message ? message : "an error without a message";
    fprintf(stderr, "neap: %.*s\n", (int)strcspn(message, "\n"), message);
    return signal_status ? signal_status : 1;
}

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

static char plugin_place[4096], lua_place[4096];

static const char *plugin_folders(void)
{
    return setting("NEAP_PLUGIN_DIR", neap_lua_place(NEAP_PLUGINDIR, plugin_place, sizeof plugin_place));
}

#ifdef NEAP_STATIC_PLUGINS
static void load_bundled(void)
{
    for (int i = 0; neap_static_plugins[i]; i++)
        if (neap_registry_add(neap_static_plugins[i], "built in") < 0) {
            warn(NULL, neap_error_message());
            neap_error_clear();
        }
}
#else
static void load_bundled(void)
{
    neap_registry_scan(plugin_folders());
}
#endif

/* Plugins in NEAP_PLUGIN_PATH load first: of two components with one name the first is used. */
static void load_plugins(void)
{
    const char *folders = getenv("NEAP_PLUGIN_PATH");
    if (folders && *folders)
        neap_registry_scan(folders);
    load_bundled();
    neap_error_clear();
}

typedef void opener(lua_State *L);

static opener *const openers[] = {
    neap_lua_open_tensor, neap_lua_open_make, neap_lua_open_read, neap_lua_open_ops, neap_lua_open_gradient,
    neap_lua_open_autograd, neap_lua_open_instance, neap_lua_open_registry, neap_lua_open_network, neap_lua_open_loader,
    neap_lua_open_answers, neap_lua_open_source, neap_lua_open_optimizer, neap_lua_open_trainer, neap_lua_open_condition,
    neap_lua_open_sampling, neap_lua_open_score, neap_lua_open_safetensors, neap_lua_open_files, neap_lua_open_folder,
    neap_lua_open_lock, neap_lua_open_film, neap_lua_open_paths, neap_lua_open_draw, neap_lua_open_pixels,
    neap_lua_open_json, neap_lua_open_system, neap_lua_open_interrupt, neap_lua_open_line, neap_lua_open_terminal,
    neap_lua_open_bench, neap_lua_open_define, neap_lua_open_isolate, neap_lua_open_exact, neap_lua_open_check,
};

static int open_core(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        openers[i](L);
    lua_pushstring(L, setting("NEAP_PLUGIN_PATH", ""));
    lua_setfield(L, -2, "plugin_path");
    lua_pushstring(L, plugin_folders());
    lua_setfield(L, -2, "plugin_dir");
    return 1;
}

static void set_path(lua_State *L)
{
    const char *folder = setting("NEAP_LUA_PATH", neap_lua_place(NEAP_LUADIR, lua_place, sizeof lua_place));
    neap_lua_library(folder);
    lua_getglobal(L, "package");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua", folder, folder);
    lua_setfield(L, -2, "path");
    lua_pop(L, 1);
}

/* Calls neap.cli with a list of the arguments and returns its exit status. */
static int run(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    luaL_openlibs(L);
    set_path(L);
    luaL_requiref(L, "neap.core", open_core, 0);
    neap_lua_collect_start(L);
    neap_lua_coroutines_start(L);
    neap_lua_locale_start(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "neap.cli");
    lua_call(L, 1, 1);
    lua_createtable(L, argc, 0);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_seti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

static int run_lua(int argc, char **argv)
{
    int status = 1;
    lua_State *L = neap_lua_new_state();
    if (!L)
        return fail("no memory for Lua");
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    if (lua_pcall(L, 2, 1, 0) == LUA_OK)
        status = (int)lua_tointeger(L, -1);
    else
        status = fail(lua_tostring(L, -1));
    neap_lua_running(NULL); /* no signal handler may use L from here on */
    lua_close(L);
    return status;
}

/* print does not report failed writes; output that was lost, as with a closed pipe, is reported here. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    const int failed = fail("standard output: cannot be written");
    return status ? status : failed;
}

int main(int argc, char **argv)
{
    neap_lua_signals_start();
    neap_lua_catch_bus_errors();
    neap_lua_catch_crashes();
    if (!neap_lua_open_descriptors())
        return 1;
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
        puts("neap " NEAP_VERSION);
        return finish(0);
    }
    if (neap_cpu_features() < 0 || !neap_gemm_name()) { /* before anything depends on them */
        fprintf(stderr, "neap: %s\n", neap_error_message());
        return 2;
    }
    neap_on_warning(warn, NULL);
    load_plugins();
    return finish(neap_lua_signal_status() ? fail("interrupted") : run_lua(argc, argv));
}
