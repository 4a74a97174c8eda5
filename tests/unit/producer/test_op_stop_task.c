#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/event.h"
#include "tests/unit/producer/harness.h"

#define STOP "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\",\"reason\":\"rolling node 7\"}"
#define NOT_THERE                                                                                  \
    "Whether this exists is not known at the moment: the view of the log is not complete "         \
    "(stopfleet-audit rebuild makes it so). Try again."

/** Begins a StopTask and answers its read with the task. */
static void begin_and_read(struct harness *harness, struct harness_call *call)
{
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    harness_begin(harness, call, "StopTask", STOP);
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
    harness_begin_like(harness, &call, "StopTask", STOP, &like);
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
    id_of_call(harness, "inv-1", STOP, first);
    harness->now_ms += 1000;
    id_of_call(harness, "inv-1", STOP, retry);
    id_of_call(harness, "inv-2", STOP, other_call);
    id_of_call(harness, "inv-1", "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\"}",
               other_body);
    id_of_call(harness, NULL, STOP, none);
    id_of_call(harness, NULL, STOP, none_again);
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
    harness_begin(*state, &call, "StopTask", STOP);
    fake_answer_read(&(struct error){.code = ERROR_UNAVAILABLE, .message = "Redis is away"}, NULL);
    harness_assert_error(&call, 500, "ServerException",
                         "The StopTask was not recorded and nothing will be stopped by it: Redis "
                         "is away. Try again.");
    harness_end(&call);
}

static void redis_that_hangs_is_a_server_exception_in_time(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "StopTask", STOP);
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

/** Tells what a StopTask is refused with when Redis says this. */
static void assert_refused(struct harness *harness, const char *body, bool complete,
                           bool cluster_known, const char *exception, const char *message)
{
    struct harness_call call;
    static struct redis_task none = {.found = false};
    struct redis_read read = {.complete = complete, .cluster_known = cluster_known, .tasks = &none};
    harness_begin(harness, &call, "StopTask", body);
    if (call.status == 0) {
        read.count = fake.id_count;
        fake_answer_read(NULL, &read);
    }
    assert_false(fake.sent);
    harness_assert_error(&call, strcmp(exception, "ServerException") == 0 ? 500 : 400, exception,
                         message);
    harness_end(&call);
}

static void wrong_tasks_are_refused_as_ecs_does(void **state)
{
    static const char *const cases[][3] = {
        {"\"" HARNESS_TASK "\"", "InvalidParameterException", "The referenced task was not found."},
        {"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "InvalidParameterException",
         "The referenced task was not found."},
        {"\"0123456789abcdef0123456789abcde*\"", "InvalidParameterException",
         "The referenced task was not found."},
        {"\"\"", "InvalidParameterException", "Task can not be blank."},
        {"null", "InvalidParameterException", "Task can not be blank."},
        {"\"abc\"", "InvalidParameterException", "taskId length should be one of [32,36]"},
        {"\"a/b\"", "InvalidParameterException",
         "Invalid identifier: Unexpected number of separators"},
        {"\"" HARNESS_ARN "task/jan7/" HARNESS_TASK "\"", "InvalidParameterException",
         "Invalid identifier: Identifier is for cluster jan7. Your cluster is prod"},
        {"\"arn:aws:ecs:eu-west-1:123456789012:task/prod/" HARNESS_TASK "\"",
         "InvalidParameterException", "Invalid Region in ARN"},
        {"\"arn:aws:ecs:us-east-1:111111111111:task/prod/" HARNESS_TASK "\"",
         "InvalidParameterException",
         "Identifier is for 111111111111. Your accountId is 123456789012"},
        {"\"" HARNESS_ARN "service/prod/web\"", "InvalidParameterException",
         "Task Identifier is invalid"},
        {"5", "SerializationException", "NUMBER_VALUE can not be converted to a String"},
        {"[]", "SerializationException", "Start of list found where not expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body, "{\"cluster\":\"prod\",\"task\":%s}", cases[i][0]);
        assert_refused(*state, body, true, true, cases[i][1], cases[i][2]);
    }
}

static void wrong_clusters_are_told_before_wrong_tasks(void **state)
{
    assert_refused(*state, "{\"cluster\":\"nix\",\"task\":\"abc\"}", true, false,
                   "ClusterNotFoundException", "Cluster not found.");
    assert_refused(*state, "{\"cluster\":\"nix\"}", true, false, "ClusterNotFoundException",
                   "Cluster not found.");
    assert_refused(*state, "{\"cluster\":\"\",\"task\":\"abc\"}", true, true,
                   "InvalidParameterException", "Cluster can not be blank.");
    assert_refused(*state, "{\"cluster\":\"a b\",\"task\":\"abc\"}", true, true,
                   "InvalidParameterException",
                   "Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b");
    assert_refused(*state, "{\"cluster\":\"" HARNESS_ARN "task/x\",\"task\":\"abc\"}", true, true,
                   "InvalidParameterException", "Cluster Identifier is invalid");
}

static void not_found_is_said_from_a_complete_view_only(void **state)
{
    assert_refused(*state, STOP, false, true, "ServerException", NOT_THERE);
    assert_refused(*state, STOP, false, false, "ServerException", NOT_THERE);
}

static void clusters_of_the_configuration_always_exist(void **state)
{
    assert_refused(*state, "{\"task\":\"" HARNESS_TASK "\"}", true, false,
                   "InvalidParameterException", "The referenced task was not found.");
    assert_string_equal(fake.cluster, "default");
    assert_refused(*state, "{\"cluster\":\"configured\",\"task\":\"" HARNESS_TASK "\"}", true,
                   false, "InvalidParameterException", "The referenced task was not found.");
}

static void reason_has_1024_characters_at_most(void **state)
{
    struct harness *harness = *state;
    for (size_t length = 1024; length <= 1025; length++) {
        char body[4096] = "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\",\"reason\":\"";
        for (size_t i = 0; i < length; i++) {
            (void)strcat(body, "\xc3\xbc");
        }
        (void)strcat(body, "\"}");
        if (length == 1025) {
            assert_refused(harness, body, true, true, "InvalidParameterException",
                           "reason longer than 1024.");
            continue;
        }
        struct harness_call call;
        struct redis_task task = harness_task(harness, HARNESS_TASK);
        const struct redis_read read = {
            .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
        harness_begin(harness, &call, "StopTask", body);
        fake_answer_read(NULL, &read);
        assert_true(fake.sent);
        fake_deliver(&(struct error){.code = ERROR_TIMEOUT}, -1);
        harness_end(&call);
    }
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

static void host_without_registration_is_a_server_exception(void **state)
{
    struct harness *harness = *state;
    static const char *const wanted[] = {
        "The StopTask was not recorded and nothing will be stopped by it: the registration of "
        "host node-7 is not in the view. Try again.",
        "The StopTask was not recorded and nothing will be stopped by it: the registration of "
        "host node-7 has no partition. Try again.",
    };
    for (size_t i = 0; i < 2; i++) {
        struct harness_call call;
        struct redis_task task = harness_task(harness, HARNESS_TASK);
        task.host_record = i == 0 ? (struct span){NULL, 0} : span_of("\x80");
        const struct redis_read read = {
            .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
        harness_begin(harness, &call, "StopTask", STOP);
        fake_answer_read(NULL, &read);
        harness_assert_error(&call, 500, "ServerException", wanted[i]);
        harness_end(&call);
    }
}

/* A view that programs of two accounts share by mistake: nobody else's task is stopped. */
static void task_of_another_account_or_region_is_not_found(void **state)
{
    struct harness *harness = *state;
    static const char *const others[][2] = {{"111111111111", "us-east-1"},
                                            {HARNESS_ACCOUNT, "eu-west-1"}};
    for (size_t i = 0; i < 2; i++) {
        struct harness_call call;
        struct redis_task task = harness_task(harness, HARNESS_TASK);
        task.host_record = harness_host_record(harness, "node-7", others[i][0], others[i][1]);
        const struct redis_read read = {
            .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
        harness_begin(harness, &call, "StopTask", STOP);
        fake_answer_read(NULL, &read);
        assert_false(fake.sent);
        harness_assert_error(&call, 400, "InvalidParameterException",
                             "The referenced task was not found.");
        harness_end(&call);
    }
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
        TEST(wrong_tasks_are_refused_as_ecs_does),
        TEST(wrong_clusters_are_told_before_wrong_tasks),
        TEST(not_found_is_said_from_a_complete_view_only),
        TEST(clusters_of_the_configuration_always_exist),
        TEST(reason_has_1024_characters_at_most),
        TEST(default_reason_is_that_of_ecs),
        TEST(host_without_registration_is_a_server_exception),
        TEST(task_of_another_account_or_region_is_not_found),
        TEST(task_that_cannot_be_read_back_is_said_to_be_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
