#include "tests/unit/worker/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct engine_fixture fixture;
struct engine_answers got;

void engine_fixture_on_event(void *context, const struct runtime_event *event)
{
    (void)context;
    fixture.last_event = *event;
    (void)snprintf(fixture.event_id, sizeof fixture.event_id, "%s", event->container_id);
    fixture.event_total++;
    loop_stop(fixture.loop, 0);
}

void engine_fixture_on_state(void *context, enum runtime_state state, const char *text)
{
    (void)context;
    fixture.last_state = state;
    fixture.aways += state == RUNTIME_AWAY;
    fixture.backs += state == RUNTIME_BACK;
    (void)snprintf(fixture.detail, sizeof fixture.detail, "%s", text);
    loop_stop(fixture.loop, 0);
}

void engine_fixture_make_runtime(int64_t call_timeout_ms)
{
    static const struct runtime_callbacks callbacks = {.on_event = engine_fixture_on_event,
                                                       .on_state = engine_fixture_on_state};
    char endpoint[128];
    struct error err = {0};
    const struct runtime_docker_config config = {
        .endpoint = endpoint, .call_timeout_ms = call_timeout_ms, .calls_at_once = 2};
    (void)snprintf(endpoint, sizeof endpoint, "unix://%s", fixture.socket_path);
    if (fixture.runtime != NULL) {
        fixture.runtime->ops->free(fixture.runtime);
    }
    fixture.runtime = runtime_docker_new(fixture.loop, &config, &callbacks, NULL, &err);
    assert_non_null(fixture.runtime);
}

int engine_fixture_set_up(void **state)
{
    static const struct fake_engine_route usual[ROUTES] = {
        [VERSION] =
            {"GET", "/version", FAKE_ANSWER, 200,
             "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", 0, 0},
        [INFO] = {"GET", "/info", FAKE_ANSWER, 200,
                  "{\"OSType\":\"linux\",\"Architecture\":\"x86_64\",\"NCPU\":4,\"MemTotal\":"
                  "1073741824}",
                  0, 0},
        [EVENTS] = {"GET", "/events", FAKE_STREAM, 200, NULL, 0, 0},
        [PING] = {"GET", "/_ping", FAKE_ANSWER, 200, "OK", 0, 0},
        [LIST] = {"GET", "/containers/json", FAKE_ANSWER, 200, "[{\"Id\":\"" ID "\"}]", 0, 0},
        [CONTAINER] = {"GET", "/containers/" ID "/json", FAKE_ANSWER, 200, INSPECT("running"), 0,
                       0},
        [KILL] = {"POST", "/containers/" ID "/kill", FAKE_ANSWER, 204, NULL, 0, 0},
        [STOP] = {"POST", "/containers/" ID "/stop", FAKE_ANSWER, 204, NULL, 0, 0},
        [UPDATE] = {"POST", "/containers/" ID "/update", FAKE_ANSWER, 200, "{}", 0, 0},
        [UNPAUSE] = {"POST", "/containers/" ID "/unpause", FAKE_ANSWER, 204, NULL, 0, 0},
        [EXEC_MAKE] = {"POST", "/containers/" ID "/exec", FAKE_ANSWER, 201, "{\"Id\":\"5f1e\"}", 0,
                       0},
        [EXEC_START] = {"POST", "/exec/5f1e/start", FAKE_ANSWER, 200, NULL, 0, 0},
        [EXEC_LOOK] = {"GET", "/exec/5f1e/json", FAKE_ANSWER, 200,
                       "{\"Running\":true,\"ExitCode\":null}", 0, 0},
        [IMAGE] = {"GET", "/images/", FAKE_ANSWER, 200, "{\"RepoDigests\":[\"web@sha256:2\"]}", 0,
                   0},
        [NETWORK] = {"GET", "/networks/", FAKE_ANSWER, 200, "{\"Driver\":\"macvlan\"}", 0, 0},
    };
    struct error err = {0};
    (void)state;
    memcpy(fixture.routes, usual, sizeof fixture.routes);
    (void)snprintf(fixture.socket_path, sizeof fixture.socket_path,
                   "/tmp/stopfleet-fake-engine-%d.sock", (int)getpid());
    fixture.aways = fixture.backs = fixture.event_total = 0;
    fixture.last_state = (enum runtime_state)0;
    fixture.loop = loop_new(&err);
    assert_non_null(fixture.loop);
    fixture.engine = fake_engine_new(fixture.loop, fixture.socket_path, fixture.routes, ROUTES);
    engine_fixture_make_runtime(CALL_TIMEOUT_MS);
    return 0;
}

int engine_fixture_tear_down(void **state)
{
    (void)state;
    if (fixture.runtime != NULL) {
        fixture.runtime->ops->free(fixture.runtime);
    }
    fake_engine_free(fixture.engine);
    loop_free(fixture.loop);
    fixture.runtime = NULL;
    fixture.engine = NULL;
    return 0;
}

void engine_fixture_wait_state(enum runtime_state state)
{
    while (fixture.last_state != state) {
        assert_true(loop_wait(fixture.loop));
    }
}

void engine_fixture_start(void)
{
    fixture.runtime->ops->start(fixture.runtime);
    engine_fixture_wait_state(RUNTIME_BACK);
}

void engine_fixture_wait_events(int total)
{
    while (fixture.event_total < total) {
        assert_true(loop_wait(fixture.loop));
    }
}

void engine_fixture_on_signal(void *context, enum runtime_answer answer, const char *text)
{
    (void)context;
    got.signals++;
    got.answer = answer;
    (void)snprintf(got.detail, sizeof got.detail, "%s", text);
    loop_stop(fixture.loop, 0);
}

void engine_fixture_on_inspect(void *context, const struct error *error,
                               const struct runtime_container *container)
{
    (void)context;
    got.inspects++;
    got.error = error == NULL ? ERROR_NONE : error->code;
    got.exists = container != NULL;
    (void)snprintf(got.detail, sizeof got.detail, "%s", error == NULL ? "" : error->message);
    if (container != NULL) {
        const struct described_container *d = &container->described;
        (void)snprintf(got.digest, sizeof got.digest, "%s",
                       d->image_digest == NULL ? "" : d->image_digest);
        (void)snprintf(
            got.address, sizeof got.address, "%s",
            d->network_interfaces.count == 0 ? "" : d->network_interfaces.items[0].private_ipv4);
    }
    loop_stop(fixture.loop, 0);
}

void engine_fixture_on_list(void *context, const struct error *error,
                            const struct runtime_container *containers, size_t count)
{
    (void)context;
    got.lists++;
    got.status = count > 0 ? containers[0].status : (enum runtime_status)0;
    got.error = error == NULL ? ERROR_NONE : error->code;
    got.count = count;
    loop_stop(fixture.loop, 0);
}

void engine_fixture_on_history(void *context, enum runtime_history_answer answer,
                               int64_t at_unix_ms, int64_t times)
{
    (void)context;
    (void)at_unix_ms;
    got.histories++;
    got.history = answer;
    got.times = times;
    loop_stop(fixture.loop, 0);
}

enum runtime_answer engine_fixture_signal(const char *signal)
{
    int before = got.signals;
    const struct runtime_signal sent = {.name = signal};
    fixture.runtime->ops->signal(fixture.runtime, RUN, &sent, engine_fixture_on_signal, NULL);
    assert_int_equal(got.signals, before);
    while (got.signals == before) {
        assert_true(loop_wait(fixture.loop));
    }
    return got.answer;
}

void engine_fixture_inspect(void)
{
    int before = got.inspects;
    fixture.runtime->ops->inspect(fixture.runtime, ID, engine_fixture_on_inspect, NULL);
    while (got.inspects == before) {
        assert_true(loop_wait(fixture.loop));
    }
}

void engine_fixture_list(void)
{
    int before = got.lists;
    fixture.runtime->ops->list(fixture.runtime, engine_fixture_on_list, NULL);
    while (got.lists == before) {
        assert_true(loop_wait(fixture.loop));
    }
}

enum runtime_history_answer engine_fixture_history(int64_t since_ms)
{
    int before = got.histories;
    fixture.runtime->ops->history(fixture.runtime, RUN, "SIGTERM", since_ms,
                                  engine_fixture_on_history, NULL);
    while (got.histories == before) {
        assert_true(loop_wait(fixture.loop));
    }
    return got.history;
}
