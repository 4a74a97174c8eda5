/* The process runtime with real processes: signals, and how processes end. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/loop_wait.h"
#include "tests/unit/worker/one_process.h"
#include "worker/runtime/main_process.h"

static void a_signal_is_sent_and_the_end_is_seen(void **state)
{
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    int64_t before = clock_wall_ms(clock_system());
    struct process_signalled signalled =
        process_fixture_signal(&fixture, child.id, start_of(&child), "SIGTERM");
    assert_int_equal(signalled.answer, RUNTIME_SENT);
    size_t at = process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    assert_false(fixture.events[at].exit_code.known);
    struct process_seen seen = process_fixture_inspect(&fixture, child.id);
    assert_int_equal(seen.status, RUNTIME_EXITED);
    assert_false(seen.exit_code.known);
    assert_true(seen.finished_at >= before);
    assert_int_equal(seen.pid, 0);
    /* It is still a zombie: its parent, this test, has not looked. */
    assert_int_equal(process_fixture_signal(&fixture, child.id, start_of(&child), "SIGKILL").answer,
                     RUNTIME_NOT_RUNNING);
}

static void that_a_process_ignores_its_stop_signal_is_said(void **state)
{
    struct child deaf = process_fixture_child(&fixture, true);
    struct main_process seen;
    (void)state;
    do { /* until it has come to rest */
        assert_true(main_process_read(deaf.pid, NULL, &seen));
    } while (seen.may_wait);
    process_fixture_write(&fixture, "deaf.json", "{\"task\":\"deaf\",\"processes\":[%s]}",
                          process_fixture_entry(&deaf, "app", ""));
    process_fixture_start(&fixture);
    struct process_signalled signalled =
        process_fixture_signal(&fixture, deaf.id, start_of(&deaf), "SIGTERM");
    assert_int_equal(signalled.answer, RUNTIME_SENT);
    assert_string_equal(signalled.detail, "sent; the process ignores SIGTERM");
    assert_int_equal(process_fixture_signal(&fixture, deaf.id, start_of(&deaf), "SIGKILL").answer,
                     RUNTIME_SENT);
    (void)process_fixture_wait_event(&fixture, deaf.id, RUNTIME_EVENT_EXITED);
    process_fixture_reap(&deaf);
}

static void the_exit_code_comes_from_the_status_file(void **state)
{
    struct process_seen seen;
    (void)state;
    write_file(",\"status_file\":\"web.status\"");
    process_fixture_start(&fixture);
    (void)process_fixture_signal(&fixture, child.id, start_of(&child), "SIGTERM");
    /* Until the parent has written it, no end is told. */
    assert_false(loop_wait_for(fixture.loop, 300));
    assert_int_equal(fixture.event_count, 0);
    process_fixture_write(&fixture, "web.status",
                          "{\"pid\":%d,\"start_time\":%lld,\"exit_code\":143,\"finished_at\":777}",
                          (int)child.pid, (long long)child.start_time);
    size_t at = process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    assert_int_equal(fixture.events[at].exit_code.value, 143);
    assert_int_equal(fixture.events[at].at_unix_ms, 777);
    seen = process_fixture_inspect(&fixture, child.id);
    assert_int_equal(seen.exit_code.value, 143);
    assert_int_equal(seen.finished_at, 777);
    /* And so it is for the next runtime. */
    process_fixture_start(&fixture);
    seen = process_fixture_inspect(&fixture, child.id);
    assert_int_equal(seen.status, RUNTIME_EXITED);
    assert_int_equal(seen.exit_code.value, 143);
}

static void an_inspect_waits_for_the_status(void **state)
{
    struct process_seen seen;
    (void)state;
    write_file(",\"status_file\":\"web.status\"");
    process_fixture_start(&fixture);
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    pid_t writer = fork();
    if (writer == 0) {
        (void)usleep(100000);
        process_fixture_write(&fixture, "web.status",
                              "{\"pid\":%d,\"start_time\":%lld,\"exit_code\":4,\"finished_at\":5}",
                              (int)child.pid, (long long)child.start_time);
        _exit(0);
    }
    do {
        seen = process_fixture_inspect(&fixture, child.id);
    } while (seen.status == RUNTIME_RUNNING);
    assert_int_equal(seen.status, RUNTIME_EXITED);
    assert_int_equal(seen.exit_code.value, 4);
    (void)waitpid(writer, NULL, 0);
}

static void a_parent_that_reaps_without_a_word_leaves_the_code_unknown(void **state)
{
    int64_t begin = clock_boot_ms(clock_system());
    (void)state;
    write_file(",\"status_file\":\"web.status\"");
    process_fixture_start(&fixture);
    process_fixture_reap(&child);
    size_t at = process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    assert_false(fixture.events[at].exit_code.known);
    assert_true(clock_boot_ms(clock_system()) - begin < 3000);
}

static void a_status_of_another_process_does_not_count(void **state)
{
    (void)state;
    process_fixture_write(&fixture, "web.status",
                          "{\"pid\":%d,\"start_time\":%lld,\"exit_code\":9,\"finished_at\":5}",
                          (int)child.pid, (long long)child.start_time - 1);
    write_file(",\"status_file\":\"web.status\"");
    process_fixture_start(&fixture);
    process_fixture_reap(&child);
    size_t at = process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    assert_false(fixture.events[at].exit_code.known);
}

static void a_pid_of_another_process_is_never_signalled(void **state)
{
    struct child other = child;
    (void)state;
    other.start_time = child.start_time - 1;
    (void)snprintf(other.id, sizeof other.id, "%s-%d-%lld", fixture.boot.id, (int)other.pid,
                   (long long)other.start_time);
    process_fixture_write(&fixture, "web.json", "{\"task\":\"web\",\"processes\":[%s]}",
                          process_fixture_entry(&other, "app", ""));
    process_fixture_start(&fixture);
    assert_int_equal(process_fixture_inspect(&fixture, other.id).status, RUNTIME_EXITED);
    assert_int_equal(process_fixture_signal(&fixture, other.id, start_of(&other), "SIGKILL").answer,
                     RUNTIME_NOT_RUNNING);
    assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
}

static void signals_that_cannot_be_are_answered(void **state)
{
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    assert_int_equal(
        process_fixture_signal(&fixture, child.id, start_of(&child) + 1, "SIGKILL").answer,
        RUNTIME_NOT_RUNNING);
    assert_int_equal(process_fixture_signal(&fixture, "nobody", 1, "SIGKILL").answer,
                     RUNTIME_NO_CONTAINER);
    assert_int_equal(process_fixture_signal(&fixture, child.id, start_of(&child), "SIGX").answer,
                     RUNTIME_REFUSED);
    assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
}

/* A leader of a group of two, written to its task file. @return the end of a pipe that ends with the last of the group */
static int start_group(struct child *leader)
{
    int alive[2];
    char byte;
    struct process_stat stat;
    struct error err = {0};
    assert_int_equal(pipe(alive), 0);
    leader->pid = fork();
    if (leader->pid == 0) {
        (void)setpgid(0, 0);
        if (fork() == 0) {
            (void)signal(SIGTERM, SIG_IGN);
            if (write(alive[1], "x", 1) != 1) {
                _exit(1);
            }
        }
        (void)close(alive[0]);
        for (;;) {
            (void)pause();
        }
    }
    (void)close(alive[1]);
    assert_int_equal(read(alive[0], &byte, 1), 1);
    assert_int_equal(process_stat_read(leader->pid, &stat, &err), 0);
    leader->start_time = stat.start_time;
    (void)snprintf(leader->id, sizeof leader->id, "%s-%d-%lld", fixture.boot.id, (int)leader->pid,
                   (long long)leader->start_time);
    process_fixture_write(&fixture, "web.json", "{\"task\":\"web\",\"processes\":[%s]}",
                          process_fixture_entry(leader, "app", ",\"process_group\":true"));
    process_fixture_start(&fixture);
    return alive[0];
}

static void the_whole_group_ends_with(const char *signal_name)
{
    struct child leader = {0};
    char byte;
    int alive = start_group(&leader);
    assert_int_equal(
        process_fixture_signal(&fixture, leader.id, start_of(&leader), signal_name).answer,
        RUNTIME_SENT);
    process_fixture_wait_event(&fixture, leader.id, RUNTIME_EVENT_EXITED);
    /* The pipe ends when the last of the group is gone. */
    assert_int_equal(read(alive, &byte, 1), 0);
    (void)close(alive);
    process_fixture_reap(&leader);
}

static void sigkill_takes_the_whole_group(void **state)
{
    (void)state;
    the_whole_group_ends_with("SIGKILL");
}

static void what_outlives_an_obeying_leader_is_killed(void **state)
{
    (void)state;
    the_whole_group_ends_with("SIGTERM");
}

static void on_history(void *context, enum runtime_history_answer answer, int64_t at_unix_ms,
                       int64_t times)
{
    int *got = context;
    (void)at_unix_ms;
    (void)times;
    *got = (int)answer;
    loop_stop(fixture.loop, 0);
}

static void the_kernel_remembers_no_signals(void **state)
{
    struct run run = {.container_id = child.id, .started_at = start_of(&child)};
    int got = 0;
    (void)state;
    process_fixture_start(&fixture);
    fixture.runtime->ops->history(fixture.runtime, run, "SIGTERM", 0, on_history, &got);
    while (got == 0) {
        assert_true(loop_wait(fixture.loop));
    }
    assert_int_equal(got, RUNTIME_HISTORY_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_is_sent_and_the_end_is_seen),
        TEST(that_a_process_ignores_its_stop_signal_is_said),
        TEST(the_exit_code_comes_from_the_status_file),
        TEST(an_inspect_waits_for_the_status),
        TEST(a_parent_that_reaps_without_a_word_leaves_the_code_unknown),
        TEST(a_status_of_another_process_does_not_count),
        TEST(a_pid_of_another_process_is_never_signalled),
        TEST(signals_that_cannot_be_are_answered),
        TEST(sigkill_takes_the_whole_group),
        TEST(what_outlives_an_obeying_leader_is_killed),
        TEST(the_kernel_remembers_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
