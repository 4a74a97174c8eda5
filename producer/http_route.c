#include "producer/http_route.h"

#include <string.h>

#include "producer/stop_timeout.h"

static int read_stop_timeout(const char *text, struct optional_integer *ret_stop_timeout_ms,
                             struct ecs_error *error)
{
    struct span digits = span_of(text);
    if (digits.length > 0 && digits.data[digits.length - 1] == '/') {
        digits.length--;
    }
    return stop_timeout_parse(digits, text, ret_stop_timeout_ms, error);
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
