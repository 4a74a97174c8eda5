/* The process runtime with real processes: the files that say what runs. */

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
#include "tests/unit/worker/one_process.h"

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
    size_t count, left_out;
};

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    struct listed *listed = context;
    assert_null(error);
    listed->done = true;
    for (size_t i = 0; i < count; i++) {
        listed->left_out += containers[i].missing != NULL && containers[i].task_file != NULL;
    }
    listed->count = count;
    loop_stop(fixture.loop, 0);
}

static struct listed list(void)
{
    struct listed listed = {0};
    fixture.runtime->ops->list(fixture.runtime, on_list, &listed);
    while (!listed.done) {
        assert_true(loop_wait(fixture.loop));
    }
    return listed;
}

static size_t list_count(void)
{
    return list().count;
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

static const char *fixture_path(char path[128], const char *name)
{
    (void)snprintf(path, 128, "%s/%s", fixture.directory, name);
    return path;
}

static void what_is_no_file_is_noticed_when_it_comes(void **state)
{
    static const char *const names[] = {"folder.json", "link.json", "pipe.json"};
    const struct runtime_bad_file *files = NULL;
    size_t count = 0;
    char path[128];
    (void)state;
    process_fixture_start(&fixture);
    /* A file that is being written is not read before it is closed. */
    FILE *unfinished = fopen(fixture_path(path, "late.json"), "w");
    assert_non_null(unfinished);
    assert_int_equal(mkdir(fixture_path(path, names[0]), 0755), 0);
    assert_int_equal(symlink("/etc/hostname", fixture_path(path, names[1])), 0);
    assert_int_equal(mkfifo(fixture_path(path, names[2]), 0600), 0);
    for (int tries = 0; tries < 400 && count < 3; tries++) {
        (void)loop_wait_for(fixture.loop, 50);
        count = fixture.runtime->ops->bad_files(fixture.runtime, &files);
    }
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(files[i].name, names[i]);
    }
    assert_non_null(strstr(files[1].why, "symbolic link"));
    assert_int_equal(fclose(unfinished), 0);
    assert_int_equal(unlink(fixture_path(path, "pipe.json")), 0);
    for (int tries = 0; tries < 400 && strcmp(files[count - 1].name, "link.json") != 0; tries++) {
        (void)loop_wait_for(fixture.loop, 50);
        count = fixture.runtime->ops->bad_files(fixture.runtime, &files);
    }
    assert_int_equal(count, 3); /* the empty one is of no use, too, now that it is closed */
    assert_string_equal(files[1].name, "late.json");
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
    assert_int_equal(list_count(), 2); /* and what zzz.json says of it */
    assert_non_null(strstr(process_fixture_inspect(&fixture, child.id).labels, "task=web;"));
    process_fixture_reap(&child);
    process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_EXITED);
    process_fixture_unlink(&fixture, "web.json");
    process_fixture_wait_event(&fixture, child.id, RUNTIME_EVENT_REMOVED);
    assert_int_equal(list_count(), 0);
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
    struct listed listed = list();
    assert_int_equal(listed.count, 3);
    assert_int_equal(listed.left_out, 2); /* what the files say of init and of us */
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
        TEST(a_bad_file_leaves_the_others_alone),
        TEST(what_is_no_file_is_noticed_when_it_comes),
        TEST(a_file_that_vanishes_takes_ended_processes_only),
        TEST(a_process_that_runs_without_a_file_is_not_gone),
        TEST(a_changed_file_keeps_its_processes),
        TEST(a_process_belongs_to_one_file),
        TEST(processes_of_an_earlier_boot_have_ended),
        TEST(starts_are_counted_from_the_boot_that_was_kept),
        TEST(init_and_the_worker_are_in_no_task),
        TEST(a_directory_that_everybody_can_write_is_not_followed),
        TEST(a_directory_that_goes_and_comes_back_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
