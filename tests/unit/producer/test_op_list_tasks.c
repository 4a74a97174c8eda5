#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccc"

static const struct span IDS[] = {{A, 32}, {B, 32}, {C, 32}};

static void answer_ids(size_t from, size_t count, bool more)
{
    const struct redis_page page = {
        .complete = true, .cluster_known = true, .items = IDS + from, .count = count, .more = more};
    fake_answer_page(NULL, &page);
}

/** Begins the next page: `body` without its closing brace, and the token of the last answer. */
static void begin_next(struct harness *harness, struct harness_call *call, const char *body)
{
    char next[1024];
    const char *token = json_string_value(json_object_get(call->body, "nextToken"));
    assert_non_null(token);
    (void)snprintf(next, sizeof next, "%s,\"nextToken\":\"%s\"}", body, token);
    harness_end(call);
    harness_begin(harness, call, "ListTasks", next);
}

static void pages_follow_each_other(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\",\"maxResults\":2}");
    assert_int_equal(fake.limit, 2);
    assert_false(fake.stopped);
    assert_string_equal(fake.after, "");
    answer_ids(0, 2, true);
    assert_int_equal(call.status, 200);
    assert_int_equal(json_array_size(json_object_get(call.body, "taskArns")), 2);
    begin_next(*state, &call, "{\"cluster\":\"prod\",\"maxResults\":5");
    assert_string_equal(fake.after, B);
    assert_int_equal(fake.limit, 5);
    answer_ids(2, 1, false);
    harness_assert_body(&call, "{\"taskArns\":[\"" HARNESS_ARN "task/prod/" C "\"]}");
    harness_end(&call);
}

static void token_of_another_request_is_refused(void **state)
{
    struct harness_call call;
    static const char *const others[] = {
        "{\"cluster\":\"jan7\"",
        "{\"cluster\":\"prod\",\"desiredStatus\":\"STOPPED\"",
        "{\"cluster\":\"prod\",\"family\":\"web\"",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\",\"maxResults\":1}");
        answer_ids(0, 1, true);
        begin_next(*state, &call, others[i]);
        answer_ids(0, 0, false);
        harness_assert_error(&call, 400, "InvalidParameterException",
                             "nextToken is invalid: it must come from the previous answer to the "
                             "same request");
        harness_end(&call);
    }
}

static void stopped_tasks_are_listed_apart(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks", "{\"desiredStatus\":\"STOPPED\"}");
    assert_true(fake.stopped);
    assert_string_equal(fake.cluster, "default");
    assert_int_equal(fake.limit, 100);
    answer_ids(0, 1, false);
    assert_int_equal(call.status, 200);
    harness_end(&call);
}

static void nothing_is_ever_pending_or_on_amazons_hosts(void **state)
{
    static const char *const bodies[] = {
        "{\"cluster\":\"prod\",\"desiredStatus\":\"PENDING\"}",
        "{\"cluster\":\"prod\",\"launchType\":\"EC2\"}",
        "{\"cluster\":\"prod\",\"launchType\":\"FARGATE\"}",
        "{\"cluster\":\"prod\",\"desiredStatus\":\"STOPPED\",\"serviceName\":\"web\"}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct harness_call call;
        harness_begin(*state, &call, "ListTasks", bodies[i]);
        answer_ids(0, 3, true);
        harness_assert_body(&call, "{\"taskArns\":[]}");
        harness_end(&call);
    }
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\",\"launchType\":\"EXTERNAL\"}");
    answer_ids(0, 1, false);
    harness_assert_body(&call, "{\"taskArns\":[\"" HARNESS_ARN "task/prod/" A "\"]}");
    harness_end(&call);
}

static void filters_are_asked_of_the_view(void **state)
{
    static const struct {
        const char *filters, *host, *family, *started_by, *service;
        bool stopped;
    } cases[] = {
        {"\"family\":\"db\"", "", "db", "", "", false},
        {"\"startedBy\":\"me\"", "", "", "me", "", false},
        {"\"serviceName\":\"shop\"", "", "", "", "shop", false},
        {"\"containerInstance\":\"node-8\"", "node-8", "", "", "", false},
        {"\"containerInstance\":\"" HARNESS_ARN "container-instance/prod/node-8\"", "node-8", "",
         "", "", false},
        {"\"containerInstance\":\"node-8\",\"family\":\"db\"", "node-8", "db", "", "", false},
        {"\"containerInstance\":\"node-8\",\"desiredStatus\":\"STOPPED\"", "node-8", "", "", "",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct harness_call call;
        char body[256];
        (void)snprintf(body, sizeof body, "{\"cluster\":\"prod\",%s}", cases[i].filters);
        harness_begin(*state, &call, "ListTasks", body);
        assert_string_equal(fake.cluster, "prod");
        assert_string_equal(fake.host, cases[i].host);
        assert_string_equal(fake.family, cases[i].family);
        assert_string_equal(fake.started_by, cases[i].started_by);
        assert_string_equal(fake.service, cases[i].service);
        assert_int_equal(fake.stopped, cases[i].stopped);
        assert_int_equal(fake.limit, 100);
        answer_ids(1, 1, false);
        harness_assert_body(&call, "{\"taskArns\":[\"" HARNESS_ARN "task/prod/" B "\"]}");
        harness_end(&call);
    }
}

/** Answers the look at the host that a list without tasks is of. */
static void answer_host(bool found, bool complete)
{
    struct redis_host host = {.found = found};
    struct redis_hosts hosts = {
        .complete = complete, .cluster_known = true, .hosts = &host, .count = 1};
    assert_string_equal(fake.cluster, "prod");
    assert_int_equal(fake.id_count, 1);
    assert_string_equal(fake.ids[0], "node-8");
    fake_answer_hosts(NULL, &hosts);
}

static void unknown_host_is_not_found_where_the_view_is_complete(void **state)
{
    static const struct {
        const char *more;
        bool complete;
        int status;
        const char *name, *message;
    } cases[] = {
        {"", true, 400, "InvalidParameterException",
         "The referenced container instance was not found."},
        {",\"desiredStatus\":\"STOPPED\"", true, 400, "InvalidParameterException",
         "The referenced container instance was not found."},
        {"", false, 500, "ServerException",
         "Whether this exists is not known at the moment: the view of the log is not complete "
         "(stopfleet-audit rebuild makes it so). Try again."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct harness_call call;
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"cluster\":\"prod\",\"containerInstance\":\"node-8\"%s}", cases[i].more);
        harness_begin(*state, &call, "ListTasks", body);
        answer_ids(0, 0, false);
        answer_host(false, cases[i].complete);
        harness_assert_error(&call, cases[i].status, cases[i].name, cases[i].message);
        harness_end(&call);
    }
}

static void list_of_a_host_says_when_the_look_at_the_host_fails(void **state)
{
    struct harness_call call;
    struct error away = {.code = ERROR_UNAVAILABLE, .message = "Redis is away"};
    harness_begin(*state, &call, "ListTasks",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-8\"}");
    answer_ids(0, 0, false);
    fake_answer_hosts(&away, NULL);
    harness_assert_error(&call, 500, "ServerException",
                         "The tasks cannot be read at the moment: Redis is away. Try again.");
    harness_end(&call);
}

static void list_of_a_host_without_tasks_is_empty(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-8\"}");
    answer_ids(0, 0, false);
    answer_host(true, true);
    harness_assert_body(&call, "{\"taskArns\":[]}");
    harness_end(&call);
}

static void service_without_a_task_is_not_found(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\",\"serviceName\":\"nix\"}");
    answer_ids(0, 0, false);
    harness_assert_error(&call, 400, "ServiceNotFoundException", "Service not found.");
    harness_end(&call);
}

static void wrong_requests_are_refused_as_ecs_does(void **state)
{
    static const char *const cases[][3] = {
        {"{\"maxResults\":0}", "InvalidParameterException",
         "maxResults should be between 1 and 100"},
        {"{\"maxResults\":101}", "InvalidParameterException",
         "maxResults should be between 1 and 100"},
        {"{\"maxResults\":\"5\"}", "SerializationException",
         "STRING_VALUE can not be converted to an Integer"},
        {"{\"desiredStatus\":\"GONE\"}", "InvalidParameterException",
         "desiredStatus should be one of [RUNNING,PENDING,STOPPED]"},
        {"{\"launchType\":\"MOON\"}", "InvalidParameterException",
         "launchType should be one of [EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES]"},
        {"{\"nextToken\":\"abc\"}", "InvalidParameterException",
         "nextToken is invalid: it must come from the previous answer to the same request"},
        {"{\"startedBy\":\"a\",\"family\":\"b\"}", "InvalidParameterException",
         "cannot specify startedBy with other arguments"},
        {"{\"startedBy\":\"a\",\"launchType\":\"EC2\"}", "InvalidParameterException",
         "cannot specify startedBy with other arguments"},
        {"{\"startedBy\":\"a\",\"containerInstance\":\"n\"}", "InvalidParameterException",
         "cannot specify startedBy with other arguments"},
        {"{\"startedBy\":\"a\",\"serviceName\":\"n\"}", "InvalidParameterException",
         "cannot specify startedBy with other arguments"},
        {"{\"family\":\"a\",\"serviceName\":\"n\"}", "InvalidParameterException",
         "cannot specify both family and serviceName"},
        {"{\"containerInstance\":\"\"}", "InvalidParameterException",
         "Container instance can not be blank."},
        {"{\"containerInstance\":\"a b\"}", "InvalidParameterException",
         "Container instance must match ^[a-zA-Z0-9\\-_.]{1,255}$, but was a b"},
        {"{\"family\":1}", "SerializationException",
         "NUMBER_VALUE can not be converted to a String"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct harness_call call;
        harness_begin(*state, &call, "ListTasks", cases[i][0]);
        if (call.status == 0) {
            answer_ids(0, 0, false);
        }
        harness_assert_error(&call, 400, cases[i][1], cases[i][2]);
        harness_end(&call);
    }
}

static void started_by_goes_with_cluster_and_status(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks",
                  "{\"cluster\":\"prod\",\"startedBy\":\"me\",\"desiredStatus\":\"RUNNING\"}");
    answer_ids(0, 0, false);
    harness_assert_body(&call, "{\"taskArns\":[]}");
    harness_end(&call);
}

static void lists_come_from_a_complete_view_only(void **state)
{
    struct harness_call call;
    const struct redis_page page = {
        .complete = false, .cluster_known = true, .items = IDS, .count = 3};
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\"}");
    fake_answer_page(NULL, &page);
    assert_int_equal(call.status, 500);
    harness_end(&call);
}

static void unknown_cluster_is_not_found(void **state)
{
    struct harness_call call;
    const struct redis_page page = {.complete = true};
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"nix\",\"maxResults\":500}");
    fake_answer_page(NULL, &page);
    harness_assert_error(&call, 400, "ClusterNotFoundException", "Cluster not found.");
    harness_end(&call);
}

static void redis_that_hangs_is_a_server_exception(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListTasks", "{\"cluster\":\"prod\",\"family\":\"db\"}");
    harness_wait(*state, &call);
    assert_int_equal(call.status, 500);
    harness_end(&call);
    answer_ids(0, 1, true);
    assert_int_equal(fake.question, FAKE_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_follow_each_other),
        TEST(token_of_another_request_is_refused),
        TEST(stopped_tasks_are_listed_apart),
        TEST(nothing_is_ever_pending_or_on_amazons_hosts),
        TEST(filters_are_asked_of_the_view),
        TEST(list_of_a_host_says_when_the_look_at_the_host_fails),
        TEST(unknown_host_is_not_found_where_the_view_is_complete),
        TEST(list_of_a_host_without_tasks_is_empty),
        TEST(service_without_a_task_is_not_found),
        TEST(wrong_requests_are_refused_as_ecs_does),
        TEST(started_by_goes_with_cluster_and_status),
        TEST(lists_come_from_a_complete_view_only),
        TEST(unknown_cluster_is_not_found),
        TEST(redis_that_hangs_is_a_server_exception),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
