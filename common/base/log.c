#include "common/base/log.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log_line.h"

static const char *log_program = "";
static enum log_format log_as = LOG_FORMAT_TEXT;
static enum log_level log_from = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_format format, enum log_level level)
{
    log_program = program;
    log_as = format;
    log_from = level;
}

bool log_enabled(enum log_level level)
{
    return level >= log_from;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG:
        return "debug";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_WARN:
        return "warn";
    case LOG_LEVEL_ERROR:
        return "error";
    }
    return "unknown";
}

void log_emit(enum log_level level, const char *event, const char *message,
              const struct log_field *fields)
{
    if (!log_enabled(level)) {
        return;
    }
    char time[32];
    clock_format_unix_ms(clock_wall_ms(clock_system()), time);
    struct log_line line;
    log_line_begin(&line, log_as, time, level_name(level), log_program);
    log_line_message(&line, event, message);
    for (; fields != NULL && fields->key != NULL; fields++) {
        log_line_field(&line, fields);
    }
    log_line_end(&line);
    /* There is nowhere to report that standard error cannot be written. */
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written;
}

bool log_limit_pass(struct log_limit *limit, int64_t now_boot_ms, int64_t interval_ms,
                    uint64_t *ret_suppressed)
{
    if (now_boot_ms < limit->next_boot_ms) {
        limit->suppressed++;
        return false;
    }
    if (ret_suppressed != NULL) {
        *ret_suppressed = limit->suppressed;
    }
    limit->suppressed = 0;
    limit->next_boot_ms = now_boot_ms + interval_ms;
    return true;
}
