/* The stop of a container on a Windows engine, against one that answers as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/engine_fixture.h"

#define KILL_EVENT                                                                                 \
    "{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"" ID                          \
    "\",\"Attributes\":{\"signal\":\"15\"}},\"timeNano\":4102444800000000000}\n"

static int set_up(void **state)
{
    engine_fixture_set_up(state);
    fixture.routes[INFO].body = "{\"OSType\":\"windows\",\"NCPU\":4,\"MemTotal\":1073741824}";
    engine_fixture_start();
    fixture.routes[EVENTS].manner = FAKE_ANSWER;
    fixture.routes[EVENTS].body = "{\"Type\":\"image\",\"Action\":\"tag\",\"timeNano\":1}\n";
    return 0;
}

/* The grace of the signals here is 0: the engine's own end comes at once. */
static enum runtime_answer stop(void)
{
    fixture.routes[STOP].requests = fixture.routes[KILL].requests = 0;
    return engine_fixture_signal("SIGTERM");
}

static void each_answer_is_understood(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum runtime_answer answer;
        const char *detail;
    } rows[] = {
        {204, NULL, RUNTIME_SENT, "stop: 204"},
        {304, NULL, RUNTIME_NOT_RUNNING, "stop: 304"},
        {400, "{\"message\":\"invalid timeout\"}", RUNTIME_REFUSED, "stop: 400 invalid timeout"},
        {403, "<html>Forbidden</html>", RUNTIME_REFUSED, "stop: 403"},
        {404, "{\"message\":\"No such container\"}", RUNTIME_NO_CONTAINER,
         "stop: 404 No such container"},
        {409, "{\"message\":\"is not running\"}", RUNTIME_NOT_RUNNING, "stop: 409 is not running"},
        {500, "{\"message\":\"hcsshim: broken\"}", RUNTIME_REFUSED, "stop: 500 hcsshim: broken"},
        {500, "{\"message\":", RUNTIME_REFUSED, "stop: 500"},
        {500, "[1]", RUNTIME_REFUSED, "stop: 500"},
        {502, "<html>Bad gateway</html>", RUNTIME_NO_ANSWER, "stop: 502"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture.routes[STOP].status = rows[i].status;
        fixture.routes[STOP].body = rows[i].body;
        assert_int_equal(stop(), rows[i].answer);
        assert_string_equal(got.detail, rows[i].detail);
        assert_int_equal(fixture.routes[STOP].requests, 1);
        assert_int_equal(fixture.routes[KILL].requests, 0);
    }
}

static void a_connection_that_ends_may_have_stopped_it(void **state)
{
    (void)state;
    fixture.routes[STOP].manner = FAKE_CLOSE;
    assert_int_equal(stop(), RUNTIME_NO_ANSWER);
    assert_string_not_equal(got.detail, "");
    assert_int_equal(fixture.routes[STOP].requests, 1);
}

/* The engine answers at the end; whether it has begun is said by its own history. */
static void a_silent_engine_is_asked_for_its_history(void **state)
{
    (void)state;
    fixture.routes[STOP].manner = FAKE_HANG;
    assert_int_equal(stop(), RUNTIME_NO_ANSWER);
    assert_non_null(strstr(got.detail, "has not said so"));
    fixture.routes[EVENTS].body = KILL_EVENT;
    assert_int_equal(stop(), RUNTIME_SENT);
    assert_non_null(strstr(got.detail, "waits 0 s for the end"));
    assert_int_equal(fixture.routes[STOP].requests, 1);
}

static void another_run_is_not_stopped(void **state)
{
    (void)state;
    fixture.routes[CONTAINER].body = INSPECT("exited");
    assert_int_equal(stop(), RUNTIME_NOT_RUNNING);
    assert_int_equal(fixture.routes[STOP].requests, 0);
}

/* Its own kill: no signal's name ever goes there. */
static void sigkill_is_its_own_kill(void **state)
{
    (void)state;
    assert_int_equal(engine_fixture_signal("SIGKILL"), RUNTIME_SENT);
    assert_int_equal(fixture.routes[KILL].requests, 1);
    fixture.routes[KILL].status = 500;
    fixture.routes[KILL].body = "{\"message\":\"access is denied\"}";
    assert_int_equal(engine_fixture_signal("SIGKILL"), RUNTIME_REFUSED);
    assert_non_null(strstr(got.detail, "access is denied"));
    fixture.routes[KILL].manner = FAKE_CLOSE;
    assert_int_equal(engine_fixture_signal("SIGKILL"), RUNTIME_NO_ANSWER);
}

static void what_is_open_is_dropped_at_the_end(void **state)
{
    (void)state;
    fixture.routes[STOP].manner = FAKE_HANG;
    fixture.runtime->ops->signal(fixture.runtime, RUN, &SIGTERM_SENT, engine_fixture_on_signal,
                                 NULL);
    while (fixture.routes[STOP].requests == 0) {
        (void)loop_wait_for(fixture.loop, 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_answer_is_understood),
        TEST(a_connection_that_ends_may_have_stopped_it),
        TEST(a_silent_engine_is_asked_for_its_history),
        TEST(another_run_is_not_stopped),
        TEST(sigkill_is_its_own_kill),
        TEST(what_is_open_is_dropped_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
