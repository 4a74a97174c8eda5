/* Commands in containers, against an engine that answers as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"
#include "tests/unit/worker/fake_engine.h"
#include "worker/runtime/docker_command.h"
#include "worker/runtime/runtime.h"

#define ID "1921de341bb894ef258836f7bb8820ef293fd7693f668a384848f4f453fa3763"
#define INSPECT(status)                                                                            \
    "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"" status                                           \
    "\",\"StartedAt\":\"2026-11-23T06:04:23.12989968Z\"}}"

static const struct run RUN = {.container_id = ID, .started_at = INT64_C(1795413863129)};

enum { VERSION, INFO, EVENTS, CONTAINER, MAKE, START, LOOK, ROUTES };

static struct fake_engine_route routes[ROUTES];
static struct loop *loop;
static struct fake_engine *engine;
static struct runtime *runtime;
static bool connected;
static struct {
    int answers;
    char exec_id[100], detail[600];
    enum error_code error;
    bool known;
    struct runtime_command command;
} got;

static void on_event(void *context, const struct runtime_event *event)
{
    (void)context;
    (void)event;
}

static void on_state(void *context, enum runtime_state state, const char *text)
{
    (void)context;
    (void)text;
    connected = state == RUNTIME_BACK;
    loop_stop(loop, 0);
}

static int set_up(void **state)
{
    static const struct fake_engine_route usual[ROUTES] = {
        [VERSION] = {"GET", "/version", FAKE_ANSWER, 200,
                     "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\"}", 0},
        [INFO] = {"GET", "/info", FAKE_ANSWER, 200, "{\"OSType\":\"linux\"}", 0},
        [EVENTS] = {"GET", "/events", FAKE_STREAM, 200, NULL, 0},
        [CONTAINER] = {"GET", "/containers/" ID "/json", FAKE_ANSWER, 200, INSPECT("running"), 0},
        [MAKE] = {"POST", "/containers/" ID "/exec", FAKE_ANSWER, 201, "{\"Id\":\"5f1e\"}", 0},
        [START] = {"POST", "/exec/5f1e/start", FAKE_ANSWER, 200, NULL, 0},
        [LOOK] = {"GET", "/exec/5f1e/json", FAKE_ANSWER, 200,
                  "{\"Running\":true,\"ExitCode\":null}", 0},
    };
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    char path[100], endpoint[128];
    struct error err = {0};
    (void)state;
    memcpy(routes, usual, sizeof routes);
    (void)snprintf(path, sizeof path, "/tmp/stopfleet-fake-exec-%d.sock", (int)getpid());
    (void)snprintf(endpoint, sizeof endpoint, "unix://%s", path);
    const struct runtime_docker_config config = {
        .endpoint = endpoint, .call_timeout_ms = 400, .calls_at_once = 2};
    loop = loop_new(&err);
    assert_non_null(loop);
    engine = fake_engine_new(loop, path, routes, ROUTES);
    runtime = runtime_docker_new(loop, &config, &callbacks, NULL, &err);
    assert_non_null(runtime);
    connected = false;
    runtime->ops->start(runtime);
    while (!connected) {
        assert_true(loop_wait(loop));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    runtime->ops->free(runtime);
    fake_engine_free(engine);
    loop_free(loop);
    return 0;
}

static void on_command(void *context, const char *exec_id, const char *detail)
{
    (void)context;
    got.answers++;
    (void)snprintf(got.exec_id, sizeof got.exec_id, "%s", exec_id == NULL ? "none" : exec_id);
    (void)snprintf(got.detail, sizeof got.detail, "%s", detail);
    loop_stop(loop, 0);
}

static void on_looked(void *context, const struct error *error,
                      const struct runtime_command *command)
{
    (void)context;
    got.answers++;
    got.error = error == NULL ? ERROR_NONE : error->code;
    got.known = command != NULL;
    got.command = command == NULL ? (struct runtime_command){0} : *command;
    loop_stop(loop, 0);
}

static void wait_answer(void)
{
    assert_int_equal(got.answers, 0);
    while (got.answers == 0) {
        assert_true(loop_wait(loop));
    }
    got.answers = 0;
}

static const char *run_command(const char *command)
{
    runtime->ops->run_command(runtime, RUN, command, on_command, NULL);
    wait_answer();
    return got.exec_id;
}

static void look(void)
{
    runtime->ops->look_command(runtime, "5f1e", on_looked, NULL);
    wait_answer();
}

static void a_command_runs_in_the_run_only(void **state)
{
    (void)state;
    assert_string_equal(run_command("drain"), "5f1e");
    assert_int_equal(routes[START].requests, 1);
    routes[CONTAINER].body = INSPECT("paused");
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(got.detail, "paused"));
    routes[CONTAINER].body = "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"StartedAt\":"
                             "\"2026-11-23T06:04:23.130Z\"}}";
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(got.detail, "another run"));
    routes[CONTAINER].status = 404;
    assert_string_equal(run_command("drain"), "none");
    assert_int_equal(routes[MAKE].requests, 1);
}

static void what_went_wrong_is_said(void **state)
{
    (void)state;
    routes[MAKE].status = 409;
    routes[MAKE].body = "{\"message\":\"no exec now\"}";
    assert_string_equal(run_command("drain"), "none");
    assert_string_equal(got.detail, "the pre-stop command was not taken: 409 no exec now");
    routes[MAKE].status = 201;
    routes[MAKE].body = "{}";
    assert_string_equal(run_command("drain"), "none");
    routes[MAKE].body = "{\"Id\":\"5f1e\"}";
    assert_int_equal(routes[START].requests, 0);
    routes[START].status = 400;
    routes[START].body = "{\"message\":\"no such file\"}";
    assert_string_equal(run_command("drain"), "none");
    assert_string_equal(got.detail, "the pre-stop command could not be started: 400 no such file");
    routes[START].manner = FAKE_HANG;
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(got.detail, "may have been started"));
}

static void a_look_tells_how_it_stands(void **state)
{
    (void)state;
    look();
    assert_true(got.known && got.command.running && !got.command.exit_code.known);
    routes[LOOK].body = "{\"Running\":false,\"ExitCode\":3}";
    look();
    assert_true(got.known && !got.command.running && got.command.exit_code.known);
    assert_int_equal(got.command.exit_code.value, 3);
    routes[LOOK].body = "{\"Running\":false,\"ExitCode\":\"3\"}";
    look();
    assert_true(got.known && !got.command.running && !got.command.exit_code.known);
    routes[LOOK].body = "nonsense";
    look();
    assert_int_equal(got.error, ERROR_CORRUPT);
    routes[LOOK].manner = FAKE_HANG;
    look();
    assert_int_equal(got.error, ERROR_TIMEOUT);
    routes[LOOK].manner = FAKE_ANSWER;
    routes[LOOK].status = 404;
    look();
    assert_true(got.error == ERROR_NONE && !got.known);
}

static void assert_command(const char *text, bool windows, const char *expected)
{
    json_t *argv = docker_command_of(text, windows);
    json_t *wanted = json_loads(expected, 0, NULL);
    assert_non_null(argv);
    assert_non_null(wanted);
    assert_true(json_equal(argv, wanted));
    json_decref(argv);
    json_decref(wanted);
}

static void a_text_is_for_the_shell_and_an_array_is_the_command(void **state)
{
    (void)state;
    assert_command("drain --now", false, "[\"/bin/sh\",\"-c\",\"drain --now\"]");
    assert_command("drain --now", true, "[\"cmd\",\"/S\",\"/C\",\"drain --now\"]");
    assert_command("[\"/drain\",\"--now\"]", false, "[\"/drain\",\"--now\"]");
    /* what is no array of texts is a text */
    assert_command("[ -e /x ] && drain", false, "[\"/bin/sh\",\"-c\",\"[ -e /x ] && drain\"]");
    assert_command("[1]", false, "[\"/bin/sh\",\"-c\",\"[1]\"]");
    assert_command("[]", false, "[\"/bin/sh\",\"-c\",\"[]\"]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_command_runs_in_the_run_only),
        TEST(what_went_wrong_is_said),
        TEST(a_look_tells_how_it_stands),
        cmocka_unit_test(a_text_is_for_the_shell_and_an_array_is_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
