/*
 * The line editor of the prompt, on libedit: editing keys, history, search, completion, pasted text.
 *
 * Characters come from our own reader (typed.h): Ctrl-C ends the line, a new size of the terminal redraws it, and after a stop
 * (Ctrl-Z) the terminal gets its mode back.
 */
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "typed.h"

#define ENTRIES 1000                /* of the history in memory */
#define PASTE_ON "\033[?2004h"      /* the terminal brackets what is pasted */
#define PASTE_OFF "\033[?2004l"
#define PASTE_BEGIN "\033[200~"
#define PASTE_END L"\033[201~"

static struct {
    EditLine *edit;
    History *history;
    locale_t locale;  /* UTF-8, while a line is edited; 0: none */
    lua_State *L;     /* while a line is edited */
    int completer;    /* its index on the stack; 0: none */
    const char *prompt;
} line;

static volatile sig_atomic_t resized, continued;

/* --- Characters ------------------------------------------------------------------------------------------------------- */

static void note_resize(int signal_number)
{
    (void)signal_number;
    resized = 1;
}

static void note_continue(int signal_number)
{
    (void)signal_number;
    continued = 1;
}

static void redraw(void)
{
    EditLine *edit = line.edit;
    if (resized)
        el_resize(edit);
    if (continued) {
        el_set(edit, EL_PREP_TERM, 0);
        el_set(edit, EL_PREP_TERM, 1);
    }
    if (resized || continued)
        el_set(edit, EL_REFRESH);
    resized = continued = 0;
}

static bool next_byte(char *byte)
{
    return neap_lua_read_typed(byte, 1, redraw) == 1;
}

/* Bytes that are no character become U+FFFD. */
static int next_character(EditLine *edit, wchar_t *character)
{
    mbstate_t state = {0};
    char byte;
    size_t status;
    (void)edit;
    do {
        if (!next_byte(&byte))
            return -1;
        status = mbrtowc(character, &byte, 1, &state);
    } while (status == (size_t)-2);
    if (status == (size_t)-1)
        *character = 0xfffd;
    return 1;
}

/* --- Pasted text ------------------------------------------------------------------------------------------------------- */

/* Inserts what is pasted as it is, with its lines; a line end at its end is left out, so that Enter runs it. */
static unsigned char paste(EditLine *edit, int character)
{
    static const wchar_t end[] = PASTE_END;
    wchar_t text[2] = {0};
    size_t matched = 0;
    bool newline = false;
    (void)character;
    while (matched < wcslen(end) && el_wgetc(edit, text) == 1) {
        matched = text[0] == end[matched] ? matched + 1 : text[0] == end[0];
        if (matched)
            continue;
        if (newline)
            el_winsertstr(edit, L"\n");
        newline = text[0] == L'\n' || text[0] == L'\r';
        if (!newline)
            el_winsertstr(edit, text);
    }
    return CC_REFRESH;
}

/* --- Completion --------------------------------------------------------------------------------------------------------- */

/* (text): calls the completer and leaves two texts, or nil: what to insert, and a list to show. Runs protected. */
static int call_completer(lua_State *L)
{
    const LineInfo *now = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    lua_pushlstring(L, now->buffer, (size_t)(now->cursor - now->buffer));
    lua_call(L, 1, 2);
    return 2;
}

static bool ask_completer(lua_State *L, const LineInfo *now)
{
    if (!line.completer || !lua_checkstack(L, 4))
        return false;
    lua_pushcfunction(L, call_completer);
    lua_pushlightuserdata(L, (void *)(intptr_t)now);
    lua_pushvalue(L, line.completer);
    return lua_pcall(L, 2, 2, 0) == LUA_OK;
}

static unsigned char complete(EditLine *edit, int character)
{
    lua_State *L = line.L;
    const int top = lua_gettop(L);
    unsigned char result = CC_ERROR; /* the terminal's bell */
    (void)character;
    if (ask_completer(L, el_line(edit))) {
        const char *insert = lua_tostring(L, -2), *list = lua_tostring(L, -1);
        if (insert && el_insertstr(edit, insert) == 0)
            result = CC_REFRESH;
        if (list && write(STDOUT_FILENO, list, strlen(list)) >= 0)
            result = CC_REDISPLAY;
    }
    lua_settop(L, top);
    return result;
}

/* --- The editor ----------------------------------------------------------------------------------------------------------- */

static char *prompt_of(EditLine *edit)
{
    static char text[32];
    (void)edit;
    strncpy(text, line.prompt, sizeof text - 1);
    return text;
}

static void watch(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

static void bind_keys(EditLine *edit)
{
    static const char *const keys[][2] = {
        {"^I", "neap-complete"}, {PASTE_BEGIN, "neap-paste"}, {"^R", "em-inc-search-prev"}, {"^W", "ed-delete-prev-word"},
        {"\033[3~", "ed-delete-next-char"}, {"\033[1;5C", "em-next-word"}, {"\033[1;5D", "ed-prev-word"},
        {"\033[H", "ed-move-to-beg"}, {"\033[F", "ed-move-to-end"},
    };
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_ADDFN, "neap-complete", "Complete a name", complete);
    el_set(edit, EL_ADDFN, "neap-paste", "Insert pasted text", paste);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        el_set(edit, EL_BIND, keys[i][0], keys[i][1], NULL);
}

/* In the innermost locale of the thread, so that only its characters change. */
static locale_t utf8(void)
{
    locale_t own = duplocale(uselocale((locale_t)0)), mixed = own ? newlocale(LC_CTYPE_MASK, "C.UTF-8", own) : (locale_t)0;
    if (own && !mixed)
        freelocale(own);
    return mixed;
}

static locale_t enter_locale(void)
{
    return line.locale ? uselocale(line.locale) : (locale_t)0;
}

static void leave_locale(locale_t before)
{
    if (before)
        uselocale(before);
}

/* line_open() -> true if lines can be edited */
static int line_open(lua_State *L)
{
    HistEvent event;
    line.history = history_init();
    line.edit = line.history ? el_init("neap", stdin, stdout, stderr) : NULL;
    lua_pushboolean(L, line.edit != NULL);
    if (!line.edit)
        return 1;
    history(line.history, &event, H_SETSIZE, ENTRIES);
    history(line.history, &event, H_SETUNIQUE, 1);
    el_set(line.edit, EL_HIST, history, line.history);
    el_set(line.edit, EL_PROMPT, prompt_of);
    el_set(line.edit, EL_GETCFN, next_character);
    el_set(line.edit, EL_SIGNAL, 0);
    line.locale = utf8();
    const locale_t before = enter_locale(); /* keys of letters depend on it */
    bind_keys(line.edit);
    leave_locale(before);
    watch(SIGWINCH, note_resize);
    watch(SIGCONT, note_continue);
    return 1;
}

/* The terminal gets the editor's mode before the prompt is written: a key that is pressed in between would be lost to its line
 * discipline. */
static const char *edit_line(int *length)
{
    const locale_t before = enter_locale();
    el_set(line.edit, EL_PREP_TERM, 1);
    (void)!write(STDOUT_FILENO, PASTE_ON, strlen(PASTE_ON));
    el_resize(line.edit); /* the size may have changed since the last line */
    const char *text = el_gets(line.edit, length);
    (void)!write(STDOUT_FILENO, PASTE_OFF, strlen(PASTE_OFF));
    leave_locale(before);
    return text;
}

/* line_read(prompt [, completer]) -> a text without its line end; nil at the end of the input or after a signal.
 * completer(text before the cursor) -> what to insert, and a list to show; either may be nil. */
static int line_read(lua_State *L)
{
    int length = 0;
    line.prompt = luaL_checkstring(L, 1);
    if (!line.edit)
        return neap_lua_error(L, "line_read: line_open was not called");
    line.L = L;
    line.completer = lua_isfunction(L, 2) ? 2 : 0;
    const char *text = edit_line(&length);
    if (!text || length <= 0 || neap_lua_signal_status())
        return 0;
    lua_pushlstring(L, text, (size_t)(text[length - 1] == '\n' ? length - 1 : length));
    return 1;
}

/* line_plain() -> a line of a terminal without the editor, without its end; nil at the end of the input or after a signal */
static int line_plain(lua_State *L)
{
    char bytes[512];
    luaL_Buffer text;
    ssize_t count;
    luaL_buffinit(L, &text);
    while ((count = neap_lua_read_typed(bytes, sizeof bytes, NULL)) > 0 && bytes[count - 1] != '\n')
        luaL_addlstring(&text, bytes, (size_t)count);
    if (count > 0)
        luaL_addlstring(&text, bytes, (size_t)count - 1);
    luaL_pushresult(&text);
    return count > 0 || (count == 0 && lua_rawlen(L, -1) > 0);
}

/* line_remember(text): the newest entry of the history */
static int line_remember(lua_State *L)
{
    HistEvent event;
    const char *text = neap_lua_check_text(L, 1);
    if (line.history)
        history(line.history, &event, H_ENTER, text);
    return 0;
}

static const luaL_Reg functions[] = {
    {"line_open", line_open}, {"line_read", line_read}, {"line_plain", line_plain}, {"line_remember", line_remember},
    {NULL, NULL},
};

void neap_lua_open_line(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
