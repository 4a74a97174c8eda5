#ifndef PRODUCER_HTTP_LISTEN_H
#define PRODUCER_HTTP_LISTEN_H

/** The address to serve on. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/error.h"

enum { HTTP_LISTEN_TEXT_SIZE = INET6_ADDRSTRLEN + 16 /**< "[IPV6]:PORT" with NUL */ };

/** A resolved address. */
struct http_listen_address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/** Reads "HOST:PORT" or "[IPV6]:PORT"; a host name is resolved. An address other than loopback is refused
 *  unless allow_network. @return 0, or -1 with ERROR_INVALID saying which option would allow it */
int http_listen_resolve(const char *text, bool allow_network,
                        struct http_listen_address *ret_address, struct error *err);
/** Opens a listening socket, non-blocking, close-on-exec. @return it, or -1 with ERROR_IO (port taken …) */
int http_listen_open(const struct http_listen_address *address, const char *text,
                     struct error *err);
/** The address that a socket is bound to, as "HOST:PORT". @return 0 or -1 with ERROR_IO */
int http_listen_bound(int fd, char ret_text[HTTP_LISTEN_TEXT_SIZE], struct error *err);

#endif
