#include "tests/integration/docker_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"
#include "tests/support/run_shell.h"

/* ---- the relay: a process that passes bytes between its socket and the engine's ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static bool pass(int from, int to)
{
    char bytes[16384];
    ssize_t length = read(from, bytes, sizeof bytes);
    return length > 0 && write(to, bytes, (size_t)length) == length;
}

static _Noreturn void relay_connection(int client, const char *engine_path)
{
    int engine = connect_to(engine_path);
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = engine, .events = POLLIN}};
    while (engine >= 0 && poll(ends, 2, -1) > 0) {
        if ((ends[0].revents != 0 && !pass(client, engine)) ||
            (ends[1].revents != 0 && !pass(engine, client))) {
            break;
        }
    }
    _exit(0);
}

static _Noreturn void relay_all(int listener, const char *engine_path)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0 && fork() == 0) {
            relay_connection(client, engine_path);
        }
        (void)close(client);
    }
}

void docker_fixture_mend(struct docker_fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *engine_path = getenv("STOPFLEET_TEST_DOCKER");
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_non_null(engine_path);
    (void)unlink(fixture->socket);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->socket);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 64), 0);
    pid_t pid = fork();
    if (pid == 0) {
        relay_all(listener, engine_path);
    }
    assert_true(pid > 0);
    (void)setpgid(pid, pid);
    (void)close(listener);
    fixture->relay = pid;
}

void docker_fixture_cut(struct docker_fixture *fixture)
{
    if (fixture->relay > 0) {
        (void)kill(-fixture->relay, SIGKILL);
        (void)waitpid(fixture->relay, NULL, 0);
    }
    fixture->relay = 0;
}

/* ---- the runtime ---- */

static void on_event(void *context, const struct runtime_event *event)
{
    struct docker_fixture *fixture = context;
    size_t at = fixture->event_count;
    if (at < FIXTURE_EVENTS_MAX) {
        fixture->events[at].kind = event->kind;
        fixture->events[at].exit_code = event->exit_code;
        (void)snprintf(fixture->events[at].container_id, sizeof fixture->events[at].container_id,
                       "%s", event->container_id);
        fixture->event_count++;
    }
    loop_stop(fixture->loop, 0);
}

static void on_state(void *context, enum runtime_state state, const char *detail)
{
    struct docker_fixture *fixture = context;
    fixture->state = state;
    fixture->aways += state == RUNTIME_AWAY;
    fixture->backs += state == RUNTIME_BACK;
    (void)snprintf(fixture->state_detail, sizeof fixture->state_detail, "%s", detail);
    loop_stop(fixture->loop, 0);
}

void docker_fixture_wait(struct docker_fixture *fixture, bool (*is_so)(void *context),
                         void *context)
{
    while (!is_so(context)) {
        if (!loop_wait(fixture->loop)) {
            fail_msg("nothing came in time; state: %s", fixture->state_detail);
        }
    }
}

static bool is_back(void *context)
{
    const struct docker_fixture *fixture = context;
    return fixture->state == RUNTIME_BACK;
}

void docker_fixture_start(struct docker_fixture *fixture)
{
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    struct error err = {0};
    char endpoint[128];
    const struct runtime_docker_config config = {
        .endpoint = endpoint, .call_timeout_ms = 10000, .calls_at_once = 4};

    *fixture = (struct docker_fixture){0};
    (void)snprintf(fixture->socket, sizeof fixture->socket, "/tmp/stopfleet-relay-%d.sock",
                   (int)getpid());
    (void)snprintf(endpoint, sizeof endpoint, "unix://%s", fixture->socket);
    docker_fixture_mend(fixture);
    fixture->loop = loop_new(&err);
    assert_non_null(fixture->loop);
    fixture->runtime = runtime_docker_new(fixture->loop, &config, &callbacks, fixture, &err);
    assert_non_null(fixture->runtime);
    fixture->runtime->ops->start(fixture->runtime);
    docker_fixture_wait(fixture, is_back, fixture);
}

void docker_fixture_stop(struct docker_fixture *fixture)
{
    fixture->runtime->ops->free(fixture->runtime);
    loop_free(fixture->loop);
    docker_fixture_cut(fixture);
    (void)unlink(fixture->socket);
}

struct expected_event {
    struct docker_fixture *fixture;
    const char *container_id;
    enum runtime_event_kind kind;
    struct optional_integer exit_code;
};

static bool has_come(void *context)
{
    struct expected_event *expected = context;
    for (size_t i = 0; i < expected->fixture->event_count; i++) {
        if (expected->fixture->events[i].kind == expected->kind &&
            strcmp(expected->fixture->events[i].container_id, expected->container_id) == 0) {
            expected->exit_code = expected->fixture->events[i].exit_code;
            return true;
        }
    }
    return false;
}

void docker_fixture_wait_event(struct docker_fixture *fixture, const char *container_id,
                               enum runtime_event_kind kind, struct optional_integer *ret_exit_code)
{
    struct expected_event expected = {
        .fixture = fixture, .container_id = container_id, .kind = kind};
    docker_fixture_wait(fixture, has_come, &expected);
    if (ret_exit_code != NULL) {
        *ret_exit_code = expected.exit_code;
    }
}

/* ---- the docker command ---- */

void docker_fixture_command(char ret_line[FIXTURE_TEXT_SIZE], const char *format, ...)
{
    char words[2 * FIXTURE_TEXT_SIZE], command[3 * FIXTURE_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    (void)snprintf(command, sizeof command, "docker -H unix://%s %s",
                   getenv("STOPFLEET_TEST_DOCKER"), words);
    if (run_shell(command, ret_line, FIXTURE_TEXT_SIZE) != 0) {
        fail_msg("%s", command);
    }
}

/* ---- calls that are waited for ---- */

static void copy(char *target, size_t size, const char *text)
{
    (void)snprintf(target, size, "%s", text == NULL ? "" : text);
}

static void on_inspect(void *context, const struct error *error,
                       const struct runtime_container *container)
{
    struct inspected *inspected = context;
    inspected->done = true;
    inspected->error = error == NULL ? ERROR_NONE : error->code;
    inspected->exists = container != NULL;
    loop_stop(inspected->fixture->loop, 0);
    if (container == NULL) {
        return;
    }
    const struct described_container *described = &container->described;
    inspected->status = container->status;
    inspected->exit_code = container->exit_code;
    inspected->started_at = described->started_at;
    inspected->created_at = described->created_at;
    inspected->finished_at = container->finished_at;
    inspected->memory_mib = described->memory_mib;
    inspected->cpu = described->cpu;
    inspected->pid = container->pid;
    inspected->oom_killed = container->oom_killed;
    inspected->auto_remove = described->auto_remove;
    inspected->bindings = described->network_bindings.count;
    inspected->stop_timeout_ms = container->configured_stop_timeout_ms;
    for (size_t i = 0; i < described->network_bindings.count; i++) {
        if (described->network_bindings.items[i].container_port_range != NULL) {
            copy(inspected->range, sizeof inspected->range,
                 described->network_bindings.items[i].container_port_range);
        }
    }
    for (size_t i = 0; i < container->labels.count; i++) {
        if (strcmp(container->labels.items[i].key, "io.stopfleet.task") == 0) {
            copy(inspected->label, sizeof inspected->label, container->labels.items[i].value);
        }
    }
    copy(inspected->stop_signal, sizeof inspected->stop_signal, container->configured_stop_signal);
    copy(inspected->name, sizeof inspected->name, described->name);
    copy(inspected->image, sizeof inspected->image, described->image);
    copy(inspected->health, sizeof inspected->health, container->health);
    copy(inspected->network_container, sizeof inspected->network_container,
         container->network_container);
}

static bool is_inspected(void *context)
{
    return ((const struct inspected *)context)->done;
}

struct inspected docker_fixture_inspect(struct docker_fixture *fixture, const char *container_id)
{
    struct inspected inspected = {.fixture = fixture};
    fixture->runtime->ops->inspect(fixture->runtime, container_id, on_inspect, &inspected);
    docker_fixture_wait(fixture, is_inspected, &inspected);
    return inspected;
}

static void on_signal(void *context, enum runtime_answer answer, const char *detail)
{
    struct signalled *signalled = context;
    signalled->done = true;
    signalled->answer = answer;
    copy(signalled->detail, sizeof signalled->detail, detail);
    loop_stop(signalled->fixture->loop, 0);
}

static bool is_signalled(void *context)
{
    return ((const struct signalled *)context)->done;
}

struct signalled docker_fixture_signal(struct docker_fixture *fixture, struct run run,
                                       const char *signal)
{
    struct signalled signalled = {.fixture = fixture};
    const struct runtime_signal sent = {.name = signal};
    fixture->runtime->ops->signal(fixture->runtime, run, &sent, on_signal, &signalled);
    docker_fixture_wait(fixture, is_signalled, &signalled);
    return signalled;
}

static void on_history(void *context, enum runtime_history_answer answer, int64_t at_unix_ms,
                       int64_t times)
{
    struct remembered *remembered = context;
    remembered->done = true;
    remembered->answer = answer;
    remembered->at_unix_ms = at_unix_ms;
    remembered->times = times;
    loop_stop(remembered->fixture->loop, 0);
}

static bool is_remembered(void *context)
{
    return ((const struct remembered *)context)->done;
}

struct remembered docker_fixture_history(struct docker_fixture *fixture, struct run run,
                                         const char *signal, int64_t since_unix_ms)
{
    struct remembered remembered = {.fixture = fixture};
    fixture->runtime->ops->history(fixture->runtime, run, signal, since_unix_ms, on_history,
                                   &remembered);
    docker_fixture_wait(fixture, is_remembered, &remembered);
    return remembered;
}
