/** The filters of stopfleet-audit. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/sample_events.h"
#include "worker/audit/log_scan.h"

static char task_id[] = SAMPLE_TASK;
static char task_arn[] = "arn:aws:ecs:us-east-1:000000000000:task/prod/" SAMPLE_TASK;
static char other_task[] = "ffffffffffffffffffffffffffffffff";
static char task_prefix[] = "0123456789abcdef";
static char prod[] = "prod";
static char test[] = "test";
static char type_requested[] = "StopRequested";
static char type_killed[] = "KillSent";

static const struct event EVENT_OF_TASK = {.type = EVENT_STOP_REQUESTED,
                                           .type_name = "StopRequested",
                                           .cluster = "prod",
                                           .host = "h1",
                                           .task = SAMPLE_TASK,
                                           .ts = 5000};
static const struct event EVENT_OF_HOST = {
    .type = EVENT_WORKER_STARTED, .type_name = "WorkerStarted", .cluster = "prod", .host = "h1"};

static void log_scan_without_filters_lets_all_through(void **state)
{
    (void)state;
    struct audit_options options = {0};
    assert_true(log_scan_matches(&options, &EVENT_OF_TASK));
    assert_true(log_scan_matches(&options, &EVENT_OF_HOST));
}

static void log_scan_takes_a_task_by_its_whole_id_or_arn_only(void **state)
{
    (void)state;
    char *ids[] = {other_task, task_id};
    struct audit_options options = {.tasks = {ids, 2}};
    assert_true(log_scan_matches(&options, &EVENT_OF_TASK));
    assert_false(log_scan_matches(&options, &EVENT_OF_HOST));
    ids[1] = task_arn;
    assert_true(log_scan_matches(&options, &EVENT_OF_TASK));
    ids[1] = task_prefix;
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
}

static void log_scan_filters_by_cluster_host_and_type(void **state)
{
    (void)state;
    char *types[] = {type_killed, type_requested};
    struct audit_options options = {.cluster = prod, .types = {types, 2}};
    assert_true(log_scan_matches(&options, &EVENT_OF_TASK));
    options.types.count = 1;
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
    options = (struct audit_options){.cluster = test};
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
    options = (struct audit_options){.host = test};
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
}

static void log_scan_lets_hosts_through_where_tasks_rest_on_them(void **state)
{
    (void)state;
    char *ids[] = {task_id};
    struct audit_options options = {.cluster = test, .tasks = {ids, 1}, .since_unix_ms = 9000};
    assert_true(log_scan_matches_host(&options, &EVENT_OF_HOST));
    assert_false(log_scan_matches_host(&options, &EVENT_OF_TASK));
    struct event later = EVENT_OF_HOST;
    later.ts = 6000;
    options.until_unix_ms = 6000;
    assert_false(log_scan_matches_host(&options, &later));
    options = (struct audit_options){.host = test};
    assert_false(log_scan_matches_host(&options, &EVENT_OF_HOST));
}

static void log_scan_includes_since_and_excludes_until(void **state)
{
    (void)state;
    struct audit_options options = {.since_unix_ms = 5000, .until_unix_ms = 5001};
    assert_true(log_scan_matches(&options, &EVENT_OF_TASK));
    options = (struct audit_options){.since_unix_ms = 5001};
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
    options = (struct audit_options){.until_unix_ms = 5000};
    assert_false(log_scan_matches(&options, &EVENT_OF_TASK));
}

static void log_scan_counts_newer_versions_and_keeps_the_first_place(void **state)
{
    (void)state;
    struct log_scan_result result = {0};
    struct kafka_record record = {.partition = 1, .offset = 7};
    log_scan_count(&result, &record, &(struct error){.code = ERROR_CORRUPT});
    assert_int_equal(result.unsupported, 0);
    record.partition = 2;
    log_scan_count(&result, &record, &(struct error){.code = ERROR_UNSUPPORTED});
    record.offset = 8;
    log_scan_count(&result, &record, &(struct error){.code = ERROR_UNSUPPORTED});
    assert_int_equal(result.unreadable, 3);
    assert_int_equal(result.unsupported, 2);
    assert_int_equal(result.unsupported_partition, 2);
    assert_int_equal(result.unsupported_offset, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_scan_without_filters_lets_all_through),
        cmocka_unit_test(log_scan_takes_a_task_by_its_whole_id_or_arn_only),
        cmocka_unit_test(log_scan_filters_by_cluster_host_and_type),
        cmocka_unit_test(log_scan_lets_hosts_through_where_tasks_rest_on_them),
        cmocka_unit_test(log_scan_includes_since_and_excludes_until),
        cmocka_unit_test(log_scan_counts_newer_versions_and_keeps_the_first_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
