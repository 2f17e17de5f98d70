/*
 * Errors: a function that fails returns NULL or a negative status and records one message.
 *
 * The first message recorded on a thread stays until neap_error_clear(), so a whole forward pass is checked once, at
 * its end. Nothing in the core or in a plugin exits, aborts, prints or jumps.
 */
#ifndef NEAP_ERROR_H
#define NEAP_ERROR_H

#include <stdbool.h>

#if defined(__GNUC__)
#define NEAP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define NEAP_PRINTF(text, first)
#endif

/* Records a message unless one is pending; always returns -1, for `return neap_fail(...)`. */
int neap_fail(const char *format, ...) NEAP_PRINTF(1, 2);

/* The same for functions that return a pointer. */
#define neap_fail_null(...) (neap_fail(__VA_ARGS__), NULL)

/* Prefixes the pending message, if any, with "where: ", unless it begins so already; always returns -1. Layers and
 * components name themselves this way. */
int neap_fail_in(const char *where);

/* Whether a message is pending on this thread. */
bool neap_failed(void);

/* The pending message, or "" when there is none. Valid until the next call of neap_fail* or neap_error_clear. */
const char *neap_error_message(void);

void neap_error_clear(void);

/*
 * Warnings go to one sink per process; without a sink they are dropped. The message is valid during the call only.
 */
typedef void neap_warning_sink(void *user, const char *message);
void neap_on_warning(neap_warning_sink *sink, void *user);
void neap_warn(const char *format, ...) NEAP_PRINTF(1, 2);

/* The name in names[0..count) nearest to `word` by edit distance, for suggestions; NULL when none is near enough. */
const char *neap_nearest(const char *word, const char *const *names, int count);

#endif
