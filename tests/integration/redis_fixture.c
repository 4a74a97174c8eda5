#include "tests/integration/redis_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"
#include "tests/support/server_control.h"

static void add(struct redis_fixture *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct redis_fixture *f, const char *format, ...)
{
    const size_t length = strlen(f->text);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(f->text + length, sizeof f->text - length, format, arguments);
    va_end(arguments);
}

static void stop_if_done(struct redis_fixture *f)
{
    if (f->expected > 0 && f->answers >= f->expected) {
        loop_stop(f->loop, 0);
    }
}

/* The code's name in lower case. */
static const char *name_of(enum error_code code)
{
    static const char *const names[ERROR_CODE_COUNT] = {
        [ERROR_INVALID] = "invalid",
        [ERROR_NOT_FOUND] = "not_found",
        [ERROR_CONFLICT] = "conflict",
        [ERROR_UNAVAILABLE] = "unavailable",
        [ERROR_TIMEOUT] = "timeout",
        [ERROR_CORRUPT] = "corrupt",
        [ERROR_FULL] = "full",
        [ERROR_NO_MEMORY] = "no_memory",
        [ERROR_IO] = "io",
        [ERROR_UNSUPPORTED] = "unsupported",
        [ERROR_BUG] = "bug",
    };
    assert_in_range(code, ERROR_INVALID, ERROR_BUG);
    return names[code];
}

/* Begins the note of an answer; false if it is an error. */
static bool begin(struct redis_fixture *f, const struct error *error)
{
    f->text[0] = '\0';
    f->error_message[0] = '\0';
    f->answers++;
    stop_if_done(f);
    if (error != NULL) {
        add(f, "error: %s", name_of(error->code));
        (void)snprintf(f->error_message, sizeof f->error_message, "%s", error->message);
    }
    return error == NULL;
}

static void on_state(void *context, enum redis_state state, const char *detail)
{
    struct redis_fixture *f = context;

    f->away += state == REDIS_AWAY;
    f->back += state == REDIS_BACK;
    (void)snprintf(f->detail, sizeof f->detail, "%s", detail);
    if (f->expected == 0) {
        loop_stop(f->loop, 0);
    }
}

static redisContext *connect_raw(void)
{
    const char *address = server_control_address("STOPFLEET_TEST_REDIS");
    const struct timeval limit = {.tv_sec = 10};
    char host[64] = "";
    int port = 0;
    redisContext *raw;

    assert_int_equal(sscanf(address, "%63[^:]:%d", host, &port), 2);
    raw = redisConnectWithTimeout(host, port, limit);
    assert_non_null(raw);
    assert_int_equal(raw->err, 0);
    assert_int_equal(redisSetTimeout(raw, limit), REDIS_OK);
    return raw;
}

static void show_one(const redisReply *reply, char *text, size_t size)
{
    const size_t length = strlen(text);

    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        (void)snprintf(text + length, size - length, "%lld", reply->integer);
        break;
    case REDIS_REPLY_NIL:
        (void)snprintf(text + length, size - length, "(nil)");
        break;
    case REDIS_REPLY_ERROR:
        fail_msg("redis says %s", reply->str);
        break;
    default:
        (void)snprintf(text + length, size - length, "%s", reply->str);
        break;
    }
}

static void show(const redisReply *reply, char *text, size_t size)
{
    if (reply->type != REDIS_REPLY_ARRAY) {
        show_one(reply, text, size);
        return;
    }
    for (size_t i = 0; i < (size_t)reply->elements; i++) {
        if (i > 0) {
            (void)snprintf(text + strlen(text), size - strlen(text), " ");
        }
        show_one(reply->element[i], text, size);
    }
}

const char *redis_fixture_raw(const char *format, ...)
{
    static char text[4096];
    redisContext *raw = connect_raw();
    redisReply *reply;
    va_list arguments;

    va_start(arguments, format);
    reply = redisvCommand(raw, format, arguments);
    va_end(arguments);
    assert_non_null(reply);
    text[0] = '\0';
    show(reply, text, sizeof text);
    freeReplyObject(reply);
    redisFree(raw);
    return text;
}

int redis_fixture_set_up(void **state)
{
    static struct redis_fixture fixture;
    struct redis_fixture *f = &fixture;
    struct redis_config config = {
        .address = server_control_address("STOPFLEET_TEST_REDIS"),
        .prefix = "test",
        .command_timeout_ms = REDIS_FIXTURE_TIMEOUT_MS,
    };
    struct error error = {0};

    *f = (struct redis_fixture){0};
    *state = f;
    (void)redis_fixture_raw("FLUSHALL");
    (void)redis_fixture_raw("SCRIPT FLUSH");
    f->loop = loop_new(&error);
    assert_non_null(f->loop);
    f->view = redis_view_new(f->loop, &config, on_state, f, &error);
    assert_non_null(f->view);
    return 0;
}

int redis_fixture_tear_down(void **state)
{
    struct redis_fixture *f = *state;

    redis_view_free(f->view);
    loop_free(f->loop);
    return 0;
}

void redis_fixture_wait(struct redis_fixture *f, int expected)
{
    f->expected = expected;
    if (f->answers < expected && !loop_wait(f->loop)) {
        fail_msg("%d of %d answers came in time", f->answers, expected);
    }
    assert_int_equal(f->answers, expected);
    f->expected = 0;
    f->answers = 0;
}

static void wait_state(struct redis_fixture *f, const int *told, int count)
{
    while (*told < count) {
        assert_true(loop_wait(f->loop));
    }
    assert_int_equal(*told, count);
}

void redis_fixture_wait_away(struct redis_fixture *f, int count)
{
    wait_state(f, &f->away, count);
}

void redis_fixture_wait_back(struct redis_fixture *f, int count)
{
    wait_state(f, &f->back, count);
}

static int compare_bases(const void *left, const void *right)
{
    const struct redis_base *a = left, *b = right;
    const size_t shorter = a->task.length < b->task.length ? a->task.length : b->task.length;

    return memcmp(a->task.data, b->task.data, shorter);
}

static void add_base(struct redis_fixture *f, const struct redis_base *base)
{
    add(f, " %.*s/%.*s@%lld/%lld=%.*s", (int)base->cluster.length, base->cluster.data,
        (int)base->task.length, base->task.data, (long long)base->pos, (long long)base->reducer,
        (int)base->bytes.length, base->bytes.data);
}

static void on_load(void *context, const struct error *error, int64_t seen,
                    const struct redis_base *bases, size_t count)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        struct redis_base *sorted = calloc(count + 1, sizeof *sorted);

        assert_non_null(sorted);
        if (count > 0) {
            memcpy(sorted, bases, count * sizeof *sorted);
            qsort(sorted, count, sizeof *sorted, compare_bases);
        }
        add(f, "seen=%lld", (long long)seen);
        for (size_t i = 0; i < count; i++) {
            add_base(f, &sorted[i]);
        }
        free(sorted);
    }
}

const char *redis_fixture_load(struct redis_fixture *f, const char *host)
{
    redis_view_load(f->view, host, on_load, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

static void on_base(void *context, const struct error *error, int64_t seen,
                    const struct redis_base *base)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "seen=%lld", (long long)seen);
        if (base != NULL && base->other.length > 0) {
            add(f, " of %.*s", (int)base->other.length, base->other.data);
        } else if (base != NULL) {
            add_base(f, base);
        }
    }
}

const char *redis_fixture_get(struct redis_fixture *f, const char *host, const char *cluster,
                              const char *task)
{
    redis_view_get(f->view, host, cluster, task, on_base, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

void redis_fixture_on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                          int64_t seen)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "%s seen=%lld", outcome == REDIS_PUT_OK ? "ok" : "differs", (long long)seen);
    }
}

const char *redis_fixture_put(struct redis_fixture *f, const char *host, int64_t known, int64_t new,
                              const struct redis_put *puts, size_t count)
{
    redis_view_put(f->view, host, known, new, puts, count, redis_fixture_on_put, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

void redis_fixture_put_running(struct redis_fixture *f, const char *task, int64_t pos)
{
    char base[32];

    (void)snprintf(base, sizeof base, "B%lld", (long long)pos);
    const struct redis_put put = redis_fixture_base(task, pos, 1, base);
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_memory_equal(f->text, "ok ", 3);
}

static int compare_pending(const void *left, const void *right)
{
    const struct redis_pending *a = left, *b = right;

    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void add_task(struct redis_fixture *f, const struct redis_task *task)
{
    add(f, " [%.*s", (int)task->id.length, task->id.data);
    if (!task->found) {
        add(f, " absent]");
        return;
    }
    add(f, " host=%.*s pos=%lld base=%.*s live=%.*s record=%.*s beat=%d@%lld pending=",
        (int)task->host.length, task->host.data, (long long)task->pos, (int)task->base.length,
        task->base.data, (int)task->live.length, task->live.data, (int)task->host_record.length,
        task->host_record.data, task->connected, (long long)task->connected_at);
    qsort(task->pending, task->pending_count, sizeof *task->pending, compare_pending);
    for (size_t i = 0; i < task->pending_count; i++) {
        const struct redis_pending *pending = &task->pending[i];

        add(f, "%s%lld:%.*s", i > 0 ? "," : "", (long long)pending->offset,
            (int)pending->bytes.length, pending->bytes.data);
    }
    add(f, "]");
}

void redis_fixture_on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "complete=%d known=%d", read->complete, read->cluster_known);
        for (size_t i = 0; i < read->count; i++) {
            add_task(f, &read->tasks[i]);
        }
    }
}

const char *redis_fixture_read(struct redis_fixture *f, const char *cluster, const char *first,
                               const char *second)
{
    const char *const ids[] = {first, second};

    redis_view_read(f->view, cluster, ids, second != NULL ? 2 : 1, redis_fixture_on_read, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

const char *redis_fixture_pend(struct redis_fixture *f, const char *cluster, const char *task,
                               int64_t offset, enum redis_pend_kind kind, const char *event)
{
    redis_view_pend(f->view, cluster, task, offset, kind, span_of(event), redis_fixture_on_read, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "complete=%d known=%d more=%d", page->complete, page->cluster_known, page->more);
        for (size_t i = 0; i < page->count; i++) {
            add(f, " %.*s", (int)page->items[i].length, page->items[i].data);
        }
    }
}

const char *redis_fixture_list_of(struct redis_fixture *f, const struct redis_task_list *list,
                                  const char *after, size_t limit)
{
    redis_view_list_tasks(f->view, list, after, limit, on_page, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

const char *redis_fixture_list(struct redis_fixture *f, const char *cluster, bool stopped,
                               const char *after, size_t limit)
{
    const struct redis_task_list list = {.cluster = cluster, .stopped = stopped};
    return redis_fixture_list_of(f, &list, after, limit);
}

const char *redis_fixture_list_clusters(struct redis_fixture *f, const char *after, size_t limit)
{
    redis_view_list_clusters(f->view, after, limit, on_page, f);
    redis_fixture_wait(f, 1);
    return f->text;
}

void redis_fixture_on_seen(void *context, const struct error *error, int64_t seen)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "seen=%lld", (long long)seen);
    }
}

void redis_fixture_on_verify(void *context, const struct error *error, int64_t seen,
                             struct span wrong)
{
    struct redis_fixture *f = context;

    (void)seen;
    if (begin(f, error)) {
        add(f, "wrong=%.*s", (int)wrong.length, wrong.data);
    }
}

void redis_fixture_on_done(void *context, const struct error *error)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "done");
    }
}

void redis_fixture_on_heartbeat(void *context, const struct error *error, const char *other)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "other=%s", other != NULL ? other : "none");
    }
}

void redis_fixture_on_clusters(void *context, const struct error *error, bool complete,
                               const struct redis_cluster *clusters, size_t count)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "complete=%d", complete);
        for (size_t i = 0; i < count; i++) {
            add(f, " [known=%d hosts=%lld running=%lld]", clusters[i].known,
                (long long)clusters[i].hosts, (long long)clusters[i].running_tasks);
        }
    }
}

void redis_fixture_on_run(void *context, const struct error *error, const char *run_id)
{
    struct redis_fixture *f = context;

    if (begin(f, error)) {
        add(f, "%s", run_id);
    }
}

struct redis_put redis_fixture_base(const char *task, int64_t pos, int64_t reducer,
                                    const char *bytes)
{
    return (struct redis_put){
        .cluster = "c", .task = task, .pos = pos, .reducer = reducer, .bytes = span_of(bytes)};
}

void redis_fixture_beat(struct redis_fixture *f, const char *holder, int64_t now_unix_ms)
{
    const struct redis_beat sent = {.host = "h1",
                                    .holder = holder,
                                    .runtime = "OK",
                                    .ttl_ms = 60000,
                                    .steady_ms = 15000,
                                    .now_unix_ms = now_unix_ms};
    redis_view_heartbeat(f->view, &sent, redis_fixture_on_heartbeat, f);
    redis_fixture_wait(f, 1);
}

void redis_fixture_complete(struct redis_fixture *f, const char *token, const char *run_id)
{
    redis_view_rebuild_complete(f->view, token, run_id, redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
}
