/* The docker runtime against an engine that misbehaves as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/loop_wait.h"
#include "tests/unit/worker/fake_engine.h"
#include "worker/runtime/runtime.h"

#define ID      "1921de341bb894ef258836f7bb8820ef293fd7693f668a384848f4f453fa3763"
#define STARTED INT64_C(1795413863129)
#define INSPECT(status)                                                                            \
    "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:1\",\"State\":{\"Status\":\"" status  \
    "\",\"StartedAt\":\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"Image\":\"web:1\"},"        \
    "\"NetworkSettings\":{\"Networks\":{\"lan\":{\"NetworkID\":\"n1\",\"IPAddress\":\"10.0.0.9\"}" \
    "}}}"

enum { CALL_TIMEOUT_MS = 400, BIG_BYTES = (8 << 20) + 10 };

/* Where the routes stand. */
enum {
    VERSION,
    INFO,
    EVENTS,
    PING,
    LIST,
    CONTAINER,
    KILL,
    UPDATE,
    UNPAUSE,
    IMAGE,
    NETWORK,
    ROUTES
};

static struct fake_engine_route routes[ROUTES];
static struct loop *loop;
static struct fake_engine *engine;
static struct runtime *runtime;
static char socket_path[108];

static enum runtime_state last_state;
static int aways, backs, event_total;
static char detail[600], event_id[128];
static struct runtime_event last_event;

static void on_event(void *context, const struct runtime_event *event)
{
    (void)context;
    last_event = *event;
    (void)snprintf(event_id, sizeof event_id, "%s", event->container_id);
    event_total++;
    loop_stop(loop, 0);
}

static void on_state(void *context, enum runtime_state state, const char *text)
{
    (void)context;
    last_state = state;
    aways += state == RUNTIME_AWAY;
    backs += state == RUNTIME_BACK;
    (void)snprintf(detail, sizeof detail, "%s", text);
    loop_stop(loop, 0);
}

static void make_runtime(int64_t calls_at_once)
{
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    char endpoint[128];
    struct error err = {0};
    const struct runtime_docker_config config = {
        .endpoint = endpoint, .call_timeout_ms = CALL_TIMEOUT_MS, .calls_at_once = calls_at_once};
    (void)snprintf(endpoint, sizeof endpoint, "unix://%s", socket_path);
    runtime = runtime_docker_new(loop, &config, &callbacks, NULL, &err);
    assert_non_null(runtime);
}

static int set_up(void **state)
{
    static const struct fake_engine_route usual[ROUTES] = {
        [VERSION] =
            {"GET", "/version", FAKE_ANSWER, 200,
             "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", 0},
        [INFO] = {"GET", "/info", FAKE_ANSWER, 200,
                  "{\"OSType\":\"linux\",\"Architecture\":\"x86_64\",\"NCPU\":4,\"MemTotal\":"
                  "1073741824}",
                  0},
        [EVENTS] = {"GET", "/events", FAKE_STREAM, 200, NULL, 0},
        [PING] = {"GET", "/_ping", FAKE_ANSWER, 200, "OK", 0},
        [LIST] = {"GET", "/containers/json", FAKE_ANSWER, 200, "[{\"Id\":\"" ID "\"}]", 0},
        [CONTAINER] = {"GET", "/containers/" ID "/json", FAKE_ANSWER, 200, INSPECT("running"), 0},
        [KILL] = {"POST", "/containers/" ID "/kill", FAKE_ANSWER, 204, NULL, 0},
        [UPDATE] = {"POST", "/containers/" ID "/update", FAKE_ANSWER, 200, "{}", 0},
        [UNPAUSE] = {"POST", "/containers/" ID "/unpause", FAKE_ANSWER, 204, NULL, 0},
        [IMAGE] = {"GET", "/images/", FAKE_ANSWER, 200, "{\"RepoDigests\":[\"web@sha256:2\"]}", 0},
        [NETWORK] = {"GET", "/networks/", FAKE_ANSWER, 200, "{\"Driver\":\"macvlan\"}", 0},
    };
    struct error err = {0};
    (void)state;
    memcpy(routes, usual, sizeof routes);
    (void)snprintf(socket_path, sizeof socket_path, "/tmp/stopfleet-fake-engine-%d.sock",
                   (int)getpid());
    aways = backs = event_total = 0;
    last_state = (enum runtime_state)0;
    loop = loop_new(&err);
    assert_non_null(loop);
    engine = fake_engine_new(loop, socket_path, routes, ROUTES);
    make_runtime(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (runtime != NULL) {
        runtime->ops->free(runtime);
    }
    fake_engine_free(engine);
    loop_free(loop);
    runtime = NULL;
    engine = NULL;
    return 0;
}

static void wait_state(enum runtime_state state)
{
    while (last_state != state) {
        assert_true(loop_wait(loop));
    }
}

static void start(void)
{
    runtime->ops->start(runtime);
    wait_state(RUNTIME_BACK);
}

static void wait_events(int total)
{
    while (event_total < total) {
        assert_true(loop_wait(loop));
    }
}

/* ---- calls that are waited for ---- */

static struct answers {
    int signals, inspects, lists, histories;
    enum runtime_answer answer;
    char detail[600];
    enum error_code error;
    bool exists;
    char digest[64], address[64];
    size_t count;
    enum runtime_status status; /* of the first of a list */
    enum runtime_history_answer history;
    int64_t times;
} got;

static void on_signal(void *context, enum runtime_answer answer, const char *text)
{
    (void)context;
    got.signals++;
    got.answer = answer;
    (void)snprintf(got.detail, sizeof got.detail, "%s", text);
    loop_stop(loop, 0);
}

static void on_inspect(void *context, const struct error *error,
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
    loop_stop(loop, 0);
}

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    (void)context;
    got.lists++;
    got.status = count > 0 ? containers[0].status : (enum runtime_status)0;
    got.error = error == NULL ? ERROR_NONE : error->code;
    got.count = count;
    loop_stop(loop, 0);
}

static void on_history(void *context, enum runtime_history_answer answer, int64_t at_unix_ms,
                       int64_t times)
{
    (void)context;
    (void)at_unix_ms;
    got.histories++;
    got.history = answer;
    got.times = times;
    loop_stop(loop, 0);
}

static const struct run RUN = {.container_id = ID, .started_at = STARTED};
static const struct runtime_signal SIGTERM_SENT = {.name = "SIGTERM"};

static enum runtime_answer signal_and_wait(const char *signal)
{
    int before = got.signals;
    const struct runtime_signal sent = {.name = signal};
    runtime->ops->signal(runtime, RUN, &sent, on_signal, NULL);
    assert_int_equal(got.signals, before);
    while (got.signals == before) {
        assert_true(loop_wait(loop));
    }
    return got.answer;
}

static void inspect_and_wait(void)
{
    int before = got.inspects;
    runtime->ops->inspect(runtime, ID, on_inspect, NULL);
    while (got.inspects == before) {
        assert_true(loop_wait(loop));
    }
}

static void list_and_wait(void)
{
    int before = got.lists;
    runtime->ops->list(runtime, on_list, NULL);
    while (got.lists == before) {
        assert_true(loop_wait(loop));
    }
}

static enum runtime_history_answer history_and_wait(int64_t since_ms)
{
    int before = got.histories;
    runtime->ops->history(runtime, RUN, "SIGTERM", since_ms, on_history, NULL);
    while (got.histories == before) {
        assert_true(loop_wait(loop));
    }
    return got.history;
}

/* ---- the connection ---- */

static void the_engine_is_found_and_described(void **state)
{
    (void)state;
    start();
    struct runtime_info info = runtime->ops->info(runtime);
    assert_string_equal(info.engine_version, "20.10.24");
    assert_string_equal(info.api_version, "1.41");
    assert_int_equal(info.cpu_units, 4096);
    assert_int_equal(info.memory_mib, 1024);
    assert_int_equal(aways, 0);
    assert_non_null(strstr(fake_engine_stream_path(engine), "/v1.41/events?filters="));
    assert_null(strstr(fake_engine_stream_path(engine), "since"));
}

static void an_engine_that_is_too_old_is_said_with_its_version(void **state)
{
    (void)state;
    routes[VERSION].body = "{\"ApiVersion\":\"1.18\"}";
    runtime->ops->start(runtime);
    wait_state(RUNTIME_AWAY);
    assert_non_null(strstr(detail, "1.18"));
    assert_non_null(strstr(detail, "1.24"));
    routes[VERSION].body = "{\"ApiVersion\":\"1.24\"}";
    wait_state(RUNTIME_BACK);
    assert_int_equal(aways, 1);
}

static void an_engine_that_is_not_there_is_found_later(void **state)
{
    (void)state;
    fake_engine_free(engine);
    engine = NULL;
    runtime->ops->start(runtime);
    wait_state(RUNTIME_AWAY);
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    list_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    engine = fake_engine_new(loop, socket_path, routes, ROUTES);
    wait_state(RUNTIME_BACK);
    assert_int_equal(aways, 1);
}

static void an_engine_that_hangs_is_away(void **state)
{
    (void)state;
    routes[EVENTS].manner = FAKE_HANG;
    runtime->ops->start(runtime);
    wait_state(RUNTIME_AWAY);
    assert_non_null(strstr(detail, "event stream"));
    routes[EVENTS].manner = FAKE_STREAM;
    wait_state(RUNTIME_BACK);
}

static void a_stream_that_ends_is_opened_again_where_it_ended(void **state)
{
    (void)state;
    start();
    fake_engine_say(engine, "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"a\"},"
                            "\"timeNano\":1795413863129000001}\n");
    wait_events(1);
    assert_int_equal(last_event.kind, RUNTIME_EVENT_STARTED);
    assert_string_equal(event_id, "a");
    assert_int_equal(last_event.at_unix_ms, 1795413863129);
    fake_engine_end_stream(engine);
    wait_state(RUNTIME_AWAY);
    wait_state(RUNTIME_BACK);
    assert_non_null(strstr(fake_engine_stream_path(engine), "since=1795413863.129000001"));
}

static void lines_that_are_no_events_are_left_out(void **state)
{
    (void)state;
    start();
    fake_engine_say(engine, "garbage\n{}\n{\"Type\":\"network\",\"Action\":\"connect\"}\n");
    fake_engine_say(engine, "{\"Type\":\"container\",\"Action\":\"exec_start: sh\",\"Actor\":"
                            "{\"ID\":\"a\"}}\n{\"Type\":\"contai");
    fake_engine_say(engine, "ner\",\"Action\":\"die\",\"Actor\":{\"ID\":\"b\",\"Attributes\":"
                            "{\"exitCode\":\"3\"}}}\n");
    wait_events(1);
    assert_int_equal(event_total, 1);
    assert_int_equal(last_event.kind, RUNTIME_EVENT_EXITED);
    assert_int_equal(last_event.exit_code.value, 3);
    assert_int_equal(aways, 0);
}

/* ---- inspect and list ---- */

static void what_inspect_does_not_say_is_asked_once(void **state)
{
    (void)state;
    start();
    inspect_and_wait();
    assert_true(got.exists);
    assert_string_equal(got.digest, "sha256:2");
    assert_string_equal(got.address, "10.0.0.9");
    inspect_and_wait();
    assert_string_equal(got.digest, "sha256:2");
    assert_int_equal(routes[IMAGE].requests, 1);
    assert_int_equal(routes[NETWORK].requests, 1);
    assert_int_equal(routes[CONTAINER].requests, 2);
}

static void a_container_is_described_without_facts_that_do_not_come(void **state)
{
    (void)state;
    routes[IMAGE].manner = FAKE_HANG;
    routes[NETWORK].status = 500;
    start();
    inspect_and_wait();
    assert_true(got.exists);
    assert_string_equal(got.digest, "");
    routes[IMAGE].manner = FAKE_ANSWER;
    routes[NETWORK].status = 200;
    inspect_and_wait();
    assert_string_equal(got.digest, "sha256:2");
    assert_string_equal(got.address, "10.0.0.9");
}

static void an_image_that_is_gone_is_asked_for_once(void **state)
{
    (void)state;
    routes[IMAGE].status = 404;
    start();
    inspect_and_wait();
    inspect_and_wait();
    assert_true(got.exists);
    assert_string_equal(got.digest, "");
    assert_int_equal(routes[IMAGE].requests, 1);
}

static void errors_of_an_inspect_are_told_apart(void **state)
{
    (void)state;
    start();
    routes[CONTAINER].status = 404;
    routes[CONTAINER].body = "{\"message\":\"No such container: " ID "\"}";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_NONE);
    assert_false(got.exists);
    routes[CONTAINER].body = "<html>Not Found</html>";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    routes[CONTAINER].body = "{\"message\":\"page not found\"}";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    routes[CONTAINER].status = 200;
    routes[CONTAINER].body = "[]";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[CONTAINER].status = 500;
    routes[CONTAINER].body = "{\"message\":\"disk on fire\"}";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    assert_non_null(strstr(got.detail, "disk on fire"));
    routes[CONTAINER].status = 200;
    routes[CONTAINER].body = "{\"Id\":";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[CONTAINER].body = INSPECT("melted");
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[CONTAINER].body = "{\"Id\":\"another\"}";
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_NONE);
    assert_false(got.exists);
    routes[CONTAINER].manner = FAKE_HANG;
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_TIMEOUT);
    assert_non_null(strstr(got.detail, ID));
}

static void a_list_is_whole_or_an_error(void **state)
{
    (void)state;
    start();
    list_and_wait();
    assert_int_equal(got.error, ERROR_NONE);
    assert_int_equal(got.count, 1);
    routes[LIST].body = "[{\"Id\":\"" ID "\"},{\"Id\":\"gone\"},{\"Id\":\"" ID "\"}]";
    list_and_wait();
    assert_int_equal(got.count, 2);
    routes[LIST].body = "[]";
    list_and_wait();
    assert_int_equal(got.error, ERROR_NONE);
    assert_int_equal(got.count, 0);
    routes[LIST].body = "{}";
    list_and_wait();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[LIST].body = "[7]";
    list_and_wait();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[LIST].body = "[{\"Id\":\"" ID "\"},{\"Id\":\"gone\"}]";
    routes[CONTAINER].manner = FAKE_HANG;
    list_and_wait();
    assert_int_equal(got.error, ERROR_TIMEOUT);
}

static void a_list_inspects_what_may_have_changed(void **state)
{
    (void)state;
    start();
    list_and_wait();
    list_and_wait();
    assert_int_equal(got.count, 1);
    assert_int_equal(routes[CONTAINER].requests, 1);
    fake_engine_say(engine,
                    "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\"}}\n");
    wait_events(1);
    routes[CONTAINER].body = INSPECT("exited");
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 2);
    assert_int_equal(got.status, RUNTIME_EXITED);
    /* Nothing is said of it, but the list shows it. */
    routes[LIST].body = "[{\"Id\":\"" ID "\",\"State\":\"running\"}]";
    routes[CONTAINER].body = INSPECT("running");
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 3);
    assert_int_equal(got.status, RUNTIME_RUNNING);
    fake_engine_end_stream(engine);
    wait_state(RUNTIME_AWAY);
    list_and_wait();
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 5);
    wait_state(RUNTIME_BACK);
    list_and_wait();
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 6);
}

static void a_list_asks_again_for_facts_that_did_not_come(void **state)
{
    (void)state;
    routes[NETWORK].status = 500;
    start();
    list_and_wait();
    routes[NETWORK].status = 200;
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 2);
    list_and_wait();
    assert_int_equal(routes[CONTAINER].requests, 2);
}

static void an_answer_without_end_is_cut_off(void **state)
{
    char *big = malloc(BIG_BYTES);
    (void)state;
    assert_non_null(big);
    memset(big, ' ', BIG_BYTES);
    big[BIG_BYTES - 1] = '\0';
    start();
    routes[LIST].body = big;
    list_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    free(big);
}

/* ---- signals ---- */

static void a_signal_reaches_the_run_only(void **state)
{
    (void)state;
    start();
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_SENT);
    assert_string_equal(got.detail, "204");
    assert_int_equal(routes[KILL].requests, 1);
    routes[CONTAINER].body = INSPECT("exited");
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_NOT_RUNNING);
    routes[CONTAINER].status = 404;
    routes[CONTAINER].body = "{\"message\":\"No such container: " ID "\"}";
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_NO_CONTAINER);
    routes[CONTAINER].status = 200;
    routes[CONTAINER].body = "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"StartedAt\":"
                             "\"2026-11-23T06:04:23.130Z\"}}";
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_NOT_RUNNING);
    assert_int_equal(routes[KILL].requests, 1);
}

static void a_kill_without_an_answer_may_have_been_sent(void **state)
{
    (void)state;
    start();
    routes[KILL].manner = FAKE_CLOSE;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_NO_ANSWER);
    assert_int_equal(routes[KILL].requests, 1);
    routes[KILL].manner = FAKE_HANG;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_NO_ANSWER);
    assert_int_equal(routes[KILL].requests, 2);
}

static void a_signal_that_cannot_be_asked_for_was_not_sent(void **state)
{
    (void)state;
    start();
    routes[CONTAINER].manner = FAKE_HANG;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    routes[CONTAINER].manner = FAKE_ANSWER;
    routes[KILL].status = 500;
    routes[KILL].body = "{\"message\":\"no\"}";
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    assert_string_equal(got.detail, "500 no");
    fake_engine_free(engine);
    engine = NULL;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    assert_int_equal(routes[KILL].requests, 1);
}

#define STUBBORN(status)                                                                           \
    "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"" status "\",\"StartedAt\":"                       \
    "\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"StopSignal\":\"SIGQUIT\"},"                  \
    "\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"always\"}}}"

/* Never a signal where the engine would start the container again, or leave it frozen. */
static void what_must_come_first_is_done_or_nothing_is(void **state)
{
    (void)state;
    start();
    routes[CONTAINER].body = STUBBORN("running");
    assert_int_equal(signal_and_wait("SIGQUIT"), RUNTIME_SENT);
    assert_int_equal(signal_and_wait("SIGKILL"), RUNTIME_SENT);
    assert_int_equal(routes[UPDATE].requests, 0);
    assert_int_equal(routes[KILL].requests, 2);
    /* the engine says yes, and the policy is there as before */
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    assert_non_null(strstr(got.detail, "yet it is not"));
    routes[UPDATE].status = 500;
    routes[UPDATE].body = "{\"message\":\"no\"}";
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    assert_string_equal(got.detail,
                        "its restart policy could not be set to no before the signal: 500 no");
    routes[UPDATE].manner = FAKE_HANG;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    routes[CONTAINER].body =
        "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"paused\",\"StartedAt\":"
        "\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"StopSignal\":\"3\"}}";
    routes[UNPAUSE].manner = FAKE_CLOSE;
    assert_int_equal(signal_and_wait("SIGTERM"), RUNTIME_REFUSED);
    assert_int_equal(routes[UNPAUSE].requests, 1);
    assert_int_equal(routes[UPDATE].requests, 3);
    assert_int_equal(routes[KILL].requests, 2);
}

static void signals_go_before_inspects_that_wait(void **state)
{
    (void)state;
    start();
    routes[CONTAINER].manner = FAKE_HANG;
    got = (struct answers){0};
    for (int i = 0; i < 6; i++) {
        runtime->ops->inspect(runtime, ID, on_inspect, NULL);
    }
    runtime->ops->signal(runtime, RUN, &SIGTERM_SENT, on_signal, NULL);
    while (routes[CONTAINER].requests < 2) {
        assert_true(loop_wait_for(loop, 10) || routes[CONTAINER].requests <= 2);
    }
    assert_int_equal(routes[CONTAINER].requests, 2); /* calls_at_once */
    while (got.inspects < 6 || got.signals < 1) {
        assert_true(loop_wait(loop));
    }
    assert_int_equal(got.error, ERROR_TIMEOUT);
}

static void calls_of_an_engine_that_hangs_end_in_time(void **state)
{
    int64_t begin = clock_boot_ms(clock_system());
    (void)state;
    start();
    routes[CONTAINER].manner = FAKE_HANG;
    got = (struct answers){0};
    for (int i = 0; i < 20; i++) {
        runtime->ops->inspect(runtime, ID, on_inspect, NULL);
    }
    while (got.inspects < 20) {
        assert_true(loop_wait(loop));
    }
    /* All limits run from the call on, waiting included. */
    assert_true(clock_boot_ms(clock_system()) - begin < 5 * CALL_TIMEOUT_MS);
}

/* ---- history ---- */

#define KILL_EVENT                                                                                 \
    "{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"" ID                          \
    "\",\"Attributes\":{\"signal\":\"15\"}},\"timeNano\":2000000000}\n"

static void the_engines_memory_is_read(void **state)
{
    (void)state;
    start();
    routes[EVENTS].manner = FAKE_ANSWER;
    routes[EVENTS].body =
        "{\"Type\":\"image\",\"Action\":\"tag\",\"timeNano\":500000000}\n" KILL_EVENT;
    assert_int_equal(history_and_wait(1000), RUNTIME_HISTORY_SENT);
    assert_int_equal(got.times, 1);
    assert_int_equal(history_and_wait(2001), RUNTIME_HISTORY_NOT_SENT);
    assert_int_equal(history_and_wait(400), RUNTIME_HISTORY_SENT);
    routes[EVENTS].body = "{\"Type\":\"image\",\"Action\":\"tag\",\"timeNano\":500000000}";
    assert_int_equal(history_and_wait(400), RUNTIME_HISTORY_UNKNOWN);
    routes[EVENTS].body = "garbage";
    assert_int_equal(history_and_wait(1000), RUNTIME_HISTORY_UNKNOWN);
    routes[EVENTS].status = 500;
    assert_int_equal(history_and_wait(1000), RUNTIME_HISTORY_UNKNOWN);
}

/* Podman means other things by some members of a container. */
static void nothing_is_described_before_the_engine_is_known(void **state)
{
    (void)state;
    inspect_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    list_and_wait();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    start();
    inspect_and_wait();
    assert_true(got.exists);
}

static void podman_does_not_name_signals(void **state)
{
    (void)state;
    routes[VERSION].body =
        "{\"ApiVersion\":\"1.41\",\"Components\":[{\"Name\":\"Podman Engine\"}]}";
    start();
    assert_null(strstr(fake_engine_stream_path(engine), "since"));
    routes[EVENTS].requests = 0;
    assert_int_equal(history_and_wait(1000), RUNTIME_HISTORY_UNKNOWN);
    assert_int_equal(routes[EVENTS].requests, 0);
}

/* ---- the end, and bad addresses ---- */

static void what_is_open_is_dropped_at_the_end(void **state)
{
    (void)state;
    start();
    routes[CONTAINER].manner = FAKE_HANG;
    got = (struct answers){0};
    for (int i = 0; i < 4; i++) {
        runtime->ops->inspect(runtime, ID, on_inspect, NULL);
        runtime->ops->list(runtime, on_list, NULL);
        runtime->ops->signal(runtime, RUN, &SIGTERM_SENT, on_signal, NULL);
        runtime->ops->history(runtime, RUN, "SIGTERM", 1, on_history, NULL);
    }
    (void)loop_wait_for(loop, 20);
    runtime->ops->free(runtime);
    runtime = NULL;
    got = (struct answers){0};
    (void)loop_wait_for(loop, CALL_TIMEOUT_MS * 2);
    assert_int_equal(got.inspects + got.lists + got.signals + got.histories, 0);
}

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",          "unix://relative", "http://x",    "tcp://",
                                      "tcp://x",   "tcp://x:0",       "tcp://x:1/y", "tcp://a b:1",
                                      "/var/run/x"};
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct runtime_docker_config config = {
            .endpoint = bad[i], .call_timeout_ms = 1, .calls_at_once = 1};
        assert_null(runtime_docker_new(loop, &config, &callbacks, NULL, &err));
        assert_int_equal(err.code, ERROR_INVALID);
    }
    const struct runtime_docker_config tls = {.endpoint = "unix:///x", .tls_ca = "/ca.pem"};
    assert_null(runtime_docker_new(loop, &tls, &callbacks, NULL, &err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_engine_is_found_and_described),
        TEST(an_engine_that_is_too_old_is_said_with_its_version),
        TEST(an_engine_that_is_not_there_is_found_later),
        TEST(an_engine_that_hangs_is_away),
        TEST(a_stream_that_ends_is_opened_again_where_it_ended),
        TEST(lines_that_are_no_events_are_left_out),
        TEST(what_inspect_does_not_say_is_asked_once),
        TEST(a_container_is_described_without_facts_that_do_not_come),
        TEST(an_image_that_is_gone_is_asked_for_once),
        TEST(errors_of_an_inspect_are_told_apart),
        TEST(a_list_is_whole_or_an_error),
        TEST(a_list_inspects_what_may_have_changed),
        TEST(a_list_asks_again_for_facts_that_did_not_come),
        TEST(an_answer_without_end_is_cut_off),
        TEST(a_signal_reaches_the_run_only),
        TEST(a_kill_without_an_answer_may_have_been_sent),
        TEST(a_signal_that_cannot_be_asked_for_was_not_sent),
        TEST(what_must_come_first_is_done_or_nothing_is),
        TEST(signals_go_before_inspects_that_wait),
        TEST(calls_of_an_engine_that_hangs_end_in_time),
        TEST(the_engines_memory_is_read),
        TEST(podman_does_not_name_signals),
        TEST(nothing_is_described_before_the_engine_is_known),
        TEST(what_is_open_is_dropped_at_the_end),
        TEST(addresses_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
