#ifndef PRODUCER_HTTP_CHECK_H
#define PRODUCER_HTTP_CHECK_H

/** What evhttp lets through and a strict reader must not: messages whose length or meaning two readers
 *  could see differently (RFC 9112 sections 3.2, 5.1, 6.3). Pure. */

#include <stdbool.h>

#include "common/domain/ecs_error.h"

struct evkeyvalq;

/** Checks the headers of a request: names are tokens; Host is there (HTTP/1.1) and none of the headers that
 *  decide anything is there twice; Content-Length is digits only, Transfer-Encoding is "chunked" only, and
 *  not both. @return 0, or -1 with error: answer it and close the connection */
int http_check_headers(const struct evkeyvalq *headers, bool host_needed, struct ecs_error *error);

/** True for application/x-amz-json-1.1, with or without parameters; the case does not count. */
bool http_check_is_amz_json(const char *content_type);

#endif
