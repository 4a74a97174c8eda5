#ifndef WORKER_RUNTIME_DOCKER_HTTP_STATE_H
#define WORKER_RUNTIME_DOCKER_HTTP_STATE_H

/** Private to docker_http: the connection's state, shared by its three files. */

#include "worker/runtime/docker_http_transfer.h"

struct docker_call;
struct docker_stream;

/** Calls in order; see docker_http_call.c. */
struct call_list {
    struct docker_call *first, *last;
};

struct docker_http {
    struct loop *loop;
    struct docker_endpoint endpoint;
    CURLM *multi;
    struct loop_timer *timer; /* libcurl's */
    struct call_list urgent, normal, open;
    int64_t open_counted, calls_at_once, connect_limit_ms;
    struct docker_stream *stream;
};

/** Starts what waits, as far as calls_at_once allows. */
void docker_http_start_waiting(struct docker_http *http);
/** Drops every call without calling back. */
void docker_http_drop_calls(struct docker_http *http);
/** Tells what came on the stream. Never from a callback of libcurl's: who is told may call again. */
void docker_http_stream_tell(struct docker_http *http);

#endif
