#include "tests/unit/worker/process_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"
#include "tests/support/run_shell.h"

static void on_event(void *context, const struct runtime_event *event)
{
    struct process_fixture *fixture = context;
    size_t at = fixture->event_count++;
    assert_true(at < PROCESS_FIXTURE_EVENTS_MAX);
    fixture->events[at].kind = event->kind;
    fixture->events[at].exit_code = event->exit_code;
    fixture->events[at].at_unix_ms = event->at_unix_ms;
    (void)snprintf(fixture->events[at].id, sizeof fixture->events[at].id, "%s",
                   event->container_id);
    loop_stop(fixture->loop, 0);
}

static void on_state(void *context, enum runtime_state state, const char *detail)
{
    struct process_fixture *fixture = context;
    fixture->state = state;
    fixture->aways += state == RUNTIME_AWAY;
    fixture->backs += state == RUNTIME_BACK;
    (void)snprintf(fixture->detail, sizeof fixture->detail, "%s", detail);
    loop_stop(fixture->loop, 0);
}

void process_fixture_init(struct process_fixture *fixture)
{
    struct error err = {0};
    *fixture = (struct process_fixture){0};
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/stopfleet-tasks-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    assert_int_equal(process_boot_read(fixture->directory, true, &fixture->boot, &err), 0);
    fixture->loop = loop_new(&err);
    assert_non_null(fixture->loop);
}

void process_fixture_make(struct process_fixture *fixture)
{
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    const struct runtime_process_config config = {.directory = fixture->directory};
    struct error err = {0};
    if (fixture->runtime != NULL) {
        fixture->runtime->ops->free(fixture->runtime);
    }
    fixture->state = (enum runtime_state)0;
    fixture->runtime = runtime_process_new(fixture->loop, &config, &callbacks, fixture, &err);
    assert_non_null(fixture->runtime);
    fixture->runtime->ops->start(fixture->runtime);
}

void process_fixture_start(struct process_fixture *fixture)
{
    process_fixture_make(fixture);
    process_fixture_wait_state(fixture, RUNTIME_BACK);
}

void process_fixture_release(struct process_fixture *fixture)
{
    char command[128];
    if (fixture->runtime != NULL) {
        fixture->runtime->ops->free(fixture->runtime);
    }
    loop_free(fixture->loop);
    (void)snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
    assert_int_equal(run_shell(command, NULL, 0), 0);
}

void process_fixture_wait_state(struct process_fixture *fixture, enum runtime_state state)
{
    while (fixture->state != state) {
        assert_true(loop_wait(fixture->loop));
    }
}

size_t process_fixture_wait_event(struct process_fixture *fixture, const char *id,
                                  enum runtime_event_kind kind)
{
    for (size_t i = 0;; i++) {
        while (i >= fixture->event_count) {
            if (!loop_wait(fixture->loop)) {
                fail_msg("no event %d of %s", (int)kind, id);
            }
        }
        if (fixture->events[i].kind == kind && strcmp(fixture->events[i].id, id) == 0) {
            return i;
        }
    }
}

void process_fixture_write(struct process_fixture *fixture, const char *name, const char *format,
                           ...)
{
    char text[8192];
    struct error err = {0};
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started above. */
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int fd = open(fixture->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0 && length >= 0 && (size_t)length < sizeof text);
    assert_int_equal(process_write_whole(fd, name, (struct span){text, (size_t)length}, &err), 0);
    (void)close(fd);
}

void process_fixture_unlink(const struct process_fixture *fixture, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    assert_int_equal(unlink(path), 0);
}

void process_fixture_wait_file(struct process_fixture *fixture, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    for (int tries = 0; access(path, F_OK) != 0; tries++) {
        assert_true(tries < 1000);
        (void)loop_wait_for(fixture->loop, 20);
    }
}

/* ---- children ---- */

struct child process_fixture_child(const struct process_fixture *fixture, bool ignore)
{
    struct child child = {0};
    struct process_stat stat;
    struct error err = {0};
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    child.pid = fork();
    if (child.pid == 0) {
        (void)setpgid(0, 0);
        (void)signal(SIGTERM, ignore ? SIG_IGN : SIG_DFL);
        if (write(ready[1], "r", 1) != 1) {
            _exit(1);
        }
        for (;;) {
            (void)pause();
        }
    }
    assert_true(child.pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    /* It waits for signals once it sleeps: until then nothing can be said of what it does with them. */
    do {
        assert_int_equal(process_stat_read(child.pid, &stat, &err), 0);
    } while (stat.state != 'S');
    child.start_time = stat.start_time;
    (void)snprintf(child.id, sizeof child.id, "%s-%d-%lld", fixture->boot.id, (int)child.pid,
                   (long long)child.start_time);
    return child;
}

const char *process_fixture_entry(const struct child *child, const char *name, const char *more)
{
    static char texts[4][512];
    static size_t next;
    char *text = texts[next++ % 4];
    (void)snprintf(text, sizeof texts[0], "{\"name\":\"%s\",\"pid\":%d,\"start_time\":%lld%s}",
                   name, (int)child->pid, (long long)child->start_time, more);
    return text;
}

void process_fixture_reap(const struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
}

/* ---- calls that are waited for ---- */

static void on_inspect(void *context, const struct error *error,
                       const struct runtime_container *container)
{
    struct process_seen *seen = context;
    seen->done = true;
    seen->unknown = error != NULL;
    seen->exists = container != NULL;
    loop_stop(seen->fixture->loop, 0);
    if (container == NULL) {
        return;
    }
    seen->status = container->status;
    seen->exit_code = container->exit_code;
    seen->stop_timeout_ms = container->configured_stop_timeout_ms;
    seen->started_at = container->described.started_at;
    seen->finished_at = container->finished_at;
    seen->pid = container->pid;
    (void)snprintf(seen->name, sizeof seen->name, "%s", container->described.name);
    (void)snprintf(seen->stop_signal, sizeof seen->stop_signal, "%s",
                   container->configured_stop_signal == NULL ? ""
                                                             : container->configured_stop_signal);
    for (size_t i = 0; i < container->labels.count; i++) {
        size_t used = strlen(seen->labels);
        (void)snprintf(seen->labels + used, sizeof seen->labels - used, "%s=%s;",
                       container->labels.items[i].key, container->labels.items[i].value);
    }
}

struct process_seen process_fixture_inspect(struct process_fixture *fixture, const char *id)
{
    struct process_seen seen = {.fixture = fixture};
    fixture->runtime->ops->inspect(fixture->runtime, id, on_inspect, &seen);
    assert_false(seen.done);
    while (!seen.done) {
        assert_true(loop_wait(fixture->loop));
    }
    return seen;
}

static void on_signal(void *context, enum runtime_answer answer, const char *detail)
{
    struct process_signalled *signalled = context;
    signalled->done = true;
    signalled->answer = answer;
    (void)snprintf(signalled->detail, sizeof signalled->detail, "%s", detail);
    loop_stop(signalled->fixture->loop, 0);
}

struct process_signalled process_fixture_signal(struct process_fixture *fixture, const char *id,
                                                int64_t started_at, const char *signal)
{
    struct process_signalled signalled = {.fixture = fixture};
    struct run run = {.container_id = id, .started_at = started_at};
    const struct runtime_signal sent = {.name = signal};
    fixture->runtime->ops->signal(fixture->runtime, run, &sent, on_signal, &signalled);
    assert_false(signalled.done);
    while (!signalled.done) {
        assert_true(loop_wait(fixture->loop));
    }
    return signalled;
}
