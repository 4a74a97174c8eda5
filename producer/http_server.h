#ifndef PRODUCER_HTTP_SERVER_H
#define PRODUCER_HTTP_SERVER_H

/** HTTP/1.1 in front of the operations (libevent's evhttp): strict headers, limits, health. A client that
 *  leaves while its call is under way does no harm. */

#include "common/base/error.h"
#include "producer/http_listen.h"
#include "producer/service.h"

struct http_server;

enum { HTTP_HEADER_MAX_BYTES = 16 * 1024, HTTP_BODY_MAX_BYTES = 1024 * 1024 };

struct http_server_config {
    const char *listen; /**< "HOST:PORT" */
    bool allow_network; /**< addresses other than loopback */
    int64_t max_connections;
    int64_t idle_timeout_ms;
};

/** Listens and serves from the loop's next turn on. service must outlive it.
 *  @return NULL with ERROR_INVALID (address), ERROR_IO (port taken, …), ERROR_NO_MEMORY */
struct http_server *http_server_new(struct service *service,
                                    const struct http_server_config *config, struct error *err);
/** The bound address, "HOST:PORT". */
const char *http_server_address(const struct http_server *server);
/** Accepts no more connections and closes each one with its next answer. */
void http_server_stop(struct http_server *server);
/** Calls that are not answered yet. */
size_t http_server_pending(const struct http_server *server);
/** Closes all connections; calls that are not answered end without one. NULL-safe. */
void http_server_free(struct http_server *server);

#endif
