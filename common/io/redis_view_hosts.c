#include "common/io/redis_view_private.h"

enum { FIRST_HOST = 2, PARTS_OF_HOST = 10 };

static int read_reserved(const redisReply *parts, struct redis_host *host, struct arena *arena,
                         struct error *err)
{
    struct span *reserved;

    host->reserved_count = parts->elements - PARTS_OF_HOST;
    reserved = arena_alloc(arena, (host->reserved_count + 1) * sizeof *reserved);
    if (reserved == NULL) {
        return error_no_memory(err, "reading hosts from redis");
    }
    for (size_t i = 0; i < host->reserved_count; i++) {
        if (redis_reply_text(parts, PARTS_OF_HOST + i, &reserved[i], err) < 0) {
            return -1;
        }
    }
    host->reserved = reserved;
    return 0;
}

static int read_host(const redisReply *parts, struct redis_host *host, struct arena *arena,
                     struct error *err)
{
    if (parts == NULL || parts->type != REDIS_REPLY_ARRAY) {
        return redis_reply_corrupt(err, "a host");
    }
    if (parts->elements == 0) {
        return 0;
    }
    if (parts->elements < PARTS_OF_HOST) {
        return redis_reply_corrupt(err, "a host");
    }
    host->found = true;
    if (redis_reply_text(parts, 0, &host->record, err) < 0 ||
        redis_view_flag(parts, 1, &host->connected, err) < 0 ||
        redis_reply_number(parts, 2, 0, &host->connected_at, err) < 0 ||
        redis_reply_text(parts, 3, &host->status, err) < 0 ||
        redis_reply_number(parts, 4, 1, &host->version, err) < 0 ||
        redis_reply_text(parts, 5, &host->runtime, err) < 0 ||
        redis_reply_number(parts, 6, 0, &host->runtime_since, err) < 0 ||
        redis_reply_number(parts, 7, 0, &host->runtime_at, err) < 0 ||
        redis_reply_number(parts, 8, 0, &host->open_tasks, err) < 0 ||
        redis_reply_number(parts, 9, 0, &host->pending_tasks, err) < 0) {
        return -1;
    }
    return read_reserved(parts, host, arena, err);
}

static int read_all(struct redis_request *request, const redisReply *reply, struct arena *arena,
                    struct redis_hosts *hosts, struct error *err)
{
    if (redis_view_is_complete(request->view, reply, &hosts->complete, err) < 0 ||
        redis_view_flag(reply, 1, &hosts->cluster_known, err) < 0) {
        return -1;
    }
    hosts->count = reply->elements - FIRST_HOST;
    if (hosts->count != request->expected) {
        return redis_reply_corrupt(err, "a list of the hosts asked for");
    }
    hosts->hosts = arena_alloc(arena, (hosts->count + 1) * sizeof *hosts->hosts);
    if (hosts->hosts == NULL) {
        return error_no_memory(err, "reading hosts from redis");
    }
    for (size_t i = 0; i < hosts->count; i++) {
        hosts->hosts[i] =
            (struct redis_host){/* Prefix and cluster stand before the ids in the call. */
                                .id = redis_request_argument(request, FIRST_HOST + i)};
        if (read_host(reply->element[FIRST_HOST + i], &hosts->hosts[i], arena, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void answer_hosts(struct redis_request *request, const struct error *error,
                         const redisReply *reply)
{
    struct error failure = {0};
    struct arena arena = {0};
    struct redis_hosts hosts = {0};

    if (error == NULL && read_all(request, reply, &arena, &hosts, &failure) < 0) {
        error = &failure;
    }
    request->fn.hosts(request->context, error, error == NULL ? &hosts : NULL);
    arena_release(&arena);
}

void redis_view_read_hosts(struct redis_view *view, const char *cluster, const char *const *ids,
                           size_t count, redis_hosts_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_READ_HOSTS, answer_hosts, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.hosts = fn;
    request->expected = count;
    redis_request_add_text(request, cluster);
    for (size_t i = 0; i < count; i++) {
        redis_request_add_text(request, ids[i]);
    }
    redis_connection_send(view->connection, request);
}
