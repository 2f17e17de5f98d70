/* Scores in Lua: a metric on evidence. */
#include "binding.h"

/* NULL when the field is nil; the table keeps the tensor alive. */
static neap_tensor *part(lua_State *L, int index, const char *side, const char *key)
{
    int type = lua_getfield(L, index, key);
    neap_tensor *x = neap_lua_test_tensor(L, -1);
    if (!x && type != LUA_TNIL)
        neap_lua_error(L, "score: %s of %s: expected a tensor, got %s", key, side, luaL_typename(L, -1));
    lua_pop(L, 1);
    return x;
}

static neap_evidence evidence_at(lua_State *L, int index, const char *side)
{
    if (lua_isnoneornil(L, index))
        return (neap_evidence){.size = sizeof(neap_evidence)};
    if (!lua_istable(L, index))
        neap_lua_error(L, "score: %s: expected a table of features, logits and labels, got %s", side,
                       luaL_typename(L, index));
    return (neap_evidence){sizeof(neap_evidence), part(L, index, side, "features"), part(L, index, side, "logits"),
                           part(L, index, side, "labels")};
}

static void push_scores(lua_State *L, const neap_scored *scored)
{
    lua_createtable(L, scored->count, 0);
    for (int i = 0; i < scored->count; i++) {
        const double numbers[] = {scored->score[i].value, scored->score[i].deviation, scored->score[i].low,
                                  scored->score[i].high};
        static const char *const keys[] = {"value", "deviation", "low", "high"};
        lua_createtable(L, 0, 5);
        lua_pushstring(L, scored->score[i].name);
        lua_setfield(L, -2, "name");
        for (int k = 0; k < 4; k++) {
            lua_pushnumber(L, numbers[k]);
            lua_setfield(L, -2, keys[k]);
        }
        lua_seti(L, -2, i + 1);
    }
}

/* score(metric, samples, reference or nil [, resamples, seed]) -> { { name, value, deviation, low, high }, ... }. A side is
 * { features, logits, labels }, each of which may be nil. */
static int score(lua_State *L)
{
    neap_instance *metric = neap_lua_check_instance(L, 1);
    neap_scored scored;
    neap_evidence samples = evidence_at(L, 2, "the samples"), reference = evidence_at(L, 3, "the reference");
    lua_Integer resamples = luaL_optinteger(L, 4, 0), seed = luaL_optinteger(L, 5, 0);
    neap_lua_collect_pace(L);
    if (neap_score(metric, &samples, &reference, resamples, (uint64_t)seed, &scored) < 0)
        return neap_lua_raise(L);
    push_scores(L, &scored);
    return 1;
}

void neap_lua_open_score(lua_State *L)
{
    lua_pushcfunction(L, score);
    lua_setfield(L, -2, "score");
}
