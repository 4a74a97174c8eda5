#include "common/io/redis_greeting.h"

#include <string.h>

/* The value of INFO's "name:value" line. */
static struct span info_value(struct span info, const char *name)
{
    const size_t length = strlen(name);
    size_t at = 0;

    while (at < info.length) {
        const char *line = info.data + at;
        const char *end = memchr(line, '\n', info.length - at);
        const size_t line_length = end != NULL ? (size_t)(end - line) : info.length - at;

        if (line_length > length && memcmp(line, name, length) == 0 && line[length] == ':') {
            size_t value_length = line_length - length - 1;

            if (value_length > 0 && line[length + value_length] == '\r') {
                value_length--;
            }
            return (struct span){line + length + 1, value_length};
        }
        at += line_length + 1;
    }
    return (struct span){0};
}

const char *redis_greeting_check(struct span info, char ret_run_id[REDIS_RUN_ID_SIZE])
{
    const struct span run_id = info_value(info, "run_id");

    if (span_equal_text(info_value(info, "loading"), "1")) {
        return "it loads its data";
    }
    if (span_equal_text(info_value(info, "role"), "slave")) {
        return "it is a replica; give the address of the primary";
    }
    if (run_id.length == 0 || run_id.length >= REDIS_RUN_ID_SIZE) {
        return "its INFO tells no run_id";
    }
    memcpy(ret_run_id, run_id.data, run_id.length);
    ret_run_id[run_id.length] = '\0';
    return NULL;
}
