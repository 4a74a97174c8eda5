#include "tests/unit/worker/projection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/reduce.h"

struct projection projection;

static const struct identity identity = {.host = HOST, .cluster = "prod"};

static int number; /* of events */

static void on_base(void *context, const char *cluster, const char *task)
{
    int64_t pos = -1;
    (void)context;
    projection.told++;
    assert_non_null(projector_base(projection.projector, cluster, task, &pos));
}

static void on_view_lost(void *context)
{
    (void)context;
    projection.losses++;
}

static void on_log_changed(void *context, int64_t seen, int64_t log_end)
{
    (void)context;
    projection.changes++;
    assert_true(seen > log_end);
}

void projection_start(void)
{
    struct error err = {0};
    struct projector_environment environment = {.clock = fake_clock(),
                                                .identity = &identity,
                                                .retention_ms = DAY_MS,
                                                .on_base = on_base,
                                                .on_view_lost = on_view_lost,
                                                .on_log_changed = on_log_changed};
    projection.projector = projector_new(&environment, &err);
    assert_non_null(projection.projector);
    if (projection.put_bytes > 0) {
        projection.projector->put_bytes.max_bytes = projection.put_bytes;
    }
    projector_start(projection.projector, projection.committed, fake_log_end());
}

void projection_stop(void)
{
    /* Its questions are answered first: nobody else waits for them here. */
    fake_loop_run(200);
    projector_free(projection.projector);
    projection.projector = NULL;
}

int projection_begin(void **state)
{
    (void)state;
    fake_view_reset();
    projection.committed = -1;
    projection.told = projection.losses = projection.changes = 0;
    projection.put_bytes = 0;
    return 0;
}

int projection_end(void **state)
{
    (void)state;
    if (projection.projector != NULL) {
        projection_stop();
    }
    fake_view_reset();
    return 0;
}

const char *task_id(int task)
{
    static char id[40];
    snprintf(id, sizeof id, "%032d", task);
    return id;
}

int64_t append_event(const char *host, struct event *event, enum event_type type, int task)
{
    struct buffer bytes;
    struct error err = {0};
    char id[32];
    snprintf(id, sizeof id, "event-%d", number++);
    event->type = type;
    event->type_name = event_type_name(type);
    event->version = 1;
    event->id = id;
    event->ts = fake_now_ms();
    event->account = "000000000000";
    event->region = "us-east-1";
    event->cluster = "prod";
    event->task = task < 0 ? NULL : task_id(task);
    event->host = host;
    event->actor = (struct event_actor){.program = "test", .instance = "i", .incarnation = "x"};
    buffer_init(&bytes, EVENT_MAX_BYTES);
    assert_int_equal(event_encode(event, &bytes, &err), 0);
    int64_t offset = fake_log_append(host, buffer_span(&bytes));
    buffer_release(&bytes);
    return offset;
}

int64_t append_observed_many(int task, int64_t revision, size_t containers)
{
    struct described_container d[MANY];
    struct event event = {0};
    for (size_t i = 0; i < containers; i++) {
        d[i] = (struct described_container){.name = "main",
                                            .container_id = &"abcdefghijklmnopqrstuvwc"[23 - i],
                                            .started_at = 5,
                                            .stop_signal = "SIGTERM"};
    }
    event.task_observed.revision = revision;
    event.task_observed.description.runtime = "process";
    event.task_observed.description.containers.items = d;
    event.task_observed.description.containers.count = containers;
    return append_event(HOST, &event, EVENT_TASK_OBSERVED, task);
}

int64_t append_observed(int task, int64_t revision)
{
    return append_observed_many(task, revision, 1);
}

int64_t append_requested(int task)
{
    struct event event = {0};
    event.stop_requested.principal = "me";
    event.stop_requested.request_id = "r";
    return append_event(HOST, &event, EVENT_STOP_REQUESTED, task);
}

int64_t append_ended(int task, enum event_type type)
{
    struct run_result result = {.container_id = "c", .started_at = 5, .name = "main"};
    struct event event = {0};
    event.task_ended.results.items = &result;
    event.task_ended.results.count = 1;
    return append_event(HOST, &event, type, task);
}

void append_of_other_hosts(int count)
{
    for (int i = 0; i < count; i++) {
        fake_log_append("host-two", span_of("not even an event"));
    }
}

static void fold_to(const char *task, int64_t pos, struct buffer *bytes, bool *ret_terminal,
                    int64_t *ret_last)
{
    struct task folded = {0};
    struct error err = {0};
    for (int64_t i = fake_log_first; i <= pos; i++) {
        struct event event = {0};
        bool changed = false;
        if (strcmp(fake_log_key(i), HOST) == 0 &&
            event_decode(fake_log_value(i), &event, &err) == 0 && event.task != NULL &&
            strcmp(event.task, task) == 0) {
            assert_int_equal(reduce(&folded, &event, &changed, &err), 0);
            *ret_last = i;
        }
        event_release(&event);
    }
    *ret_terminal = task_is_terminal(&folded);
    if (folded.id != NULL) {
        assert_int_equal(task_encode(&folded, bytes, &err), 0);
    }
    task_release(&folded);
}

void projection_check(bool complete)
{
    for (int t = 0; t < TASKS; t++) {
        const struct fake_base *base = fake_view_find(task_id(t));
        struct buffer bytes;
        bool terminal = false;
        int64_t last = -1;
        buffer_init(&bytes, EVENT_MAX_BYTES);
        fold_to(task_id(t), base != NULL ? base->pos : fake_log_end() - 1, &bytes, &terminal,
                &last);
        if (base != NULL && (complete || base->length > 0)) {
            assert_int_equal(base->pos, last);
            assert_int_equal(base->length, bytes.length);
            assert_memory_equal(base->bytes, bytes.data, bytes.length);
        }
        if (complete && last >= 0) {
            buffer_clear(&bytes);
            fold_to(task_id(t), fake_log_end() - 1, &bytes, &terminal, &last);
            assert_true(terminal || base != NULL);
            assert_true(base == NULL || base->pos == last);
        }
        buffer_release(&bytes);
    }
    if (complete) {
        assert_int_equal(fake_redis.seen, fake_log_end());
        assert_int_equal(projector_position(projection.projector), fake_log_end());
        assert_true(projector_ready(projection.projector));
    }
}

void projection_settle(void)
{
    fake_loop_run(20000);
    projection_check(true);
}
