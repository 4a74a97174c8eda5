#ifndef COMMON_BASE_LOG_LINE_H
#define COMMON_BASE_LOG_LINE_H

/** Private to log: one line being written, in room of its own, so that a program that is out of
 *  memory can still say so. */

#include <stdbool.h>
#include <stddef.h>

#include "common/base/log.h"

enum {
    LOG_LINE_MAX = 8192,     /**< bytes of a line, its line feed included */
    LOG_LINE_TEXT_MAX = 2048 /**< bytes of one text, before escaping */
};

/** A line. Begin, message, any number of fields, end. */
struct log_line {
    enum log_format format;
    bool truncated;
    size_t length;
    char data[LOG_LINE_MAX];
};

/** Time (ISO 8601), level and program (empty: left out). */
void log_line_begin(struct log_line *line, enum log_format format, const char *time,
                    const char *level, const char *program);
void log_line_message(struct log_line *line, const char *event, const char *message);
/** Written whole or, if it does not fit, not at all. */
void log_line_field(struct log_line *line, const struct log_field *field);
/** Says so if something was cut, and closes the line with a line feed. */
void log_line_end(struct log_line *line);

#endif
