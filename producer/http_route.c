#include "producer/http_route.h"

#include <string.h>

#include "common/base/buffer.h"

static int read_stop_timeout(const char *text, struct optional_integer *ret_stop_timeout_ms,
                             struct ecs_error *error)
{
    int64_t seconds;
    struct span digits = span_of(text);
    if (digits.length > 0 && digits.data[digits.length - 1] == '/') {
        digits.length--;
    }
    if (digits.length == 0 || digits.data[0] == '-' ||
        !span_to_int64(digits, 0, STOP_TIMEOUT_MAX_SECONDS, &seconds)) {
        return ecs_error_set(error, ECS_ERROR_STOP_TIMEOUT_RANGE, text, "604800");
    }
    *ret_stop_timeout_ms = (struct optional_integer){.known = true, .value = seconds * 1000};
    return 0;
}

int http_route_read(const char *path, enum http_route *ret_route,
                    struct optional_integer *ret_stop_timeout_ms, struct ecs_error *error)
{
    static const char stop_timeout[] = "/stop-timeout/";
    *ret_stop_timeout_ms = (struct optional_integer){0};
    if (path == NULL || strcmp(path, "") == 0 || strcmp(path, "/") == 0) {
        *ret_route = HTTP_ROUTE_OPERATION;
        return 0;
    }
    if (strcmp(path, "/healthz") == 0) {
        *ret_route = HTTP_ROUTE_HEALTH;
        return 0;
    }
    if (strcmp(path, "/readyz") == 0) {
        *ret_route = HTTP_ROUTE_READY;
        return 0;
    }
    if (strncmp(path, stop_timeout, sizeof stop_timeout - 1) == 0) {
        *ret_route = HTTP_ROUTE_OPERATION;
        return read_stop_timeout(path + sizeof stop_timeout - 1, ret_stop_timeout_ms, error);
    }
    return ecs_error_set(error, ECS_ERROR_NO_SUCH_PATH, path, NULL);
}
