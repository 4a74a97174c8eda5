/* The process runtime with real processes. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/loop_wait.h"
#include "tests/support/run_shell.h"
#include "tests/unit/worker/process_fixture.h"
#include "worker/runtime/main_process.h"

static struct process_fixture fixture;
static struct child child;

static int set_up(void **state)
{
    (void)state;
    process_fixture_init(&fixture);
    child = process_fixture_child(&fixture, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    process_fixture_reap(&child);
    process_fixture_release(&fixture);
    return 0;
}

/* The usual file: one process, which writes no status. */
static void write_file(const char *more)
{
    process_fixture_write(&fixture, "web.json", "{\"task\":\"web\",\"processes\":[%s]}",
                          process_fixture_entry(&child, "app", more));
}

static int64_t start_of(const struct child *of)
{
    return process_boot_start_ms(&fixture.boot, of->start_time);
}

static void a_file_that_appears_is_a_running_container(void **state)
{
    (void)state;
    process_fixture_start(&fixture);
    process_fixture_write(
        &fixture, "web.json",
        "{\"task\":\"web\",\"family\":\"fam\",\"group\":\"gr\",\"started_by\":\"me\",\"processes\":"
        "[%s]}",
        process_fixture_entry(&child, "app",
                              ",\"stop_signal\":\"INT\",\"stop_timeout\":3,\"essential\":false,"
                              "\"depends_on\":[\"db\",\"x\"]"));
    process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_STARTED);
    struct process_seen seen = process_fixture_inspect(&fixture, child.id);
    assert_true(seen.exists);
    assert_int_equal(seen.status, RUNTIME_RUNNING);
    assert_string_equal(seen.name, "app");
    assert_int_equal(seen.pid, child.pid);
    assert_int_equal(seen.started_at, start_of(&child));
    assert_true(llabs(clock_wall_ms(clock_system()) - seen.started_at) < 60000);
    assert_string_equal(seen.stop_signal, "SIGINT");
    assert_int_equal(seen.stop_timeout_ms.value, 3000);
    assert_non_null(strstr(seen.labels, "io.stopfleet.task=web;"));
    assert_non_null(strstr(seen.labels, "io.stopfleet.family=fam;"));
    assert_non_null(strstr(seen.labels, "io.stopfleet.group=gr;"));
    assert_non_null(strstr(seen.labels, "io.stopfleet.started-by=me;"));
    assert_non_null(strstr(seen.labels, "io.stopfleet.essential=false;"));
    assert_non_null(strstr(seen.labels, "io.stopfleet.depends-on=db,x;"));
    assert_false(process_fixture_inspect(&fixture, "nobody").exists);
}

struct listed {
    bool done;
    size_t count;
};

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    struct listed *listed = context;
    (void)containers;
    assert_null(error);
    listed->done = true;
    listed->count = count;
    loop_stop(fixture.loop, 0);
}

static size_t list_count(void)
{
    struct listed listed = {0};
    fixture.runtime->ops->list(fixture.runtime, on_list, &listed);
    while (!listed.done) {
        assert_true(loop_wait(fixture.loop));
    }
    return listed.count;
}

static void what_is_there_at_the_start_is_listed_without_events(void **state)
{
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    assert_int_equal(fixture.event_count, 0);
    assert_int_equal(list_count(), 1);
    struct runtime_info info = fixture.runtime->ops->info(fixture.runtime);
    assert_string_equal(info.runtime, "process");
    assert_true(info.cpu_units >= 1024 && info.memory_mib > 0);
}

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

static void a_bad_file_leaves_the_others_alone(void **state)
{
    (void)state;
    process_fixture_write(&fixture, "bad.json", "{\"task\":");
    write_file("");
    process_fixture_start(&fixture);
    assert_int_equal(list_count(), 1);
    /* What a good file said holds when it turns bad. */
    process_fixture_write(&fixture, "web.json", "{}");
    process_fixture_write(&fixture, "other.json",
                          "{\"task\":\"o\",\"processes\":[{\"name\":\"x\","
                          "\"pid\":4194304,\"start_time\":5}]}");
    while (fixture.event_count == 0) {
        assert_true(loop_wait(fixture.loop));
    }
    assert_int_equal(fixture.events[0].kind, RUNTIME_EVENT_EXITED);
    assert_int_equal(list_count(), 2);
    assert_int_equal(process_fixture_inspect(&fixture, child.id).status, RUNTIME_RUNNING);
}

static void a_file_that_vanishes_takes_ended_processes_only(void **state)
{
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    process_fixture_unlink(&fixture, "web.json");
    assert_false(loop_wait_for(fixture.loop, 100));
    struct process_seen seen = process_fixture_inspect(&fixture, child.id);
    assert_true(seen.exists);
    assert_int_equal(seen.status, RUNTIME_RUNNING);
    assert_int_equal(process_fixture_signal(&fixture, child.id, start_of(&child), "SIGTERM").answer,
                     RUNTIME_SENT);
    process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    assert_int_equal(process_fixture_inspect(&fixture, child.id).status, RUNTIME_EXITED);

    struct child second = process_fixture_child(&fixture, false);
    process_fixture_write(&fixture, "two.json", "{\"task\":\"two\",\"processes\":[%s]}",
                          process_fixture_entry(&second, "app", ""));
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_STARTED);
    process_fixture_reap(&second);
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_EXITED);
    process_fixture_unlink(&fixture, "two.json");
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_REMOVED);
    assert_false(process_fixture_inspect(&fixture, second.id).exists);
}

static void a_process_that_runs_without_a_file_is_not_gone(void **state)
{
    (void)state;
    char other_start[128];
    process_fixture_start(&fixture);
    assert_true(process_fixture_inspect(&fixture, child.id).unknown);
    /* The same pid with another start, and one of another boot, are gone. */
    (void)snprintf(other_start, sizeof other_start, "%s1", child.id);
    struct process_seen seen = process_fixture_inspect(&fixture, other_start);
    assert_false(seen.exists || seen.unknown);
    (void)snprintf(other_start, sizeof other_start, "%s", child.id);
    other_start[0] = other_start[0] == 'f' ? 'e' : 'f';
    seen = process_fixture_inspect(&fixture, other_start);
    assert_false(seen.exists || seen.unknown);
    process_fixture_reap(&child);
    seen = process_fixture_inspect(&fixture, child.id);
    assert_false(seen.exists || seen.unknown);
}

static void a_changed_file_keeps_its_processes(void **state)
{
    struct child second = process_fixture_child(&fixture, false);
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    process_fixture_write(&fixture, "web.json", "{\"task\":\"web2\",\"processes\":[%s,%s]}",
                          process_fixture_entry(&child, "renamed", ""),
                          process_fixture_entry(&second, "side", ""));
    process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_CHANGED);
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_STARTED);
    struct process_seen seen = process_fixture_inspect(&fixture, child.id);
    assert_string_equal(seen.name, "renamed");
    assert_non_null(strstr(seen.labels, "io.stopfleet.task=web2;"));
    process_fixture_reap(&second);
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_EXITED);
    write_file("");
    process_fixture_wait_event(&fixture, second.id, RUNTIME_EVENT_REMOVED);
    assert_int_equal(list_count(), 1);
}

static void a_process_belongs_to_one_file(void **state)
{
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    process_fixture_write(&fixture, "zzz.json", "{\"task\":\"other\",\"processes\":[%s]}",
                          process_fixture_entry(&child, "app", ""));
    assert_false(loop_wait_for(fixture.loop, 100));
    assert_int_equal(list_count(), 1);
    assert_non_null(strstr(process_fixture_inspect(&fixture, child.id).labels, "task=web;"));
}

static void init_and_the_worker_are_in_no_task(void **state)
{
    struct child others[] = {{.pid = 1}, {.pid = getpid()}};
    (void)state;
    write_file("");
    for (size_t i = 0; i < 2; i++) {
        struct process_stat stat;
        char name[32];
        assert_int_equal(process_stat_read(others[i].pid, &stat, NULL), 0);
        others[i].start_time = stat.start_time;
        (void)snprintf(name, sizeof name, "other%zu.json", i);
        process_fixture_write(&fixture, name, "{\"task\":\"t\",\"processes\":[%s]}",
                              process_fixture_entry(&others[i], "app", ""));
    }
    process_fixture_start(&fixture);
    assert_int_equal(list_count(), 1);
}

static void processes_of_an_earlier_boot_have_ended(void **state)
{
    char id[96];
    (void)state;
    process_fixture_write(
        &fixture, "old.json",
        "{\"task\":\"old\",\"boot_id\":\"0123456789abcdef0123456789abcdef\",\"processes\":[%s]}",
        process_fixture_entry(&child, "app", ""));
    (void)snprintf(id, sizeof id, "0123456789abcdef0123456789abcdef-%d-%lld", (int)child.pid,
                   (long long)child.start_time);
    process_fixture_start(&fixture);
    struct process_seen seen = process_fixture_inspect(&fixture, id);
    assert_int_equal(seen.status, RUNTIME_EXITED);
    assert_false(seen.exit_code.known);
    assert_int_equal(seen.finished_at, 0);
    assert_int_equal(process_fixture_signal(&fixture, id, seen.started_at, "SIGKILL").answer,
                     RUNTIME_NOT_RUNNING);
    assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
}

/* A start must not move when the wall clock is set: it is part of the run's name. */
static void starts_are_counted_from_the_boot_that_was_kept(void **state)
{
    (void)state;
    process_fixture_write(&fixture, ".boot", "%s 1000000\n", fixture.boot.id);
    write_file("");
    process_fixture_start(&fixture);
    fixture.boot.started_unix_ms = 1000000;
    assert_int_equal(process_fixture_inspect(&fixture, child.id).started_at, start_of(&child));
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

static void a_directory_that_everybody_can_write_is_not_followed(void **state)
{
    (void)state;
    write_file("");
    assert_int_equal(chmod(fixture.directory, 0777), 0);
    process_fixture_make(&fixture);
    process_fixture_wait_state(&fixture, RUNTIME_AWAY);
    assert_non_null(strstr(fixture.detail, "chmod"));
    /* What cannot be looked up is not said to be gone: how it ended may be written there. */
    assert_true(process_fixture_inspect(&fixture, child.id).unknown);
    assert_true(process_fixture_inspect(&fixture, "an-ended-one").unknown);
    assert_int_equal(chmod(fixture.directory, 0755), 0);
    process_fixture_wait_state(&fixture, RUNTIME_BACK);
    assert_int_equal(fixture.aways, 1);
    assert_int_equal(list_count(), 1);
}

static void a_directory_that_goes_and_comes_back_is_said_once(void **state)
{
    char moved[80];
    (void)state;
    write_file("");
    process_fixture_start(&fixture);
    (void)snprintf(moved, sizeof moved, "%s-moved", fixture.directory);
    assert_int_equal(rename(fixture.directory, moved), 0);
    process_fixture_wait_state(&fixture, RUNTIME_AWAY);
    assert_int_equal(process_fixture_inspect(&fixture, child.id).status, RUNTIME_RUNNING);
    /* The runtime may have made an empty one meanwhile. */
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf %s && mv %s %s", fixture.directory, moved,
                   fixture.directory);
    assert_int_equal(run_shell(command, NULL, 0), 0);
    process_fixture_wait_state(&fixture, RUNTIME_BACK);
    assert_int_equal(process_fixture_inspect(&fixture, child.id).status, RUNTIME_RUNNING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_appears_is_a_running_container),
        TEST(what_is_there_at_the_start_is_listed_without_events),
        TEST(a_signal_is_sent_and_the_end_is_seen),
        TEST(that_a_process_ignores_its_stop_signal_is_said),
        TEST(the_exit_code_comes_from_the_status_file),
        TEST(an_inspect_waits_for_the_status),
        TEST(a_parent_that_reaps_without_a_word_leaves_the_code_unknown),
        TEST(a_status_of_another_process_does_not_count),
        TEST(a_pid_of_another_process_is_never_signalled),
        TEST(signals_that_cannot_be_are_answered),
        TEST(a_bad_file_leaves_the_others_alone),
        TEST(a_file_that_vanishes_takes_ended_processes_only),
        TEST(a_process_that_runs_without_a_file_is_not_gone),
        TEST(a_changed_file_keeps_its_processes),
        TEST(a_process_belongs_to_one_file),
        TEST(processes_of_an_earlier_boot_have_ended),
        TEST(starts_are_counted_from_the_boot_that_was_kept),
        TEST(sigkill_takes_the_whole_group),
        TEST(what_outlives_an_obeying_leader_is_killed),
        TEST(init_and_the_worker_are_in_no_task),
        TEST(the_kernel_remembers_no_signals),
        TEST(a_directory_that_everybody_can_write_is_not_followed),
        TEST(a_directory_that_goes_and_comes_back_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
