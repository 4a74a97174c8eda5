/** The connection under the view: a Redis that is away, restarted, frozen, that refuses, that is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "tests/integration/fake_redis.h"
#include "tests/integration/redis_fixture.h"
#include "tests/support/server_control.h"

static int64_t now_ms(void)
{
    return clock_boot_ms(clock_system());
}

static void note_state(void *context, enum redis_state state, const char *detail)
{
    struct redis_fixture *f = context;

    f->away += state == REDIS_AWAY;
    f->back += state == REDIS_BACK;
    (void)snprintf(f->detail, sizeof f->detail, "%s", detail);
    if (f->expected == 0) {
        loop_stop(f->loop, 0);
    }
}

/* The fixture's view, made anew for another configuration. */
static void connect_to(struct redis_fixture *f, const char *address, const char *username,
                       const char *password, int64_t database)
{
    struct error error = {0};
    struct redis_config config = {
        .address = address,
        .username = username,
        .password = password,
        .database = database,
        .prefix = "test",
        .command_timeout_ms = REDIS_FIXTURE_TIMEOUT_MS,
    };

    redis_view_free(f->view);
    f->view = redis_view_new(f->loop, &config, note_state, f, &error);
    assert_non_null(f->view);
}

static void test_calls_wait_for_the_first_connection(void **state)
{
    struct redis_fixture *f = *state;

    assert_false(redis_view_connected(f->view));
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_true(redis_view_connected(f->view));
    assert_int_equal(f->away + f->back, 0);
}

static void test_nobody_there(void **state)
{
    struct redis_fixture *f = *state;

    connect_to(f, "127.0.0.1:1", NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_int_equal(f->away, 1);
    assert_non_null(strstr(f->detail, "refused"));
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_non_null(strstr(f->error_message, "refused"));
    assert_int_equal(f->away, 1);
}

static void test_no_such_socket(void **state)
{
    struct redis_fixture *f = *state;

    connect_to(f, "unix:/nonexistent/redis.sock", NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_int_equal(f->away, 1);
    assert_non_null(strstr(f->detail, "No such file"));
}

static void test_scripts_may_be_flushed(void **state)
{
    struct redis_fixture *f = *state;

    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    (void)redis_fixture_raw("SCRIPT FLUSH");
    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    redis_fixture_wait(f, 2);
    assert_string_equal(f->text, "seen=-1");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
}

static void mark_complete(struct redis_fixture *f)
{
    char run_id[64];

    redis_view_rebuild_begin(f->view, "token", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    (void)snprintf(run_id, sizeof run_id, "%.63s", f->text);
    redis_view_rebuild_complete(f->view, "token", run_id, redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
}

static void test_killed_and_started_again(void **state)
{
    struct redis_fixture *f = *state;
    char marker[64];

    mark_complete(f);
    (void)snprintf(marker, sizeof marker, "%.63s", redis_fixture_raw("HGET test:complete run_id"));
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=1 known=0 [t1 absent]");
    server_control("redis kill");
    redis_fixture_wait_away(f, 1);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    server_control("redis start");
    redis_fixture_wait_back(f, 1);
    assert_int_equal(f->away, 1);
    /* As if the marker had been kept on disk: it names a run that is over. */
    (void)redis_fixture_raw("HSET test:complete run_id %s token token", marker);
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=0 known=0 [t1 absent]");
    redis_view_rebuild_complete(f->view, "token", marker, redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(f->text, "error: conflict");
}

static int timeouts, unavailables;

static void count_failure(void *context, const struct error *error, int64_t seen)
{
    redis_fixture_on_seen(context, error, seen);
    assert_non_null(error);
    timeouts += error->code == ERROR_TIMEOUT;
    unavailables += error->code == ERROR_UNAVAILABLE;
}

/* Those whose own time was not over when the connection was given up are unavailable. */
static void test_a_frozen_redis_is_a_timeout_and_heals(void **state)
{
    struct redis_fixture *f = *state;
    int64_t began_ms, took_ms;

    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    server_control("redis freeze");
    began_ms = now_ms();
    timeouts = unavailables = 0;
    for (int i = 0; i < 20; i++) {
        redis_view_seen(f->view, "h1", count_failure, f);
    }
    redis_fixture_wait(f, 20);
    took_ms = now_ms() - began_ms;
    assert_true(timeouts >= 1);
    assert_int_equal(timeouts + unavailables, 20);
    assert_true(took_ms >= REDIS_FIXTURE_TIMEOUT_MS - 1);
    assert_true(took_ms < 3 * REDIS_FIXTURE_TIMEOUT_MS);
    assert_int_equal(f->away, 1);
    began_ms = now_ms();
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_true(now_ms() - began_ms < REDIS_FIXTURE_TIMEOUT_MS / 2);
    server_control("redis thaw");
    redis_fixture_wait_back(f, 1);
    assert_int_equal(f->away, 1);
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
}

static int thaw_and_tear_down(void **state)
{
    server_control("redis thaw");
    return redis_fixture_tear_down(state);
}

static void test_user_and_password(void **state)
{
    struct redis_fixture *f = *state;
    const char *address = server_control_address("STOPFLEET_TEST_REDIS");

    (void)redis_fixture_raw("ACL SETUSER alice on >secret ~* &* +@all");
    connect_to(f, address, "alice", "secret", 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_int_equal(f->away, 0);
    connect_to(f, address, "alice", "wrong", 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_int_equal(f->away, 1);
    assert_non_null(strstr(f->detail, "AUTH: WRONGPASS"));
    assert_null(strstr(f->detail, "secret"));
    assert_non_null(strstr(f->error_message, "redis refuses AUTH: WRONGPASS"));
    assert_non_null(strstr(f->error_message, "--redis-password"));
    assert_null(strstr(f->error_message, "away"));
    (void)redis_fixture_raw("ACL DELUSER alice");
}

static void test_database(void **state)
{
    struct redis_fixture *f = *state;
    const char *address = server_control_address("STOPFLEET_TEST_REDIS");

    connect_to(f, address, NULL, NULL, 3);
    redis_fixture_put_running(f, "t1", 1);
    assert_string_equal(redis_fixture_raw("EXISTS test:t:c/t1"), "0");
    assert_non_null(strstr(redis_fixture_raw("INFO keyspace"), "db3:"));
    connect_to(f, address, NULL, NULL, 9999);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_non_null(strstr(f->detail, "SELECT: ERR"));
    assert_non_null(strstr(f->error_message, "redis refuses SELECT: ERR"));
    assert_non_null(strstr(f->error_message, "--redis-database"));
    assert_null(strstr(f->error_message, "away"));
    /* A refusal is over when nobody is there to refuse. */
    connect_to(f, "127.0.0.1:1", NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_non_null(strstr(f->error_message, "redis is away: "));
}

static void test_a_user_without_rights_is_said(void **state)
{
    struct redis_fixture *f = *state;
    const char *address = server_control_address("STOPFLEET_TEST_REDIS");

    (void)redis_fixture_raw("ACL SETUSER bob on >secret ~* &* +@all -info");
    connect_to(f, address, "bob", "secret", 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    (void)redis_fixture_raw("ACL DELUSER bob");
    assert_non_null(strstr(f->error_message, "redis refuses INFO: NOPERM"));
    assert_non_null(strstr(f->error_message, "--redis-username"));
    assert_null(strstr(f->error_message, "away"));
}

static void test_what_is_under_way_is_answered_when_the_view_is_freed(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_view *view;

    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    view = f->view;
    f->view = NULL;
    redis_view_free(view);
    assert_int_equal(f->answers, 2);
    assert_string_equal(f->text, "error: unavailable");
}

static void test_freed_before_it_ever_ran(void **state)
{
    struct redis_fixture *f = *state;

    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    redis_view_free(f->view);
    f->view = NULL;
    assert_int_equal(f->answers, 1);
    assert_string_equal(f->text, "error: unavailable");
}

static void ask_again(void *context, const struct error *error, int64_t seen)
{
    struct redis_fixture *f = context;

    redis_fixture_on_seen(f, error, seen);
    if (f->answers < 5) {
        redis_view_seen(f->view, "h1", ask_again, f);
    }
}

static void test_a_callback_may_call_again(void **state)
{
    struct redis_fixture *f = *state;

    redis_view_seen(f->view, "h1", ask_again, f);
    redis_fixture_wait(f, 5);
    assert_string_equal(f->text, "seen=-1");
    connect_to(f, "127.0.0.1:1", NULL, NULL, 0);
    redis_view_seen(f->view, "h1", ask_again, f);
    redis_fixture_wait(f, 5);
    assert_string_equal(f->text, "error: unavailable");
}

/* Each allocation of a call and of its answer fails once: it is answered all the same, once. */
static void test_memory_may_run_out(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = {
        .cluster = "c", .task = "t1", .pos = 1, .reducer = 1, .bytes = {"base", 4}};
    const char *const ids[] = {"t1", "t2"};
    int failures = 0;

    redis_fixture_put_running(f, "t1", 1);
    for (uint64_t n = 1; n <= 12; n++) {
        memory_fail_nth(n, false);
        redis_view_put(f->view, "h1", -2, -2, &put, 1, redis_fixture_on_put, f);
        memory_fail_nth(0, false);
        redis_fixture_wait(f, 1);
        failures += strcmp(f->text, "ok seen=-1") != 0;
    }
    assert_true(failures >= 5);
    failures = 0;
    /* The first is the test's own, for waiting. */
    for (uint64_t n = 2; n <= 6; n++) {
        redis_view_read(f->view, "c", ids, 2, redis_fixture_on_read, f);
        memory_fail_nth(n, false);
        redis_fixture_wait(f, 1);
        memory_fail_nth(0, false);
        failures += strcmp(f->text, "error: no_memory") == 0;
    }
    assert_true(failures >= 1);
    assert_int_equal(f->away, 0);
    assert_string_equal(redis_fixture_put(f, "h1", -2, -2, &put, 1), "ok seen=-1");
}

/* ---- a peer that misbehaves ---- */

static const char GOOD_INFO[] = "run_id:abc\r\nrole:master\r\nloading:0\r\n";

static void test_answers_of_another_shape_are_corrupt(void **state)
{
    static const char *const ANSWERS[] = {
        ":1\r\n",        "$2\r\nhi\r\n",      "$-1\r\n",
        "*0\r\n",        "*-1\r\n",           "*1\r\n:5\r\n",
        "*1\r\n$-1\r\n", "*1\r\n$1\r\nx\r\n", "*1\r\n$2\r\n-2\r\n",
        "*1\r\n*0\r\n",
    };
    struct redis_fixture *f = *state;

    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        struct fake_redis *fake = fake_redis_new(f->loop, GOOD_INFO, ANSWERS[i]);

        connect_to(f, fake_redis_address(fake), NULL, NULL, 0);
        redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
        redis_fixture_wait(f, 1);
        assert_string_equal(f->text, "error: corrupt");
        assert_string_equal(redis_fixture_load(f, "h1"), "error: corrupt");
        assert_string_equal(redis_fixture_list(f, "c", true, NULL, 3), "error: corrupt");
        assert_string_equal(redis_fixture_pend(f, "c", "t", 1, REDIS_PEND_STOP, "x"),
                            "error: corrupt");
        assert_int_equal(f->away, 0);
        redis_view_free(f->view);
        f->view = NULL;
        fake_redis_free(fake);
    }
}

static void assert_refused(struct redis_fixture *f, const char *info, const char *detail)
{
    struct fake_redis *fake = fake_redis_new(f->loop, info, "*0\r\n");

    f->away = 0;
    connect_to(f, fake_redis_address(fake), NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_int_equal(f->away, 1);
    if (strstr(f->detail, detail) == NULL) {
        fail_msg("\"%s\" does not say %s", f->detail, detail);
    }
    redis_view_free(f->view);
    f->view = NULL;
    fake_redis_free(fake);
}

static void test_a_server_that_cannot_serve_is_away(void **state)
{
    struct redis_fixture *f = *state;

    assert_refused(f, "run_id:abc\r\nrole:slave\r\n", "replica");
    assert_refused(f, "run_id:abc\r\nrole:master\r\nloading:1\r\n", "loads");
    assert_refused(f, "role:master\r\n", "run_id");
}

static void assert_dropped(struct redis_fixture *f, const char *answer, const char *detail)
{
    struct fake_redis *fake = fake_redis_new(f->loop, GOOD_INFO, answer);

    f->away = 0;
    connect_to(f, fake_redis_address(fake), NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    if (f->away == 0) {
        redis_fixture_wait_away(f, 1);
    }
    assert_int_equal(f->away, 1);
    if (strstr(f->detail, detail) == NULL) {
        fail_msg("\"%s\" does not say %s", f->detail, detail);
    }
    redis_fixture_wait_back(f, f->back + 1);
    redis_view_free(f->view);
    f->view = NULL;
    fake_redis_free(fake);
}

static void test_refusals_that_another_server_would_not_make_end_the_connection(void **state)
{
    struct redis_fixture *f = *state;

    assert_dropped(f, "-READONLY You can't write against a read only replica.\r\n", "READONLY");
    assert_dropped(f, "-LOADING Redis is loading the dataset in memory\r\n", "LOADING");
    assert_dropped(f, "what is this\r\n", "Protocol error");
}

static void test_other_refusals_leave_the_connection(void **state)
{
    struct redis_fixture *f = *state;
    struct fake_redis *fake =
        fake_redis_new(f->loop, GOOD_INFO, "-OOM command not allowed when used memory > max\r\n");

    connect_to(f, fake_redis_address(fake), NULL, NULL, 0);
    assert_string_equal(redis_fixture_load(f, "h1"), "error: unavailable");
    assert_non_null(strstr(f->error_message, "OOM"));
    assert_int_equal(f->away, 0);
    assert_true(redis_view_connected(f->view));
    redis_view_free(f->view);
    f->view = NULL;
    fake_redis_free(fake);
}

int main(void)
{
#define CONNECTION_TEST(name)                                                                      \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        CONNECTION_TEST(test_calls_wait_for_the_first_connection),
        CONNECTION_TEST(test_nobody_there),
        CONNECTION_TEST(test_no_such_socket),
        CONNECTION_TEST(test_scripts_may_be_flushed),
        CONNECTION_TEST(test_killed_and_started_again),
        cmocka_unit_test_setup_teardown(test_a_frozen_redis_is_a_timeout_and_heals,
                                        redis_fixture_set_up, thaw_and_tear_down),
        CONNECTION_TEST(test_user_and_password),
        CONNECTION_TEST(test_database),
        CONNECTION_TEST(test_a_user_without_rights_is_said),
        CONNECTION_TEST(test_what_is_under_way_is_answered_when_the_view_is_freed),
        CONNECTION_TEST(test_freed_before_it_ever_ran),
        CONNECTION_TEST(test_a_callback_may_call_again),
        CONNECTION_TEST(test_memory_may_run_out),
        CONNECTION_TEST(test_answers_of_another_shape_are_corrupt),
        CONNECTION_TEST(test_a_server_that_cannot_serve_is_away),
        CONNECTION_TEST(test_refusals_that_another_server_would_not_make_end_the_connection),
        CONNECTION_TEST(test_other_refusals_leave_the_connection),
    };

    return cmocka_run_group_tests_name("redis_connection", tests, NULL, NULL);
}
