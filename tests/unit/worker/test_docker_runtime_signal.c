/* The docker runtime's signals and the engine's memory of them, against an engine that misbehaves as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/worker/engine_fixture.h"

static void a_signal_reaches_the_run_only(void **state)
{
    (void)state;
    engine_fixture_start();
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_SENT);
    assert_string_equal(got.detail, "204");
    assert_int_equal(fixture.routes[KILL].requests, 1);
    fixture.routes[CONTAINER].body = INSPECT("exited");
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_NOT_RUNNING);
    fixture.routes[CONTAINER].status = 404;
    fixture.routes[CONTAINER].body = "{\"message\":\"No such container: " ID "\"}";
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_NO_CONTAINER);
    fixture.routes[CONTAINER].status = 200;
    fixture.routes[CONTAINER].body =
        "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"StartedAt\":"
        "\"2026-11-23T06:04:23.130Z\"}}";
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_NOT_RUNNING);
    assert_int_equal(fixture.routes[KILL].requests, 1);
}

static void a_kill_without_an_answer_may_have_been_sent(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[KILL].manner = FAKE_CLOSE;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_NO_ANSWER);
    assert_int_equal(fixture.routes[KILL].requests, 1);
    fixture.routes[KILL].manner = FAKE_HANG;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_NO_ANSWER);
    assert_int_equal(fixture.routes[KILL].requests, 2);
}

static void a_signal_that_cannot_be_asked_for_was_not_sent(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    fixture.routes[CONTAINER].manner = FAKE_ANSWER;
    fixture.routes[KILL].status = 500;
    fixture.routes[KILL].body = "{\"message\":\"no\"}";
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    assert_string_equal(got.detail, "500 no");
    fake_engine_free(fixture.engine);
    fixture.engine = NULL;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    assert_int_equal(fixture.routes[KILL].requests, 1);
}

#define STUBBORN(status)                                                                           \
    "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"" status "\",\"StartedAt\":"                       \
    "\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"StopSignal\":\"SIGQUIT\"},"                  \
    "\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"always\"}}}"

/* Never a signal where the engine would start the container again, or leave it frozen. */
static void what_must_come_first_is_done_or_nothing_is(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].body = STUBBORN("running");
    assert_int_equal(engine_fixture_signal("SIGQUIT"), RUNTIME_SENT);
    assert_int_equal(engine_fixture_signal("SIGKILL"), RUNTIME_SENT);
    assert_int_equal(fixture.routes[UPDATE].requests, 0);
    assert_int_equal(fixture.routes[KILL].requests, 2);
    /* the engine says yes, and the policy is there as before */
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    assert_non_null(strstr(got.detail, "yet it is not"));
    fixture.routes[UPDATE].status = 500;
    fixture.routes[UPDATE].body = "{\"message\":\"no\"}";
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    assert_string_equal(got.detail,
                        "its restart policy could not be set to no before the signal: 500 no");
    fixture.routes[UPDATE].manner = FAKE_HANG;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    fixture.routes[CONTAINER].body =
        "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"paused\",\"StartedAt\":"
        "\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"StopSignal\":\"3\"}}";
    fixture.routes[UNPAUSE].manner = FAKE_CLOSE;
    assert_int_equal(engine_fixture_signal("SIGTERM"), RUNTIME_REFUSED);
    assert_int_equal(fixture.routes[UNPAUSE].requests, 1);
    assert_int_equal(fixture.routes[UPDATE].requests, 3);
    assert_int_equal(fixture.routes[KILL].requests, 2);
}

static void signals_go_before_inspects_that_wait(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    got = (struct engine_answers){0};
    for (int i = 0; i < 6; i++) {
        fixture.runtime->ops->inspect(fixture.runtime, ID, engine_fixture_on_inspect, NULL);
    }
    fixture.runtime->ops->signal(fixture.runtime, RUN, &SIGTERM_SENT, engine_fixture_on_signal,
                                 NULL);
    while (fixture.routes[CONTAINER].requests < 2) {
        assert_true(loop_wait_for(fixture.loop, 10) || fixture.routes[CONTAINER].requests <= 2);
    }
    assert_int_equal(fixture.routes[CONTAINER].requests, 2); /* calls_at_once */
    while (got.inspects < 6 || got.signals < 1) {
        assert_true(loop_wait(fixture.loop));
    }
    assert_int_equal(got.error, ERROR_TIMEOUT);
}

static void calls_of_an_engine_that_hangs_end_in_time(void **state)
{
    int64_t begin = clock_boot_ms(clock_system());
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    got = (struct engine_answers){0};
    for (int i = 0; i < 20; i++) {
        fixture.runtime->ops->inspect(fixture.runtime, ID, engine_fixture_on_inspect, NULL);
    }
    while (got.inspects < 20) {
        assert_true(loop_wait(fixture.loop));
    }
    /* All limits run from the call on, waiting included. */
    assert_true(clock_boot_ms(clock_system()) - begin < 5 * CALL_TIMEOUT_MS);
}

static void podman_does_not_name_signals(void **state)
{
    (void)state;
    fixture.routes[VERSION].body =
        "{\"ApiVersion\":\"1.41\",\"Components\":[{\"Name\":\"Podman Engine\"}]}";
    engine_fixture_start();
    assert_null(strstr(fake_engine_stream_path(fixture.engine), "since"));
    fixture.routes[EVENTS].requests = 0;
    assert_int_equal(engine_fixture_history(1000), RUNTIME_HISTORY_UNKNOWN);
    assert_int_equal(fixture.routes[EVENTS].requests, 0);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, engine_fixture_set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_reaches_the_run_only),
        TEST(a_kill_without_an_answer_may_have_been_sent),
        TEST(a_signal_that_cannot_be_asked_for_was_not_sent),
        TEST(what_must_come_first_is_done_or_nothing_is),
        TEST(signals_go_before_inspects_that_wait),
        TEST(calls_of_an_engine_that_hangs_end_in_time),
        TEST(podman_does_not_name_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
