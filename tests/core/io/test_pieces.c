/* Safetensors files that are written piece by piece. */
#include "safetensors_test.h"

#define ROWS 5

static const neap_named_shape layout[] = {
    {"moments", NEAP_F32, {2, {ROWS, 3}}}, {"labels", NEAP_I32, {1, {ROWS}}}, {"none", NEAP_U8, {1, {0}}},
    {"text", NEAP_U8, {2, {ROWS, 2}}}};
static const neap_pair pair = {"key", "value"};

static neap_tensor *whole[4]; /* of the innermost scope of each test */

static void make_tensors(void)
{
    for (int i = 0; i < 4; i++)
        whole[i] = numbered(layout[i].dtype, layout[i].shape);
}

static neap_pieces *open_pieces(void)
{
    return neap_pieces_open(in_folder("file"), layout, 4, &pair, 1);
}

/* Adds tensor `index` in two pieces. */
static int add(neap_pieces *file, int index)
{
    neap_tensor *x = whole[index];
    return neap_pieces_add(file, neap_slice(x, 0, 0, 2)) < 0 ? -1 : neap_pieces_add(file, neap_slice(x, 0, 2, ROWS));
}

static int write_all(void)
{
    neap_pieces *file = open_pieces();
    if (!file)
        return -1;
    if (add(file, 0) < 0 || add(file, 1) < 0 || add(file, 3) < 0) {
        neap_pieces_abandon(file);
        return -1;
    }
    return neap_pieces_close(file);
}

START_TEST(contents)
{
    make_tensors();
    ck_succeeds(write_all());
    neap_safetensors *file = present(neap_safetensors_open(in_folder("file")));
    ck_assert_int_eq(neap_safetensors_count(file), 4);
    ck_assert_str_eq(neap_safetensors_value(file, "key"), "value");
    for (int i = 0; i < 4; i++) {
        const int index = neap_safetensors_find(file, layout[i].name);
        neap_tensor *x = whole[i];
        ck_same_tensor(neap_safetensors_load(file, index), x);
        const size_t size = (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x));
        ck_assert(memcmp(neap_safetensors_bytes(file, index), size ? neap_data(x) : "", size) == 0);
    }
    ck_assert_ptr_null(neap_safetensors_bytes(file, 4));
    ck_assert_ptr_null(neap_safetensors_bytes(file, -1));
    neap_safetensors_close(file);
}
END_TEST

/* A view's elements are written in the order of its rows. */
START_TEST(views)
{
    const neap_named_shape one = {"x", NEAP_F32, {2, {2, 3}}};
    neap_tensor *x = numbered(NEAP_F32, neap_dims(3, 2)), *turned = neap_permute(x, (int[]){1, 0});
    neap_pieces *pieces = present(neap_pieces_open(in_folder("file"), &one, 1, NULL, 0));
    ck_succeeds(neap_pieces_add(pieces, turned));
    ck_succeeds(neap_pieces_close(pieces));
    neap_safetensors *file = present(neap_safetensors_open(in_folder("file")));
    ck_same_tensor(neap_safetensors_load(file, 0), turned);
    neap_safetensors_close(file);
}
END_TEST

/* Fails, and keeps the old file, without a temporary beside it. */
static void stands(neap_pieces *file, const char *message)
{
    ck_fails_with(neap_pieces_close(file), message);
    ck_assert(file_is(in_folder("file"), "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}

START_TEST(pieces_that_do_not_fit)
{
    const char *path = write_file("file", "old", 3);
    make_tensors();
    neap_pieces *file = open_pieces();
    ck_fails_with(neap_pieces_add(file, numbered(NEAP_I32, neap_dims(3))), saying("%s: 'moments': expected f32, got i32", path));
    stands(file, saying("%s: a piece was not written before", path));
    file = open_pieces();
    ck_fails_with(neap_pieces_add(file, numbered(NEAP_F32, neap_dims(6, 3))),
                  saying("%s: 'moments': expected at most 15 more elements, got 18", path));
    ck_fails_with(add(file, 0), saying("%s: a piece was not written before", path));
    stands(file, saying("%s: a piece was not written before", path));
    file = open_pieces();
    ck_succeeds(add(file, 0));
    ck_succeeds(neap_pieces_add(file, numbered(NEAP_I32, neap_dims(3))));
    stands(file, saying("%s: 'labels': expected 2 more elements", path));
    file = open_pieces();
    ck_assert(add(file, 0) == 0 && add(file, 1) == 0 && add(file, 3) == 0);
    ck_fails_with(neap_pieces_add(file, numbered(NEAP_U8, neap_dims(1))),
                  saying("%s: expected no more pieces: all tensors are complete", path));
    stands(file, saying("%s: a piece was not written before", path));
    neap_pieces_abandon(open_pieces());
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static void refuses(const neap_named_shape *tensors, int count, const char *message)
{
    ck_fails_with(neap_pieces_open(in_folder("file"), tensors, count, NULL, 0) ? 0 : -1, message);
    ck_assert_int_eq(folder_items(), 0);
}

START_TEST(lists_that_are_refused)
{
    const neap_named_shape ascending[] = {{"text", NEAP_U8, {1, {3}}}, {"x", NEAP_F32, {1, {2}}}};
    const neap_named_shape twice[] = {{"x", NEAP_F32, {1, {3}}}, {"x", NEAP_F32, {1, {2}}}};
    refuses(ascending, 2, "safetensors: 'x': expected tensors in the order of descending element sizes");
    refuses(twice, 2, "safetensors: 'x': the name is given twice");
    refuses((neap_named_shape[]){{"", NEAP_F32, {1, {3}}}}, 1, "safetensors: tensor 0: expected a name and a tensor");
    const char *below = in_folder("none/file");
    ck_fails_with(neap_pieces_open(below, layout, 4, NULL, 0) ? 0 : -1,
                  saying("%s: cannot be written: %s", below, strerror(ENOENT)));
}
END_TEST

START_TEST(a_full_disk)
{
    const char *path = write_file("file", "old", 3);
    make_tensors();
    limit_files(300);
    ck_fails_with(write_all(), saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static bool save(void)
{
    neap_scope scope = neap_scope_open();
    const bool saved = write_all() == 0;
    neap_scope_close(scope);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(in_folder("file"), "old", 3) != saved);
    ck_assert_int_eq(folder_items(), 1);
    write_file("file", "old", 3);
    return saved;
}

START_TEST(no_memory)
{
    write_file("file", "old", 3);
    make_tensors();
    refuse_each(save);
}
END_TEST

int main(void)
{
    return RUN_SUITE("pieces", contents, views, pieces_that_do_not_fit, lists_that_are_refused, a_full_disk, no_memory);
}
