/* JSON in Lua with Jansson: json_encode(value) and json_decode(text). Keys are written in sorted order. */
#include <string.h>

#include <jansson.h>

#include "binding.h"

#define DEEPEST 32
#define DIGITS 12 /* of reals; enough for metrics */
#define EXACT_DIGITS 17 /* enough for any double */

/* A handle owns the value under construction, so that a Lua error frees it. */
#define JSON_TYPE "neap.json"

static int json_close(lua_State *L)
{
    json_t **slot = luaL_checkudata(L, 1, JSON_TYPE);
    json_decref(*slot);
    *slot = NULL;
    return 0;
}

static json_t **new_slot(lua_State *L)
{
    json_t **slot = lua_newuserdatauv(L, sizeof *slot, 0);
    *slot = NULL;
    luaL_setmetatable(L, JSON_TYPE);
    return slot;
}

/* Raises if an allocation was refused: Jansson may report it as another error. */
static void check_memory(lua_State *L)
{
    if (neap_json_refused())
        neap_lua_raise(L);
}

static json_t *hold(lua_State *L, json_t **slot, json_t *value, const char *what)
{
    *slot = value;
    check_memory(L);
    if (!value)
        neap_lua_error(L, "json: cannot hold %s", what);
    return value;
}

/* --- Text that is not UTF-8: { "bytes": "636166e9" }, see neap_hex ---------------------------------------------------- */

/* The bytes of such an object, to be freed by the caller; NULL for any other object. */
static char *bytes_of(lua_State *L, const json_t *object, size_t *size)
{
    const char *digits = json_string_value(json_object_get(object, "bytes"));
    if (!digits || json_object_size(object) != 1 || strlen(digits) % 2 || digits[strspn(digits, "0123456789abcdef")])
        return NULL;
    char *bytes = neap_unhex(digits, size);
    if (!bytes)
        neap_lua_raise(L);
    if (!neap_text_is_utf8(bytes, *size))
        return bytes;
    neap_free(bytes);
    return NULL;
}

static void hold_bytes(lua_State *L, json_t **slot, const char *text, size_t length)
{
    char *digits = neap_hex(text, length);
    if (!digits)
        neap_lua_raise(L);
    *slot = json_pack("{s:s}", "bytes", digits);
    neap_free(digits);
    hold(L, slot, *slot, "a text");
}

/* Fails for a table that would be read back as text. */
static void check_object(lua_State *L, const json_t *object)
{
    size_t size;
    char *bytes = bytes_of(L, object, &size);
    neap_free(bytes);
    if (bytes)
        neap_lua_error(L, "json: cannot hold a table of 'bytes' alone, which stands for text that is not UTF-8");
}

/* --- Encoding -------------------------------------------------------------------------------------------------------- */

static void encode(lua_State *L, int index, json_t **slot, int depth);

/* Fails for a list with other keys than 1 to its length: JSON would lose them. */
static void check_list(lua_State *L, int index, lua_Integer length)
{
    lua_Integer entries = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        entries++;
    if (entries != length)
        neap_lua_error(L, "json: expected a list without gaps or names, got %d entries, %d of them in sequence",
                       (int)entries, (int)length);
}

static void encode_list(lua_State *L, int index, json_t **slot, int depth)
{
    json_t *list = hold(L, slot, json_array(), "a list");
    lua_Integer i = 1;
    for (; lua_geti(L, index, i) != LUA_TNIL; i++) {
        json_t **entry = new_slot(L);
        encode(L, lua_gettop(L) - 1, entry, depth);
        int status = json_array_append(list, *entry);
        check_memory(L);
        if (status < 0)
            neap_lua_error(L, "json: cannot hold a list");
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    check_list(L, index, i - 1);
}

static void encode_object(lua_State *L, int index, json_t **slot, int depth)
{
    json_t *object = hold(L, slot, json_object(), "an object");
    for (lua_pushnil(L); lua_next(L, index);) {
        if (lua_type(L, -2) != LUA_TSTRING)
            neap_lua_error(L, "json: expected names as keys, got %s", luaL_typename(L, -2));
        json_t **entry = new_slot(L);
        encode(L, lua_gettop(L) - 1, entry, depth);
        const char *key = lua_tostring(L, -3);
        bool whole = strlen(key) == lua_rawlen(L, -3) && json_object_set(object, key, *entry) == 0;
        check_memory(L);
        if (!whole)
            neap_lua_error(L, "json: '%s' cannot be a key", key);
        lua_pop(L, 2);
    }
    check_object(L, object);
}

static void encode_table(lua_State *L, int index, json_t **slot, int depth)
{
    luaL_checkstack(L, 8, "json");
    if (depth == DEEPEST)
        neap_lua_error(L, "json: expected tables at most %d deep", DEEPEST);
    bool list = lua_geti(L, index, 1) != LUA_TNIL;
    lua_pop(L, 1);
    (list ? encode_list : encode_object)(L, index, slot, depth + 1);
}

static void encode_text(lua_State *L, int index, json_t **slot)
{
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    if (neap_text_is_utf8(text, length))
        hold(L, slot, json_stringn(text, length), "a text");
    else
        hold_bytes(L, slot, text, length);
}

static void encode(lua_State *L, int index, json_t **slot, int depth)
{
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
        encode_table(L, index, slot, depth);
        return;
    case LUA_TSTRING:
        encode_text(L, index, slot);
        return;
    case LUA_TBOOLEAN:
        hold(L, slot, json_boolean(lua_toboolean(L, index)), "a flag");
        return;
    case LUA_TNUMBER:
        hold(L, slot, lua_isinteger(L, index) ? json_integer(lua_tointeger(L, index)) : json_real(lua_tonumber(L, index)),
             "a number that is not finite");
        return;
    default:
        neap_lua_error(L, "json: cannot hold a %s", luaL_typename(L, index));
    }
}

/* The smallest number of digits, from DIGITS up, from which a real is read back exactly. */
static int digits_of_real(double value)
{
    char text[40], *end;
    int digits = DIGITS;
    for (; digits < EXACT_DIGITS; digits++) {
        neap_print(text, sizeof text, "%.*g", digits, value);
        if (neap_read_number(text, &end) == value)
            break;
    }
    return digits;
}

/* The smallest number of digits for all reals in a value. */
static int digits_of(json_t *value)
{
    const char *key;
    json_t *entry;
    size_t i;
    int most = json_is_real(value) ? digits_of_real(json_real_value(value)) : DIGITS;
    json_array_foreach(value, i, entry) {
        const int digits = digits_of(entry);
        most = digits > most ? digits : most;
    }
    json_object_foreach(value, key, entry) {
        const int digits = digits_of(entry);
        most = digits > most ? digits : most;
    }
    return most;
}

/* json_encode(value [, exact]): reals are rounded to DIGITS digits, or, if exact, have as many as are needed to read them back.
 * Jansson writes twice, first to measure: no Lua error may jump out of a callback of Jansson. */
static int json_encode(lua_State *L)
{
    char none;
    lua_settop(L, 2);
    neap_json_begin();
    json_t **slot = new_slot(L);
    encode(L, 1, slot, 0);
    const int digits = lua_toboolean(L, 2) ? digits_of(*slot) : DIGITS;
    const size_t format = JSON_SORT_KEYS | JSON_ENCODE_ANY | (size_t)JSON_REAL_PRECISION(digits);
    size_t size = json_dumpb(*slot, &none, 0, format);
    char *text = lua_newuserdatauv(L, size + 1, 0);
    bool written = size && json_dumpb(*slot, text, size, format) == size;
    check_memory(L);
    if (!written)
        return neap_lua_error(L, "json: cannot be written");
    lua_pushlstring(L, text, size);
    return 1;
}

/* --- Decoding -------------------------------------------------------------------------------------------------------- */

static void push(lua_State *L, const json_t *value);

static bool push_bytes(lua_State *L, const json_t *object)
{
    size_t size;
    char *bytes = bytes_of(L, object, &size);
    if (bytes)
        lua_pushlstring(L, bytes, size);
    neap_free(bytes);
    return bytes != NULL;
}

static void push_object(lua_State *L, json_t *object)
{
    const char *key;
    json_t *value;
    if (push_bytes(L, object))
        return;
    lua_newtable(L);
    json_object_foreach(object, key, value) {
        push(L, value);
        lua_setfield(L, -2, key);
    }
}

static void push_list(lua_State *L, const json_t *list)
{
    lua_newtable(L);
    for (size_t i = 0; i < json_array_size(list); i++) {
        push(L, json_array_get(list, i));
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push(lua_State *L, const json_t *value)
{
    luaL_checkstack(L, 4, "json");
    if (json_is_object(value))
        push_object(L, (json_t *)(uintptr_t)value);
    else if (json_is_array(value))
        push_list(L, value);
    else if (json_is_string(value))
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        lua_pushinteger(L, json_integer_value(value));
    else if (json_is_real(value))
        lua_pushnumber(L, json_real_value(value));
    else if (json_is_boolean(value))
        lua_pushboolean(L, json_is_true(value));
    else
        lua_pushnil(L);
}

/* json_decode(text) -> value; or nil and the reason if the text is no JSON. Raises if memory runs out. */
static int json_decode(lua_State *L)
{
    size_t length;
    json_error_t error;
    const char *text = luaL_checklstring(L, 1, &length);
    json_t **slot = new_slot(L);
    neap_json_begin();
    *slot = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    check_memory(L);
    if (!*slot) {
        lua_pushnil(L);
        lua_pushfstring(L, "line %d: %s", error.line, error.text);
        return 2;
    }
    push(L, *slot);
    return 1;
}

static const luaL_Reg functions[] = {{"json_encode", json_encode}, {"json_decode", json_decode}, {NULL, NULL}};

void neap_lua_open_json(lua_State *L)
{
    luaL_newmetatable(L, JSON_TYPE);
    lua_pushcfunction(L, json_close);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
