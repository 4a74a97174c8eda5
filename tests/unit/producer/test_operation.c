#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

static void run(struct harness *harness, struct harness_call *call, const char *target,
                const char *body)
{
    struct error err = {0};
    struct harness_call pattern;
    harness_begin(harness, &pattern, "StopTask", "[]");
    harness_end(&pattern);
    *call = (struct harness_call){
        .call = {.service = &harness->service, .reply = pattern.call.reply, .body = span_of(body)}};
    assert_int_equal(call_start(&call->call, &err), 0);
    operation_run(target, &call->call);
}

static void unknown_targets_have_no_message(void **state)
{
    static const char *const targets[] = {
        NULL,
        "",
        "StopTask",
        OPERATION_TARGET_PREFIX,
        OPERATION_TARGET_PREFIX "stoptask",
        OPERATION_TARGET_PREFIX "StopTask ",
        OPERATION_TARGET_PREFIX "Foo",
        "amazonec2containerservicev20141113.StopTask",
        "AmazonEC2ContainerServiceV20141114.StopTask",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct harness_call call;
        run(*state, &call, targets[i], "{}");
        harness_assert_error(&call, 400, "UnknownOperationException", NULL);
        harness_end(&call);
    }
}

static void operations_that_stopfleet_has_not_are_named(void **state)
{
    struct harness_call call;
    run(*state, &call, OPERATION_TARGET_PREFIX "RunTask", "{}");
    harness_assert_error(&call, 400, "UnknownOperationException",
                         "Stopfleet does not have the operation RunTask; it has StopTask, "
                         "DescribeTasks, ListTasks, ListClusters, DescribeClusters, "
                         "ListContainerInstances, DescribeContainerInstances, "
                         "UpdateContainerInstancesState, DeregisterContainerInstance.");
    harness_end(&call);
}

static void bodies_that_are_no_object_are_refused(void **state)
{
    static const char *const bodies[] = {"{",     "",
                                         "null",  "\"x\"",
                                         "5",     "{\"a\":1,}",
                                         "{} {}", "{\"a\":\"\\u0000\"}",
                                         "\xff",  "{\"a\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct harness_call call;
        run(*state, &call, OPERATION_TARGET_PREFIX "StopTask", bodies[i]);
        harness_assert_error(&call, 400, "SerializationException", NULL);
        harness_end(&call);
    }
    struct harness_call call;
    run(*state, &call, OPERATION_TARGET_PREFIX "StopTask", "[]");
    harness_assert_error(&call, 400, "SerializationException",
                         "Start of list found where not expected");
    harness_end(&call);
    run(*state, &call, OPERATION_TARGET_PREFIX "StopTask", "{\"task\":\"a\",\"task\":\"b\"}");
    harness_assert_error(&call, 400, "SerializationException", "A member occurs twice");
    harness_end(&call);
}

static void readiness_tells_what_is_missing(void **state)
{
    struct harness *harness = *state;
    json_t *report;
    assert_true(service_ready(&harness->service, &report));
    char *text = json_dumps(report, JSON_COMPACT);
    assert_string_equal(text, "{\"ready\":true,\"problems\":[]}");
    free(text);
    json_decref(report);
    fake.redis_away = true;
    (void)strcpy(harness->service.topics_problem, "topics");
    assert_false(service_ready(&harness->service, &report));
    text = json_dumps(report, JSON_COMPACT);
    assert_string_equal(text,
                        "{\"ready\":false,\"problems\":[\"topics\",\"Redis does not answer\"]}");
    free(text);
    json_decref(report);
    fake.on_kafka(fake.on_kafka_context, KAFKA_AWAY, "gone");
    fake.redis_away = false;
    assert_false(service_ready(&harness->service, &report));
    text = json_dumps(report, JSON_COMPACT);
    assert_string_equal(text, "{\"ready\":false,\"problems\":[\"Kafka does not answer\"]}");
    free(text);
    json_decref(report);
    fake.on_kafka(fake.on_kafka_context, KAFKA_BACK, "back");
    harness->service.topics_problem[0] = '\0';
    assert_true(service_ready(&harness->service, &report));
    json_decref(report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_targets_have_no_message),
        TEST(operations_that_stopfleet_has_not_are_named),
        TEST(bodies_that_are_no_object_are_refused),
        TEST(readiness_tells_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
