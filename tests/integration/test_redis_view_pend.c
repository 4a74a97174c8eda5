/** The view's scripts that add what is pending, each against a real Redis. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/redis_fixture.h"

#define T1_AT_10 "complete=0 known=0 [t1 host=h1 pos=10 base=B10 live= record= beat=0@0 pending="

static void test_pend_applies_above_pos_only(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "old"), T1_AT_10 "]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 10, REDIS_PEND_STOP, "same"),
                        T1_AT_10 "]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 12, REDIS_PEND_TAG, "tag"),
                        T1_AT_10 "12:tag]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_STOP, "stop"),
                        T1_AT_10 "11:stop,12:tag]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_STOP, "stop"),
                        T1_AT_10 "11:stop,12:tag]");
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), T1_AT_10 "11:stop,12:tag]");
}

static void test_pend_keeps_the_first_stop_in_log_order_only(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    (void)redis_fixture_pend(f, "c", "t1", 20, REDIS_PEND_STOP, "second");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 30, REDIS_PEND_STOP, "third"),
                        T1_AT_10 "20:second]");
    /* Another API's record that lies before it in the log decides: it is kept. */
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 15, REDIS_PEND_STOP, "first"),
                        T1_AT_10 "15:first,20:second]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 17, REDIS_PEND_STOP, "late"),
                        T1_AT_10 "15:first,20:second]");
    /* Once a base was put that holds none of them, the lowest that is left counts. */
    redis_fixture_put_running(f, "t1", 15);
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "20");
    /* A base that holds the stop needs no other. */
    struct redis_put put = redis_fixture_base("t1", 25, 1, "stopped");
    put.stopped = true;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "0");
    (void)redis_fixture_pend(f, "c", "t1", 40, REDIS_PEND_STOP, "fourth");
    assert_string_equal(redis_fixture_raw("HEXISTS test:t:c/t1 p:40"), "0");
}

static void test_pend_of_an_unknown_task_writes_nothing(void **state)
{
    struct redis_fixture *f = *state;

    assert_string_equal(redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "x"),
                        "complete=0 known=0 [t1 absent]");
    assert_string_equal(redis_fixture_raw("KEYS *"), "");
}

static void test_a_pending_stop_lists_the_task_as_stopped(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    redis_fixture_put_running(f, "t2", 10);
    (void)redis_fixture_pend(f, "c", "t1", 12, REDIS_PEND_TAG, "tag");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 10),
                        "complete=0 known=0 more=0 t1 t2");
    (void)redis_fixture_pend(f, "c", "t1", 13, REDIS_PEND_STOP, "stop");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 10),
                        "complete=0 known=0 more=0 t2");
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0 t1");
    /* A base that does not hold the stop yet does not bring the task back. */
    redis_fixture_put_running(f, "t1", 12);
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0 t1");
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "13");
    /* One that read it and says that it is not stopped does: the fold alone decides. */
    redis_fixture_put_running(f, "t1", 13);
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0");
}

static void test_put_drops_pending_up_to_its_pos(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 8);
    (void)redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_TAG, "a");
    (void)redis_fixture_pend(f, "c", "t1", 10, REDIS_PEND_STOP, "b");
    (void)redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_TAG, "c");
    redis_fixture_put_running(f, "t1", 10);
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), T1_AT_10 "11:c]");
}

static void test_pend_keeps_the_expiry(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = redis_fixture_base("t1", 5, 1, "end");

    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) + 3600000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    (void)redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "x");
    assert_string_not_equal(redis_fixture_raw("PEXPIRETIME test:t:c/t1"), "-1");
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_pend_applies_above_pos_only),
        TEST(test_pend_keeps_the_first_stop_in_log_order_only),
        TEST(test_pend_of_an_unknown_task_writes_nothing),
        TEST(test_a_pending_stop_lists_the_task_as_stopped),
        TEST(test_put_drops_pending_up_to_its_pos),
        TEST(test_pend_keeps_the_expiry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
