#include "common/io/redis_view_private.h"

enum { PARTS_OF_BASE = 5 };

/* cluster, task, pos, reducer, bytes, from `index` on. */
static int read_base(const redisReply *reply, size_t index, struct redis_base *ret_base,
                     struct error *err)
{
    return redis_reply_text(reply, index, &ret_base->cluster, err) < 0 ||
                   redis_reply_text(reply, index + 1, &ret_base->task, err) < 0 ||
                   redis_reply_number(reply, index + 2, 0, &ret_base->pos, err) < 0 ||
                   redis_reply_number(reply, index + 3, 0, &ret_base->reducer, err) < 0 ||
                   redis_reply_text(reply, index + 4, &ret_base->bytes, err) < 0
               ? -1
               : 0;
}

static int read_bases(const redisReply *reply, int64_t *ret_seen, struct redis_base **ret_bases,
                      size_t *ret_count, struct error *err)
{
    size_t count;
    struct redis_base *bases;

    if (redis_reply_number(reply, 0, REDIS_SEEN_ABSENT, ret_seen, err) < 0) {
        return -1;
    }
    if ((reply->elements - 1) % PARTS_OF_BASE != 0) {
        return redis_reply_corrupt(err, "a list of bases");
    }
    count = (reply->elements - 1) / PARTS_OF_BASE;
    bases = memory_calloc(count, sizeof *bases);
    if (bases == NULL) {
        return error_no_memory(err, "reading bases from redis");
    }
    for (size_t i = 0; i < count; i++) {
        if (read_base(reply, 1 + i * PARTS_OF_BASE, &bases[i], err) < 0) {
            memory_free(bases);
            return -1;
        }
    }
    *ret_bases = bases;
    *ret_count = count;
    return 0;
}

static void answer_load(struct redis_request *request, const struct error *error,
                        const redisReply *reply)
{
    struct error failure = {0};
    struct redis_base *bases = NULL;
    size_t count = 0;
    int64_t seen = REDIS_SEEN_ABSENT;

    if (error == NULL && read_bases(reply, &seen, &bases, &count, &failure) < 0) {
        error = &failure;
    }
    request->fn.load(request->context, error, error == NULL ? seen : REDIS_SEEN_ABSENT, bases,
                     count);
    memory_free(bases);
}

void redis_view_load(struct redis_view *view, const char *host, redis_load_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_LOAD, answer_load, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, REDIS_SEEN_ABSENT, NULL, 0);
        return;
    }
    request->fn.load = fn;
    redis_request_add_text(request, host);
    redis_connection_send(view->connection, request);
}

static void answer_get(struct redis_request *request, const struct error *error,
                       const redisReply *reply)
{
    struct error failure = {0};
    struct redis_base base = {0};
    int64_t seen = REDIS_SEEN_ABSENT;
    bool found = false;

    if (error == NULL) {
        found = reply->elements > 1;
        bool is_other = reply->elements == 2;
        if (redis_reply_number(reply, 0, REDIS_SEEN_ABSENT, &seen, &failure) < 0 ||
            (is_other && redis_reply_text(reply, 1, &base.other, &failure) < 0) ||
            (found && !is_other && read_base(reply, 1, &base, &failure) < 0)) {
            error = &failure;
            seen = REDIS_SEEN_ABSENT;
        }
    }
    request->fn.base(request->context, error, seen, error == NULL && found ? &base : NULL);
}

void redis_view_get(struct redis_view *view, const char *host, const char *cluster,
                    const char *task, redis_base_fn *fn, void *context)
{
    struct redis_request *request = redis_request_new(view, REDIS_SCRIPT_GET, answer_get, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, REDIS_SEEN_ABSENT, NULL);
        return;
    }
    request->fn.base = fn;
    redis_request_add_text(request, host);
    redis_request_add_text(request, cluster);
    redis_request_add_text(request, task);
    redis_connection_send(view->connection, request);
}

static void answer_put(struct redis_request *request, const struct error *error,
                       const redisReply *reply)
{
    struct error failure = {0};
    int64_t seen = REDIS_SEEN_ABSENT;
    bool written = false;

    if (error == NULL && (redis_view_flag(reply, 0, &written, &failure) < 0 ||
                          redis_reply_number(reply, 1, REDIS_SEEN_ABSENT, &seen, &failure) < 0)) {
        error = &failure;
        written = false;
    }
    request->fn.put(request->context, error, written ? REDIS_PUT_OK : REDIS_PUT_SEEN_DIFFERS, seen);
}

static void add_put(struct redis_request *request, const struct redis_put *put)
{
    redis_request_add_text(request, put->cluster);
    redis_request_add_text(request, put->task);
    redis_request_add_number(request, put->pos);
    redis_request_add_number(request, put->reducer);
    redis_request_add_number(request, put->stopped);
    redis_request_add_number(request, put->terminal);
    redis_request_add_number(request, put->expire_unix_ms);
    redis_request_add_number(request, put->pending);
    redis_request_add_text(request, put->reserved);
    redis_request_add_text(request, put->family);
    redis_request_add_text(request, put->started_by);
    redis_request_add_text(request, put->service);
    redis_request_add(request, put->bytes);
}

void redis_view_put(struct redis_view *view, const char *host, int64_t seen_known, int64_t seen_new,
                    const struct redis_put *puts, size_t count, redis_put_fn *fn, void *context)
{
    struct redis_request *request = redis_request_new(view, REDIS_SCRIPT_PUT, answer_put, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, REDIS_PUT_SEEN_DIFFERS, REDIS_SEEN_ABSENT);
        return;
    }
    request->fn.put = fn;
    redis_request_add_text(request, host);
    redis_request_add_number(request, seen_known);
    redis_request_add_number(request, seen_new);
    for (size_t i = 0; i < count; i++) {
        add_put(request, &puts[i]);
    }
    redis_connection_send(view->connection, request);
}

static void answer_seen(struct redis_request *request, const struct error *error,
                        const redisReply *reply)
{
    struct error failure = {0};
    int64_t seen = REDIS_SEEN_ABSENT;

    if (error == NULL && redis_reply_number(reply, 0, REDIS_SEEN_ABSENT, &seen, &failure) < 0) {
        error = &failure;
    }
    request->fn.seen(request->context, error, seen);
}

void redis_view_seen(struct redis_view *view, const char *host, redis_seen_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_SEEN, answer_seen, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, REDIS_SEEN_ABSENT);
        return;
    }
    request->fn.seen = fn;
    redis_request_add_text(request, host);
    redis_connection_send(view->connection, request);
}

static void answer_verify(struct redis_request *request, const struct error *error,
                          const redisReply *reply)
{
    struct error failure = {0};
    struct span wrong = {0};
    int64_t seen = REDIS_SEEN_ABSENT;

    if (error == NULL && (redis_reply_number(reply, 0, REDIS_SEEN_ABSENT, &seen, &failure) < 0 ||
                          redis_reply_text(reply, 1, &wrong, &failure) < 0)) {
        error = &failure;
    }
    request->fn.verify(request->context, error, seen, wrong);
}

void redis_view_verify(struct redis_view *view, const char *host, redis_verify_fn *fn,
                       void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_VERIFY, answer_verify, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, REDIS_SEEN_ABSENT, (struct span){0});
        return;
    }
    request->fn.verify = fn;
    redis_request_add_text(request, host);
    redis_connection_send(view->connection, request);
}

void redis_view_void(struct redis_view *view, const char *host, const char *cluster,
                     const char *task, redis_done_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_VOID, redis_view_answer_done, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error);
        return;
    }
    request->fn.done = fn;
    redis_request_add_text(request, host);
    redis_request_add_text(request, cluster);
    redis_request_add_text(request, task);
    redis_connection_send(view->connection, request);
}
