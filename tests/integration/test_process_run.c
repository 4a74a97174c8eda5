/* stopfleet-run and the process runtime together. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"
#include "tests/unit/worker/process_fixture.h"

static struct process_fixture fixture;

static int set_up(void **state)
{
    (void)state;
    process_fixture_init(&fixture);
    process_fixture_start(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    process_fixture_release(&fixture);
    return 0;
}

/* Starts stopfleet-run with these words; directory is given. */
static pid_t start_run(const char *const *words)
{
    char program[512];
    const char *arguments[24] = {program, "--directory", fixture.directory};
    size_t count = 3;
    assert_non_null(getenv("STOPFLEET_BIN"));
    (void)snprintf(program, sizeof program, "%s/stopfleet-run", getenv("STOPFLEET_BIN"));
    for (; *words != NULL && count < 23; words++) {
        arguments[count++] = *words;
    }
    pid_t pid = fork();
    if (pid == 0) {
        char *copies[24];
        memcpy(copies, arguments, sizeof copies);
        (void)execv(program, copies);
        _exit(99);
    }
    assert_true(pid > 0);
    return pid;
}

#define RUN(...) start_run((const char *const[]){__VA_ARGS__, NULL})

static int wait_status(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The first container that is told of; its id stays in the fixture. */
static const char *wait_started(void)
{
    while (fixture.event_count == 0) {
        assert_true(loop_wait(fixture.loop));
    }
    assert_int_equal(fixture.events[0].kind, RUNTIME_EVENT_STARTED);
    return fixture.events[0].id;
}

static void a_command_is_a_task_and_its_end_is_known(void **state)
{
    (void)state;
    /* The file tells that the trap is set. */
    char script[200];
    (void)snprintf(script, sizeof script,
                   "trap 'exit 9' INT; : > %s/ready; while :; do sleep 0.05; done",
                   fixture.directory);
    pid_t pid = RUN("--task", "web", "--name", "app", "--stop-signal", "int", "--stop-timeout",
                    "7s", "--", "sh", "-c", script);
    const char *id = wait_started();
    struct process_seen seen = process_fixture_inspect(&fixture, id);
    assert_int_equal(seen.status, RUNTIME_RUNNING);
    assert_string_equal(seen.name, "app");
    assert_string_equal(seen.stop_signal, "SIGINT");
    assert_int_equal(seen.stop_timeout_ms.value, 7000);
    assert_non_null(strstr(seen.labels, "io.stopfleet.task=web;"));
    process_fixture_wait_file(&fixture, "ready");
    assert_int_equal(process_fixture_signal(&fixture, id, seen.started_at, "SIGINT").answer,
                     RUNTIME_SENT);
    size_t at = process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED);
    assert_true(fixture.events[at].exit_code.known);
    assert_int_equal(fixture.events[at].exit_code.value, 9);
    assert_int_equal(wait_status(pid), 9);
}

static void a_signal_that_ends_it_is_128_and_its_number(void **state)
{
    (void)state;
    pid_t pid = RUN("--task", "web", "sleep", "1000");
    const char *id = wait_started();
    struct process_seen seen = process_fixture_inspect(&fixture, id);
    assert_string_equal(seen.name, "sleep");
    assert_int_equal(process_fixture_signal(&fixture, id, seen.started_at, "SIGKILL").answer,
                     RUNTIME_SENT);
    size_t at = process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED);
    assert_int_equal(fixture.events[at].exit_code.value, 137);
    assert_int_equal(wait_status(pid), 137);
}

static void what_asks_stopfleet_run_to_end_goes_to_the_command(void **state)
{
    (void)state;
    pid_t pid = RUN("--task", "web", "sleep", "1000");
    const char *id = wait_started();
    assert_int_equal(kill(pid, SIGTERM), 0);
    size_t at = process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED);
    assert_int_equal(fixture.events[at].exit_code.value, 143);
    assert_int_equal(wait_status(pid), 143);
}

static void a_command_whose_parent_was_killed_ends_without_a_code(void **state)
{
    (void)state;
    char script[200];
    (void)snprintf(script, sizeof script, ": > %s/ready; exec sleep 1000", fixture.directory);
    pid_t pid = RUN("--task", "web", "--", "sh", "-c", script);
    const char *id = wait_started();
    process_fixture_wait_file(&fixture, "ready");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    struct process_seen seen = process_fixture_inspect(&fixture, id);
    assert_int_equal(seen.status, RUNTIME_RUNNING);
    assert_int_equal(process_fixture_signal(&fixture, id, seen.started_at, "SIGTERM").answer,
                     RUNTIME_SENT);
    size_t at = process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED);
    assert_false(fixture.events[at].exit_code.known);
}

static void a_name_is_used_once_at_a_time(void **state)
{
    (void)state;
    pid_t first = RUN("--task", "web", "sleep", "1000");
    const char *id = wait_started();
    struct process_seen seen = process_fixture_inspect(&fixture, id);
    assert_int_equal(wait_status(RUN("--task", "web", "sleep", "1")), 2);
    assert_int_equal(process_fixture_signal(&fixture, id, seen.started_at, "SIGKILL").answer,
                     RUNTIME_SENT);
    assert_int_equal(wait_status(first), 137);
    process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_EXITED);
    assert_int_equal(wait_status(RUN("--task", "web", "sleep", "0")), 0);
    process_fixture_wait_event(&fixture, id, RUNTIME_EVENT_REMOVED);
}

static bool has_ended(pid_t pid, int *ret_status)
{
    siginfo_t end = {0};
    if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != pid) {
        return false;
    }
    *ret_status = wait_status(pid);
    return true;
}

/* Two that begin at once: one has the name, the other says so and has run nothing. */
static void of_two_at_once_one_has_the_name(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        int status = -1, loser = 0;
        pid_t pids[2];
        pids[0] = RUN("--task", "web", "--cgroup=false", "sleep", "1000");
        pids[1] = RUN("--task", "web", "--cgroup=false", "sleep", "1000");
        /* The one that goes on does so until it is asked to end: without a loser this waits in vain. */
        for (int tries = 0; !has_ended(pids[loser], &status); tries++) {
            assert_true(tries < 1000);
            (void)loop_wait_for(fixture.loop, 10);
            loser = 1 - loser;
        }
        assert_int_equal(status, 2);
        process_fixture_wait_file(&fixture, "web.sleep.json");
        assert_int_equal(kill(pids[1 - loser], SIGTERM), 0);
        assert_int_equal(wait_status(pids[1 - loser]), 143);
    }
}

/* What is no part of a file's name is encoded, so that two names never are one file. */
static void each_name_has_a_file_of_its_own(void **state)
{
    (void)state;
    char part[256] = {0};
    static const struct {
        const char *task, *name, *file;
    } names[] = {
        {"a/b", "x", "a%2Fb.x.json"},     {"a_b", "x", "a_b.x.json"},
        {"a.b", "c", "a%2Eb.c.json"},     {"a", "b.c", "a.b.c.json"},
        {"a%2Fb", "x", "a%252Fb.x.json"},
    };
    pid_t pids[sizeof names / sizeof *names];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pids[i] = RUN("--task", names[i].task, "--name", names[i].name, "sleep", "1000");
        process_fixture_wait_file(&fixture, names[i].file);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(kill(pids[i], SIGTERM), 0);
        assert_int_equal(wait_status(pids[i]), 143);
    }
    /* Long ones differ too, and are short enough for a file. */
    memset(part, '/', sizeof part - 2);
    part[sizeof part - 2] = 'a';
    pid_t long_a = RUN("--task", part, "--name", part, "sleep", "1000");
    while (fixture.event_count <= sizeof names / sizeof *names * 2) {
        assert_true(loop_wait(fixture.loop));
    }
    part[sizeof part - 2] = 'b';
    assert_int_equal(wait_status(RUN("--task", part, "--name", part, "sleep", "0")), 0);
    assert_int_equal(kill(long_a, SIGTERM), 0);
    assert_int_equal(wait_status(long_a), 143);
}

static void what_cannot_be_run_is_said_as_a_shell_says_it(void **state)
{
    (void)state;
    assert_int_equal(wait_status(RUN("--", "no-such-command-here")), 127);
    assert_int_equal(wait_status(RUN("--", "/etc/passwd")), 126);
    assert_int_equal(wait_status(RUN("--stop-signal", "none", "--", "true")), 2);
    assert_int_equal(wait_status(RUN("--stop-timeout", "1500ms", "--", "true")), 2);
    assert_int_equal(wait_status(RUN("--stop-timeout", "2000ms", "--", "true")), 0);
    assert_int_equal(wait_status(RUN("--task", "x")), 2);
    assert_int_equal(wait_status(RUN("--no-such-option", "true")), 2);
    assert_int_equal(wait_status(RUN("--directory", "/proc/x", "true")), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_command_is_a_task_and_its_end_is_known),
        TEST(a_signal_that_ends_it_is_128_and_its_number),
        TEST(what_asks_stopfleet_run_to_end_goes_to_the_command),
        TEST(a_command_whose_parent_was_killed_ends_without_a_code),
        TEST(a_name_is_used_once_at_a_time),
        TEST(of_two_at_once_one_has_the_name),
        TEST(each_name_has_a_file_of_its_own),
        TEST(what_cannot_be_run_is_said_as_a_shell_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
