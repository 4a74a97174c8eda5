/* StopTask: what is recorded, made visible and answered, and peers that fail. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/event.h"
#include "tests/unit/producer/harness.h"

/** Begins a StopTask and answers its read with the task. */
static void begin_and_read(struct harness *harness, struct harness_call *call)
{
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    harness_begin(harness, call, "StopTask", HARNESS_STOP);
    fake_answer_read(NULL, &read);
}

static void decode_sent(struct event *ret_event)
{
    struct error err = {0};
    if (event_decode(buffer_span(&fake.sent_value), ret_event, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static const char *text_at(const struct harness_call *call, const char *name)
{
    return json_string_value(json_object_get(json_object_get(call->body, "task"), name));
}

static void assert_stopped(const struct harness_call *call)
{
    assert_int_equal(call->status, 200);
    assert_string_equal(text_at(call, "desiredStatus"), "STOPPED");
    assert_string_equal(text_at(call, "lastStatus"), "RUNNING");
    assert_string_equal(text_at(call, "stopCode"), "UserInitiated");
    assert_string_equal(text_at(call, "stoppedReason"), "rolling node 7");
    assert_string_equal(text_at(call, "taskArn"), HARNESS_ARN "task/prod/" HARNESS_TASK);
    const json_t *task = json_object_get(call->body, "task");
    assert_int_equal(json_array_size(json_object_get(task, "tags")), 0);
    assert_float_equal(json_number_value(json_object_get(task, "stoppingAt")), 1700000000.123,
                       0.0001);
    assert_int_equal(json_integer_value(json_object_get(task, "version")), 2);
}

static void stop_is_recorded_made_visible_and_answered(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    begin_and_read(harness, &call);
    assert_string_equal(fake.cluster, "prod");
    assert_int_equal(fake.id_count, 1);
    assert_string_equal(fake.ids[0], HARNESS_TASK);
    assert_int_equal(call.status, 0);
    assert_true(fake.sent);
    assert_int_equal(fake.sent_partition, 3);
    assert_true(span_equal_text(buffer_span(&fake.sent_key), "node-7"));
    fake_deliver(NULL, 42);
    assert_int_equal(call.status, 0);
    assert_int_equal(fake.question, FAKE_PEND);
    assert_int_equal(fake.pend_offset, 42);
    assert_true(span_equal(buffer_span(&fake.pend_event), buffer_span(&fake.sent_value)));
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    struct redis_pending pending = {42, buffer_span(&fake.pend_event)};
    task.pending = &pending;
    task.pending_count = 1;
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    fake_answer_read(NULL, &read);
    assert_stopped(&call);
    harness_end(&call);
}

static void record_says_who_asked_for_what(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    const struct call like = {
        .source_address = "10.1.2.3",
        .user_agent = "aws-cli/2",
        .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        .stop_timeout_ms = {true, 0},
    };
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    harness_begin_like(harness, &call, "StopTask", HARNESS_STOP, &like);
    fake_answer_read(NULL, &read);
    struct event event;
    decode_sent(&event);
    assert_int_equal(event.type, EVENT_STOP_REQUESTED);
    assert_int_equal(event.version, EVENT_MAJOR_VERSION);
    assert_int_equal(event.ts, harness->now_ms);
    assert_string_equal(event.account, HARNESS_ACCOUNT);
    assert_string_equal(event.region, "us-east-1");
    assert_string_equal(event.cluster, "prod");
    assert_string_equal(event.task, HARNESS_TASK);
    assert_string_equal(event.host, "node-7");
    assert_string_equal(event.actor.program, "stopfleet-api");
    assert_string_equal(event.actor.instance, "api-1");
    assert_int_equal(strlen(event.actor.incarnation), 32);
    assert_int_equal(strlen(event.actor.boot_id), 36);
    assert_string_equal(event.stop_requested.principal, "anonymous");
    assert_string_equal(event.stop_requested.source_address, "10.1.2.3");
    assert_string_equal(event.stop_requested.user_agent, "aws-cli/2");
    assert_string_equal(event.stop_requested.request_id, "request-1");
    assert_string_equal(event.stop_requested.reason, "rolling node 7");
    assert_null(event.stop_requested.invocation_id);
    assert_true(event.stop_requested.stop_timeout_ms.known);
    assert_int_equal(event.stop_requested.stop_timeout_ms.value, 0);
    assert_string_equal(fake.sent_traceparent, like.traceparent);
    assert_int_equal(event.id[14], '7');
    event_release(&event);
    harness_end(&call);
    fake_deliver(&(struct error){.code = ERROR_TIMEOUT}, -1);
}

/** The event id of a StopTask with this invocation id. */
static void id_of_call(struct harness *harness, const char *invocation_id, const char *body,
                       char ret_id[64])
{
    struct harness_call call;
    const struct call like = {.invocation_id = invocation_id};
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    harness_begin_like(harness, &call, "StopTask", body, &like);
    fake_answer_read(NULL, &read);
    struct event event;
    decode_sent(&event);
    (void)strncpy(ret_id, event.id, 63);
    ret_id[63] = '\0';
    event_release(&event);
    fake_deliver(&(struct error){.code = ERROR_UNAVAILABLE}, -1);
    harness_end(&call);
}

static void retry_is_the_same_fact(void **state)
{
    struct harness *harness = *state;
    char first[64], retry[64], other_call[64], other_body[64], none[64], none_again[64];
    id_of_call(harness, "inv-1", HARNESS_STOP, first);
    harness->now_ms += 1000;
    id_of_call(harness, "inv-1", HARNESS_STOP, retry);
    id_of_call(harness, "inv-2", HARNESS_STOP, other_call);
    id_of_call(harness, "inv-1", "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\"}",
               other_body);
    id_of_call(harness, NULL, HARNESS_STOP, none);
    id_of_call(harness, NULL, HARNESS_STOP, none_again);
    assert_string_equal(first, retry);
    assert_string_not_equal(first, other_call);
    assert_string_not_equal(first, other_body);
    assert_string_not_equal(none, none_again);
}

static void pend_that_fails_does_not_change_the_answer(void **state)
{
    struct harness *harness = *state;
    struct redis_task none = {.found = false};
    const struct redis_read gone = {
        .complete = true, .cluster_known = true, .tasks = &none, .count = 1};
    const struct error away = {.code = ERROR_UNAVAILABLE, .message = "connection lost"};
    for (int i = 0; i < 2; i++) {
        struct harness_call call;
        begin_and_read(harness, &call);
        fake_deliver(NULL, 42);
        fake_answer_read(i == 0 ? &away : NULL, &gone);
        assert_stopped(&call);
        harness_end(&call);
    }
}

static void nothing_is_answered_200_without_the_report(void **state)
{
    struct harness *harness = *state;
    static const struct {
        struct error error;
        const char *message;
    } cases[] = {
        {{.code = ERROR_TIMEOUT, .message = "no ack"},
         "The StopTask may or may not have been recorded: no ack. A retry is safe: a task is "
         "stopped once."},
        {{.code = ERROR_UNAVAILABLE, .message = "no broker"},
         "The StopTask was not recorded and nothing will be stopped by it: no broker. Try again."},
        {{.code = ERROR_NOT_FOUND, .message = "no partition"},
         "The StopTask was not recorded and nothing will be stopped by it: no partition. Try "
         "again."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct harness_call call;
        begin_and_read(harness, &call);
        fake_deliver(&cases[i].error, -1);
        harness_assert_error(&call, 500, "ServerException", cases[i].message);
        harness_end(&call);
    }
}

static void full_queue_is_a_server_exception(void **state)
{
    struct harness_call call;
    fake.send_error = (struct error){.code = ERROR_FULL, .message = "the queue is full"};
    begin_and_read(*state, &call);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask was not recorded and nothing will be stopped by it: the "
                         "queue is full. Try again.");
    harness_end(&call);
}

static void unchecked_topics_take_no_record(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    (void)strcpy(harness->service.topics_problem, "not checked");
    begin_and_read(harness, &call);
    assert_false(fake.sent);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask was not recorded and nothing will be stopped by it: not "
                         "checked. Try again.");
    harness_end(&call);
}

static void redis_that_fails_is_a_server_exception(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "StopTask", HARNESS_STOP);
    fake_answer_read(&(struct error){.code = ERROR_UNAVAILABLE, .message = "Redis is away"}, NULL);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask was not recorded and nothing will be stopped by it: Redis "
                         "is away. Try again.");
    harness_end(&call);
}

static void redis_that_hangs_is_a_server_exception_in_time(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "StopTask", HARNESS_STOP);
    harness_wait(*state, &call);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask was not recorded and nothing will be stopped by it: Redis "
                         "did not answer within 60 ms. Try again.");
    harness_end(&call);
    struct redis_task task = harness_task(*state, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    fake_answer_read(NULL, &read);
    assert_false(fake.sent);
}

static void kafka_that_hangs_is_a_server_exception_in_time(void **state)
{
    struct harness_call call;
    begin_and_read(*state, &call);
    harness_wait(*state, &call);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask may or may not have been recorded: Kafka did not answer "
                         "within 60 ms. A retry is safe: a task is stopped once.");
    harness_end(&call);
    fake_deliver(NULL, 42);
    assert_int_equal(fake.question, FAKE_PEND);
    assert_int_equal(fake.pend_offset, 42);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
}

static void pend_that_hangs_is_answered_200_in_time(void **state)
{
    struct harness_call call;
    begin_and_read(*state, &call);
    fake_deliver(NULL, 42);
    harness_wait(*state, &call);
    assert_stopped(&call);
    harness_end(&call);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
}

static void end_of_the_service_frees_what_is_under_way(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    begin_and_read(harness, &call);
    work_ring_release(&harness->service.works);
    assert_null(call.call.holder);
    harness_end(&call);
}

static void default_reason_is_that_of_ecs(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    harness_begin(harness, &call, "StopTask",
                  "{\"cluster\":\"prod\",\"task\":\"" HARNESS_ARN "task/prod/" HARNESS_TASK "\"}");
    fake_answer_read(NULL, &read);
    fake_deliver(NULL, 42);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
    assert_string_equal(text_at(&call, "stoppedReason"), "Task stopped by user");
    harness_end(&call);
}

static void task_that_cannot_be_read_back_is_said_to_be_recorded(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    task.base = span_of("rubbish");
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    begin_and_read(harness, &call);
    fake_deliver(NULL, 42);
    fake_answer_read(NULL, &read);
    assert_int_equal(call.status, 500);
    const char *message = json_string_value(json_object_get(call.body, "message"));
    assert_int_equal(strncmp(message, "The StopTask was recorded, but the task cannot be shown:",
                             strlen("The StopTask was recorded, but the task cannot be shown:")),
                     0);
    harness_end(&call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stop_is_recorded_made_visible_and_answered),
        TEST(record_says_who_asked_for_what),
        TEST(retry_is_the_same_fact),
        TEST(pend_that_fails_does_not_change_the_answer),
        TEST(nothing_is_answered_200_without_the_report),
        TEST(full_queue_is_a_server_exception),
        TEST(unchecked_topics_take_no_record),
        TEST(redis_that_fails_is_a_server_exception),
        TEST(redis_that_hangs_is_a_server_exception_in_time),
        TEST(kafka_that_hangs_is_a_server_exception_in_time),
        TEST(pend_that_hangs_is_answered_200_in_time),
        TEST(end_of_the_service_frees_what_is_under_way),
        TEST(default_reason_is_that_of_ecs),
        TEST(task_that_cannot_be_read_back_is_said_to_be_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
