/* Safetensors files in Lua: saving a list of named tensors, writing in pieces, reading through a handle. */
#include <string.h>

#include "binding.h"

static neap_safetensors *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_SAFETENSORS);
}

static int file_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_SAFETENSORS);
    if (*handle)
        neap_safetensors_close(*handle);
    *handle = NULL;
    return 0;
}

/* --- Saving: the list { { name, value }, ... } as an array that points into Lua's values ------------------------------- */

/* The text on top of the stack, owned by the list. A number is refused: nothing would own its text. So is a NUL, at which the file
 * would cut it off. */
static const char *check_text(lua_State *L, lua_Integer i)
{
    if (lua_type(L, -1) != LUA_TSTRING)
        neap_lua_error(L, "safetensors: entry %d: expected text, got %s", (int)i, luaL_typename(L, -1));
    const char *text = lua_tostring(L, -1);
    if (strlen(text) != lua_rawlen(L, -1))
        neap_lua_error(L, "safetensors: entry %d: expected text without NUL, got one in '%s'", (int)i, text);
    return text;
}

static const char *name_at(lua_State *L, int list, lua_Integer i)
{
    if (lua_geti(L, list, i) != LUA_TTABLE)
        neap_lua_error(L, "safetensors: entry %d: expected { name, value }", (int)i);
    lua_geti(L, -1, 1);
    const char *name = check_text(L, i);
    lua_geti(L, -2, 2);
    return name; /* owned by the list; the stack is pair, name, value */
}

static neap_named_tensor *read_tensors(lua_State *L, int list, lua_Integer count)
{
    neap_named_tensor *tensors = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *tensors, 0);
    for (lua_Integer i = 0; i < count; i++) {
        const char *name = name_at(L, list, i + 1);
        tensors[i] = (neap_named_tensor){name, neap_lua_check_tensor(L, lua_gettop(L))};
        lua_pop(L, 3);
    }
    return tensors;
}

static neap_pair *read_pairs(lua_State *L, int list, lua_Integer count)
{
    neap_pair *pairs = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *pairs, 0);
    for (lua_Integer i = 0; i < count; i++) {
        const char *name = name_at(L, list, i + 1);
        pairs[i] = (neap_pair){name, check_text(L, i + 1)};
        lua_pop(L, 3);
    }
    return pairs;
}

/* safetensors_save(path, { { name, tensor }, ... }, { { key, text }, ... }) */
static int save(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 2), pairs = luaL_len(L, 3);
    const neap_named_tensor *tensors = read_tensors(L, 2, count);
    const neap_pair *metadata = read_pairs(L, 3, pairs);
    if (neap_safetensors_save(path, tensors, (int)count, metadata, (int)pairs) < 0)
        return neap_lua_raise(L);
    return 0;
}

/* safetensors_size(tensors, pairs) -> bytes; does all checks of saving, and writes nothing */
static int size(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 1), pairs = luaL_len(L, 2);
    const neap_named_tensor *tensors = read_tensors(L, 1, count);
    const neap_pair *metadata = read_pairs(L, 2, pairs);
    int64_t bytes = neap_safetensors_size(tensors, (int)count, metadata, (int)pairs);
    if (bytes < 0)
        return neap_lua_raise(L);
    lua_pushinteger(L, bytes);
    return 1;
}

/* --- Writing in pieces ----------------------------------------------------------------------------------------------------- */

static neap_pieces *check_pieces(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_PIECES);
}

static int pieces_abandon(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_PIECES);
    neap_pieces_abandon(*handle);
    *handle = NULL;
    return 0;
}

/* The list { { name, dtype, shape }, ... } as an array that points to its names. */
static neap_named_shape *read_shapes(lua_State *L, int list, lua_Integer count)
{
    neap_named_shape *shapes = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *shapes, 0);
    for (lua_Integer i = 0; i < count; i++) {
        shapes[i].name = name_at(L, list, i + 1);
        shapes[i].dtype = neap_lua_check_dtype(L, lua_gettop(L), NEAP_F32);
        lua_geti(L, -3, 3);
        shapes[i].shape = neap_lua_check_shape(L, lua_gettop(L));
        lua_pop(L, 4);
    }
    return shapes;
}

/* safetensors_pieces(path, { { name, dtype, shape }, ... }, { { key, text }, ... }) -> a writer. It keeps its arguments. */
static int open_pieces(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    const lua_Integer count = luaL_len(L, 2), pairs = luaL_len(L, 3);
    const neap_named_shape *shapes = read_shapes(L, 2, count);
    const neap_pair *metadata = read_pairs(L, 3, pairs);
    const int array = lua_gettop(L);
    void **handle = neap_lua_handle(L, NEAP_LUA_PIECES);
    const int borrowed[] = {2, 3, array};
    for (int i = 0; i < 3; i++) {
        lua_pushvalue(L, borrowed[i]);
        lua_setiuservalue(L, -2, i + 1);
    }
    *handle = neap_pieces_open(path, shapes, (int)count, metadata, (int)pairs);
    return *handle ? 1 : neap_lua_raise(L);
}

/* add(tensor): the next elements of the file */
static int add_piece(lua_State *L)
{
    neap_pieces *file = check_pieces(L);
    return neap_pieces_add(file, neap_lua_check_tensor(L, 2)) < 0 ? neap_lua_raise(L) : 0;
}

/* save(): puts the complete file in its place */
static int save_pieces(lua_State *L)
{
    neap_pieces *file = check_pieces(L);
    *(void **)lua_touserdata(L, 1) = NULL;
    return neap_pieces_close(file) < 0 ? neap_lua_raise(L) : 0;
}

static const luaL_Reg piece_methods[] = {{"add", add_piece}, {"save", save_pieces}, {NULL, NULL}};

/* --- Reading ---------------------------------------------------------------------------------------------------------------- */

static int open_file(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    void **handle = neap_lua_handle(L, NEAP_LUA_SAFETENSORS);
    *handle = neap_safetensors_open(path);
    return *handle ? 1 : neap_lua_raise(L);
}

static void push_shape(lua_State *L, neap_shape shape)
{
    lua_createtable(L, shape.rank, 0);
    for (int i = 0; i < shape.rank; i++) {
        lua_pushinteger(L, shape.dim[i]);
        lua_seti(L, -2, i + 1);
    }
}

/* tensors() -> { { name, shape, dtype }, ... } */
static int tensors(lua_State *L)
{
    const neap_safetensors *file = check(L);
    lua_newtable(L);
    for (int i = 0; i < neap_safetensors_count(file); i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, neap_safetensors_name(file, i));
        lua_setfield(L, -2, "name");
        push_shape(L, neap_safetensors_shape(file, i));
        lua_setfield(L, -2, "shape");
        lua_pushstring(L, neap_safetensors_dtype(file, i));
        lua_setfield(L, -2, "dtype");
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* load(name) -> tensor, or nil if there is none */
static int load(lua_State *L)
{
    const neap_safetensors *file = check(L);
    int index = neap_safetensors_find(file, neap_lua_check_text(L, 2));
    if (index < 0) {
        lua_pushnil(L);
        return 1;
    }
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_safetensors_load(file, index));
}

static int metadata(lua_State *L)
{
    const neap_pair *pairs;
    int count = neap_safetensors_pairs(check(L), &pairs);
    lua_createtable(L, 0, count);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, pairs[i].value);
        lua_setfield(L, -2, pairs[i].key);
    }
    return 1;
}

static const luaL_Reg methods[] = {{"tensors", tensors}, {"load", load}, {"metadata", metadata}, {NULL, NULL}};

void neap_lua_open_safetensors(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_SAFETENSORS, methods, file_close);
    neap_lua_class(L, NEAP_LUA_PIECES, piece_methods, pieces_abandon);
    lua_pushcfunction(L, open_pieces);
    lua_setfield(L, -2, "safetensors_pieces");
    lua_pushcfunction(L, save);
    lua_setfield(L, -2, "safetensors_save");
    lua_pushcfunction(L, size);
    lua_setfield(L, -2, "safetensors_size");
    lua_pushcfunction(L, open_file);
    lua_setfield(L, -2, "safetensors_open");
}
