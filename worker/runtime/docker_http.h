#ifndef WORKER_RUNTIME_DOCKER_HTTP_H
#define WORKER_RUNTIME_DOCKER_HTTP_H

/** HTTP to one engine over a unix socket or TCP (libcurl's multi interface on the loop). Every call has
 *  its own time limit, at most calls_at_once are open, the others wait in two queues. One answer that
 *  streams (GET /events) can be open besides. */

#include "common/base/buffer.h"
#include "common/io/loop.h"

enum {
    DOCKER_HTTP_BODY_MAX_BYTES = 8 << 20, /**< of an answer */
    DOCKER_HTTP_LINE_MAX_BYTES = 1 << 20  /**< of a streamed line; longer ones are dropped */
};

struct docker_http_config {
    const char *endpoint;                           /**< "unix:///PATH" or "tcp://HOST:PORT" */
    int64_t calls_at_once;                          /**< >= 1 */
    int64_t connect_limit_ms;                       /**< of the stream's connection */
    const char *tls_ca, *tls_certificate, *tls_key; /**< paths, NULL = none */
};

struct docker_http;

/** @return NULL with ERROR_INVALID (endpoint), ERROR_NO_MEMORY */
struct docker_http *docker_http_new(struct loop *loop, const struct docker_http_config *config,
                                    struct error *err);
/** Drops what is open without calling back. NULL-safe. */
void docker_http_free(struct docker_http *http);

/** What became of a call. */
enum docker_outcome {
    DOCKER_ANSWERED = 1, /**< an HTTP status and a body came */
    DOCKER_NOT_SENT,     /**< not a byte of the request left: it had no effect */
    DOCKER_NO_ANSWER     /**< it may have had its effect */
};

struct docker_response {
    enum docker_outcome outcome;
    long status;        /**< HTTP */
    struct span body;   /**< valid during the call */
    const char *detail; /**< without an answer: why */
    bool timed_out;     /**< the time limit was reached */
};
typedef void docker_response_fn(void *context, const struct docker_response *response);

enum docker_priority {
    DOCKER_NORMAL = 1,
    DOCKER_URGENT, /**< before all normal ones that wait */
    DOCKER_EXEMPT  /**< does not wait */
};

struct docker_request {
    const char *method; /**< "GET", "POST" */
    const char *path;   /**< with query, copied */
    const char *body;   /**< JSON of a POST, copied; NULL = none */
    int64_t limit_ms;   /**< from now to the answer's end, waiting included */
    enum docker_priority priority;
};

/** Makes a call; fn is called exactly once, later. A POST has a connection of its own, so that libcurl
 *  never repeats it. @return 0 or -1 with ERROR_NO_MEMORY (fn is not called) */
int docker_http_call(struct docker_http *http, const struct docker_request *request,
                     docker_response_fn *fn, void *context, struct error *err);

struct docker_stream_callbacks {
    void (*on_open)(void *context); /**< status 200 has come */
    void (*on_line)(void *context, struct span line);
    /** It ended, whatever the reason; nothing comes after this. */
    void (*on_end)(void *context, const char *detail);
};
/** Opens the stream in place of one that is open (which ends without a word).
 *  @return 0 or -1 with ERROR_NO_MEMORY (nothing will be called) */
int docker_http_stream(struct docker_http *http, const char *path,
                       const struct docker_stream_callbacks *callbacks, void *context,
                       struct error *err);
/** Ends it without a word. Not from on_line. */
void docker_http_stream_close(struct docker_http *http);

#endif
