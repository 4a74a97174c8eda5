#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

static void known_configured_and_missing_clusters(void **state)
{
    static const struct redis_cluster found[] = {
        {.known = true, .hosts = 2, .running_tasks = 7, .pending_tasks = 1}, {0}, {0}};
    struct harness_call call;
    harness_begin(*state, &call, "DescribeClusters",
                  "{\"clusters\":[\"prod\",\"" HARNESS_ARN
                  "cluster/configured\",\"nix\",\"prod\"]}");
    assert_int_equal(fake.id_count, 3);
    assert_string_equal(fake.ids[1], "configured");
    fake_answer_clusters(NULL, true, found, 3);
    harness_assert_body(
        &call,
        "{\"clusters\":[{\"clusterArn\":\"" HARNESS_ARN "cluster/prod\",\"clusterName\":\"prod\","
        "\"status\":\"ACTIVE\",\"registeredContainerInstancesCount\":2,\"runningTasksCount\":6,"
        "\"pendingTasksCount\":1,\"activeServicesCount\":0,\"statistics\":[],\"tags\":[],"
        "\"settings\":[],\"capacityProviders\":[],\"defaultCapacityProviderStrategy\":[]},"
        "{\"clusterArn\":\"" HARNESS_ARN
        "cluster/configured\",\"clusterName\":\"configured\",\"status\":\"ACTIVE\","
        "\"registeredContainerInstancesCount\":0,\"runningTasksCount\":0,\"pendingTasksCount\":0,"
        "\"activeServicesCount\":0,\"statistics\":[],\"tags\":[],\"settings\":[],"
        "\"capacityProviders\":[],\"defaultCapacityProviderStrategy\":[]}],"
        "\"failures\":[{\"arn\":\"" HARNESS_ARN "cluster/nix\",\"reason\":\"MISSING\"}]}");
    harness_end(&call);
}

static const char *value_of(const json_t *list, const char *name)
{
    size_t i = 0;
    const json_t *pair;
    json_array_foreach(list, i, pair)
    {
        if (strcmp(json_string_value(json_object_get(pair, "name")), name) == 0) {
            return json_string_value(json_object_get(pair, "value"));
        }
    }
    return "absent";
}

static void what_include_asks_for(void **state)
{
    static const struct redis_cluster found = {
        .known = true, .hosts = 2, .running_tasks = 7, .pending_tasks = 1};
    struct harness_call call;
    harness_begin(*state, &call, "DescribeClusters",
                  "{\"clusters\":[\"prod\"],\"include\":[\"STATISTICS\",\"SETTINGS\","
                  "\"ATTACHMENTS\",\"CONFIGURATIONS\",\"TAGS\"]}");
    fake_answer_clusters(NULL, true, &found, 1);
    const json_t *cluster = json_array_get(json_object_get(call.body, "clusters"), 0);
    const json_t *statistics = json_object_get(cluster, "statistics");
    assert_int_equal(json_array_size(statistics), 12);
    assert_string_equal(value_of(statistics, "runningExternalTasksCount"), "6");
    assert_string_equal(value_of(statistics, "pendingExternalTasksCount"), "1");
    assert_string_equal(value_of(statistics, "runningEC2TasksCount"), "0");
    assert_string_equal(value_of(statistics, "drainingExternalServiceCount"), "0");
    assert_string_equal(value_of(json_object_get(cluster, "settings"), "containerInsights"),
                        "disabled");
    assert_int_equal(json_array_size(json_object_get(cluster, "attachments")), 0);
    assert_true(json_is_array(json_object_get(cluster, "attachments")));
    assert_true(json_is_array(json_object_get(cluster, "tags")));
    harness_end(&call);
}

static void no_cluster_means_default(void **state)
{
    static const struct redis_cluster none = {0};
    struct harness_call call;
    harness_begin(*state, &call, "DescribeClusters", "{\"clusters\":[]}");
    assert_int_equal(fake.id_count, 1);
    assert_string_equal(fake.ids[0], "default");
    fake_answer_clusters(NULL, true, &none, 1);
    assert_int_equal(json_array_size(json_object_get(call.body, "clusters")), 1);
    harness_end(&call);
}

static void wrong_requests_and_bad_days(void **state)
{
    static const char *const cases[][3] = {
        {"{\"clusters\":[\"a b\"]}", "InvalidParameterException",
         "Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b"},
        {"{\"clusters\":\"prod\"}", "SerializationException", "Expected list or null"},
        {"{\"include\":[\"MOON\"]}", "InvalidParameterException",
         "include should be one of [ATTACHMENTS,CONFIGURATIONS,SETTINGS,STATISTICS,TAGS]"},
        {"{\"include\":[true]}", "SerializationException",
         "TRUE_VALUE can not be converted to a String"},
    };
    struct harness_call call;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness_begin(*state, &call, "DescribeClusters", cases[i][0]);
        harness_assert_error(&call, 400, cases[i][1], cases[i][2]);
        harness_end(&call);
    }
    static const struct redis_cluster none = {0};
    harness_begin(*state, &call, "DescribeClusters", "{\"include\":[\"TAGS\",\"SETTINGS\"]}");
    fake_answer_clusters(NULL, false, &none, 1);
    assert_int_equal(call.status, 500);
    harness_end(&call);
    harness_begin(*state, &call, "DescribeClusters", "{}");
    fake_answer_clusters(&(struct error){.code = ERROR_CORRUPT, .message = "x"}, false, NULL, 0);
    assert_int_equal(call.status, 500);
    harness_end(&call);
}

static void hundred_clusters_are_the_limit(void **state)
{
    struct harness_call call;
    char body[2048] = "{\"clusters\":[\"c0\"";
    for (int i = 1; i <= 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, ",\"c%d\"", i);
        (void)strcat(body, name);
    }
    (void)strcat(body, "]}");
    harness_begin(*state, &call, "DescribeClusters", body);
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "clusterNames can have at most 100 items.");
    harness_end(&call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_configured_and_missing_clusters),
        TEST(what_include_asks_for),
        TEST(no_cluster_means_default),
        TEST(wrong_requests_and_bad_days),
        TEST(hundred_clusters_are_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
