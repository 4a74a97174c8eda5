#include "common/domain/ecs_error.h"

#include <string.h>

#include "common/base/buffer.h"

struct row {
    const char *exception;
    int http_status;
    const char *message;
};

static const struct row ROWS[ECS_ERROR_COUNT] = {
#define ECS_ERROR(constant, exception_name, status, text)                                          \
    [ECS_ERROR_##constant] = {exception_name, status, text},
#include "common/domain/ecs_error.def"
#undef ECS_ERROR
};

static const struct row OUTSIDE = {"ServerException", 500, ""};

static const struct row *row_of(enum ecs_error_code code)
{
    if (code <= ECS_ERROR_NONE || code >= ECS_ERROR_COUNT) {
        return &OUTSIDE;
    }
    return &ROWS[code];
}

/** Appends as much of text as fits, in whole characters. Bytes that are no UTF-8 become "?": a path or a
 *  broker's text may hold any, and JSON cannot. */
static size_t append(char *message, size_t used, struct span text)
{
    while (text.length > 0) {
        size_t length = span_utf8_length(text);
        size_t taken = length > 0 ? length : 1;
        if (used + taken > ECS_ERROR_MESSAGE_SIZE - 1) {
            break;
        }
        memcpy(message + used, length > 0 ? text.data : "?", taken);
        used += taken;
        text = (struct span){text.data + taken, text.length - taken};
    }
    return used;
}

int ecs_error_set(struct ecs_error *error, enum ecs_error_code code, const char *first,
                  const char *second)
{
    char message[ECS_ERROR_MESSAGE_SIZE];
    size_t used = 0;
    const char *text = row_of(code)->message;
    while (*text != '\0') {
        size_t plain = strcspn(text, "%");
        used = append(message, used, (struct span){text, plain});
        text += plain;
        if (*text == '\0') {
            break;
        }
        const char *value = text[1] == '1' ? first : second;
        used = append(message, used, span_of(value == NULL ? "" : value));
        text += 2;
    }
    message[used] = '\0';
    error->code = code;
    memcpy(error->message, message, used + 1);
    return -1;
}

const char *ecs_error_exception(enum ecs_error_code code)
{
    return row_of(code)->exception;
}

int ecs_error_http_status(enum ecs_error_code code)
{
    return row_of(code)->http_status;
}

const char *ecs_error_template(enum ecs_error_code code)
{
    return row_of(code)->message;
}

json_t *ecs_error_body(const struct ecs_error *error)
{
    if (error->message[0] == '\0') {
        return json_pack("{s:s}", "__type", ecs_error_exception(error->code));
    }
    return json_pack("{s:s,s:s}", "__type", ecs_error_exception(error->code), "message",
                     error->message);
}
