/* Metrics in Lua: score(config, samples, reference) -> { name = value, .. }; the sides are tables of tensors. */
#include "define.h"

typedef struct scoring {
    const neap_instance *instance;
    const neap_evidence *samples, *reference;
    double *scores;
} scoring;

static void set_tensor(lua_State *L, const char *key, neap_tensor *x)
{
    neap_lua_push_tensor(L, x);
    lua_setfield(L, -2, key);
}

static void push_evidence(lua_State *L, const neap_evidence *e)
{
    lua_createtable(L, 0, 5);
    set_tensor(L, "features", e->features);
    set_tensor(L, "logits", e->logits);
    set_tensor(L, "labels", e->labels);
    set_tensor(L, "pictures", NEAP_MEMBER(e, pictures));
    neap_lua_push_condition(L, NEAP_MEMBER(e, condition));
    lua_setfield(L, -2, "condition");
}

static int call_score(lua_State *L)
{
    const scoring *now = lua_touserdata(L, 1);
    const neap_metric *functions = neap_instance_component(now->instance)->functions;
    neap_lua_push_function(L, now->instance, "score");
    neap_lua_push_config(L, now->instance);
    push_evidence(L, now->samples);
    push_evidence(L, now->reference);
    lua_call(L, 3, 1);
    if (!lua_istable(L, 2))
        return neap_lua_fail_result(L, now->instance, "score", "expected a table of scores as the result, got %s",
                                    luaL_typename(L, 2));
    for (int i = 0; functions->scores[i]; i++) {
        int is_number;
        lua_getfield(L, 2, functions->scores[i]);
        now->scores[i] = lua_tonumberx(L, -1, &is_number);
        if (!is_number)
            return neap_lua_fail_result(L, now->instance, "score", "%s: expected a number in the result, got %s",
                                        functions->scores[i], luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    return 0;
}

static int score(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    scoring now = {neap_instance_of(config), samples, reference, scores};
    return neap_lua_enter(call_score, &now);
}

void neap_lua_metric_functions(lua_State *L)
{
    const char *const *scores = neap_lua_permanent_texts(L, "scores");
    const bool says = lua_getfield(L, 1, "better") != LUA_TNIL;
    lua_pop(L, 1);
    const char *const *better = says ? neap_lua_permanent_texts(L, "better") : NULL;
    neap_metric *functions = neap_lua_permanent(L, sizeof *functions);
    *functions = (neap_metric){sizeof *functions, scores, score, better};
}
