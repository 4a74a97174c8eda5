#include "common/base/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buffer.h"

enum { CLOSING_BYTES = sizeof ",\"truncated\":true}\n" };

/* False where the room is out; the line is then to be put back to where the part began. */
static bool put(struct log_line *line, const char *bytes, size_t length)
{
    if (length > LOG_LINE_MAX - CLOSING_BYTES - line->length) {
        return false;
    }
    memcpy(line->data + line->length, bytes, length);
    line->length += length;
    return true;
}

static bool put_text(struct log_line *line, const char *text)
{
    return put(line, text, strlen(text));
}

/* What a terminal might obey: C0, DEL, and C1 (U+0080 to U+009F). */
static bool is_control(const char *at, size_t length)
{
    unsigned char first = (unsigned char)at[0];
    return first < 0x20 || first == 0x7F ||
           (length == 2 && first == 0xC2 && (unsigned char)at[1] < 0xA0);
}

/* One character of JSON string content (RFC 8259 section 7); "\ufffd" for a byte that is none. */
static bool put_escaped(struct log_line *line, const char *at, size_t length, bool in_quotes)
{
    static const char plain[] = "\"\\\n\r\t";
    static const char *const escapes[] = {"\\\"", "\\\\", "\\n", "\\r", "\\t"};
    if (length == 0) {
        return put_text(line, "\\ufffd");
    }
    const char *found = length == 1 && *at != '\0' ? strchr(plain, *at) : NULL;
    if (found != NULL && (in_quotes || *found != '"')) {
        return put_text(line, escapes[found - plain]);
    }
    if (is_control(at, length)) {
        char escape[16];
        (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)at[length - 1]);
        return put_text(line, escape);
    }
    return put(line, at, length);
}

static bool put_content(struct log_line *line, const char *text, bool in_quotes)
{
    struct span whole = span_of(text);
    struct span rest = span_cut_utf8(whole, LOG_LINE_TEXT_MAX);
    line->truncated = line->truncated || rest.length < whole.length;
    while (rest.length > 0) {
        size_t length = span_utf8_length(rest);
        if (!put_escaped(line, rest.data, length, in_quotes)) {
            return false;
        }
        size_t taken = length == 0 ? 1 : length;
        rest.data += taken;
        rest.length -= taken;
    }
    return true;
}

static bool put_quoted(struct log_line *line, const char *text)
{
    return put_text(line, "\"") && put_content(line, text, true) && put_text(line, "\"");
}

/* A word that needs no quotes in the text format. */
static bool is_word(const char *text)
{
    static const char word[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@%+,";
    size_t length = strlen(text);
    return length > 0 && strspn(text, word) == length;
}

static bool put_value(struct log_line *line, const struct log_field *field)
{
    if (field->is_number) {
        char number[32];
        (void)snprintf(number, sizeof number, "%" PRId64, field->number);
        return put_text(line, number);
    }
    if (field->text == NULL) {
        return put_text(line, "null");
    }
    if (line->format == LOG_FORMAT_TEXT && is_word(field->text)) {
        return put_content(line, field->text, false);
    }
    return put_quoted(line, field->text);
}

/* `before`, KEY in the format's way, VALUE: whole or not at all. */
static void put_pair(struct log_line *line, const char *before, const struct log_field *field)
{
    size_t began = line->length;
    bool fits = put_text(line, before);
    if (line->format == LOG_FORMAT_JSON) {
        fits = fits && put_quoted(line, field->key) && put_text(line, ":");
    } else {
        fits = fits && put_content(line, field->key, false) && put_text(line, "=");
    }
    if (!fits || !put_value(line, field)) {
        line->length = began;
        line->truncated = true;
    }
}

void log_line_begin(struct log_line *line, enum log_format format, const char *time,
                    const char *level, const char *program)
{
    line->format = format;
    line->truncated = false;
    line->length = 0;
    if (format == LOG_FORMAT_JSON) {
        put_pair(line, "{", &LOG_STR("time", time));
        put_pair(line, ",", &LOG_STR("level", level));
        if (program[0] != '\0') {
            put_pair(line, ",", &LOG_STR("program", program));
        }
        return;
    }
    char head[128];
    (void)snprintf(head, sizeof head, "%s %-5s %s%s", time, level, program,
                   program[0] == '\0' ? "" : " ");
    (void)put_text(line, head);
}

void log_line_message(struct log_line *line, const char *event, const char *message)
{
    if (line->format == LOG_FORMAT_JSON) {
        put_pair(line, ",", &LOG_STR("event", event));
        put_pair(line, ",", &LOG_STR("message", message));
        return;
    }
    if (!put_content(line, event, false) || !put_text(line, ": ") ||
        !put_content(line, message, false)) {
        line->truncated = true;
    }
}

void log_line_field(struct log_line *line, const struct log_field *field)
{
    put_pair(line, line->format == LOG_FORMAT_JSON ? "," : " ", field);
}

void log_line_end(struct log_line *line)
{
    const char *truncated =
        line->format == LOG_FORMAT_JSON ? ",\"truncated\":true" : " truncated=true";
    const char *end = line->format == LOG_FORMAT_JSON ? "}\n" : "\n";
    const char *parts[] = {line->truncated ? truncated : "", end};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i]);
        memcpy(line->data + line->length, parts[i], length);
        line->length += length;
    }
}
