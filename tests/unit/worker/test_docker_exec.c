/* Commands in containers, against an engine that answers as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/engine_fixture.h"
#include "worker/runtime/docker_command.h"

static struct {
    int answers;
    char exec_id[100], detail[600];
    enum error_code error;
    bool known;
    struct runtime_command command;
} answered;

static int set_up(void **state)
{
    engine_fixture_set_up(state);
    engine_fixture_start();
    return 0;
}

static void on_command(void *context, const char *exec_id, const char *detail)
{
    (void)context;
    answered.answers++;
    (void)snprintf(answered.exec_id, sizeof answered.exec_id, "%s",
                   exec_id == NULL ? "none" : exec_id);
    (void)snprintf(answered.detail, sizeof answered.detail, "%s", detail);
    loop_stop(fixture.loop, 0);
}

static void on_looked(void *context, const struct error *error,
                      const struct runtime_command *command)
{
    (void)context;
    answered.answers++;
    answered.error = error == NULL ? ERROR_NONE : error->code;
    answered.known = command != NULL;
    answered.command = command == NULL ? (struct runtime_command){0} : *command;
    loop_stop(fixture.loop, 0);
}

static void wait_answer(void)
{
    assert_int_equal(answered.answers, 0);
    while (answered.answers == 0) {
        assert_true(loop_wait(fixture.loop));
    }
    answered.answers = 0;
}

static const char *run_command(const char *command)
{
    fixture.runtime->ops->run_command(fixture.runtime, RUN, command, on_command, NULL);
    wait_answer();
    return answered.exec_id;
}

static void look(void)
{
    fixture.runtime->ops->look_command(fixture.runtime, "5f1e", on_looked, NULL);
    wait_answer();
}

static void a_command_runs_in_the_run_only(void **state)
{
    (void)state;
    assert_string_equal(run_command("drain"), "5f1e");
    assert_int_equal(fixture.routes[EXEC_START].requests, 1);
    fixture.routes[CONTAINER].body = INSPECT("paused");
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(answered.detail, "paused"));
    fixture.routes[CONTAINER].body =
        "{\"Id\":\"" ID "\",\"State\":{\"Status\":\"running\",\"StartedAt\":"
        "\"2026-11-23T06:04:23.130Z\"}}";
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(answered.detail, "another run"));
    fixture.routes[CONTAINER].status = 404;
    assert_string_equal(run_command("drain"), "none");
    assert_int_equal(fixture.routes[EXEC_MAKE].requests, 1);
}

static void what_went_wrong_is_said(void **state)
{
    (void)state;
    fixture.routes[EXEC_MAKE].status = 409;
    fixture.routes[EXEC_MAKE].body = "{\"message\":\"no exec now\"}";
    assert_string_equal(run_command("drain"), "none");
    assert_string_equal(answered.detail, "the pre-stop command was not taken: 409 no exec now");
    fixture.routes[EXEC_MAKE].status = 201;
    fixture.routes[EXEC_MAKE].body = "{}";
    assert_string_equal(run_command("drain"), "none");
    fixture.routes[EXEC_MAKE].body = "{\"Id\":\"5f1e\"}";
    assert_int_equal(fixture.routes[EXEC_START].requests, 0);
    fixture.routes[EXEC_START].status = 400;
    fixture.routes[EXEC_START].body = "{\"message\":\"no such file\"}";
    assert_string_equal(run_command("drain"), "none");
    assert_string_equal(answered.detail,
                        "the pre-stop command could not be started: 400 no such file");
    fixture.routes[EXEC_START].manner = FAKE_HANG;
    assert_string_equal(run_command("drain"), "none");
    assert_non_null(strstr(answered.detail, "may have been started"));
}

static void a_look_tells_how_it_stands(void **state)
{
    (void)state;
    look();
    assert_true(answered.known && answered.command.running && !answered.command.exit_code.known);
    fixture.routes[EXEC_LOOK].body = "{\"Running\":false,\"ExitCode\":3}";
    look();
    assert_true(answered.known && !answered.command.running && answered.command.exit_code.known);
    assert_int_equal(answered.command.exit_code.value, 3);
    fixture.routes[EXEC_LOOK].body = "{\"Running\":false,\"ExitCode\":\"3\"}";
    look();
    assert_true(answered.known && !answered.command.running && !answered.command.exit_code.known);
    fixture.routes[EXEC_LOOK].body = "nonsense";
    look();
    assert_int_equal(answered.error, ERROR_CORRUPT);
    fixture.routes[EXEC_LOOK].manner = FAKE_HANG;
    look();
    assert_int_equal(answered.error, ERROR_TIMEOUT);
    fixture.routes[EXEC_LOOK].manner = FAKE_ANSWER;
    fixture.routes[EXEC_LOOK].status = 404;
    look();
    assert_true(answered.error == ERROR_NONE && !answered.known);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_command_runs_in_the_run_only),
        TEST(what_went_wrong_is_said),
        TEST(a_look_tells_how_it_stands),
        cmocka_unit_test(a_text_is_for_the_shell_and_an_array_is_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
