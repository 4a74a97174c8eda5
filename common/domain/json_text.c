#include "common/domain/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

/* No deeper than DEPTH_MAX. NOLINTBEGIN(misc-no-recursion) */
static int write_value(const json_t *value, struct buffer *buf, unsigned depth, struct error *err);

static int write_escape(unsigned char byte, struct buffer *buf, struct error *err)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *found = memchr(named, byte, sizeof named - 1);
    if (found != NULL) {
        const char escape[2] = {'\\', names[found - named]};
        return buffer_append(buf, escape, sizeof escape, err);
    }
    return buffer_append_format(buf, err, "\\u%04X", byte);
}

static bool is_escaped(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static int write_text(const char *text, size_t length, struct buffer *buf, struct error *err)
{
    if (buffer_append(buf, "\"", 1, err) != 0) {
        return -1;
    }
    size_t plain = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && !is_escaped((unsigned char)text[i])) {
            continue;
        }
        if (buffer_append(buf, text + plain, i - plain, err) != 0 ||
            (i < length && write_escape((unsigned char)text[i], buf, err) != 0)) {
            return -1;
        }
        plain = i + 1;
    }
    return buffer_append(buf, "\"", 1, err);
}

/** Reals are times with milliseconds: 13 digits tell them all until the year 2286. jansson writes a real so that
 *  it reads back as one. */
static int write_real(double real, struct buffer *buf, struct error *err)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.13g", real);
    if (strpbrk(text, ".e") == NULL) {
        (void)strncat(text, ".0", sizeof text - strlen(text) - 1);
    }
    char *exponent = strchr(text, 'e');
    if (exponent != NULL) {
        char *digits = exponent + 1 + (exponent[1] == '+' || exponent[1] == '-');
        size_t zeros = strspn(digits, "0");
        char *to = exponent + 1 + (exponent[1] == '-');
        memmove(to, digits + zeros, strlen(digits + zeros) + 1);
    }
    return buffer_append_text(buf, text, err);
}

static int write_array(const json_t *array, struct buffer *buf, unsigned depth, struct error *err)
{
    if (buffer_append(buf, "[", 1, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        if ((i > 0 && buffer_append(buf, ",", 1, err) != 0) ||
            write_value(json_array_get(array, i), buf, depth + 1, err) != 0) {
            return -1;
        }
    }
    return buffer_append(buf, "]", 1, err);
}

static int write_member(const char *separator, const char *key, const json_t *value,
                        struct buffer *buf, unsigned depth, struct error *err)
{
    if (buffer_append(buf, separator, 1, err) != 0 || write_text(key, strlen(key), buf, err) != 0 ||
        buffer_append(buf, ":", 1, err) != 0) {
        return -1;
    }
    return write_value(value, buf, depth + 1, err);
}

/** jansson's iterators ask for an object that may change, and leave it as it is. */
union iterated {
    const json_t *given;
    json_t *object;
};

static int write_object(const json_t *value, struct buffer *buf, unsigned depth, struct error *err)
{
    json_t *object = ((union iterated){.given = value}).object;
    const char *separator = "{";
    for (void *member = json_object_iter(object); member != NULL;
         member = json_object_iter_next(object, member)) {
        if (write_member(separator, json_object_iter_key(member), json_object_iter_value(member),
                         buf, depth, err) != 0) {
            return -1;
        }
        separator = ",";
    }
    return *separator == '{' ? buffer_append(buf, "{}", 2, err) : buffer_append(buf, "}", 1, err);
}

static int write_value(const json_t *value, struct buffer *buf, unsigned depth, struct error *err)
{
    char number[24];
    if (value == NULL || depth > DEPTH_MAX) {
        return error_set(err, ERROR_INVALID, "this is no JSON value to write");
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(value, buf, depth, err);
    case JSON_ARRAY:
        return write_array(value, buf, depth, err);
    case JSON_STRING:
        return write_text(json_string_value(value), json_string_length(value), buf, err);
    case JSON_INTEGER:
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return buffer_append_text(buf, number, err);
    case JSON_REAL:
        return write_real(json_real_value(value), buf, err);
    case JSON_TRUE:
        return buffer_append(buf, "true", 4, err);
    case JSON_FALSE:
        return buffer_append(buf, "false", 5, err);
    case JSON_NULL:
    default:
        return buffer_append(buf, "null", 4, err);
    }
}

/* NOLINTEND(misc-no-recursion) */

int json_text_write(const json_t *value, struct buffer *buf, struct error *err)
{
    return write_value(value, buf, 0, err);
}
