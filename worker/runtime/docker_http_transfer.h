#ifndef WORKER_RUNTIME_DOCKER_HTTP_TRANSFER_H
#define WORKER_RUNTIME_DOCKER_HTTP_TRANSFER_H

/** Private to docker_http: one libcurl transfer, call or stream, and where the engine is. */

#include <curl/curl.h>

#include "worker/runtime/docker_http.h"

/** Where the engine is; strings owned. */
struct docker_endpoint {
    char *socket_path; /**< NULL: TCP */
    char *base_url;    /**< "http://docker", "https://HOST:PORT" */
    char *tls_ca, *tls_certificate, *tls_key;
};

/** @return 0, or -1: ERROR_INVALID (endpoint), ERROR_NO_MEMORY */
int docker_endpoint_init(struct docker_endpoint *endpoint, const struct docker_http_config *config,
                         struct error *err);
void docker_endpoint_release(struct docker_endpoint *endpoint);

/** Embedded first in calls and streams. */
struct docker_transfer {
    CURL *easy;
    struct curl_slist *headers;
    char *path;
    const char *socket_path; /**< borrowed of the endpoint; NULL: TCP */
    char error_text[CURL_ERROR_SIZE];
    /** libcurl is done with it; it is out of the multi handle already */
    void (*done)(struct docker_transfer *transfer, CURLcode code);
};

typedef size_t docker_write_fn(char *bytes, size_t size, size_t count, void *context);

/** Makes the easy handle; the caller adds it to the multi handle. body: JSON of a POST, copied; NULL = none.
 *  @return 0 or -1 with ERROR_NO_MEMORY, and nothing to release */
int docker_transfer_init(struct docker_transfer *transfer, const struct docker_endpoint *endpoint,
                         const char *method, const char *path, const char *body,
                         docker_write_fn *write, struct error *err);
void docker_transfer_release(struct docker_transfer *transfer);
/** Why it failed: of a socket that cannot be connected to its path, the errno's text and what to do, else libcurl's
 *  text. Valid as long as the transfer. */
const char *docker_transfer_error(struct docker_transfer *transfer, CURLcode code);
/** Whether any byte of the request was written. */
bool docker_transfer_was_sent(const struct docker_transfer *transfer);
long docker_transfer_status(const struct docker_transfer *transfer);

#endif
