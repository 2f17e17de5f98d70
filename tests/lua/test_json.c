/* JSON in Lua where memory runs out: an error is raised, and no text is cut short, no value incomplete, no nil returned. */
#include "binding.h"

#include "tests/core/plugin/plugin_test.h"

/* `give` makes the value that the test is about, `same` compares what came of it with what comes without a refusal. */
static const char script[] =
    "local value = { name = ('n'):rep(300), list = { 1, 2.5, true, { a = 'b', [''] = ('\\u{1F319}'):rep(90) } } }\n"
    "for i = 1, 40 do value['key' .. i], value.list[i + 4] = i, tostring(i) end\n"
    "text = json.json_encode(value)\n"
    "function encode() return json.json_encode(value) end\n"
    "function decode()\n"
    "  local result, reason = json.json_decode(text)\n"
    "  assert(result, reason)\n"
    "  return result\n"
    "end\n"
    "function is_text(result) return result == text end\n"
    "function is_value(result) return json.json_encode(result) == text end\n";

static lua_State *L;

static void start(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_newtable(L);
    neap_lua_open_json(L);
    lua_setglobal(L, "json");
    ck_assert_msg(luaL_dostring(L, script) == LUA_OK, "%s", lua_tostring(L, -1));
}

static void stop(void)
{
    lua_close(L);
}

/* Calls a function of the script, and another one, without refusals, to look at the result. */
static bool call(const char *name, const char *check)
{
    lua_settop(L, 0);
    lua_getglobal(L, check);
    lua_getglobal(L, name);
    int status = lua_pcall(L, 0, 1, 0);
    neap_on_allocate(NULL, NULL);
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        ck_assert_msg(strstr(message, "memory: no room for"), "%s", message);
        ck_assert(!neap_failed()); /* it was raised, and is not pending any more */
        neap_fail("%s", message);
        return false;
    }
    ck_assert_int_eq(lua_pcall(L, 1, 1, 0), LUA_OK);
    ck_assert_msg(lua_toboolean(L, -1), "%s: the result is not whole", name);
    return true;
}

static bool encode(void)
{
    return call("encode", "is_text");
}

static bool decode(void)
{
    return call("decode", "is_value");
}

START_TEST(encoding)
{
    refuse_each(encode);
}
END_TEST

START_TEST(decoding)
{
    refuse_each(decode);
}
END_TEST

/* What is no JSON is no failure, also after one. */
START_TEST(no_json)
{
    int left = 0;
    neap_on_allocate(refuse_when_zero, &left);
    ck_assert(!decode());
    neap_error_clear();
    ck_assert_msg(luaL_dostring(L, "local value, reason = json.json_decode '[1,'\n"
                                   "assert(value == nil and reason:find '^line 1: ', reason)") == LUA_OK,
                  "%s", lua_tostring(L, -1));
    ck_assert(!neap_failed());
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("json", start, stop, encoding, decoding, no_json);
}
