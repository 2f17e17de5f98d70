/* Scores in Lua: a metric on evidence. */
#include <stdio.h>

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

/* The evidence of one side, and the tensors of its condition, from which the condition is made once a scope is open. */
typedef struct side {
    neap_evidence evidence;
    neap_lua_parts condition;
} side;

static side side_at(lua_State *L, int index, const char *name)
{
    side s = {.evidence = {.size = sizeof(neap_evidence)}};
    char who[48];
    if (lua_isnoneornil(L, index))
        return s;
    if (!lua_istable(L, index))
        neap_lua_error(L, "score: %s: expected a table of features, logits, labels, pictures and condition, got %s", name,
                       luaL_typename(L, index));
    s.evidence = (neap_evidence){sizeof(neap_evidence), part(L, index, name, "features"), part(L, index, name, "logits"),
                                 part(L, index, name, "labels"), part(L, index, name, "pictures"), NULL};
    snprintf(who, sizeof who, "score: %s", name);
    lua_getfield(L, index, "condition");
    s.condition = neap_lua_check_condition(L, who, -1); /* the table keeps its tensors alive */
    lua_pop(L, 1);
    return s;
}

/* The condition has as many rows as its first tensor. */
static int add_condition(side *s)
{
    neap_tensor *first = NULL;
    s->evidence.condition = s->condition.whole;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS && !first; kind++)
        first = s->condition.part[kind];
    if (first)
        s->evidence.condition = neap_lua_condition(&s->condition, neap_dim(first, 0));
    return first && !s->evidence.condition ? -1 : 0;
}

static int score_sides(neap_instance *metric, side *samples, side *reference, int64_t resamples, uint64_t seed,
                       neap_scored *scored)
{
    neap_scope scope = neap_scope_open();
    int status = add_condition(samples) < 0 || add_condition(reference) < 0 ? -1 : 0;
    if (status == 0)
        status = neap_score(metric, &samples->evidence, &reference->evidence, resamples, seed, scored);
    neap_scope_close(scope);
    return status;
}

static void push_scores(lua_State *L, const neap_scored *scored)
{
    lua_createtable(L, scored->count, 0);
    for (int i = 0; i < scored->count; i++) {
        const double numbers[] = {scored->score[i].value, scored->score[i].deviation, scored->score[i].low,
                                  scored->score[i].high};
        static const char *const keys[] = {"value", "deviation", "low", "high"};
        lua_createtable(L, 0, 6);
        lua_pushstring(L, scored->score[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, scored->score[i].better); /* nil for NULL */
        lua_setfield(L, -2, "better");
        for (int k = 0; k < 4; k++) {
            lua_pushnumber(L, numbers[k]);
            lua_setfield(L, -2, keys[k]);
        }
        lua_seti(L, -2, i + 1);
    }
}

/* score(metric, samples, reference or nil [, resamples, seed]) -> { { name, better, value, deviation, low, high }, .. }. A side
 * is { features, logits, labels, pictures, condition = { kind = tensor } }, each of which may be nil. */
static int score(lua_State *L)
{
    neap_instance *metric = neap_lua_check_instance(L, 1);
    neap_scored scored;
    side samples = side_at(L, 2, "the samples"), reference = side_at(L, 3, "the reference");
    lua_Integer resamples = neap_lua_opt_whole(L, 4, 0), seed = neap_lua_opt_whole(L, 5, 0);
    neap_lua_collect_pace(L);
    if (score_sides(metric, &samples, &reference, resamples, (uint64_t)seed, &scored) < 0)
        return neap_lua_raise(L);
    push_scores(L, &scored);
    return 1;
}

void neap_lua_open_score(lua_State *L)
{
    lua_pushcfunction(L, score);
    lua_setfield(L, -2, "score");
}
