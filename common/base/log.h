#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

/** The program's own log lines on standard error: text for a terminal, one JSON object a line for
 *  a collector. Never write secrets, request bodies, labels or environment here.
 *
 *      log_info("kafka.connected", "connected to Kafka", LOG_STR("broker", name));
 *      log_warn("view.away", "Redis does not answer, trying again", LOG_STR("error", err.message));
 *
 *  `event` is a constant word with dots; `message` a constant sentence for people; all that varies
 *  goes into fields. */

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG = 1, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT = 1, LOG_FORMAT_JSON };

/** One field: a number if is_number, else a text, NULL being written as null. A field whose key is
 *  NULL ends a list. */
struct log_field {
    const char *key;
    const char *text;
    int64_t number;
    bool is_number;
};

#define LOG_STR(name, value) ((struct log_field){.key = (name), .text = (value)})
#define LOG_INT(name, value)                                                                       \
    ((struct log_field){.key = (name), .number = (int64_t)(value), .is_number = true})

/** Sets what the following lines look like; program is kept by reference (a constant). Default: no
 *  program, text, info. */
void log_init(const char *program, enum log_format format, enum log_level level);
bool log_enabled(enum log_level level);
/** Writes one line of at most 8 KiB with one write(2), without allocating. Control characters and
 *  what is not UTF-8 are escaped in both formats; texts over 2 KiB are cut, fields that do not fit
 *  are left out, and then the line says truncated=true. fields may be NULL. */
void log_emit(enum log_level level, const char *event, const char *message,
              const struct log_field *fields);

#define log_debug(event, ...) LOG_DISPATCH(LOG_LEVEL_DEBUG, event, __VA_ARGS__, {0})
#define log_info(event, ...)  LOG_DISPATCH(LOG_LEVEL_INFO, event, __VA_ARGS__, {0})
#define log_warn(event, ...)  LOG_DISPATCH(LOG_LEVEL_WARN, event, __VA_ARGS__, {0})
#define log_error(event, ...) LOG_DISPATCH(LOG_LEVEL_ERROR, event, __VA_ARGS__, {0})
/** log_xxx(event, message, fields...): the closing {0} both ends the list and keeps the variadic
 *  part from being empty. */
#define LOG_DISPATCH(level, event, message, ...)                                                   \
    log_emit((level), (event), (message), (const struct log_field[]){__VA_ARGS__})

/** Limits repeats of one kind of line: {0} to begin. @return true if the line should be written
 *  now (the first, then at most one an interval_ms); *ret_suppressed is how many were not. */
struct log_limit {
    int64_t next_boot_ms;
    uint64_t suppressed;
};
bool log_limit_pass(struct log_limit *limit, int64_t now_boot_ms, int64_t interval_ms,
                    uint64_t *ret_suppressed);

#endif
