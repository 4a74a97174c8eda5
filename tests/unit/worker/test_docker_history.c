/* What an engine remembers of a signal, as it is asked for: against an engine that answers as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/worker/engine_fixture.h"

#define IMAGE_EVENT "{\"Type\":\"image\",\"Action\":\"tag\",\"timeNano\":500000000}\n"
#define KILL_EVENT                                                                                 \
    "{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"" ID                          \
    "\",\"Attributes\":{\"signal\":\"15\"}},\"timeNano\":2000000000}\n"

static int set_up(void **state)
{
    engine_fixture_set_up(state);
    engine_fixture_start();
    return 0;
}

static void ask(int64_t since_ms)
{
    fixture.runtime->ops->history(fixture.runtime, RUN, "SIGTERM", since_ms,
                                  engine_fixture_on_history, NULL);
}

static void it_is_read(void **state)
{
    (void)state;
    fixture.routes[EVENTS].manner = FAKE_ANSWER;
    fixture.routes[EVENTS].body = IMAGE_EVENT KILL_EVENT;
    assert_int_equal(engine_fixture_history(1000), RUNTIME_HISTORY_SENT);
    assert_int_equal(got.times, 1);
    assert_int_equal(engine_fixture_history(2001), RUNTIME_HISTORY_NOT_SENT);
    assert_int_equal(engine_fixture_history(400), RUNTIME_HISTORY_SENT);
    fixture.routes[EVENTS].body = "{\"Type\":\"image\",\"Action\":\"tag\",\"timeNano\":500000000}";
    assert_int_equal(engine_fixture_history(400), RUNTIME_HISTORY_UNKNOWN);
    fixture.routes[EVENTS].body = "garbage";
    assert_int_equal(engine_fixture_history(1000), RUNTIME_HISTORY_UNKNOWN);
    fixture.routes[EVENTS].status = 500;
    assert_int_equal(engine_fixture_history(1000), RUNTIME_HISTORY_UNKNOWN);
}

/* The event is written after the call that made it, or the first question has no answer. */
static void what_it_does_not_show_is_asked_for_again(void **state)
{
    static const enum fake_engine_manner firsts[] = {FAKE_ANSWER, FAKE_HANG, FAKE_CLOSE};
    (void)state;
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        int before = got.histories;
        fixture.routes[EVENTS].manner = firsts[i];
        fixture.routes[EVENTS].body = IMAGE_EVENT;
        fixture.routes[EVENTS].requests = 0;
        ask(1000);
        while (fixture.routes[EVENTS].requests == 0) {
            (void)loop_wait_for(fixture.loop, 1);
        }
        assert_int_equal(got.histories, before);
        fixture.routes[EVENTS].manner = FAKE_ANSWER;
        fixture.routes[EVENTS].body = IMAGE_EVENT KILL_EVENT;
        while (got.histories == before) {
            assert_true(loop_wait(fixture.loop));
        }
        assert_int_equal(got.history, RUNTIME_HISTORY_SENT);
        assert_int_equal(got.times, 1);
        /* libcurl repeats a GET whose connection was there before and has ended. */
        assert_in_range(fixture.routes[EVENTS].requests, 2, firsts[i] == FAKE_CLOSE ? 3 : 2);
    }
}

static void an_engine_that_never_tells_is_not_asked_for_ever(void **state)
{
    (void)state;
    fixture.routes[EVENTS].manner = FAKE_CLOSE;
    fixture.routes[EVENTS].requests = 0;
    assert_int_equal(engine_fixture_history(1000), RUNTIME_HISTORY_UNKNOWN);
    assert_in_range(fixture.routes[EVENTS].requests, 2, 10);
}

/* Its time stamps are finer than a millisecond. */
static void the_present_millisecond_is_asked_for_too(void **state)
{
    long long s = 0, ms = 0;
    (void)state;
    int64_t before = clock_wall_ms(clock_system());
    ask(1000);
    while (strstr(fake_engine_stream_path(fixture.engine), "until=") == NULL) {
        (void)loop_wait_for(fixture.loop, 1);
    }
    assert_int_equal(sscanf(strstr(fake_engine_stream_path(fixture.engine), "until="),
                            "until=%lld.%03lld000000", &s, &ms),
                     2);
    assert_true(s * 1000 + ms > before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_read),
        TEST(what_it_does_not_show_is_asked_for_again),
        TEST(an_engine_that_never_tells_is_not_asked_for_ever),
        TEST(the_present_millisecond_is_asked_for_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
