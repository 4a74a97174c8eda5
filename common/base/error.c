#include "common/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buffer.h"

enum { MESSAGE_MAX = sizeof(((struct error *)NULL)->message) - 1 };

/* Leaves at most max_bytes of text, cut at a character boundary. */
static void cut(char *text, size_t max_bytes)
{
    text[span_cut_utf8(span_of(text), max_bytes).length] = '\0';
}

/* Formats into a message's room, and one byte more than it may keep, so that cut() sees whether
 * the last character is whole. */
__attribute__((format(printf, 2, 0))) static void format_text(char ret_text[MESSAGE_MAX + 2],
                                                              const char *format, va_list args)
{
    if (vsnprintf(ret_text, MESSAGE_MAX + 2, format, args) < 0) {
        ret_text[0] = '\0';
    }
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err == NULL) {
        return -1;
    }
    char text[MESSAGE_MAX + 2];
    va_list args;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    cut(text, MESSAGE_MAX);
    err->code = code;
    err->sys_errno = 0;
    memcpy(err->message, text, strlen(text) + 1);
    return -1;
}

static enum error_code code_of_errno(int sys_errno)
{
    switch (sys_errno) {
    case ENOMEM:
        return ERROR_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERROR_FULL;
    default:
        return ERROR_IO;
    }
}

int error_set_errno(struct error *err, int sys_errno, const char *format, ...)
{
    if (err == NULL) {
        return -1;
    }
    char text[MESSAGE_MAX + 2];
    va_list args;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    char unknown[64];
    const char *reason = strerror_r(sys_errno, unknown, sizeof unknown);
    size_t reason_bytes = strlen(reason);
    cut(text, MESSAGE_MAX - reason_bytes - strlen(": "));
    size_t length = strlen(text);
    err->code = code_of_errno(sys_errno);
    err->sys_errno = sys_errno;
    memcpy(err->message, text, length);
    memcpy(err->message + length, ": ", 2);
    memcpy(err->message + length + 2, reason, reason_bytes + 1);
    return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return -1;
    }
    char text[MESSAGE_MAX + 2];
    va_list args;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    char whole[sizeof text + 2 + sizeof err->message];
    (void)snprintf(whole, sizeof whole, "%s: %s", text, err->message);
    cut(whole, MESSAGE_MAX);
    memcpy(err->message, whole, strlen(whole) + 1);
    return -1;
}

int error_no_memory(struct error *err, const char *what)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory while %s", what);
}
