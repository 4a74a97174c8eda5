/* The docker runtime on a real engine. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/docker_fixture.h"

#define CONTAINER_PREFIX "stopfleet-test-runtime"

static struct docker_fixture fixture;

static int64_t now_ms(void)
{
    return clock_wall_ms(clock_system());
}

/* A started container with the probe; id is filled. */
static struct run start_probe(char id[FIXTURE_TEXT_SIZE], const char *options, const char *mode)
{
    docker_fixture_command(id, "run -d --label " CONTAINER_PREFIX "=%d %s %s %s", (int)getpid(),
                           options, getenv("STOPFLEET_TEST_DOCKER_PROBE"), mode);
    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    assert_true(inspected.exists);
    return (struct run){.container_id = id, .started_at = inspected.started_at};
}

static int remove_all(void **state)
{
    char line[FIXTURE_TEXT_SIZE];
    (void)state;
    docker_fixture_command(line,
                           "ps -aq --filter label=" CONTAINER_PREFIX "=%d | "
                           "xargs -r docker -H unix://%s rm -f >/dev/null",
                           (int)getpid(), getenv("STOPFLEET_TEST_DOCKER"));
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    docker_fixture_start(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)remove_all(state);
    docker_fixture_stop(&fixture);
    return 0;
}

static void says_what_the_engine_is(void **state)
{
    struct runtime_info info = fixture.runtime->ops->info(fixture.runtime);
    (void)state;
    assert_string_equal(info.runtime, "docker");
    assert_non_null(info.engine_version);
    assert_non_null(info.api_version);
    assert_string_equal(info.os, "linux");
    assert_true(info.cpu_units >= 1024);
    assert_true(info.memory_mib > 0);
    assert_int_equal(fixture.aways, 0);
}

static void inspect_says_what_was_configured(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    int64_t before = now_ms();
    (void)state;
    (void)start_probe(id,
                      "--name " CONTAINER_PREFIX
                      "-a --label io.stopfleet.task=web -m 64m --cpus 0.5 "
                      "--stop-signal RTMIN+3 --stop-timeout 12 -p 8000-8003 --rm",
                      "ignore");
    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    assert_string_equal(inspected.name, CONTAINER_PREFIX "-a");
    assert_string_equal(inspected.label, "web");
    assert_string_equal(inspected.image, getenv("STOPFLEET_TEST_DOCKER_PROBE"));
    assert_int_equal(inspected.status, RUNTIME_RUNNING);
    assert_int_equal(inspected.memory_mib, 64);
    assert_int_equal(inspected.cpu, 512);
    assert_string_equal(inspected.stop_signal, "SIGRTMIN+3");
    assert_true(inspected.stop_timeout_ms.known);
    assert_int_equal(inspected.stop_timeout_ms.value, 12000);
    assert_true(inspected.bindings >= 1);
    assert_true(inspected.auto_remove);
    assert_true(inspected.pid > 0);
    assert_true(inspected.created_at >= before && inspected.created_at <= now_ms());
    assert_true(inspected.started_at >= inspected.created_at);
    assert_int_equal(inspected.finished_at, 0);
    assert_false(inspected.exit_code.known);
    assert_string_equal(inspected.health, "UNKNOWN");
}

static void inspect_of_what_is_not_there_says_so(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    (void)state;
    (void)start_probe(id, "", "obey");
    id[12] = '\0';
    assert_false(docker_fixture_inspect(&fixture, id).exists);
    struct inspected inspected = docker_fixture_inspect(&fixture, "no-such-container");
    assert_false(inspected.exists);
    assert_int_equal(inspected.error, ERROR_NONE);
}

struct listed {
    bool done, found, failed;
    const char *id;
    enum runtime_status status;
};

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    struct listed *listed = context;
    listed->done = true;
    listed->failed = error != NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(containers[i].described.container_id, listed->id) == 0) {
            listed->found = true;
            listed->status = containers[i].status;
        }
    }
    loop_stop(fixture.loop, 0);
}

static bool is_listed(void *context)
{
    return ((const struct listed *)context)->done;
}

static void list_has_running_and_created_containers(void **state)
{
    char ids[12][FIXTURE_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        docker_fixture_command(ids[i], "create --label " CONTAINER_PREFIX "=%d %s", (int)getpid(),
                               getenv("STOPFLEET_TEST_DOCKER_PROBE"));
    }
    char line[FIXTURE_TEXT_SIZE];
    docker_fixture_command(line, "start %s", ids[0]);
    for (size_t i = 0; i < 12; i++) {
        struct listed listed = {.id = ids[i]};
        fixture.runtime->ops->list(fixture.runtime, on_list, &listed);
        docker_fixture_wait(&fixture, is_listed, &listed);
        assert_false(listed.failed);
        assert_true(listed.found);
        assert_int_equal(listed.status, i == 0 ? RUNTIME_RUNNING : RUNTIME_CREATED);
    }
}

static void a_signal_is_sent_once_and_remembered(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    struct optional_integer exit_code = {0};
    (void)state;
    struct run run = start_probe(id, "", "obey 7");
    int64_t since = now_ms();

    struct signalled first = docker_fixture_signal(&fixture, run, "SIGTERM");
    assert_int_equal(first.answer, RUNTIME_SENT);
    assert_string_equal(first.detail, "204");
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED, &exit_code);
    assert_true(exit_code.known);
    assert_int_equal(exit_code.value, 7);

    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    assert_int_equal(inspected.status, RUNTIME_EXITED);
    assert_int_equal(inspected.exit_code.value, 7);
    assert_true(inspected.finished_at >= since);
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGTERM").answer, RUNTIME_NOT_RUNNING);

    struct remembered sent = docker_fixture_history(&fixture, run, "SIGTERM", since);
    assert_int_equal(sent.answer, RUNTIME_HISTORY_SENT);
    assert_int_equal(sent.times, 1);
    assert_true(sent.at_unix_ms >= since && sent.at_unix_ms <= now_ms());
    assert_int_equal(docker_fixture_history(&fixture, run, "SIGKILL", since).answer,
                     RUNTIME_HISTORY_NOT_SENT);
    /* Before the engine's first memory nothing is known. */
    assert_int_equal(docker_fixture_history(&fixture, run, "SIGKILL", 1).answer,
                     RUNTIME_HISTORY_UNKNOWN);
}

static void another_run_of_the_container_is_not_signalled(void **state)
{
    char id[FIXTURE_TEXT_SIZE], line[FIXTURE_TEXT_SIZE];
    (void)state;
    struct run run = start_probe(id, "", "obey 0");
    docker_fixture_command(line, "restart -t 5 %s", id);
    struct signalled signalled = docker_fixture_signal(&fixture, run, "SIGKILL");
    assert_int_equal(signalled.answer, RUNTIME_NOT_RUNNING);
    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    assert_int_equal(inspected.status, RUNTIME_RUNNING);
    assert_true(inspected.started_at != run.started_at);
}

static void sigkill_ends_what_ignores_all_else(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    struct optional_integer exit_code = {0};
    (void)state;
    struct run run = start_probe(id, "--rm", "ignore");
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGTERM").answer, RUNTIME_SENT);
    assert_int_equal(docker_fixture_inspect(&fixture, id).status, RUNTIME_RUNNING);
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGKILL").answer, RUNTIME_SENT);
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED, &exit_code);
    assert_int_equal(exit_code.value, 137);
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_REMOVED, NULL);
    assert_false(docker_fixture_inspect(&fixture, id).exists);
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGKILL").answer, RUNTIME_NO_CONTAINER);
}

static void a_signal_that_is_none_is_refused(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    (void)state;
    struct run run = start_probe(id, "", "ignore");
    struct signalled signalled = docker_fixture_signal(&fixture, run, "SIGNONE");
    assert_int_equal(signalled.answer, RUNTIME_REFUSED);
    assert_non_null(strstr(signalled.detail, "SIGNONE"));
}

static void a_paused_container_is_running(void **state)
{
    char id[FIXTURE_TEXT_SIZE], line[FIXTURE_TEXT_SIZE];
    (void)state;
    (void)start_probe(id, "", "obey");
    docker_fixture_command(line, "pause %s", id);
    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    assert_int_equal(inspected.status, RUNTIME_PAUSED);
    assert_true(runtime_is_running(inspected.status));
    docker_fixture_command(line, "unpause %s", id);
}

/* The first back-offs are of 100 ms and double: one that a call surely falls into is a later one. */
static struct inspected await_long_back_off(const char *id)
{
    struct inspected inspected = docker_fixture_inspect(&fixture, id);
    int64_t started_at = inspected.started_at;
    int starts = 1;
    for (int tries = 0; tries < 200000; tries++) {
        starts += inspected.started_at != started_at;
        started_at = inspected.started_at;
        if (starts >= 5 && inspected.status == RUNTIME_RESTARTING) {
            break;
        }
        inspected = docker_fixture_inspect(&fixture, id);
    }
    return inspected;
}

static void a_restart_back_off_is_cancelled_without_a_signal(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    (void)state;
    (void)start_probe(id, "--restart always", "exit 3");
    struct inspected inspected = await_long_back_off(id);
    assert_int_equal(inspected.status, RUNTIME_RESTARTING);
    struct run run = {.container_id = id, .started_at = inspected.started_at};
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGTERM").answer, RUNTIME_NOT_RUNNING);
    for (int tries = 0; inspected.status != RUNTIME_EXITED && tries < 2000; tries++) {
        inspected = docker_fixture_inspect(&fixture, id);
    }
    assert_int_equal(inspected.status, RUNTIME_EXITED);
    assert_int_equal(inspected.exit_code.value, 3);
}

static void shared_namespaces_name_the_other_container(void **state)
{
    char main_id[FIXTURE_TEXT_SIZE], side_id[FIXTURE_TEXT_SIZE], options[2 * FIXTURE_TEXT_SIZE];
    (void)state;
    (void)start_probe(main_id, "", "obey");
    (void)snprintf(options, sizeof options, "--network container:%s", main_id);
    (void)start_probe(side_id, options, "obey");
    assert_string_equal(docker_fixture_inspect(&fixture, side_id).network_container, main_id);
}

static bool is_away(void *context)
{
    (void)context;
    return fixture.state == RUNTIME_AWAY;
}

static bool is_back(void *context)
{
    (void)context;
    return fixture.state == RUNTIME_BACK;
}

static void an_engine_that_goes_and_comes_back_is_said_once(void **state)
{
    char id[FIXTURE_TEXT_SIZE];
    (void)state;
    struct run run = start_probe(id, "", "obey 5");
    docker_fixture_cut(&fixture);
    docker_fixture_wait(&fixture, is_away, NULL);
    assert_int_equal(docker_fixture_inspect(&fixture, id).error, ERROR_UNAVAILABLE);
    struct signalled signalled = docker_fixture_signal(&fixture, run, "SIGTERM");
    assert_int_equal(signalled.answer, RUNTIME_REFUSED);

    docker_fixture_mend(&fixture);
    docker_fixture_wait(&fixture, is_back, NULL);
    assert_int_equal(fixture.aways, 1);
    assert_int_equal(fixture.backs, 2);
    assert_int_equal(docker_fixture_signal(&fixture, run, "SIGTERM").answer, RUNTIME_SENT);
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED, NULL);
}

/* What happens while the stream is down is told when it is up again. */
static void events_of_an_absence_are_made_up_for(void **state)
{
    char id[FIXTURE_TEXT_SIZE], line[FIXTURE_TEXT_SIZE];
    struct optional_integer exit_code = {0};
    (void)state;
    (void)start_probe(id, "", "obey 9");
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_STARTED, NULL);
    docker_fixture_cut(&fixture);
    docker_fixture_wait(&fixture, is_away, NULL);
    docker_fixture_command(line, "stop -t 5 %s", id);
    docker_fixture_mend(&fixture);
    docker_fixture_wait(&fixture, is_back, NULL);
    docker_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED, &exit_code);
    assert_int_equal(exit_code.value, 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(says_what_the_engine_is),
        TEST(inspect_says_what_was_configured),
        TEST(inspect_of_what_is_not_there_says_so),
        TEST(list_has_running_and_created_containers),
        TEST(a_signal_is_sent_once_and_remembered),
        TEST(another_run_of_the_container_is_not_signalled),
        TEST(sigkill_ends_what_ignores_all_else),
        TEST(a_signal_that_is_none_is_refused),
        TEST(a_paused_container_is_running),
        TEST(a_restart_back_off_is_cancelled_without_a_signal),
        TEST(shared_namespaces_name_the_other_container),
        TEST(an_engine_that_goes_and_comes_back_is_said_once),
        TEST(events_of_an_absence_are_made_up_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
