#ifndef PRODUCER_HTTP_ROUTE_H
#define PRODUCER_HTTP_ROUTE_H

/** What a request's path asks for. Pure. */

#include "common/domain/ecs_error.h"
#include "common/domain/record.h"

enum http_route {
    HTTP_ROUTE_OPERATION = 1, /**< POST / and POST /stop-timeout/SECONDS */
    HTTP_ROUTE_HEALTH,        /**< GET /healthz */
    HTTP_ROUTE_READY          /**< GET /readyz */
};

/** Reads the path, without its query. /stop-timeout/SECONDS gives *ret_stop_timeout_ms (else unknown): every
 *  AWS client keeps the path of its endpoint; SDKs may add a final slash.
 *  @return 0, or -1 with error: NO_SUCH_PATH, STOP_TIMEOUT_RANGE */
int http_route_read(const char *path, enum http_route *ret_route,
                    struct optional_integer *ret_stop_timeout_ms, struct ecs_error *error);

#endif
