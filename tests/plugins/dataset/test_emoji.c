/* The data set "emoji": Debian's font and list, lists made here, and files that are refused. */
#include "dataset_test.h"

#include <neap/parallel.h>

extern const neap_plugin neap_plugin_emoji;

static test_set open_emoji(const char *const *settings)
{
    return open_set_by(&neap_plugin_emoji, settings);
}

#define OPEN(...) open_emoji((const char *const[]){__VA_ARGS__, NULL})
#define LIST(text) write_file("list.txt", text, strlen(text))

#define FACES "# group: Faces\n1F600 ; fully-qualified # \xf0\x9f\x98\x80 E1.0 grinning face\n"
#define FLAGS "# group: Flags\n1F1EB 1F1F7 ; fully-qualified # x E2.0 flag: France\n"

/* --- What the glyphs look like ---------------------------------------------------------------------------------------- */

START_TEST(pictures_labels_and_names)
{
    test_set s = opened(OPEN("list", LIST(FACES FLAGS), "test_share", "0", "size", "64"));
    ck_assert_int_eq(s.count, 2);
    ck_assert(s.spec.height == 64 && s.spec.width == 64 && s.spec.channels == 3 && s.spec.classes == 2);
    ck_assert_int_eq(s.spec.text, (int)strlen("grinning face"));
    ck_assert_str_eq(s.functions->label_name(s.self, 0), "Faces");
    ck_assert_str_eq(s.functions->label_name(s.self, 1), "Flags");
    ck_assert_ptr_null(s.functions->label_name(s.self, 2));
    const test_example *face = example_of(s, 0), *flag = example_of(s, 1);
    ck_assert_int_eq(face->label, 0);
    ck_assert_str_eq(face->text, "grinning face");
    check_color(s, face, 0.01, 0.01, 1, 1, 1);
    check_color(s, face, 0.5, 0.2, 1, 0.8, -0.6); /* a yellow forehead */
    check_color(s, face, 0.5, 0.7, -0.5, -0.7, -0.9); /* an open mouth */
    ck_assert_int_eq(flag->label, 1);
    ck_assert_str_eq(flag->text, "flag: france");
    check_color(s, flag, 0.15, 0.5, -1, -0.65, 0.25);
    check_color(s, flag, 0.5, 0.5, 1, 1, 1);
    check_color(s, flag, 0.85, 0.5, 0.85, -0.75, -0.65);
    const neap_example out = {.size = sizeof out, .x = (float[64 * 64 * 3]){0}};
    ck_fails_with(s.functions->read(s.self, 2, &out), "expected an example of 0 to 1, got 2");
    ck_fails_with(s.functions->read(s.self, -1, &out), "expected an example of 0 to 1, got -1");
    close_set(s);
}
END_TEST

START_TEST(sizes_show_the_same)
{
    static const char *const sizes[] = {"32", "77", "128"};
    for (int i = 0; i < 3; i++) {
        test_set s = opened(OPEN("list", LIST(FACES), "test_share", "0", "size", sizes[i]));
        ck_assert_int_eq(s.spec.width, atoi(sizes[i]));
        check_color(s, example_of(s, 0), 0.5, 0.2, 1, 0.8, -0.6);
        check_color(s, example_of(s, 0), 0.01, 0.99, 1, 1, 1);
        close_set(s);
    }
}
END_TEST

/* In the list's order: a family of three people, England by its tags, a keycap. */
START_TEST(sequences_are_one_glyph)
{
    test_set s = opened(OPEN("test_share", "0", "list",
                             LIST("# group: A\n"
                                  "1F468 200D 1F469 200D 1F466 ; fully-qualified # x E2.0 family\n"
                                  "1F3F4 E0067 E0062 E0065 E006E E0067 E007F ; fully-qualified # x E5.0 flag: England\n"
                                  "0031 FE0F 20E3 ; fully-qualified # x E0.6 keycap: 1\n")));
    ck_assert_int_eq(s.count, 3);
    check_color(s, example_of(s, 1), 0.5, 0.5, 0.6, -0.75, -0.65); /* the cross of Saint George, not a black flag */
    check_color(s, example_of(s, 1), 0.2, 0.3, 1, 1, 1);
    close_set(s);
}
END_TEST

START_TEST(backgrounds)
{
    static const struct {
        const char *name;
        double rgb[3];
    } colors[] = {{"white", {1, 1, 1}}, {"black", {-1, -1, -1}}, {"grey", {0, 0, 0}},
                  {"#ff0080", {1, -1, 0}}, {"#FF0080", {1, -1, 0}}};
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
        test_set s = opened(OPEN("list", LIST(FACES), "test_share", "0", "background", colors[i].name));
        check_color(s, example_of(s, 0), 0.02, 0.02, colors[i].rgb[0], colors[i].rgb[1], colors[i].rgb[2]);
        check_color(s, example_of(s, 0), 0.5, 0.2, 1, 0.8, -0.6);
        close_set(s);
    }
    ck_refuses(OPEN("background", "#12345"), "background: expected white, black, grey or #rrggbb, got '#12345'");
    ck_refuses(OPEN("background", "#12345x"), "background: expected white, black, grey or #rrggbb, got '#12345x'");
    ck_refuses(OPEN("background", "pink"), "background: expected white, black, grey or #rrggbb, got 'pink'");
}
END_TEST

/* The face, and after both examples its mirror image; the flag has none. */
START_TEST(mirrored_copies)
{
    const char *list = LIST("# group: Faces\n1F61C ; fully-qualified # x E1.0 winking face with tongue\n" FLAGS);
    test_set s = opened(OPEN("list", list, "test_share", "0", "flip", "true"));
    ck_assert_int_eq(s.count, 3);
    const test_example *face = example_of(s, 0), *mirrored = example_of(s, 2);
    ck_assert_int_eq(mirrored->label, 0);
    ck_assert_str_eq(mirrored->text, "winking face with tongue");
    int differ = 0;
    for (int i = 0; i < 64 * 64; i++)
        for (int c = 0; c < 3; c++) {
            ck_assert(mirrored->x[3 * i + c] == face->x[3 * (i / 64 * 64 + 63 - i % 64) + c]);
            differ += mirrored->x[3 * i + c] != face->x[3 * i + c];
        }
    ck_assert_int_gt(differ, 100);
    close_set(s);
}
END_TEST

/* --- Which emoji there are --------------------------------------------------------------------------------------------- */

START_TEST(only_qualified_new_and_known)
{
    test_set s = opened(OPEN("test_share", "0", "list",
                             LIST("# a comment\r\n# group: Component\r\n1F3FB ; component # x E1.0 light skin tone\r\n"
                                  "# group: A\r\n\r\n# subgroup: b\r\n"
                                  "263A FE0F ; fully-qualified # x E0.6 smiling face\r\n"
                                  "263A ; unqualified # x E0.6 smiling face\r\n"
                                  "1F1F3 1F1F4 ; fully-qualified # x E2.0 flag: Norway\r\n"
                                  "# group: B\n"
                                  "1F1E7 1F1FB ; fully-qualified # x E2.0 flag: Bouvet Island\n"
                                  "10FFFF ; fully-qualified # x E99.0 not in any font\n"
                                  "1F600 1F601 ; fully-qualified # x E99.0 two glyphs\n"
                                  "1F602 200D ; fully-qualified # x E99.0 a joiner with nothing to join\n"
                                  "# group: A\n"
                                  "1F44B 1F3FD ; fully-qualified # x E1.0 waving hand: medium skin tone\n"
                                  "1F44B ; fully-qualified # x E0.6 waving hand")));
    ck_assert_int_eq(s.count, 4); /* smiling face, Norway, the joiner, waving hand */
    ck_assert_int_eq(s.spec.classes, 2);
    ck_assert_str_eq(example_of(s, 1)->text, "flag: norway");
    ck_assert_str_eq(example_of(s, 3)->text, "waving hand");
    ck_assert_int_eq(example_of(s, 3)->label, 0);
    close_set(s);
}
END_TEST

/* The name of an emoji without its tone, which is a last part ": light skin tone"; names of two tones have a comma. */
static void without_tone(const char *name, char base[1025])
{
    const char *tone = strstr(name, ": "), *words = strstr(name, " skin tone");
    const bool toned = tone && words && !strchr(name, ',');
    snprintf(base, 1025, "%.*s", toned ? (int)(tone - name) : 1024, name);
}

/* Tones are about half of the list. No emoji is in both parts, nor one with a tone in another part than without. */
START_TEST(parts_of_debians_list)
{
    test_set train = opened(OPEN("size", "32", "skin_tones", "true"));
    test_set test = opened(OPEN("size", "32", "skin_tones", "true", "split", "test"));
    char (*base)[1025] = calloc((size_t)test.count, sizeof *base), one[1025];
    ck_assert_int_ge(train.count + test.count, 3500);
    ck_assert_int_eq(train.spec.classes, 9);
    ck_assert_int_eq(train.spec.text, test.spec.text);
    ck_assert_str_eq(train.functions->label_name(train.self, 0), "Smileys & Emotion");
    ck_assert_str_eq(train.functions->label_name(train.self, 8), "Flags");
    for (int64_t i = 0; i < test.count; i++)
        without_tone(example_of(test, i)->text, base[i]);
    for (int64_t i = 0; i < train.count; i++) {
        without_tone(example_of(train, i)->text, one);
        for (int64_t k = 0; k < test.count; k++)
            ck_assert_msg(strcmp(one, base[k]) != 0, "'%s' is in both parts", one);
    }
    free(base);
    close_set(train), close_set(test);
}
END_TEST

/* Without tones, an emoji is in the part in which it is with them. */
START_TEST(parts_do_not_depend_on_the_list)
{
    test_set test = opened(OPEN("size", "32", "split", "test"));
    test_set toned = opened(OPEN("size", "32", "split", "test", "skin_tones", "true"));
    ck_assert_int_ge(test.count, 100);
    ck_assert_int_le(test.count, 300);
    for (int64_t i = 0, k = 0; i < test.count; i++, k++) {
        const char *name = example_of(test, i)->text;
        while (k < toned.count && strcmp(example_of(toned, k)->text, name) != 0)
            k++;
        ck_assert_msg(k < toned.count, "'%s' changed its part", name);
    }
    close_set(test), close_set(toned);
}
END_TEST

START_TEST(part_sets_the_split)
{
    test_set s = opened(OPEN("size", "32", "list", LIST(FACES), "test_share", "0"));
    ck_assert_int_eq(s.functions->part(s.instance, NEAP_PART_TEST, 1, 0), 0);
    ck_fails_with(s.functions->open(neap_instance_config(s.instance)) == NULL,
                  "test_share: expected examples in the test part, got none of 1");
    ck_assert_int_eq(s.functions->part(s.instance, NEAP_PART_TRAIN, 1, 0), 0);
    void *again = s.functions->open(neap_instance_config(s.instance));
    ck_assert_ptr_nonnull(again);
    s.functions->close(again);
    close_set(s);
}
END_TEST

/* --- Captions and combinations ----------------------------------------------------------------------------------------- */

START_TEST(names_in_lower_case)
{
    test_set s = opened(OPEN("size", "32", "test_share", "0", "list",
                             LIST("# group: Flags\n1F1E6 1F1FD ; fully-qualified # x E2.0 flag: \xc3\x85LAND Islands \xc3\x97 \xc3\xa9Z\n"
                                  "# group: Faces\n1F600 ; fully-qualified # \xf0\x9f\x98\x80 E1.0 OK! @[`{ face\n")));
    ck_assert_str_eq(example_of(s, 0)->text, "flag: \xc3\xa5land islands \xc3\x97 \xc3\xa9z");
    ck_assert_str_eq(example_of(s, 1)->text, "ok! @[`{ face");
    ck_assert_str_eq(s.functions->label_name(s.self, 0), "Flags");
    close_set(s);
    s = opened(OPEN("size", "32", "test_share", "0", "list", LIST(FACES), "captions", "false"));
    ck_assert_int_eq(s.spec.text, 0);
    ck_assert_str_eq(example_of(s, 0)->text, "");
    close_set(s);
}
END_TEST

/* The names of a set, each between blanks, with commas between; to be freed. */
static char *names_of(test_set s)
{
    char *all = calloc((size_t)s.count, 1040), *end = all;
    for (int64_t i = 0; i < s.count; i++)
        end += sprintf(end, ", %s ", example_of(s, i)->text);
    return all;
}

static bool has(const char *names, const char *words, const char *before)
{
    char whole[1040];
    snprintf(whole, sizeof whole, "%s%s ", before, words);
    return strstr(names, whole) != NULL;
}

/* Ten names, each of whose words is in a name of the training part, which has all other emoji. */
START_TEST(held_out_combinations)
{
    static const char *const names[] = {"blue heart", "purple heart", "green circle", "red circle", "brown circle",
                                        "orange square", "yellow square", "small blue diamond", "green book", "green apple"};
    test_set train = opened(OPEN("size", "32", "held_out", "combinations"));
    test_set test = opened(OPEN("size", "32", "held_out", "combinations", "split", "test", "test_share", "0.5"));
    char *seen = names_of(train), *held = names_of(test);
    ck_assert_int_eq(test.count, 10);
    ck_assert_int_ge(train.count, 1800);
    for (int k = 0; k < 10; k++) {
        char name[64], *rest = strcpy(name, names[k]);
        for (char *word; (word = strtok_r(rest, " ", &rest));)
            ck_assert_msg(has(seen, word, " "), "'%s' is in no name of the training part", word);
        ck_assert_msg(has(held, names[k], ", ") && !has(seen, names[k], ", "), "'%s' is not held out", names[k]);
        ck_assert_ptr_nonnull(strstr(neap_instance_component(train.instance)->params[2].help, names[k]));
    }
    free(seen), free(held);
    close_set(train), close_set(test);
    ck_refuses(OPEN("list", LIST(FACES), "held_out", "combinations", "split", "test"),
               "held_out: expected examples in the test part, got none of 1");
}
END_TEST

/* --- Refused ------------------------------------------------------------------------------------------------------------ */

static void refused_list(const char *text, const char *message)
{
    char whole[1024];
    const char *path = LIST(text);
    snprintf(whole, sizeof whole, "list: %s%s", path, message);
    ck_refuses(OPEN("list", path), whole);
}

START_TEST(refused_lists)
{
    refused_list("", ": expected lines with the status fully-qualified, got none");
    refused_list("# group: A\n", ": expected lines with the status fully-qualified, got none");
    refused_list("1F600 ; fully-qualified # x E1.0 face\n", ":1: expected a line '# group: NAME' before, got '1F600 '");
    refused_list("# group: A\n\nhello\n",
                 ":3: expected 'CODE POINTS ; STATUS # EMOJI EVERSION NAME', got 'hello'");
    refused_list("# group: A\n1F600 ; fully-qualified # x E1.0\n",
                 ":2: expected 'CODE POINTS ; STATUS # EMOJI EVERSION NAME', got '1F600 '");
    refused_list("# group: A\n1F6zz ; fully-qualified # x E1.0 a\n", ":2: expected code points in hexadecimal, got '1F6zz '");
    refused_list("# group: A\n110000 ; fully-qualified # x E1.0 a\n", ":2: expected code points in hexadecimal, got '110000 '");
    refused_list("# group: A\n; fully-qualified # x E1.0 a\n", ":2: expected code points in hexadecimal, got ''");
    refused_list("# group: A\n1 2 3 4 5 6 7 8 9 A B C D E F 10 11; fully-qualified # x E1.0 a\n",
                 ":2: expected at most 16 code points, got '1 2 3 4 5 6 7 8 9 A B C D E F 10 11'");
    refused_list("# group: \xff\n", ": expected a text in UTF-8");
    refused_list("# group: A\n1F44B 1F3FD ; fully-qualified # x E1.0 waving hand: medium skin tone\n",
                 ": expected emoji without skin tones, got none");
    ck_refuses(OPEN("list", "/nowhere/list.txt"),
               "list: /nowhere/list.txt: No such file or directory; install the package unicode-data, or name another file");
    ck_refuses_saying(OPEN("list", test_folder), "cannot be read: Is a directory");
}
END_TEST

/* A font of one glyph in black and white, which FreeType reads. */
static const char bdf[] = "STARTFONT 2.1\nFONT -a-a-medium-r-normal--8-80-75-75-c-80-iso10646-1\n"
                          "SIZE 8 75 75\nFONTBOUNDINGBOX 8 8 0 0\n"
                          "STARTPROPERTIES 1\nFONT_ASCENT 8\nENDPROPERTIES\nCHARS 1\nSTARTCHAR a\n"
                          "ENCODING 97\nSWIDTH 500 0\nDWIDTH 8 0\n"
                          "BBX 8 8 0 0\nBITMAP\nFF\nFF\nFF\nFF\nFF\nFF\nFF\nFF\nENDCHAR\nENDFONT\n";

START_TEST(refused_fonts)
{
    char message[1024];
    const char *list = LIST(FACES), *font = write_file("font.bdf", bdf, sizeof bdf - 1);
    snprintf(message, sizeof message, "font: %s: expected a font with colour glyphs, got one without; the package "
             "fonts-noto-color-emoji has one", font);
    ck_refuses(OPEN("list", list, "font", font), message);
    snprintf(message, sizeof message, "font: %s: expected a font, got a file that FreeType does not read (error ", list);
    ck_refuses_saying(OPEN("list", list, "font", list), message);
    ck_refuses_saying(OPEN("list", list, "font", write_file("empty", "", 0)), "expected a font, got a file that FreeType");
    ck_refuses_saying(OPEN("list", list, "font", test_folder), "cannot be read: Is a directory");
    ck_refuses(OPEN("list", list, "font", "/nowhere.ttf"),
               "font: /nowhere.ttf: No such file or directory; "
               "install the package fonts-noto-color-emoji, or name another file");
    snprintf(message, sizeof message, "font: /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf: expected colour glyphs of the "
             "emoji in %s, got none", list);
    ck_refuses(OPEN("list",
                    LIST("# group: A\n10FFFF ; fully-qualified # x E9.0 a\n0020 ; fully-qualified # x E9.0 a space\n")), message);
}
END_TEST

/* A font whose end is missing lacks glyphs or is refused, and no one crashes. */
START_TEST(cut_fonts)
{
    size_t size = 0;
    FILE *file = fopen("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", "rb");
    ck_assert_ptr_nonnull(file);
    char *bytes = malloc((size_t)1 << 25);
    size = fread(bytes, 1, (size_t)1 << 25, file);
    fclose(file);
    for (size_t part = 0; part < 8; part++) {
        test_set s = OPEN("list", LIST(FACES FLAGS), "size", "32", "font", write_file("cut.ttf", bytes, size * part / 8));
        ck_assert(!s.self == neap_failed());
        neap_error_clear();
        close_set(s);
    }
    free(bytes);
}
END_TEST

/* The host's own allocations are refused in its tests: here the instance exists already. */
START_TEST(refused_memory)
{
    ck_succeeds(neap_threads_set(1));
    test_set s = opened(OPEN("list", LIST(FACES FLAGS), "size", "32", "flip", "true", "test_share", "0"));
    for (int n = 0, left = -1; left < 0; n++) {
        left = n;
        neap_on_allocate(refuse_when_zero, &left);
        void *self = s.functions->open(neap_instance_config(s.instance));
        neap_on_allocate(NULL, NULL);
        ck_assert(left >= 0 ? self != NULL : !self && neap_failed());
        neap_error_clear();
        if (self)
            s.functions->close(self);
        ck_assert_int_lt(n, 500);
    }
    close_set(s);
}
END_TEST

int main(void)
{
    return RUN_SUITE("emoji", pictures_labels_and_names, sizes_show_the_same, sequences_are_one_glyph, backgrounds,
                     mirrored_copies, only_qualified_new_and_known, parts_of_debians_list,
                     parts_do_not_depend_on_the_list, part_sets_the_split, names_in_lower_case, held_out_combinations, refused_lists,
                     refused_fonts, cut_fonts, refused_memory);
}
