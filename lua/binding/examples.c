/* Examples in memory, from tensors. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <neap/memory.h>

#include "examples.h"

#define EXAMPLES "neap.examples"

/* The arrays of examples, one for each part of an example that may be there. */
enum { X, LABELS, TEXT, LENGTHS, PICTURE, NOISE, ARRAYS };

struct neap_lua_examples {
    atomic_int owners;
    neap_spec spec;
    int64_t count;
    neap_tensor *array[ARRAYS]; /* contiguous, owned; or NULL */
    size_t row[ARRAYS];         /* bytes of one example */
    char **names;               /* spec.classes texts, owned; NULL: none */
    int64_t names_count;
};

static const struct {
    const char *key;
    neap_dtype dtype;
    int rank;
} arrays[ARRAYS] = {
    [X] = {"x", NEAP_F32, 4}, [LABELS] = {"labels", NEAP_I32, 1}, [TEXT] = {"text", NEAP_U8, 2},
    [LENGTHS] = {"lengths", NEAP_I32, 1}, [PICTURE] = {"picture", NEAP_F32, 4}, [NOISE] = {"noise", NEAP_F32, 4},
};

/* --- Life ----------------------------------------------------------------------------------------------------------------------- */

neap_lua_examples *neap_lua_examples_keep(neap_lua_examples *e)
{
    if (e)
        atomic_fetch_add(&e->owners, 1);
    return e;
}

void neap_lua_examples_release(neap_lua_examples *e)
{
    if (!e || atomic_fetch_sub(&e->owners, 1) != 1)
        return;
    for (int i = 0; i < ARRAYS; i++)
        neap_release(e->array[i]);
    for (int64_t i = 0; i < e->names_count; i++)
        neap_free(e->names[i]);
    neap_free(e->names);
    neap_free(e);
}

static int close_handle(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, EXAMPLES);
    neap_lua_examples_release(*handle);
    *handle = NULL;
    return 0;
}

/* --- From a table ----------------------------------------------------------------------------------------------------------------- */

static void check_array(lua_State *L, const neap_lua_examples *e, int i, neap_tensor *x)
{
    char got[NEAP_SHAPE_TEXT];
    if (neap_dtype_of(x) != arrays[i].dtype || neap_rank(x) != arrays[i].rank)
        neap_lua_error(L, "%s: expected %s with %d axes, got %s %s", arrays[i].key, neap_dtype_name(arrays[i].dtype),
                       arrays[i].rank, neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
    if (i != X && neap_dim(x, 0) != e->count)
        neap_lua_error(L, "%s: expected a row for each of %d examples, got %d", arrays[i].key, (int)e->count,
                       (int)neap_dim(x, 0));
}

/* Copies the tensor, so that the recipe cannot change it. */
static void take_array(lua_State *L, neap_lua_examples *e, int i, neap_tensor *x)
{
    check_array(L, e, i, x);
    e->count = neap_dim(x, 0);
    neap_scope scope = neap_scope_open();
    neap_tensor *whole = neap_contiguous(x);
    const void *bytes = whole ? neap_data(whole) : NULL;
    e->array[i] = neap_keep(bytes ? neap_from(arrays[i].dtype, neap_shape_of(x), bytes) : NULL);
    neap_scope_close(scope);
    if (!e->array[i])
        neap_lua_raise(L);
    e->row[i] = e->count ? (size_t)(neap_size(x) / e->count) * neap_dtype_size(arrays[i].dtype) : 0;
}

static void read_arrays(lua_State *L, int index, neap_lua_examples *e)
{
    for (int i = 0; i < ARRAYS; i++) {
        const int type = lua_getfield(L, index, arrays[i].key);
        neap_tensor *x = neap_lua_test_tensor(L, -1);
        if (!x && (type != LUA_TNIL || i == X))
            neap_lua_error(L, "%s: expected a tensor, got %s", arrays[i].key, luaL_typename(L, -1));
        if (x)
            take_array(L, e, i, x);
        lua_pop(L, 1);
    }
}

static void read_names(lua_State *L, int index, neap_lua_examples *e)
{
    if (lua_getfield(L, index, "names") == LUA_TTABLE) {
        const lua_Integer count = luaL_len(L, -1);
        e->names = neap_calloc((size_t)count + 1, sizeof *e->names);
        for (lua_Integer i = 0; e->names && i < count; i++) {
            lua_geti(L, -1, i + 1);
            e->names[i] = neap_strdup(neap_lua_check_text(L, -1));
            e->names_count = i + 1;
            lua_pop(L, 1);
        }
        if (neap_failed())
            neap_lua_raise(L);
    }
    lua_pop(L, 1);
}

/* Number of classes: that given, or of the names, or one above the largest label. */
static int64_t count_classes(lua_State *L, int index, const neap_lua_examples *e)
{
    const int32_t *label = e->array[LABELS] ? neap_data(e->array[LABELS]) : NULL;
    int64_t classes = neap_lua_integer(L, index, "classes", e->names_count);
    const int64_t most = classes;
    for (int64_t i = 0; label && i < e->count; i++) {
        if (label[i] < -1 || (most && label[i] >= most))
            neap_lua_error(L, "labels: example %d: expected a label of 0 to %d, or -1 for none, got %d", (int)i, (int)most - 1,
                           (int)label[i]);
        classes = !most && label[i] >= classes ? label[i] + 1 : classes;
    }
    return label ? classes : 0;
}

static void fill_spec(lua_State *L, int index, neap_lua_examples *e)
{
    const neap_tensor *x = e->array[X], *picture = e->array[PICTURE];
    e->spec = (neap_spec){.height = neap_dim(x, 1), .width = neap_dim(x, 2), .channels = neap_dim(x, 3),
                          .classes = count_classes(L, index, e), .text = e->array[TEXT] ? neap_dim(e->array[TEXT], 1) : 0};
    if (picture)
        e->spec.picture = (neap_extent){neap_dim(picture, 1), neap_dim(picture, 2), neap_dim(picture, 3)};
    if (!e->array[TEXT] != !e->array[LENGTHS])
        neap_lua_error(L, "text: expected text and lengths, got one of them");
    if (e->array[NOISE] && !neap_shape_equal(neap_shape_of(x), neap_shape_of(e->array[NOISE])))
        neap_lua_error(L, "noise: expected the shape of x");
    if (e->names_count && e->names_count != e->spec.classes)
        neap_lua_error(L, "names: expected %d, one for each class, got %d", (int)e->spec.classes, (int)e->names_count);
}

neap_lua_examples *neap_lua_read_examples(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        neap_lua_error(L, "examples: expected a table of tensors, got %s", luaL_typename(L, index));
    void **handle = neap_lua_handle(L, EXAMPLES); /* owns the examples while they are read */
    neap_lua_examples *e = neap_calloc(1, sizeof *e);
    if (!e)
        neap_lua_raise(L);
    atomic_init(&e->owners, 1);
    *handle = e;
    read_arrays(L, index, e);
    read_names(L, index, e);
    fill_spec(L, index, e);
    neap_lua_examples_keep(e);
    lua_pop(L, 1);
    return e;
}

bool neap_lua_examples_have_noise(const neap_lua_examples *e)
{
    return e->array[NOISE] != NULL;
}

/* --- Hash ------------------------------------------------------------------------------------------------------------------------- */

/* FNV-1a of 64 bits. */
static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3;
    return hash;
}

#define HASH_START 0xcbf29ce484222325

const char *neap_lua_examples_hash(const neap_lua_examples *e, char text[NEAP_LUA_HASH])
{
    uint64_t hash = HASH_START;
    for (int i = 0; i < ARRAYS; i++) {
        const neap_shape shape = e->array[i] ? neap_shape_of(e->array[i]) : (neap_shape){0};
        hash = add_bytes(hash, shape.dim, (size_t)shape.rank * sizeof *shape.dim);
        if (e->array[i])
            hash = add_bytes(hash, neap_data(e->array[i]), (size_t)e->count * e->row[i]);
    }
    for (int64_t i = 0; i < e->names_count; i++)
        hash = add_bytes(hash, e->names[i], strlen(e->names[i]) + 1);
    snprintf(text, NEAP_LUA_HASH, "%016llx", (unsigned long long)hash);
    return text;
}

/* hash(text) -> the hash of its bytes, as text */
static int hash_text(lua_State *L)
{
    size_t size;
    char text[NEAP_LUA_HASH];
    const char *bytes = luaL_checklstring(L, 1, &size);
    snprintf(text, sizeof text, "%016llx", (unsigned long long)add_bytes(HASH_START, bytes, size));
    lua_pushstring(L, text);
    return 1;
}

/* --- Members of neap_dataset -------------------------------------------------------------------------------------------------------- */

void neap_lua_examples_close(void *self)
{
    neap_lua_examples_release(self);
}

int neap_lua_examples_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, ((const neap_lua_examples *)self)->spec);
}

int64_t neap_lua_examples_count(const void *self)
{
    return ((const neap_lua_examples *)self)->count;
}

static void copy_row(const neap_lua_examples *e, int i, int64_t index, void *to)
{
    if (to && e->array[i])
        memcpy(to, (const char *)neap_data(e->array[i]) + (size_t)index * e->row[i], e->row[i]);
}

int neap_lua_examples_read(const void *self, int64_t index, const neap_example *out)
{
    const neap_lua_examples *e = self;
    copy_row(e, X, index, out->x);
    copy_row(e, LABELS, index, out->label);
    copy_row(e, TEXT, index, out->text);
    copy_row(e, LENGTHS, index, out->length);
    copy_row(e, PICTURE, index, out->picture);
    return 0;
}

int neap_lua_examples_noise(const void *self, int64_t index, float *z)
{
    copy_row(self, NOISE, index, z);
    return 0;
}

const char *neap_lua_examples_label_name(const void *self, int64_t label)
{
    const neap_lua_examples *e = self;
    return label < e->names_count ? e->names[label] : NULL;
}

void neap_lua_open_examples(lua_State *L)
{
    neap_lua_class(L, EXAMPLES, (const luaL_Reg[]){{NULL, NULL}}, close_handle);
    lua_pushcfunction(L, hash_text);
    lua_setfield(L, -2, "hash");
}
