#include "common/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

enum { FIRST_CAPACITY = 64 };

void buffer_init(struct buffer *buf, size_t max_bytes)
{
    *buf = (struct buffer){.max_bytes = max_bytes};
}

void buffer_release(struct buffer *buf)
{
    memory_free(buf->data);
    buffer_init(buf, buf->max_bytes);
}

void buffer_clear(struct buffer *buf)
{
    buf->length = 0;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

/* Makes room for `more` bytes and the NUL behind them. */
static int reserve(struct buffer *buf, size_t more, struct error *err)
{
    if (buf->length > buf->max_bytes || more > buf->max_bytes - buf->length) {
        return error_set(err, ERROR_FULL, "%zu bytes and %zu more are over the limit of %zu bytes",
                         buf->length, more, buf->max_bytes);
    }
    size_t needed = buf->length + more + 1;
    if (needed <= buf->capacity) {
        return 0;
    }
    size_t capacity = buf->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buf->capacity * 2;
    if (capacity < needed) {
        capacity = needed;
    }
    char *data = memory_realloc(buf->data, capacity);
    if (data == NULL) {
        return error_no_memory(err, "growing a buffer");
    }
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buf, const void *bytes, size_t length, struct error *err)
{
    if (length == 0) {
        return 0;
    }
    if (reserve(buf, length, err) < 0) {
        return -1;
    }
    memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
    return 0;
}

int buffer_append_text(struct buffer *buf, const char *text, struct error *err)
{
    return buffer_append(buf, text, strlen(text), err);
}

int buffer_append_format(struct buffer *buf, struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        return error_set(err, ERROR_INVALID, "cannot format \"%s\"", format);
    }
    if (length == 0) {
        return 0;
    }
    if (reserve(buf, (size_t)length, err) < 0) {
        return -1;
    }
    va_start(args, format);
    (void)vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
    return 0;
}

void buffer_consume(struct buffer *buf, size_t length)
{
    if (length >= buf->length) {
        buffer_clear(buf);
        return;
    }
    buf->length -= length;
    memmove(buf->data, buf->data + length, buf->length + 1);
}

char *buffer_steal(struct buffer *buf)
{
    char *data = NULL;
    if (buf->length > 0) {
        data = buf->data;
        buf->data = NULL;
    }
    buffer_release(buf);
    return data;
}

struct span buffer_span(const struct buffer *buf)
{
    return (struct span){.data = buf->data, .length = buf->length};
}
