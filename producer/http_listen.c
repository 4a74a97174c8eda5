#include "producer/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"

enum { BACKLOG = 1024 };

/** Takes "HOST:PORT" apart; brackets around the host are left out. */
static int split(const char *text, char host[256], const char **ret_port, struct error *err)
{
    const char *colon = strrchr(text, ':');
    const char *begin = text;
    int64_t number;
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (bracketed) {
        begin++;
        length -= 2;
    }
    if (colon == NULL || length == 0 || length >= 256 || colon[1] == '\0' ||
        (!bracketed && memchr(begin, ':', length) != NULL) ||
        !span_to_int64(span_of(colon + 1), 0, 65535, &number)) {
        return error_set(err, ERROR_INVALID,
                         "--listen \"%s\" is not an address: give HOST:PORT or [IPV6]:PORT", text);
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    *ret_port = colon + 1;
    return 0;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

int http_listen_resolve(const char *text, bool allow_network,
                        struct http_listen_address *ret_address, struct error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    char host[256];
    const char *port = NULL;
    if (split(text, host, &port, err) != 0) {
        return -1;
    }
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        return error_set(err, ERROR_INVALID, "--listen \"%s\" cannot be resolved: %s", text,
                         gai_strerror(code));
    }
    int result = 0;
    if (!allow_network && !is_loopback(found->ai_addr)) {
        result = error_set(err, ERROR_INVALID,
                           "--listen \"%s\" is not a loopback address, and requests are not "
                           "signed yet: everybody who reaches it could stop every task; listen "
                           "on 127.0.0.1, or say --insecure-allow-unsigned-network",
                           text);
    } else {
        memcpy(&ret_address->storage, found->ai_addr, found->ai_addrlen);
        ret_address->length = found->ai_addrlen;
    }
    freeaddrinfo(found);
    return result;
}

static int configure(int fd, const struct http_listen_address *address)
{
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        /* Inherited by the accepted sockets. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&address->storage, address->length) != 0) {
        return -1;
    }
    return listen(fd, BACKLOG);
}

int http_listen_open(const struct http_listen_address *address, const char *text, struct error *err)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not make a socket");
    }
    if (configure(fd, address) != 0) {
        int code = errno;
        (void)close(fd);
        return error_set_errno(err, code, "could not listen on %s%s", text,
                               code == EADDRINUSE ? " (another program has the port: stop it or "
                                                    "choose another with --listen)"
                                                  : "");
    }
    return fd;
}

int http_listen_bound(int fd, char ret_text[HTTP_LISTEN_TEXT_SIZE], struct error *err)
{
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    char host[INET6_ADDRSTRLEN];
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&storage, &length) != 0) {
        return error_set_errno(err, errno, "could not read the bound address");
    }
    if (getnameinfo((const struct sockaddr *)&storage, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return error_set(err, ERROR_IO, "could not read the bound address");
    }
    (void)snprintf(ret_text, HTTP_LISTEN_TEXT_SIZE, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
                   port);
    return 0;
}
