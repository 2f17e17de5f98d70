/* Numbers in the C locale: see number.h. */
#include <neap/number.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* newlocale returns the C library's constant C locale without allocating. A thread's locale overrides that of the
 * process. */
static locale_t enter(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

int neap_print_list(char *out, size_t size, const char *format, va_list arguments)
{
    const locale_t before = enter();
    const int length = vsnprintf(out, size, format, arguments);
    uselocale(before);
    return length;
}

int neap_print(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = neap_print_list(out, size, format, arguments);
    va_end(arguments);
    return length;
}

double neap_read_number(const char *text, char **end)
{
    const locale_t before = enter();
    const double value = strtod(text, end);
    uselocale(before);
    return value;
}
