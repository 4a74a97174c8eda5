#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

#define ARN HARNESS_ARN "container-instance/prod/"

/** What the view answers: host "node-7" of the sample, in the given state. */
static struct redis_host host_of(struct harness *harness, const char *status, int64_t open,
                                 int64_t pending)
{
    static const struct span reserved[] = {{"256 64 tcp:80", 13}, {"", 0}};
    return (struct redis_host){.found = true,
                               .id = span_of("node-7"),
                               .record = harness_task(harness, HARNESS_TASK).host_record,
                               .connected = true,
                               .connected_at = 1699990001000,
                               .status = span_of(status),
                               .version = 5,
                               .open_tasks = open,
                               .pending_tasks = pending,
                               .reserved = reserved,
                               .reserved_count = 2};
}

static void answer_with(struct redis_host *hosts, size_t count, bool complete)
{
    struct redis_hosts answer = {
        .complete = complete, .cluster_known = true, .hosts = hosts, .count = count};
    fake_answer_hosts(NULL, &answer);
}

static json_t *first(const struct harness_call *call, const char *list)
{
    return json_array_get(json_object_get(call->body, list), 0);
}

static const char *text(const json_t *object, const char *member)
{
    const char *found = json_string_value(json_object_get(object, member));
    return found == NULL ? "" : found;
}

static void test_describe(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(harness, &call, "DescribeContainerInstances",
                  "{\"cluster\":\"prod\",\"containerInstances\":[\"node-7\",\"" ARN
                  "gone\",\"node-7\"]}");
    assert_int_equal(fake.id_count, 2);
    struct redis_host hosts[] = {host_of(harness, "DRAINING", 3, 1), {.id = span_of("gone")}};
    answer_with(hosts, 2, true);
    assert_int_equal(call.status, 200);
    json_t *instance = first(&call, "containerInstances");
    assert_string_equal(text(instance, "containerInstanceArn"), ARN "node-7");
    assert_string_equal(text(instance, "status"), "DRAINING");
    assert_true(json_is_true(json_object_get(instance, "agentConnected")));
    assert_int_equal(json_integer_value(json_object_get(instance, "runningTasksCount")), 2);
    assert_int_equal(json_integer_value(json_object_get(instance, "pendingTasksCount")), 1);
    assert_int_equal(json_integer_value(json_object_get(instance, "version")), 5);
    json_t *ports = json_array_get(json_object_get(instance, "remainingResources"), 2);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(ports, "stringSetValue"), 0)), "80");
    assert_string_equal(text(first(&call, "failures"), "arn"), ARN "gone");
    assert_string_equal(text(first(&call, "failures"), "reason"), "MISSING");
    harness_end(&call);
}

/* What the worker says of its runtime is passed on while it is there to say it. */
static void test_health(void **state)
{
    static const struct {
        const char *runtime;
        bool connected;
        const char *overall, *reason; /* of the one check, NULL = there is none */
    } table[] = {
        {"OK", true, "OK", ""},
        {"IMPAIRED", true, "IMPAIRED", "the worker cannot reach its engine"},
        {"INITIALIZING", true, "INITIALIZING", ""},
        {"OK", false, "INSUFFICIENT_DATA", "the worker is not connected"},
        {"", true, "INSUFFICIENT_DATA", NULL},
    };
    struct harness *harness = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct harness_call call;
        harness_begin(harness, &call, "DescribeContainerInstances",
                      "{\"cluster\":\"prod\",\"containerInstances\":[\"node-7\"],"
                      "\"include\":[\"TAGS\",\"CONTAINER_INSTANCE_HEALTH\"]}");
        struct redis_host host = host_of(harness, "ACTIVE", 1, 0);
        host.connected = table[i].connected;
        host.runtime = span_of(table[i].runtime);
        host.runtime_since = 1699990001000;
        host.runtime_at = 1699990002500;
        answer_with(&host, 1, true);
        const json_t *health = json_object_get(first(&call, "containerInstances"), "healthStatus");
        const json_t *check = json_array_get(json_object_get(health, "details"), 0);
        assert_string_equal(text(health, "overallStatus"), table[i].overall);
        assert_int_equal(check != NULL, table[i].reason != NULL);
        if (check != NULL) {
            assert_string_equal(text(check, "type"), "CONTAINER_RUNTIME");
            assert_string_equal(text(check, "status"), table[i].overall);
            assert_string_equal(text(check, "statusReason"), table[i].reason);
            assert_true(json_real_value(json_object_get(check, "lastUpdated")) == 1699990002.5);
            assert_true(json_number_value(json_object_get(check, "lastStatusChange")) ==
                        1699990001.0);
        }
        harness_end(&call);
    }
}

static void test_missing_is_not_said_from_an_incomplete_view(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(harness, &call, "DescribeContainerInstances",
                  "{\"cluster\":\"prod\",\"containerInstances\":[\"gone\"]}");
    struct redis_host host = {.id = span_of("gone")};
    answer_with(&host, 1, false);
    assert_int_equal(call.status, 500);
    harness_end(&call);
}

/** A request that is refused before the view is asked. */
static void test_refusals(void **state)
{
    struct harness *harness = *state;
    static const struct {
        const char *operation, *body, *exception, *message;
    } table[] = {
        {"DescribeContainerInstances", "{}", "InvalidParameterException",
         "Container instance cannot be empty."},
        {"DescribeContainerInstances", "{\"containerInstances\":[\"a\"],\"include\":[\"X\"]}",
         "InvalidParameterException", "include should be one of [TAGS,CONTAINER_INSTANCE_HEALTH]"},
        {"UpdateContainerInstancesState", "{\"containerInstances\":[\"a\"]}",
         "InvalidParameterException", "status should be one of [ACTIVE,DRAINING]"},
        {"UpdateContainerInstancesState",
         "{\"status\":\"INACTIVE\",\"containerInstances\":[\"a\"]}", "InvalidParameterException",
         "status should be one of [ACTIVE,DRAINING]"},
        {"UpdateContainerInstancesState",
         "{\"status\":\"ACTIVE\",\"containerInstances\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
         "\"8\",\"9\",\"10\",\"11\"]}",
         "InvalidParameterException", "instanceIds can have at most 10 items."},
        {"DeregisterContainerInstance", "{\"force\":\"yes\",\"containerInstance\":\"a\"}",
         "SerializationException", "STRING_VALUE can not be converted to a Boolean"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct harness_call call;
        harness_begin(harness, &call, table[i].operation, table[i].body);
        harness_assert_error(&call, 400, table[i].exception, table[i].message);
        harness_end(&call);
    }
}

static void test_list(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(harness, &call, "ListContainerInstances",
                  "{\"cluster\":\"prod\",\"maxResults\":1}");
    assert_int_equal(fake.question, FAKE_LIST_HOSTS);
    assert_string_equal(fake.ids[0], "ACTIVE");
    assert_string_equal(fake.ids[1], "DRAINING");
    struct span item = span_of("node-7");
    struct redis_page page = {
        .complete = true, .cluster_known = true, .items = &item, .count = 1, .more = true};
    fake_answer_page(NULL, &page);
    assert_int_equal(call.status, 200);
    assert_string_equal(json_string_value(first(&call, "containerInstanceArns")), ARN "node-7");
    char next[1024];
    (void)snprintf(next, sizeof next, "{\"cluster\":\"prod\",\"nextToken\":\"%s\"}",
                   text(call.body, "nextToken"));
    harness_end(&call);
    harness_begin(harness, &call, "ListContainerInstances", next);
    assert_string_equal(fake.after, "node-7");
    page.more = false;
    fake_answer_page(NULL, &page);
    assert_null(json_object_get(call.body, "nextToken"));
    harness_end(&call);
    harness_begin(harness, &call, "ListContainerInstances",
                  "{\"cluster\":\"prod\",\"status\":\"LOST\"}");
    fake_answer_page(NULL, &page);
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "status should be one of "
                         "[ACTIVE,DRAINING,REGISTERING,DEREGISTERING,REGISTRATION_FAILED]");
    harness_end(&call);
}

static void test_a_filter_looks_inside(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(harness, &call, "ListContainerInstances",
                  "{\"cluster\":\"prod\",\"filter\":\"runningTasksCount > 1\"}");
    assert_int_equal(fake.limit, 100);
    struct span items[] = {span_of("node-6"), span_of("node-7")};
    struct redis_page page = {
        .complete = true, .cluster_known = true, .items = items, .count = 2, .more = true};
    fake_answer_page(NULL, &page);
    struct redis_host hosts[] = {host_of(harness, "ACTIVE", 1, 0),
                                 host_of(harness, "ACTIVE", 2, 0)};
    answer_with(hosts, 2, true);
    /* One of two passed, and there are more hosts. */
    assert_int_equal(call.status, 0);
    assert_string_equal(fake.after, "node-7");
    page.count = 0;
    page.more = false;
    fake_answer_page(NULL, &page);
    assert_int_equal(call.status, 200);
    assert_int_equal(json_array_size(json_object_get(call.body, "containerInstanceArns")), 1);
    assert_string_equal(json_string_value(first(&call, "containerInstanceArns")), ARN "node-7");
    harness_end(&call);
    harness_begin(harness, &call, "ListContainerInstances",
                  "{\"cluster\":\"prod\",\"filter\":\"runningTasksCount\"}");
    fake_answer_page(NULL, &page);
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "filter is no expression of the cluster query language: one of the "
                         "operators == != > >= < <= is wanted at character 18");
    harness_end(&call);
}

/* As harness_begin makes the call. */
static void assert_caller(const struct event_caller *caller)
{
    assert_string_equal(caller->principal, "anonymous");
    assert_string_equal(caller->source_address, "10.1.2.3");
    assert_string_equal(caller->user_agent, "aws-cli/2");
    assert_string_equal(caller->request_id, "request-1");
}

static struct event sent_event(void)
{
    struct event event;
    assert_true(fake.sent);
    assert_int_equal(event_decode(buffer_span(&fake.sent_value), &event, NULL), 0);
    return event;
}

static void test_draining(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(
        harness, &call, "UpdateContainerInstancesState",
        "{\"cluster\":\"prod\",\"status\":\"DRAINING\",\"containerInstances\":[\"node-7\"]}");
    struct redis_host host = host_of(harness, "ACTIVE", 1, 0);
    answer_with(&host, 1, true);
    struct event event = sent_event();
    assert_int_equal(event.type, EVENT_HOST_STATE_CHANGED);
    assert_string_equal(event.host, "node-7");
    assert_null(event.task);
    assert_string_equal(event.host_state_changed.status, "DRAINING");
    assert_caller(&event.host_state_changed.caller);
    event_release(&event);
    assert_int_equal(fake.sent_partition, 3);
    assert_int_equal(call.status, 0);
    fake_deliver(NULL, 77);
    assert_string_equal(fake.fact, "node-7 status 77 DRAINING");
    fake_answer_fact(NULL);
    host = host_of(harness, "DRAINING", 1, 0);
    answer_with(&host, 1, true);
    assert_int_equal(call.status, 200);
    assert_string_equal(text(first(&call, "containerInstances"), "status"), "DRAINING");
    harness_end(&call);
}

static void test_a_deregistered_host_is_not_changed(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(
        harness, &call, "UpdateContainerInstancesState",
        "{\"cluster\":\"prod\",\"status\":\"ACTIVE\",\"containerInstances\":[\"node-7\"]}");
    struct redis_host host = host_of(harness, "INACTIVE", 1, 0);
    answer_with(&host, 1, true);
    assert_false(fake.sent);
    answer_with(&host, 1, true);
    assert_int_equal(call.status, 200);
    assert_string_equal(text(first(&call, "failures"), "reason"), "INACTIVE");
    harness_end(&call);
}

static void test_deregister(void **state)
{
    struct harness *harness = *state;
    struct harness_call call;
    harness_begin(harness, &call, "DeregisterContainerInstance",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-7\"}");
    struct redis_host host = host_of(harness, "ACTIVE", 1, 0);
    answer_with(&host, 1, true);
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "Found running tasks on the instance.");
    assert_false(fake.sent);
    harness_end(&call);
    harness_begin(harness, &call, "DeregisterContainerInstance",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-7\",\"force\":true}");
    answer_with(&host, 1, true);
    struct event event = sent_event();
    assert_int_equal(event.type, EVENT_HOST_DEREGISTERED);
    assert_true(event.host_deregistered.force);
    assert_caller(&event.host_deregistered.caller);
    event_release(&event);
    fake_deliver(NULL, 78);
    assert_memory_equal(fake.fact, "node-7 deregistered 78 ", 23);
    fake_answer_fact(NULL);
    host = host_of(harness, "INACTIVE", 1, 0);
    answer_with(&host, 1, true);
    assert_int_equal(call.status, 200);
    assert_string_equal(text(json_object_get(call.body, "containerInstance"), "status"),
                        "INACTIVE");
    harness_end(&call);
}

static void test_never_200_without_the_record(void **state)
{
    struct harness *harness = *state;
    const struct error lost = {.code = ERROR_TIMEOUT, .message = "no report"};
    struct harness_call call;
    harness_begin(harness, &call, "DeregisterContainerInstance",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-7\",\"force\":true}");
    struct redis_host host = host_of(harness, "ACTIVE", 0, 0);
    answer_with(&host, 1, true);
    fake_deliver(&lost, -1);
    harness_assert_error(&call, 500, "ServerException",
                         "The change of the container instance may or may not have been recorded: "
                         "no report. A retry is safe.");
    harness_end(&call);
    harness_begin(harness, &call, "DeregisterContainerInstance",
                  "{\"cluster\":\"prod\",\"containerInstance\":\"node-8\"}");
    struct redis_host none = {.id = span_of("node-8")};
    answer_with(&none, 1, true);
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "The referenced container instance was not found.");
    harness_end(&call);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_describe),
        TEST(test_health),
        TEST(test_missing_is_not_said_from_an_incomplete_view),
        TEST(test_refusals),
        TEST(test_list),
        TEST(test_a_filter_looks_inside),
        TEST(test_draining),
        TEST(test_a_deregistered_host_is_not_changed),
        TEST(test_deregister),
        TEST(test_never_200_without_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
