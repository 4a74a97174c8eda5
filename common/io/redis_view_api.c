#include "common/io/redis_view_private.h"

enum { FIRST_TASK = 2, PARTS_OF_TASK = 8 };

static int read_pending(const redisReply *parts, struct redis_task *task, struct arena *arena,
                        struct error *err)
{
    task->pending_count = (parts->elements - PARTS_OF_TASK) / 2;
    task->pending = arena_alloc(arena, (task->pending_count + 1) * sizeof *task->pending);
    if (task->pending == NULL) {
        return error_no_memory(err, "reading tasks from redis");
    }
    for (size_t i = 0; i < task->pending_count; i++) {
        const size_t at = PARTS_OF_TASK + 2 * i;

        if (redis_reply_number(parts, at, 0, &task->pending[i].offset, err) < 0 ||
            redis_reply_text(parts, at + 1, &task->pending[i].bytes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_task(const redisReply *parts, struct redis_task *task, struct arena *arena,
                     struct error *err)
{
    if (parts == NULL || parts->type != REDIS_REPLY_ARRAY) {
        return redis_reply_corrupt(err, "a task");
    }
    if (parts->elements == 0) {
        return 0;
    }
    if (parts->elements < PARTS_OF_TASK || (parts->elements - PARTS_OF_TASK) % 2 != 0) {
        return redis_reply_corrupt(err, "a task");
    }
    task->found = true;
    if (redis_reply_text(parts, 0, &task->host, err) < 0 ||
        redis_reply_number(parts, 1, 0, &task->pos, err) < 0 ||
        redis_reply_text(parts, 2, &task->base, err) < 0 ||
        redis_reply_text(parts, 3, &task->live, err) < 0 ||
        redis_reply_text(parts, 4, &task->host_record, err) < 0 ||
        redis_view_flag(parts, 5, &task->connected, err) < 0 ||
        redis_reply_number(parts, 6, 0, &task->connected_at, err) < 0 ||
        redis_view_flag(parts, 7, &task->host_inactive, err) < 0) {
        return -1;
    }
    return read_pending(parts, task, arena, err);
}

static int read_all(struct redis_request *request, const redisReply *reply, struct arena *arena,
                    struct redis_read *read, struct error *err)
{
    if (redis_view_is_complete(request->view, reply, &read->complete, err) < 0 ||
        redis_view_flag(reply, 1, &read->cluster_known, err) < 0) {
        return -1;
    }
    read->count = reply->elements - FIRST_TASK;
    if (read->count != request->expected) {
        return redis_reply_corrupt(err, "a list of the tasks asked for");
    }
    read->tasks = arena_alloc(arena, (read->count + 1) * sizeof *read->tasks);
    if (read->tasks == NULL) {
        return error_no_memory(err, "reading tasks from redis");
    }
    for (size_t i = 0; i < read->count; i++) {
        /* Prefix and cluster stand before the ids in the call, as two members before the tasks. */
        read->tasks[i].id = redis_request_argument(request, FIRST_TASK + i);
        if (read_task(reply->element[FIRST_TASK + i], &read->tasks[i], arena, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void answer_read(struct redis_request *request, const struct error *error,
                        const redisReply *reply)
{
    struct error failure = {0};
    struct arena arena = {0};
    struct redis_read read = {0};

    if (error == NULL && read_all(request, reply, &arena, &read, &failure) < 0) {
        error = &failure;
    }
    request->fn.read(request->context, error, error == NULL ? &read : NULL);
    arena_release(&arena);
}

void redis_view_read(struct redis_view *view, const char *cluster, const char *const *ids,
                     size_t count, redis_read_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_READ, answer_read, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.read = fn;
    request->expected = count;
    redis_request_add_text(request, cluster);
    for (size_t i = 0; i < count; i++) {
        redis_request_add_text(request, ids[i]);
    }
    redis_connection_send(view->connection, request);
}

void redis_view_pend(struct redis_view *view, const char *cluster, const char *task, int64_t offset,
                     enum redis_pend_kind kind, struct span event, redis_read_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_PEND, answer_read, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.read = fn;
    request->expected = 1;
    redis_request_add_text(request, cluster);
    redis_request_add_text(request, task);
    redis_request_add_number(request, offset);
    redis_request_add_text(request, kind == REDIS_PEND_STOP ? "S" : "T");
    redis_request_add(request, event);
    redis_connection_send(view->connection, request);
}
