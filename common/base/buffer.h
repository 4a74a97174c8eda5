#ifndef COMMON_BASE_BUFFER_H
#define COMMON_BASE_BUFFER_H

/** Views of bytes, and growing buffers that cannot exist without a maximum. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/** A view that owns nothing; not NUL-terminated. {NULL, 0} is the empty view. */
struct span {
    const char *data;
    size_t length;
};

/** A view of a C string (NULL gives the empty view). */
struct span span_of(const char *text);
/** Byte-wise equality. */
bool span_equal(struct span a, struct span b);
bool span_equal_text(struct span a, const char *text);
/** True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool span_is_utf8(struct span s);
/** Bytes of the well-formed UTF-8 character that s begins with; 0 if it begins with none. */
size_t span_utf8_length(struct span s);
/** The longest prefix of at most max_bytes that does not cut a UTF-8 character. */
struct span span_cut_utf8(struct span s, size_t max_bytes);
/** Decimal number with optional '-'; the whole span, within [min, max]. @return false otherwise */
bool span_to_int64(struct span s, int64_t min, int64_t max, int64_t *ret_value);

/** A growing byte buffer. Always NUL-terminated beyond length, so data is a C string when it holds
 *  text. */
struct buffer {
    char *data; /**< NULL while empty */
    size_t length;
    size_t capacity;
    size_t max_bytes; /**< growth beyond this fails with ERROR_FULL */
};

/** An empty buffer that may hold up to max_bytes (> 0). */
void buffer_init(struct buffer *buf, size_t max_bytes);
/** Frees the bytes; the buffer is empty and usable again. */
void buffer_release(struct buffer *buf);
/** Length 0, memory kept. */
void buffer_clear(struct buffer *buf);
/** Append. @return 0, or -1 with ERROR_FULL or ERROR_NO_MEMORY and the buffer as it was. */
int buffer_append(struct buffer *buf, const void *bytes, size_t length, struct error *err);
int buffer_append_text(struct buffer *buf, const char *text, struct error *err);
int buffer_append_format(struct buffer *buf, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Drops the first `length` bytes (at most all). */
void buffer_consume(struct buffer *buf, size_t length);
/** Hands the bytes over (free with memory_free); the buffer is empty after. NULL if it was
 *  empty. */
char *buffer_steal(struct buffer *buf);
/** The content as a view, valid until the next change. */
struct span buffer_span(const struct buffer *buf);

#endif
