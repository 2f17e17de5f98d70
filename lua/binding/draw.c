/* Drawing in Lua: lines, polygons, discs and text on a canvas, in place. Points are flat lists { x, y, x, y, ... },
 * colours are { red, green, blue [, alpha] }. */
#include "binding.h"

static double item(lua_State *L, int index, lua_Integer i)
{
    int number;
    lua_geti(L, index, i);
    double value = lua_tonumberx(L, -1, &number);
    if (!number)
        neap_lua_error(L, "draw: expected a list of numbers, got %s at %d", luaL_typename(L, -1), (int)i);
    lua_pop(L, 1);
    return value;
}

/* The points of a flat list, in a userdata that is left on the stack. */
static const neap_point *check_points(lua_State *L, int index, int64_t *count)
{
    luaL_checktype(L, index, LUA_TTABLE);
    lua_Integer numbers = luaL_len(L, index);
    if (numbers % 2)
        neap_lua_error(L, "draw: expected two numbers for each point, got %d in all", (int)numbers);
    *count = numbers / 2;
    neap_point *points = lua_newuserdatauv(L, ((size_t)*count + 1) * sizeof *points, 0);
    for (lua_Integer i = 0; i < *count; i++)
        points[i] = (neap_point){item(L, index, 2 * i + 1), item(L, index, 2 * i + 2)};
    return points;
}

static neap_color check_color(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    return (neap_color){item(L, index, 1), item(L, index, 2), item(L, index, 3),
                        luaL_len(L, index) > 3 ? item(L, index, 4) : 1};
}

static int done(lua_State *L, int status)
{
    return status < 0 ? neap_lua_raise(L) : 0;
}

/* draw_line(canvas, points, width, color) */
static int draw_line(lua_State *L)
{
    int64_t count;
    neap_tensor *canvas = neap_lua_check_tensor(L, 1);
    const neap_point *points = check_points(L, 2, &count);
    return done(L, neap_draw_line(canvas, points, count, luaL_checknumber(L, 3), check_color(L, 4)));
}

/* draw_polygon(canvas, points, color) */
static int draw_polygon(lua_State *L)
{
    int64_t count;
    neap_tensor *canvas = neap_lua_check_tensor(L, 1);
    const neap_point *points = check_points(L, 2, &count);
    return done(L, neap_draw_polygon(canvas, points, count, check_color(L, 3)));
}

/* draw_discs(canvas, points, radius, color) */
static int draw_discs(lua_State *L)
{
    int64_t count;
    neap_tensor *canvas = neap_lua_check_tensor(L, 1);
    const neap_point *points = check_points(L, 2, &count);
    return done(L, neap_draw_discs(canvas, points, count, luaL_checknumber(L, 3), check_color(L, 4)));
}

/* draw_text(canvas, x, y, text, { size, anchor, angle }, color) */
static int draw_text(lua_State *L)
{
    neap_tensor *canvas = neap_lua_check_tensor(L, 1);
    neap_point at = {luaL_checknumber(L, 2), luaL_checknumber(L, 3)};
    const char *text = luaL_checkstring(L, 4);
    luaL_checktype(L, 5, LUA_TTABLE);
    neap_text_style style = {.size = neap_lua_number(L, 5, "size", 12), .anchor = neap_lua_number(L, 5, "anchor", 0),
                             .angle = neap_lua_number(L, 5, "angle", 0), .color = check_color(L, 6)};
    return done(L, neap_draw_text(canvas, at, text, &style));
}

/* draw_text_width(text, size) -> pixels */
static int draw_text_width(lua_State *L)
{
    double width = neap_draw_text_width(luaL_checkstring(L, 1), luaL_checknumber(L, 2));
    if (width < 0)
        return neap_lua_raise(L);
    lua_pushnumber(L, width);
    return 1;
}

static const luaL_Reg functions[] = {
    {"draw_line", draw_line}, {"draw_polygon", draw_polygon},       {"draw_discs", draw_discs},
    {"draw_text", draw_text}, {"draw_text_width", draw_text_width}, {NULL, NULL},
};

void neap_lua_open_draw(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
