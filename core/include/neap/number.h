/*
 * Numbers as text, with a decimal point in every locale. The core reads and writes all numbers in messages, parameters
 * and files by these functions.
 */
#ifndef NEAP_NUMBER_H
#define NEAP_NUMBER_H

#include <stdarg.h>
#include <stddef.h>

/* As snprintf and vsnprintf. */
int neap_print(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int neap_print_list(char *out, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

/* As strtod. */
double neap_read_number(const char *text, char **end);

#endif
