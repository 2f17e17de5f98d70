/* Numbers as text while the program is in a locale with a decimal comma, which the test makes for itself. */
#include <locale.h>

#include <neap/number.h>
#include <neap/sampling.h>

#include "run_test.h"

static char folder[] = "/tmp/neap-locale-XXXXXX";
static bool has_comma;

/* Sets the locale of the whole process, as a program does by setlocale(LC_ALL, ""). */
static void enter_comma(void)
{
    char command[256];
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", folder);
    const int status = system(command);
    setenv("LOCPATH", folder, 1);
    has_comma = status >= 0 && setlocale(LC_ALL, "de_DE.UTF-8") && strcmp(localeconv()->decimal_point, ",") == 0;
    if (!has_comma)
        printf("skipped: no locale with a decimal comma can be made here\n");
    run_open();
}

static void leave_comma(void)
{
    char command[64];
    setlocale(LC_ALL, "C");
    run_close();
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(texts)
{
    char text[32];
    neap_fail("got %g", 1.5);
    ck_assert_str_eq(neap_error_message(), "got 1.5");
    neap_error_clear();
    neap_print(text, sizeof text, "%.2f %s", 2.25, "x");
    ck_assert_str_eq(text, "2.25 x");
    char *made = neap_format("%g", 0.125);
    ck_assert_str_eq(made, "0.125");
    neap_free(made);
    char *end;
    ck_assert(neap_read_number("1.5,2", &end) == 1.5);
    ck_assert_str_eq(end, ",2");
    if (has_comma) { /* the locale of the program is as it was */
        snprintf(text, sizeof text, "%g", 1.5);
        ck_assert_str_eq(text, "1,5");
    }
}
END_TEST

START_TEST(parameters)
{
    neap_instance *cfg = COMPONENT("guidance", "cfg", "w", "2.5");
    char *json = neap_instance_json(cfg);
    ck_assert_str_eq(json, "{\"w\":2.5}");
    neap_instance *again = neap_instance_from_json("guidance", "cfg", "{\"w\":2.5}");
    char *same = neap_instance_json(again);
    ck_assert_str_eq(same, json);
    neap_free(json);
    neap_free(same);
    neap_instance_release(again);
    ck_assert_int_eq(neap_instance_set_text(cfg, "w", "2000.5"), -1);
    ck_assert_str_eq(neap_error_message(), "cfg: w: expected -1 to 1000, got 2000.5");
    neap_error_clear();
    ck_assert_int_eq(neap_instance_set_text(cfg, "w", "1,5"), -1);
    neap_error_clear();
    neap_instance_release(cfg);
}
END_TEST

START_TEST(grids)
{
    const neap_grid grid = {.times = "1, 0.75 0.5,0.25,0"};
    int64_t steps = 0;
    double *times = neap_grid_times(&grid, 1, 0, &steps);
    ck_assert_msg(times != NULL, "%s", neap_error_message());
    ck_assert_int_eq(steps, 4);
    for (int i = 0; i <= 4; i++)
        ck_assert(times[i] == 1 - 0.25 * i);
    neap_free(times);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("numbers", enter_comma, leave_comma, texts, parameters, grids);
}
