#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/producer/harness.h"

#define ARN(name) "\"" HARNESS_ARN "cluster/" name "\""

static void answer(const char *const *names, size_t count, bool more)
{
    struct span items[8];
    for (size_t i = 0; i < count; i++) {
        items[i] = span_of(names[i]);
    }
    const struct redis_page page = {.complete = true, .items = items, .count = count, .more = more};
    fake_answer_page(NULL, &page);
}

static void begin_next(struct harness *harness, struct harness_call *call, int max_results)
{
    char body[1024];
    (void)snprintf(body, sizeof body, "{\"maxResults\":%d,\"nextToken\":\"%s\"}", max_results,
                   json_string_value(json_object_get(call->body, "nextToken")));
    harness_end(call);
    harness_begin(harness, call, "ListClusters", body);
}

static void assert_arns(const struct harness_call *call, const char *wanted, bool more)
{
    char *text = json_dumps(json_object_get(call->body, "clusterArns"), JSON_COMPACT);
    assert_string_equal(text, wanted);
    free(text);
    assert_int_equal(json_object_get(call->body, "nextToken") != NULL, more);
}

static void configured_and_registered_clusters_are_listed_as_one(void **state)
{
    static const char *const names[] = {"alpha", "default", "prod"};
    struct harness_call call;
    harness_begin(*state, &call, "ListClusters", "{}");
    assert_int_equal(fake.limit, 100);
    answer(names, 3, false);
    harness_assert_body(&call, "{\"clusterArns\":[" ARN("alpha") "," ARN("configured") "," ARN(
                                   "default") "," ARN("prod") "]}");
    harness_end(&call);
}

static void pages_lose_and_repeat_nothing(void **state)
{
    static const char *const names[] = {"alpha", "beta", "prod"};
    struct harness_call call;
    harness_begin(*state, &call, "ListClusters", "{\"maxResults\":1}");
    answer(names, 1, true);
    assert_arns(&call, "[" ARN("alpha") "]", true);
    begin_next(*state, &call, 2);
    assert_string_equal(fake.after, "alpha");
    answer(names + 1, 2, false);
    assert_arns(&call, "[" ARN("beta") "," ARN("configured") "]", true);
    begin_next(*state, &call, 2);
    assert_string_equal(fake.after, "configured");
    answer(names + 2, 1, false);
    assert_arns(&call, "[" ARN("default") "," ARN("prod") "]", false);
    harness_end(&call);
}

static void empty_view_still_has_the_configured_ones(void **state)
{
    struct harness_call call;
    harness_begin(*state, &call, "ListClusters", "{}");
    answer(NULL, 0, false);
    assert_arns(&call, "[" ARN("configured") "," ARN("default") "]", false);
    harness_end(&call);
}

static void wrong_requests_and_bad_days(void **state)
{
    struct harness_call call;
    const struct redis_page incomplete = {.complete = false};
    harness_begin(*state, &call, "ListClusters", "{\"maxResults\":101}");
    harness_assert_error(&call, 400, "InvalidParameterException",
                         "maxResults should be between 1 and 100");
    harness_end(&call);
    harness_begin(*state, &call, "ListClusters", "{\"nextToken\":\"====\"}");
    assert_int_equal(call.status, 400);
    harness_end(&call);
    harness_begin(*state, &call, "ListClusters", "{\"nextToken\":\"\"}");
    fake_answer_page(NULL, &incomplete);
    assert_int_equal(call.status, 500);
    harness_end(&call);
    harness_begin(*state, &call, "ListClusters", "{}");
    harness_wait(*state, &call);
    assert_int_equal(call.status, 500);
    harness_end(&call);
    fake_answer_page(&(struct error){.code = ERROR_TIMEOUT}, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configured_and_registered_clusters_are_listed_as_one),
        TEST(pages_lose_and_repeat_nothing),
        TEST(empty_view_still_has_the_configured_ones),
        TEST(wrong_requests_and_bad_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
