/* The docker runtime against an engine that misbehaves as told: the connection and the events. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/worker/engine_fixture.h"

static void the_engine_is_found_and_described(void **state)
{
    (void)state;
    engine_fixture_start();
    struct runtime_info info = fixture.runtime->ops->info(fixture.runtime);
    assert_string_equal(info.engine_version, "20.10.24");
    assert_string_equal(info.api_version, "1.41");
    assert_int_equal(info.cpu_units, 4096);
    assert_int_equal(info.memory_mib, 1024);
    assert_int_equal(fixture.aways, 0);
    assert_non_null(strstr(fake_engine_stream_path(fixture.engine), "/v1.41/events?filters="));
    assert_null(strstr(fake_engine_stream_path(fixture.engine), "since"));
}

static void an_engine_that_is_too_old_is_said_with_its_version(void **state)
{
    (void)state;
    fixture.routes[VERSION].body = "{\"ApiVersion\":\"1.18\"}";
    fixture.runtime->ops->start(fixture.runtime);
    engine_fixture_wait_state(RUNTIME_AWAY);
    assert_non_null(strstr(fixture.detail, "1.18"));
    assert_non_null(strstr(fixture.detail, "1.24"));
    fixture.routes[VERSION].body = "{\"ApiVersion\":\"1.24\"}";
    engine_fixture_wait_state(RUNTIME_BACK);
    assert_int_equal(fixture.aways, 1);
}

static void an_engine_that_is_not_there_is_found_later(void **state)
{
    (void)state;
    fake_engine_free(fixture.engine);
    fixture.engine = NULL;
    fixture.runtime->ops->start(fixture.runtime);
    engine_fixture_wait_state(RUNTIME_AWAY);
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    fixture.engine = fake_engine_new(fixture.loop, fixture.socket_path, fixture.routes, ROUTES);
    engine_fixture_wait_state(RUNTIME_BACK);
    assert_int_equal(fixture.aways, 1);
}

static void start_and_be_away(void)
{
    fixture.runtime->ops->start(fixture.runtime);
    engine_fixture_wait_state(RUNTIME_AWAY);
}

static void assert_away_says(const char *reason)
{
    assert_non_null(strstr(fixture.detail, fixture.socket_path));
    assert_non_null(strstr(fixture.detail, reason));
    assert_null(strstr(fixture.detail, "port"));
}

static void a_socket_that_is_not_there_is_said(void **state)
{
    (void)state;
    fake_engine_free(fixture.engine);
    fixture.engine = NULL;
    start_and_be_away();
    assert_away_says("No such file or directory");
    assert_non_null(strstr(fixture.detail, "--docker-endpoint"));
}

static void a_socket_without_rights_is_said(void **state)
{
    const uid_t user = geteuid();
    (void)state;
    assert_int_equal(chmod(fixture.socket_path, 0), 0);
    assert_int_equal(user == 0 ? seteuid(65534) : 0, 0); /* root may use every socket */
    start_and_be_away();
    assert_int_equal(seteuid(user), 0);
    assert_away_says("Permission denied");
    assert_non_null(strstr(fixture.detail, "group"));
}

static void a_socket_that_nobody_listens_on_is_said(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    fake_engine_free(fixture.engine);
    fixture.engine = NULL;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture.socket_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    start_and_be_away();
    assert_away_says("Connection refused");
    (void)close(fd);
    (void)unlink(fixture.socket_path);
}

static void an_engine_that_hangs_is_away(void **state)
{
    (void)state;
    fixture.routes[EVENTS].manner = FAKE_HANG;
    fixture.runtime->ops->start(fixture.runtime);
    engine_fixture_wait_state(RUNTIME_AWAY);
    assert_non_null(strstr(fixture.detail, "event stream"));
    fixture.routes[EVENTS].manner = FAKE_STREAM;
    engine_fixture_wait_state(RUNTIME_BACK);
}

static void a_stream_that_ends_is_opened_again_where_it_ended(void **state)
{
    (void)state;
    engine_fixture_start();
    fake_engine_say(fixture.engine,
                    "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"a\"},"
                    "\"timeNano\":1795413863129000001}\n");
    engine_fixture_wait_events(1);
    assert_int_equal(fixture.last_event.kind, RUNTIME_EVENT_STARTED);
    assert_string_equal(fixture.event_id, "a");
    assert_int_equal(fixture.last_event.at_unix_ms, 1795413863129);
    fake_engine_end_stream(fixture.engine);
    engine_fixture_wait_state(RUNTIME_AWAY);
    engine_fixture_wait_state(RUNTIME_BACK);
    assert_non_null(strstr(fake_engine_stream_path(fixture.engine), "since=1795413863.129000001"));
}

static void lines_that_are_no_events_are_left_out(void **state)
{
    (void)state;
    engine_fixture_start();
    fake_engine_say(fixture.engine, "garbage\n{}\n{\"Type\":\"network\",\"Action\":\"connect\"}\n");
    fake_engine_say(fixture.engine,
                    "{\"Type\":\"container\",\"Action\":\"exec_start: sh\",\"Actor\":"
                    "{\"ID\":\"a\"}}\n{\"Type\":\"contai");
    fake_engine_say(fixture.engine,
                    "ner\",\"Action\":\"die\",\"Actor\":{\"ID\":\"b\",\"Attributes\":"
                    "{\"exitCode\":\"3\"}}}\n");
    engine_fixture_wait_events(1);
    assert_int_equal(fixture.event_total, 1);
    assert_int_equal(fixture.last_event.kind, RUNTIME_EVENT_EXITED);
    assert_int_equal(fixture.last_event.exit_code.value, 3);
    assert_int_equal(fixture.aways, 0);
}

/* Podman means other things by some members of a container. */
static void nothing_is_described_before_the_engine_is_known(void **state)
{
    (void)state;
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    engine_fixture_start();
    engine_fixture_inspect();
    assert_true(got.exists);
}

static void what_is_open_is_dropped_at_the_end(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    got = (struct engine_answers){0};
    for (int i = 0; i < 4; i++) {
        fixture.runtime->ops->inspect(fixture.runtime, ID, engine_fixture_on_inspect, NULL);
        fixture.runtime->ops->list(fixture.runtime, engine_fixture_on_list, NULL);
        fixture.runtime->ops->signal(fixture.runtime, RUN, &SIGTERM_SENT, engine_fixture_on_signal,
                                     NULL);
        fixture.runtime->ops->history(fixture.runtime, RUN, "SIGTERM", 1, engine_fixture_on_history,
                                      NULL);
    }
    (void)loop_wait_for(fixture.loop, 20);
    fixture.runtime->ops->free(fixture.runtime);
    fixture.runtime = NULL;
    got = (struct engine_answers){0};
    (void)loop_wait_for(fixture.loop, CALL_TIMEOUT_MS * 2);
    assert_int_equal(got.inspects + got.lists + got.signals + got.histories, 0);
}

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",          "unix://relative", "http://x",    "tcp://",
                                      "tcp://x",   "tcp://x:0",       "tcp://x:1/y", "tcp://a b:1",
                                      "/var/run/x"};
    static const struct runtime_callbacks callbacks = {.on_event = engine_fixture_on_event,
                                                       .on_state = engine_fixture_on_state};
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct runtime_docker_config config = {
            .endpoint = bad[i], .call_timeout_ms = 1, .calls_at_once = 1};
        assert_null(runtime_docker_new(fixture.loop, &config, &callbacks, NULL, &err));
        assert_int_equal(err.code, ERROR_INVALID);
    }
    const struct runtime_docker_config tls = {.endpoint = "unix:///x", .tls_ca = "/ca.pem"};
    assert_null(runtime_docker_new(fixture.loop, &tls, &callbacks, NULL, &err));
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, engine_fixture_set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_engine_is_found_and_described),
        TEST(an_engine_that_is_too_old_is_said_with_its_version),
        TEST(an_engine_that_is_not_there_is_found_later),
        TEST(a_socket_that_is_not_there_is_said),
        TEST(a_socket_without_rights_is_said),
        TEST(a_socket_that_nobody_listens_on_is_said),
        TEST(an_engine_that_hangs_is_away),
        TEST(a_stream_that_ends_is_opened_again_where_it_ended),
        TEST(lines_that_are_no_events_are_left_out),
        TEST(nothing_is_described_before_the_engine_is_known),
        TEST(what_is_open_is_dropped_at_the_end),
        TEST(addresses_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
