/* StopTasks that are refused, in ECS's words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

#define NOT_THERE                                                                                  \
    "Whether this exists is not known at the moment: the view of the log is not complete "         \
    "(stopfleet-audit rebuild makes it so). Try again."

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
    assert_refused(*state, HARNESS_STOP, false, true, "ServerException", NOT_THERE);
    assert_refused(*state, HARNESS_STOP, false, false, "ServerException", NOT_THERE);
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
        harness_begin(harness, &call, "StopTask", HARNESS_STOP);
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
        harness_begin(harness, &call, "StopTask", HARNESS_STOP);
        fake_answer_read(NULL, &read);
        assert_false(fake.sent);
        harness_assert_error(&call, 400, "InvalidParameterException",
                             "The referenced task was not found.");
        harness_end(&call);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_tasks_are_refused_as_ecs_does),
        TEST(wrong_clusters_are_told_before_wrong_tasks),
        TEST(not_found_is_said_from_a_complete_view_only),
        TEST(clusters_of_the_configuration_always_exist),
        TEST(reason_has_1024_characters_at_most),
        TEST(host_without_registration_is_a_server_exception),
        TEST(task_of_another_account_or_region_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
