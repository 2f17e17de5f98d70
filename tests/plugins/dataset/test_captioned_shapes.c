/* The data set "captioned_shapes", and what is read back of its captions and pictures. */
#include "plugins/dataset/scene.h"

#include "dataset_test.h"

extern const neap_plugin neap_plugin_captioned_shapes;

#define OPEN(...) open_set_by(&neap_plugin_captioned_shapes, (const char *const[]){__VA_ARGS__, NULL})

#define SIDE 28

static scene said(const test_example *e)
{
    return scene_of_text(e->text, e->length);
}

/* The combination's number, from its colour, shape and place. */
static int combination_of(const scene *s)
{
    return (s->value[SCENE_PLACE] * SCENE_SHAPES + s->value[SCENE_SHAPE]) * SCENE_COLORS + s->value[SCENE_COLOR];
}

/* --- Parts ------------------------------------------------------------------------------------------------------------ */

/* The combinations of 20000 examples. Each of 378 is missing with a probability of 1e-23. */
static void find_combinations(const char *split, bool there[SCENE_COMBINATIONS])
{
    test_set s = opened(OPEN("split", split, "size", "24"));
    for (int64_t i = 0; i < 20000; i++) {
        const test_example *e = example_of(s, i);
        const scene one = said(e);
        for (int a = 0; a < SCENE_ATTRIBUTES; a++)
            ck_assert_msg(one.value[a] >= 0, "'%s' names no %s", e->text, scene_attribute_name(a));
        there[combination_of(&one)] = true;
    }
    close_set(s);
}

static int values_of(int combination, int value[3])
{
    value[0] = combination % SCENE_COLORS;
    value[1] = combination / SCENE_COLORS % SCENE_SHAPES;
    value[2] = combination / SCENE_COLORS / SCENE_SHAPES;
    return value[0] + value[1] + value[2];
}

/* Each combination is in one part, the test part has those whose numbers sum to a multiple of 8, and the training part has each
 * pair of two values. */
START_TEST(parts)
{
    bool train[SCENE_COMBINATIONS] = {0}, test[SCENE_COMBINATIONS] = {0}, pair[3][9][9] = {0};
    int held_out = 0, value[3];
    find_combinations("train", train);
    find_combinations("test", test);
    for (int i = 0; i < SCENE_COMBINATIONS; i++) {
        ck_assert_int_eq(test[i], values_of(i, value) % 8 == 0);
        ck_assert_int_eq(train[i], !test[i]);
        held_out += test[i];
        for (int a = 0; a < 3; a++)
            pair[a][value[a]][value[(a + 1) % 3]] |= train[i];
    }
    ck_assert_int_eq(held_out, 54);
    for (int i = 0; i < SCENE_COMBINATIONS; i++) {
        values_of(i, value);
        for (int a = 0; a < 3; a++)
            ck_assert(pair[a][value[a]][value[(a + 1) % 3]]);
    }
}
END_TEST

START_TEST(part_sets_the_split)
{
    test_set s = opened(OPEN("seed", "5", "count", "70"));
    test_set same = opened(OPEN("seed", "7", "count", "30", "split", "test"));
    ck_assert_int_eq(s.functions->part(s.instance, NEAP_PART_TRAIN, 1, 30), 1);
    void *train = s.functions->open(neap_instance_config(s.instance));
    ck_assert_int_eq(s.functions->count(train), 70);
    s.functions->close(train);
    ck_assert_int_eq(s.functions->part(s.instance, NEAP_PART_TEST, 2, 30), 1);
    test_set test = {.functions = s.functions, .self = s.functions->open(neap_instance_config(s.instance)), .spec = s.spec};
    ck_assert_int_eq(s.functions->count(test.self), 30);
    for (int64_t i = 0; i < 30; i++) {
        const test_example *a = example_of(test, i), *b = example_of(same, i);
        ck_assert_mem_eq(a, b, sizeof *a);
    }
    s.functions->close(test.self);
    close_set(s), close_set(same);
}
END_TEST

/* --- Pictures --------------------------------------------------------------------------------------------------------- */

/* The largest value of a channel in half the rows and columns, which hold the place's shape. */
static double brightest_at(const float *x, int place, int channel)
{
    double most = -1;
    for (int64_t y = place / 3 * SIDE / 4; y < (place / 3 + 2) * SIDE / 4; y++)
        for (int64_t column = place % 3 * SIDE / 4; column < (place % 3 + 2) * SIDE / 4; column++)
            most = fmax(most, (double)x[3 * (y * SIDE + column) + channel]);
    return most;
}

/* What the captions say is there, and nothing else: checked by pixels alone. */
START_TEST(pictures_show_their_captions)
{
    test_set s = opened(OPEN("seed", "3"));
    ck_assert(s.spec.height == SIDE && s.spec.width == SIDE && s.spec.channels == 3 && s.spec.classes == 0);
    for (int64_t i = 0; i < 500; i++) {
        const test_example *e = example_of(s, i);
        const scene one = said(e);
        const double *color = scene_colors[one.value[SCENE_COLOR]];
        for (int c = 0; c < 3; c++) {
            const double got = (brightest_at(e->x, one.value[SCENE_PLACE], c) + 1) / 2;
            ck_assert_msg(got >= 0.75 * color[c] && got < color[c] + 1e-6, "'%s': %g", e->text, got);
        }
        for (int64_t k = 0; k < SIDE * SIDE; k++) {
            const double x = fabs((double)(k % SIDE) + 0.5 - SIDE * scene_middle(one.value[SCENE_PLACE] % 3));
            const double y = fabs((double)(k / SIDE) + 0.5 - SIDE * scene_middle(one.value[SCENE_PLACE] / 3));
            const double reach = SIDE * (one.value[SCENE_SIZE] ? 0.26 : 0.18) + 0.5;
            ck_assert_msg((x < reach && y < reach) || (double)e->x[3 * k] < -0.999999, "'%s': %d", e->text, (int)k);
        }
    }
    close_set(s);
}
END_TEST

static bool equal(const scene *a, const scene *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* All scenes, each in several poses and with several captions, are read back without an error, at sizes from the smallest. */
START_TEST(scenes_are_read_back)
{
    static const int64_t sizes[] = {24, SIDE, 45, 64};
    static float x[64 * 64 * 3];
    static double room[64 * 64];
    char text[SCENE_CAPTION];
    const neap_random random = {11, 2};
    for (uint64_t i = 0; i < SCENE_COMBINATIONS * SCENE_SIZES * 4; i++) {
        const scene s = scene_at((int)(i / 4));
        const int64_t size = sizes[(i + i / 4) % 4];
        scene_draw(&s, random, i, size, x);
        const int length = scene_caption(&s, random, i, text);
        const scene seen = scene_of_picture(x, size, room), heard = scene_of_text(text, length);
        ck_assert_msg(equal(&seen, &s), "'%s' of %d pixels: read as %d %d %d %d", text, (int)size, seen.value[0], seen.value[1],
                      seen.value[2], seen.value[3]);
        ck_assert_msg(equal(&heard, &s), "'%s'", text);
    }
}
END_TEST

/* Blurs x and adds noise of a tenth of the range. */
static void spoil(const float *x, uint64_t i, float *out)
{
    static float noise[SIDE * SIDE * 3];
    neap_random_normal((neap_random){3, 4}, i, SIDE * SIDE * 3, noise);
    for (int k = 0; k < SIDE * SIDE * 3; k++) {
        const int row = k / 3 / SIDE, column = k / 3 % SIDE;
        const float sides = (row > 0 ? x[k - 3 * SIDE] : -1) + (row < SIDE - 1 ? x[k + 3 * SIDE] : -1) +
                            (column > 0 ? x[k - 3] : -1) + (column < SIDE - 1 ? x[k + 3] : -1);
        out[k] = fminf(fmaxf(0.72f * x[k] + 0.07f * sides + 0.1f * noise[k], -1), 1);
    }
}

/* Samples of a network are not exact. */
START_TEST(blur_and_noise_change_nothing)
{
    static float x[SIDE * SIDE * 3], spoiled[SIDE * SIDE * 3];
    double room[SIDE * SIDE];
    for (uint64_t i = 0; i < SCENE_COMBINATIONS * SCENE_SIZES * 4; i++) {
        const scene s = scene_at((int)(i / 4));
        scene_draw(&s, (neap_random){1, 2}, i, SIDE, x);
        spoil(x, i, spoiled);
        const scene seen = scene_of_picture(spoiled, SIDE, room);
        ck_assert_msg(equal(&seen, &s), "scene %d: read as %d %d %d %d", (int)(i / 4), seen.value[0], seen.value[1],
                      seen.value[2], seen.value[3]);
    }
}
END_TEST

static void fill(float *x, float value)
{
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        x[i] = value;
}

START_TEST(pictures_without_one_shape_show_nothing)
{
    const scene nothing = {{-1, -1, -1, -1}}, left = {{0, 0, 3, 1}}, right = {{0, 0, 5, 1}};
    float x[SIDE * SIDE * 3], y[SIDE * SIDE * 3];
    double room[SIDE * SIDE];
    fill(x, -1);
    scene seen = scene_of_picture(x, SIDE, room);
    ck_assert(equal(&seen, &nothing));
    fill(x, -0.7f);
    seen = scene_of_picture(x, SIDE, room);
    ck_assert(equal(&seen, &nothing));
    fill(x, 1);
    seen = scene_of_picture(x, SIDE, room);
    ck_assert(equal(&seen, &nothing));
    scene_draw(&left, (neap_random){1, 1}, 1, SIDE, x);
    scene_draw(&right, (neap_random){1, 1}, 2, SIDE, y);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        x[i] = fmaxf(x[i], y[i]);
    seen = scene_of_picture(x, SIDE, room);
    ck_assert(equal(&seen, &nothing));
}
END_TEST

/* --- Captions --------------------------------------------------------------------------------------------------------- */

static void check_text(const char *text, int color, int shape, int place, int size)
{
    const scene got = scene_of_text(text, (int64_t)strlen(text)), wanted = {{color, shape, place, size}};
    ck_assert_msg(equal(&got, &wanted), "'%s': %d %d %d %d", text, got.value[0], got.value[1], got.value[2], got.value[3]);
}

START_TEST(texts)
{
    check_text("a small red circle at the top left", 0, 0, 0, 0);
    check_text("on the lower right, a big violet plus", 5, 4, 8, 1);
    check_text("tiny white diamond in the center", 7, 5, 4, 0);
    check_text("left: ring, large, blue", 4, 3, 3, 1);
    check_text("the square at the bottom in the middle", -1, 1, 7, -1);
    check_text("a red and blue circle", -1, 0, -1, -1);
    check_text("red red disc, left and right", 0, 0, -1, -1);
    check_text("top and bottom", -1, -1, -1, -1);
    check_text("redder circles, topleft", -1, -1, -1, -1);
    check_text("", -1, -1, -1, -1);
    const scene cut = scene_of_text("a red circle", 5);
    ck_assert(cut.value[SCENE_COLOR] == 0 && cut.value[SCENE_SHAPE] == -1);
}
END_TEST

/* One scene has captions in several orders and with several words. */
START_TEST(captions_vary)
{
    const scene s = {{5, 0, 0, 1}};
    char text[SCENE_CAPTION], seen[100][SCENE_CAPTION];
    int forms = 0, longest = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        int known = 0;
        const int length = scene_caption(&s, (neap_random){9, 9}, i, text);
        ck_assert_int_eq(length, (int)strlen(text));
        while (known < forms && strcmp(seen[known], text) != 0)
            known++;
        if (known == forms && forms < 100)
            strcpy(seen[forms++], text);
    }
    ck_assert_int_ge(forms, 90); /* of 6 forms and 24 choices of words */
    for (uint64_t i = 0; i < 20000; i++) {
        const scene any = scene_at((int)(i % (SCENE_COMBINATIONS * SCENE_SIZES)));
        const int length = scene_caption(&any, (neap_random){9, 9}, i, text);
        longest = length > longest ? length : longest;
    }
    ck_assert_int_eq(longest, scene_longest_caption());
}
END_TEST

/* --- Examples --------------------------------------------------------------------------------------------------------- */

START_TEST(examples_depend_on_seed_and_index)
{
    test_set a = opened(OPEN("seed", "1")), b = opened(OPEN("seed", "1", "count", "40")), c = opened(OPEN("seed", "2"));
    int same = 0;
    ck_assert_int_eq(a.count, 60000);
    ck_assert_int_eq(a.spec.text, scene_longest_caption());
    for (int64_t i = 39; i >= 0; i--) {
        const test_example *one = example_of(a, i), *other = example_of(b, i);
        ck_assert_mem_eq(one, other, sizeof *one);
        one = example_of(a, i), other = example_of(c, i);
        same += memcmp(one->x, other->x, SIDE * SIDE * 3 * sizeof *one->x) == 0;
    }
    ck_assert_int_eq(same, 0);
    const neap_example out = {.size = sizeof out, .x = (float[SIDE * SIDE * 3]){0}};
    ck_succeeds(b.functions->read(b.self, 39, &out)); /* without a text */
    ck_fails_with(b.functions->read(b.self, 40, &out), "expected a picture of 0 to 39, got 40");
    ck_fails_with(b.functions->read(b.self, -1, &out), "expected a picture of 0 to 39, got -1");
    close_set(a), close_set(b), close_set(c);
}
END_TEST

START_TEST(wrong_settings)
{
    test_set s = opened(OPEN("size", "24"));
    ck_fails_with(neap_instance_set_text(s.instance, "size", "23"), "captioned_shapes: size: expected 24 to 1024, got 23");
    ck_fails_saying(neap_instance_set_text(s.instance, "split", "all"), "captioned_shapes: split: expected one of 'train', 'test'");
    ck_fails_with(neap_instance_set_text(s.instance, "labels", "true"), "captioned_shapes: unknown parameter 'labels'");
    close_set(s);
}
END_TEST

int main(void)
{
    return RUN_SUITE("captioned_shapes", parts, part_sets_the_split, pictures_show_their_captions, scenes_are_read_back,
                     blur_and_noise_change_nothing, pictures_without_one_shape_show_nothing, texts, captions_vary,
                     examples_depend_on_seed_and_index, wrong_settings);
}
