/** Reading this host's events, on virtual time and over a log in memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "tests/unit/worker/fake_loop.h"
#include "tests/unit/worker/fake_view.h"
#include "worker/host/log_intake.h"

enum { MINUTE_MS = 60000 };

static struct log_intake *intake;
static unsigned checks, refusals, ends;
static int64_t longest_check_ms;
static enum error_code check_error; /* 0 = the topics are fit */
static bool stopping;
static int64_t begun_at; /* as on_begin was told */

/* ---- the log's group, as far as the intake asks for it ---- */

static int64_t in_group = -1;

int kafka_reader_committed(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                           int64_t *ret_offset, struct error *err)
{
    (void)reader, (void)partition, (void)timeout_ms, (void)err;
    *ret_offset = in_group;
    return 0;
}

int kafka_reader_commit(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        struct error *err)
{
    (void)reader, (void)partition, (void)err;
    in_group = offset;
    return 0;
}

/* ---- the rest of the worker ---- */

static int check(void *context, int64_t timeout_ms, struct error *err)
{
    (void)context;
    checks++;
    longest_check_ms = timeout_ms > longest_check_ms ? timeout_ms : longest_check_ms;
    return check_error == 0 ? 0 : error_set(err, check_error, "as the test wants it");
}

static bool may_block(void *context)
{
    (void)context;
    return !stopping;
}

static void on_refused(void *context, const struct error *error)
{
    (void)context;
    assert_int_equal(error->code, ERROR_INVALID);
    refusals++;
}

static void on_begin(void *context, int64_t committed, int64_t log_end)
{
    (void)context, (void)log_end;
    begun_at = committed;
}

static void on_event(void *context, int64_t offset, const struct event *event)
{
    (void)context, (void)offset, (void)event;
}

static void on_caught_up(void *context)
{
    (void)context;
    ends++;
}

static int64_t commit_floor(void *context, int64_t next_offset)
{
    (void)context;
    return next_offset;
}

static int begin(void **state)
{
    static const struct identity identity = {.host = "h", .cluster = "c"};
    struct log_intake_environment environment = {.clock = fake_clock(),
                                                 .identity = &identity,
                                                 .check = check,
                                                 .may_block = may_block,
                                                 .on_refused = on_refused,
                                                 .on_begin = on_begin,
                                                 .on_event = on_event,
                                                 .on_caught_up = on_caught_up,
                                                 .commit_floor = commit_floor};
    struct error err = {0};
    (void)state;
    fake_view_reset();
    checks = refusals = ends = 0;
    longest_check_ms = 0;
    check_error = (enum error_code)0;
    stopping = false;
    in_group = -1;
    fake_log_append("h2", span_of("another host's"));
    intake = log_intake_new(&environment, &err);
    assert_non_null(intake);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_intake_free(intake);
    fake_view_reset();
    return 0;
}

/* ---- tests ---- */

static void log_intake_checks_once_and_first(void **state)
{
    (void)state;
    check_error = ERROR_UNAVAILABLE;
    log_intake_start(intake);
    fake_loop_run(5000);
    assert_int_equal(ends, 0);
    assert_true(checks > 1);
    check_error = (enum error_code)0;
    checks = 0;
    fake_loop_run(10 * MINUTE_MS);
    assert_int_equal(checks, 1);
    assert_int_equal(ends, 1);
    assert_int_equal(in_group, 1);
}

/* The log was begun anew, or put back from an older copy. */
static void log_intake_reads_a_log_that_ends_before_the_commit(void **state)
{
    (void)state;
    in_group = 50;
    log_intake_start(intake);
    fake_loop_run(5000);
    assert_int_equal(begun_at, -1);
    assert_int_equal(ends, 1);
    assert_int_equal(log_intake_next(intake), 1);
}

static void log_intake_refuses_unfit_topics(void **state)
{
    (void)state;
    check_error = ERROR_INVALID;
    log_intake_start(intake);
    fake_loop_run(5000);
    assert_int_equal(refusals, 1);
    assert_int_equal(ends, 0);
}

static void log_intake_in_a_hurry_checks_when_no_stop_is_under_way(void **state)
{
    (void)state;
    stopping = true;
    log_intake_hurry(intake);
    log_intake_start(intake);
    fake_loop_run(MINUTE_MS);
    assert_int_equal(ends, 1);
    assert_int_equal(checks, 0);
    stopping = false;
    check_error = ERROR_UNAVAILABLE;
    fake_loop_run(MINUTE_MS);
    assert_in_range(checks, 1, 2); /* not at every commit: it may block the loop */
    assert_true(longest_check_ms > 50);
    check_error = (enum error_code)0;
    fake_loop_run(2 * MINUTE_MS);
    checks = 0;
    fake_loop_run(10 * MINUTE_MS);
    assert_int_equal(checks, 0);
    assert_int_equal(refusals, 0);
}

static void log_intake_refuses_unfit_topics_after_a_hurry(void **state)
{
    (void)state;
    check_error = ERROR_INVALID;
    log_intake_hurry(intake);
    log_intake_start(intake);
    fake_loop_run(10000);
    assert_int_equal(ends, 1);
    assert_int_equal(refusals, 1);
}

static void log_intake_does_not_ask_while_kafka_is_away(void **state)
{
    (void)state;
    stopping = true;
    log_intake_hurry(intake);
    log_intake_start(intake);
    fake_loop_run(10000);
    stopping = false;
    log_intake_on_kafka(intake, true);
    fake_loop_run(MINUTE_MS);
    assert_int_equal(checks, 0);
    log_intake_on_kafka(intake, false);
    fake_loop_run(MINUTE_MS);
    assert_int_equal(checks, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(log_intake_checks_once_and_first),
        TEST(log_intake_refuses_unfit_topics),
        TEST(log_intake_in_a_hurry_checks_when_no_stop_is_under_way),
        TEST(log_intake_reads_a_log_that_ends_before_the_commit),
        TEST(log_intake_refuses_unfit_topics_after_a_hurry),
        TEST(log_intake_does_not_ask_while_kafka_is_away),
    };
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
