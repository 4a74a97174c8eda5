/** What stopfleet-audit makes of its command line. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/audit/audit_options.h"
#include "worker/audit/command.h"

static char brokers[] = "127.0.0.1:9092";
static char bad_time[] = "yesterday";
static char good_time[] = "2026-01-31T12:00:00Z";
static char bad_type[] = "StopRequest";

static void audit_options_need_a_broker(void **state)
{
    (void)state;
    struct audit_options options = {0};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.message, "--kafka-brokers"));
}

static void audit_options_name_a_wrong_time_and_a_wrong_type(void **state)
{
    (void)state;
    struct audit_options options = {.kafka_brokers = brokers, .redis = brokers, .since = bad_time};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_non_null(strstr(err.message, "--since"));
    assert_non_null(strstr(err.message, "yesterday"));
    char *types[] = {bad_type};
    options =
        (struct audit_options){.kafka_brokers = brokers, .redis = brokers, .types = {types, 1}};
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_non_null(strstr(err.message, "\"StopRequest\" is no event type; did you mean "
                                        "StopRequested?"));
    assert_non_null(strstr(err.message, "docs/events.md"));
}

static void audit_options_want_whole_task_ids(void **state)
{
    (void)state;
    static char id[] = "0123456789abcdef0123456789abcdef";
    static char arn[] =
        "arn:aws:ecs:us-east-1:000000000000:task/prod/0123456789abcdef0123456789abcdef";
    static char part[] = "0123456789abcdef";
    static char empty[] = "";
    char *tasks[] = {id, arn, part};
    struct audit_options options = {
        .kafka_brokers = brokers, .redis = brokers, .tasks = {tasks, 2}};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), 0);
    options.tasks.count = 3;
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_non_null(strstr(err.message, "--task \"0123456789abcdef\""));
    tasks[2] = empty;
    assert_int_equal(audit_options_finish(&options, &err), -1);
}

static void audit_options_read_times(void **state)
{
    (void)state;
    struct audit_options options = {.kafka_brokers = brokers, .redis = brokers, .until = good_time};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), 0);
    assert_int_equal(options.until_unix_ms, 1769860800000);
    assert_int_equal(options.since_unix_ms, 0);
}

static void audit_options_show_what_a_time_looks_like(void **state)
{
    (void)state;
    static char date[] = "2026-11-27";
    struct audit_options options = {.kafka_brokers = brokers, .redis = brokers, .since = date};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_non_null(strstr(err.message, "--since \"2026-11-27\""));
    assert_non_null(strstr(err.message, "such as 2026-01-31T12:00:00Z"));
}

static void audit_options_refuse_times_between_which_nothing_is(void **state)
{
    (void)state;
    static char later[] = "2026-01-31T12:00:01Z";
    struct audit_options options = {
        .kafka_brokers = brokers, .redis = brokers, .since = good_time, .until = later};
    struct error err = {0};
    assert_int_equal(audit_options_finish(&options, &err), 0);
    options.since = later;
    options.until = good_time;
    assert_int_equal(audit_options_finish(&options, &err), -1);
    assert_non_null(strstr(err.message, "is not before --until"));
}

static void command_refuses_options_that_it_does_not_take(void **state)
{
    (void)state;
    struct audit_options follow = {.follow = true};
    struct audit_options watch = {.watch = true};
    struct audit_options cluster = {.cluster = brokers};
    struct error err = {0};
    assert_int_equal(command_check_options("events", &follow, &err), 0);
    assert_int_equal(command_check_options("check", &follow, &err), -1);
    assert_string_equal(err.message,
                        "--follow does not go with check; commands that take it: events");
    assert_int_equal(command_check_options("rebuild", &watch, &err), 0);
    assert_int_equal(command_check_options("events", &watch, &err), -1);
    assert_string_equal(err.message,
                        "--watch does not go with events; commands that take it: rebuild");
    assert_int_equal(command_check_options("rebuild", &cluster, &err), 0);
}

static void command_find_knows_its_words_only(void **state)
{
    (void)state;
    assert_ptr_equal(command_find("events"), cmd_events);
    assert_ptr_equal(command_find("rebuild"), cmd_rebuild);
    assert_null(command_find("event"));
    assert_non_null(strstr(command_words(), "replay"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit_options_need_a_broker),
        cmocka_unit_test(audit_options_name_a_wrong_time_and_a_wrong_type),
        cmocka_unit_test(audit_options_want_whole_task_ids),
        cmocka_unit_test(audit_options_read_times),
        cmocka_unit_test(audit_options_show_what_a_time_looks_like),
        cmocka_unit_test(audit_options_refuse_times_between_which_nothing_is),
        cmocka_unit_test(command_refuses_options_that_it_does_not_take),
        cmocka_unit_test(command_find_knows_its_words_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
