/** States of hosts against the log's facts: each way in which they can differ is seen. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/audit/host_compare.h"

static void test_verdicts(void **state)
{
    (void)state;
    struct host_state log = HOST_STATE_INITIAL;
    assert_int_equal(host_compare_verdict(NULL, 1, "ACTIVE"), HOST_VERDICT_SAME);
    assert_int_equal(host_compare_verdict(NULL, 1, "DRAINING"), HOST_VERDICT_DIFFERS);
    assert_int_equal(host_compare_verdict(NULL, 2, "ACTIVE"), HOST_VERDICT_AHEAD);
    log.offsets[HOST_FACT_STARTED] = 0;
    assert_int_equal(host_compare_verdict(&log, 2, "ACTIVE"), HOST_VERDICT_SAME);
    assert_int_equal(host_compare_verdict(&log, 1, "ACTIVE"), HOST_VERDICT_BEHIND);
    log.offsets[HOST_FACT_STATUS] = 7;
    log.draining = true;
    assert_int_equal(host_compare_verdict(&log, 9, "DRAINING"), HOST_VERDICT_SAME);
    assert_int_equal(host_compare_verdict(&log, 9, "ACTIVE"), HOST_VERDICT_DIFFERS);
    assert_int_equal(host_compare_verdict(&log, 2, "ACTIVE"), HOST_VERDICT_BEHIND);
    log.offsets[HOST_FACT_DEREGISTERED] = 9;
    assert_int_equal(host_compare_verdict(&log, 11, "INACTIVE"), HOST_VERDICT_SAME);
    assert_int_equal(host_compare_verdict(&log, 11, "DRAINING"), HOST_VERDICT_DIFFERS);
    assert_int_equal(host_compare_verdict(&log, 12, "INACTIVE"), HOST_VERDICT_AHEAD);
    assert_int_equal(host_version_position(12), 10);
    assert_int_equal(host_version_position(1), -1);
}

static void test_a_host_is_found_in_its_cluster(void **state)
{
    (void)state;
    struct host_compare compare = {0};
    struct error err = {0};
    struct redis_host host = {
        .id = span_of("h1"), .status = span_of("DRAINING"), .version = 5, .found = true};
    assert_int_equal(host_compare_add(&compare, "prod", &host, &err), 0);
    const struct host_compare_entry *entry = host_compare_find(&compare, "prod", "h1");
    assert_non_null(entry);
    assert_string_equal(entry->status, "DRAINING");
    assert_int_equal(entry->version, 5);
    assert_null(host_compare_find(&compare, "test", "h1"));
    assert_null(host_compare_find(&compare, "prod", "h2"));
    host_compare_release(&compare);
}

static void test_memory_that_runs_out_is_said(void **state)
{
    (void)state;
    int failures = 0;
    for (uint64_t n = 1; n < 6; n++) {
        struct host_compare compare = {0};
        struct error err = {0};
        struct redis_host host = {.id = span_of("h1"), .status = span_of("ACTIVE")};
        memory_fail_nth(n, false);
        int status = host_compare_add(&compare, "prod", &host, &err);
        memory_fail_nth(0, false);
        if (status != 0) {
            failures++;
            assert_int_equal(err.code, ERROR_NO_MEMORY);
            assert_int_equal(compare.count, 0);
        }
        host_compare_release(&compare);
    }
    assert_true(failures > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts),
                                       cmocka_unit_test(test_a_host_is_found_in_its_cluster),
                                       cmocka_unit_test(test_memory_that_runs_out_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
