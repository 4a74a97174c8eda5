#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

#define OTHER    "ffffffffffffffffffffffffffffffff"
#define DESCRIBE "{\"cluster\":\"prod\",\"tasks\":[\"" HARNESS_TASK "\",\"" OTHER "\"]}"

static void answer(const struct redis_task *tasks, size_t count, bool complete)
{
    struct redis_task copy[FAKE_IDS_MAX];
    memcpy(copy, tasks, count * sizeof *tasks);
    const struct redis_read read = {
        .complete = complete, .cluster_known = true, .tasks = copy, .count = count};
    fake_answer_read(NULL, &read);
}

static const json_t *list(const struct harness_call *call, const char *name)
{
    const json_t *found = json_object_get(call->body, name);
    assert_true(json_is_array(found));
    return found;
}

/* What is of another account is as good as not there. */
static void assert_found_and_missing(struct harness *harness, const struct redis_task *missing)
{
    struct harness_call call;
    struct redis_task tasks[2] = {harness_task(harness, HARNESS_TASK), *missing};
    harness_begin(harness, &call, "DescribeTasks", DESCRIBE);
    assert_int_equal(fake.id_count, 2);
    answer(tasks, 2, true);
    assert_int_equal(call.status, 200);
    assert_int_equal(json_array_size(list(&call, "tasks")), 1);
    const json_t *task = json_array_get(list(&call, "tasks"), 0);
    assert_string_equal(json_string_value(json_object_get(task, "lastStatus")), "RUNNING");
    assert_string_equal(json_string_value(json_object_get(task, "healthStatus")), "HEALTHY");
    assert_string_equal(json_string_value(json_object_get(task, "connectivity")), "CONNECTED");
    assert_int_equal(json_array_size(json_object_get(task, "tags")), 0);
    char *failures = json_dumps(list(&call, "failures"), JSON_COMPACT);
    assert_string_equal(failures, "[{\"arn\":\"" HARNESS_ARN "task/prod/" OTHER
                                  "\",\"reason\":\"MISSING\"}]");
    free(failures);
    harness_end(&call);
}

static void found_and_missing_tasks_are_told_apart(void **state)
{
    struct redis_task missing = {.found = false};
    struct redis_task foreign = harness_task(*state, OTHER);
    foreign.host_record = harness_host_record(*state, "node-8", "111111111111", NULL);
    assert_found_and_missing(*state, &missing);
    assert_found_and_missing(*state, &foreign);
}

static void tags_come_when_asked_for(void **state)
{
    struct harness_call call;
    struct redis_task task = harness_task(*state, HARNESS_TASK);
    harness_begin(*state, &call, "DescribeTasks",
                  "{\"cluster\":\"prod\",\"tasks\":[\"" HARNESS_TASK "\"],\"include\":[\"TAGS\"]}");
    answer(&task, 1, true);
    const json_t *document = json_array_get(list(&call, "tasks"), 0);
    assert_int_equal(json_array_size(json_object_get(document, "tags")), 1);
    assert_int_equal(json_array_size(list(&call, "failures")), 0);
    harness_end(&call);
}

static void repeated_tasks_are_read_once(void **state)
{
    struct harness_call call;
    struct redis_task task = harness_task(*state, HARNESS_TASK);
    harness_begin(*state, &call, "DescribeTasks",
                  "{\"cluster\":\"prod\",\"tasks\":[\"" HARNESS_TASK "\",\"" HARNESS_ARN
                  "task/prod/" HARNESS_TASK "\"]}");
    assert_int_equal(fake.id_count, 1);
    answer(&task, 1, true);
    assert_int_equal(json_array_size(list(&call, "tasks")), 1);
    harness_end(&call);
}

static void missing_is_said_from_a_complete_view_only(void **state)
{
    struct harness_call call;
    struct redis_task tasks[2] = {harness_task(*state, HARNESS_TASK), {.found = false}};
    harness_begin(*state, &call, "DescribeTasks", DESCRIBE);
    answer(tasks, 2, false);
    assert_int_equal(call.status, 500);
    harness_end(&call);
    tasks[1] = harness_task(*state, OTHER);
    harness_begin(*state, &call, "DescribeTasks", DESCRIBE);
    answer(tasks, 2, false);
    assert_int_equal(call.status, 200);
    harness_end(&call);
}

static void record_that_cannot_be_read_fails_alone(void **state)
{
    struct harness_call call;
    struct redis_task tasks[2] = {harness_task(*state, HARNESS_TASK), harness_task(*state, OTHER)};
    tasks[1].base = span_of("rubbish");
    harness_begin(*state, &call, "DescribeTasks", DESCRIBE);
    answer(tasks, 2, true);
    assert_int_equal(call.status, 200);
    assert_int_equal(json_array_size(list(&call, "tasks")), 1);
    const json_t *failure = json_array_get(list(&call, "failures"), 0);
    assert_string_equal(json_string_value(json_object_get(failure, "reason")), "UNREADABLE");
    assert_non_null(json_object_get(failure, "detail"));
    harness_end(&call);
}

static void wrong_requests_are_refused_as_ecs_does(void **state)
{
    static const char *const cases[][3] = {
        {"{\"cluster\":\"prod\"}", "InvalidParameterException", "Tasks cannot be empty."},
        {"{\"cluster\":\"prod\",\"tasks\":[]}", "InvalidParameterException",
         "Tasks cannot be empty."},
        {"{\"tasks\":[\"abc\"]}", "InvalidParameterException",
         "taskId length should be one of [32,36]"},
        {"{\"tasks\":[null]}", "InvalidParameterException", "Task can not be blank."},
        {"{\"tasks\":[\"" HARNESS_TASK "\"],\"include\":[\"STATISTICS\"]}",
         "InvalidParameterException", "include should be one of [TAGS]"},
        {"{\"tasks\":\"x\"}", "SerializationException", "Expected list or null"},
        {"{\"tasks\":{}}", "SerializationException",
         "Start of structure or map found where not expected."},
        {"{\"tasks\":[5]}", "SerializationException",
         "NUMBER_VALUE can not be converted to a String"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct harness_call call;
        const struct redis_read read = {.complete = true};
        harness_begin(*state, &call, "DescribeTasks", cases[i][0]);
        if (call.status == 0) {
            fake_answer_read(NULL, &read);
        }
        harness_assert_error(&call, 400, cases[i][1], cases[i][2]);
        harness_end(&call);
    }
}

static void hundred_tasks_are_the_limit(void **state)
{
    for (size_t count = 100; count <= 101; count++) {
        struct harness_call call;
        char body[8192] = "{\"tasks\":[";
        for (size_t i = 0; i < count; i++) {
            char id[64];
            (void)snprintf(id, sizeof id, "%s\"%032zu\"", i == 0 ? "" : ",", i);
            (void)strcat(body, id);
        }
        (void)strcat(body, "]}");
        harness_begin(*state, &call, "DescribeTasks", body);
        if (count == 100) {
            assert_int_equal(fake.id_count, 100);
            struct redis_task none[100] = {{.found = false}};
            answer(none, 100, true);
            assert_int_equal(json_array_size(list(&call, "failures")), 100);
        } else {
            harness_assert_error(&call, 400, "InvalidParameterException",
                                 "taskIds can have at most 100 items.");
        }
        harness_end(&call);
    }
}

static void redis_that_fails_or_hangs_is_a_server_exception(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "DescribeTasks", DESCRIBE);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT, .message = "no answer"}, NULL);
    harness_assert_error(&call, 500, "ServerException",
                         "The tasks cannot be read at the moment: no answer. Try again.");
    harness_end(&call);
    harness_begin(*state, &call, "DescribeTasks", DESCRIBE);
    harness_wait(*state, &call);
    harness_assert_error(
        &call, 500, "ServerException",
        "The tasks cannot be read at the moment: no answer within 60 ms. Try again.");
    harness_end(&call);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
}

static void unknown_cluster_is_told_first(void **state)
{
    struct harness_call call;
    const struct redis_read read = {.complete = true, .cluster_known = false};
    harness_begin(*state, &call, "DescribeTasks", "{\"cluster\":\"nix\",\"tasks\":[\"abc\"]}");
    assert_int_equal(fake.id_count, 0);
    fake_answer_read(NULL, &read);
    harness_assert_error(&call, 400, "ClusterNotFoundException", "Cluster not found.");
    harness_end(&call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(found_and_missing_tasks_are_told_apart),
        TEST(tags_come_when_asked_for),
        TEST(repeated_tasks_are_read_once),
        TEST(missing_is_said_from_a_complete_view_only),
        TEST(record_that_cannot_be_read_fails_alone),
        TEST(wrong_requests_are_refused_as_ecs_does),
        TEST(hundred_tasks_are_the_limit),
        TEST(redis_that_fails_or_hangs_is_a_server_exception),
        TEST(unknown_cluster_is_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
