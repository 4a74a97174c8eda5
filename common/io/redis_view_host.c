#include "common/io/redis_view_private.h"

void redis_view_put_host(struct redis_view *view, const char *host, const char *cluster,
                         struct span record, redis_done_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_PUT_HOST, redis_view_answer_done, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error);
        return;
    }
    request->fn.done = fn;
    redis_request_add_text(request, host);
    redis_request_add_text(request, cluster);
    redis_request_add(request, record);
    redis_connection_send(view->connection, request);
}

void redis_view_host_fact(struct redis_view *view, const char *host, const char *kind,
                          int64_t offset, const char *value, redis_done_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_HOST_FACT, redis_view_answer_done, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error);
        return;
    }
    request->fn.done = fn;
    redis_request_add_text(request, host);
    redis_request_add_text(request, kind);
    redis_request_add_number(request, offset);
    redis_request_add_text(request, value);
    redis_connection_send(view->connection, request);
}

static void answer_heartbeat(struct redis_request *request, const struct error *error,
                             const redisReply *reply)
{
    struct error failure = {0};
    struct span other = {0};
    char *holder = NULL;

    if (error == NULL && redis_reply_text(reply, 0, &other, &failure) < 0) {
        error = &failure;
    } else if (error == NULL && other.length > 0) {
        holder = memory_strndup(other.data, other.length);
        if (holder == NULL) {
            failure = redis_view_no_memory();
            error = &failure;
        }
    }
    request->fn.heartbeat(request->context, error, holder);
    memory_free(holder);
}

void redis_view_heartbeat(struct redis_view *view, const struct redis_beat *beat,
                          redis_heartbeat_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_HEARTBEAT, answer_heartbeat, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.heartbeat = fn;
    redis_request_add_text(request, beat->host);
    redis_request_add_text(request, beat->holder);
    redis_request_add_number(request, beat->ttl_ms);
    redis_request_add_number(request, beat->steady_ms);
    redis_request_add_number(request, beat->now_unix_ms);
    redis_request_add_text(request, beat->runtime);
    redis_connection_send(view->connection, request);
}

void redis_view_put_live(struct redis_view *view, const char *cluster, const char *task,
                         struct span live, redis_done_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_PUT_LIVE, redis_view_answer_done, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error);
        return;
    }
    request->fn.done = fn;
    redis_request_add_text(request, cluster);
    redis_request_add_text(request, task);
    redis_request_add(request, live);
    redis_connection_send(view->connection, request);
}
