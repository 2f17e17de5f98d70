/* The pending error message of each thread, and the sink of warnings. */
#include <neap/error.h>
#include <neap/number.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 1024

static _Thread_local char message[MESSAGE_BYTES];
static _Thread_local bool pending;

static struct {
    pthread_mutex_t lock;
    neap_warning_sink *sink;
    void *user;
} warnings = {.lock = PTHREAD_MUTEX_INITIALIZER};

int neap_fail(const char *format, ...)
{
    if (pending) {
        return -1;
    }
    /* Arguments may point into the old message, so the new text is formatted in another buffer. */
    char text[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    neap_print_list(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    pending = true;
    return -1;
}

int neap_fail_in(const char *where)
{
    size_t named = strlen(where);
    if (!pending || (strncmp(message, where, named) == 0 && message[named] == ':')) {
        return -1;
    }
    char text[MESSAGE_BYTES];
    int used = snprintf(text, sizeof text, "%s: ", where);
    size_t at = used < 0 ? 0 : (size_t)used < sizeof text ? (size_t)used : sizeof text - 1;
    size_t room = sizeof text - at - 1;
    size_t length = strnlen(message, room);
    memcpy(text + at, message, length);
    text[at + length] = '\0';
    memcpy(message, text, at + length + 1);
    return -1;
}

bool neap_failed(void)
{
    return pending;
}

const char *neap_error_message(void)
{
    return pending ? message : "";
}

void neap_error_clear(void)
{
    pending = false;
    message[0] = '\0';
}

void neap_on_warning(neap_warning_sink *sink, void *user)
{
    pthread_mutex_lock(&warnings.lock);
    warnings.sink = sink;
    warnings.user = user;
    pthread_mutex_unlock(&warnings.lock);
}

void neap_warn(const char *format, ...)
{
    /* Called outside the lock, since the sink may set another sink. */
    pthread_mutex_lock(&warnings.lock);
    neap_warning_sink *sink = warnings.sink;
    void *user = warnings.user;
    pthread_mutex_unlock(&warnings.lock);
    if (!sink) {
        return;
    }
    char text[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    neap_print_list(text, sizeof text, format, arguments);
    va_end(arguments);
    sink(user, text);
}
