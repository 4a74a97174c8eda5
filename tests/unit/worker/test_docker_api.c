/* Versions, paths, what answers mean, names of signals. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/docker_sample.h"
#include "worker/runtime/docker_answer.h"
#include "worker/runtime/docker_api.h"
#include "worker/runtime/signal_name.h"

static struct error err;

static int negotiate(const char *api, const char *minimum, struct docker_engine *engine)
{
    json_t *version = json_pack("{s:s*, s:s*}", "ApiVersion", api, "MinAPIVersion", minimum);
    assert_non_null(version);
    err = (struct error){0};
    int result = docker_api_negotiate(version, engine, &err);
    json_decref(version);
    return result;
}

static void the_older_of_both_versions_is_spoken(void **state)
{
    struct docker_engine engine;
    (void)state;
    assert_int_equal(negotiate("1.41", "1.12", &engine), 0);
    assert_string_equal(engine.api_version, "1.41");
    assert_false(engine.podman);
    assert_int_equal(negotiate("1.9999", "1.44", &engine), 0);
    assert_string_equal(engine.api_version, DOCKER_API_NEWEST);
    assert_int_equal(negotiate("1.24", NULL, &engine), 0);
    assert_string_equal(engine.api_version, "1.24");
    assert_int_equal(negotiate("2.0", NULL, &engine), 0);
    assert_string_equal(engine.api_version, DOCKER_API_NEWEST);
}

static void real_engines_are_known(void **state)
{
    struct docker_engine engine;
    json_t *docker = docker_sample_json("docker_version.json");
    json_t *podman = docker_sample_json("podman_version.json");
    (void)state;
    assert_int_equal(docker_api_negotiate(docker, &engine, &err), 0);
    assert_false(engine.podman);
    assert_int_equal(docker_api_negotiate(podman, &engine, &err), 0);
    assert_true(engine.podman);
    assert_string_equal(engine.api_version, "1.41");
    json_decref(docker);
    json_decref(podman);
}

static void engines_without_a_common_version_are_refused(void **state)
{
    struct docker_engine engine;
    (void)state;
    assert_int_equal(negotiate("1.23", NULL, &engine), -1);
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "1.23"));
    assert_int_equal(negotiate("1.9999", "1.9998", &engine), -1);
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    static const char *const bad[] = {
        "", "1", "1.", ".1", "1.x", "-1.2", "1.2.3", "v1.41", "1.4100000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(negotiate(bad[i], NULL, &engine), -1);
        assert_int_equal(err.code, ERROR_CORRUPT);
    }
    assert_int_equal(negotiate(NULL, NULL, &engine), -1);
    assert_int_equal(docker_api_negotiate(NULL, &engine, &err), -1);
}

static void paths_are_versioned_and_escaped(void **state)
{
    struct buffer path;
    (void)state;
    buffer_init(&path, 256);
    assert_int_equal(docker_api_path(&path, "1.41", &err, "/x/%d?y=", 7), 0);
    assert_int_equal(docker_api_path_escaped(&path, "SIGRTMIN+3 a/b\"\xc3\xa9-._~", &err), 0);
    assert_string_equal(path.data, "/v1.41/x/7?y=SIGRTMIN%2B3%20a%2Fb%22%C3%A9-._~");
    buffer_clear(&path);
    assert_int_equal(docker_api_path(&path, "", &err, "/version"), 0);
    assert_string_equal(path.data, "/version");
    buffer_release(&path);
}

static void answers_to_a_kill_mean_what_they_prove(void **state)
{
    static const struct {
        long status;
        const char *message;
        enum runtime_answer answer;
    } cases[] = {
        {204, "", RUNTIME_SENT},
        {200, "", RUNTIME_SENT},
        {404, "No such container: x", RUNTIME_NO_CONTAINER},
        {409, "Container x is not running", RUNTIME_NOT_RUNNING},
        {400, "Invalid signal: SIGFOO", RUNTIME_REFUSED},
        {301, "", RUNTIME_REFUSED},
        {500, "", RUNTIME_REFUSED},
        {503, "try later", RUNTIME_REFUSED},
        {500, "can only kill running containers. d0 is in state exited: container state improper",
         RUNTIME_NOT_RUNNING},
        {500,
         "Cannot kill container: x: tried to kill container, but did not receive an exit event",
         RUNTIME_SENT},
        {500, "container x PID 7 is zombie and can not be killed. Use the --init option",
         RUNTIME_SENT},
        {500, "Cannot kill container: x: context deadline exceeded: unknown", RUNTIME_NO_ANSWER},
        {500, "rpc error: code = Unavailable desc = transport is closing", RUNTIME_NO_ANSWER},
        {504, "", RUNTIME_NO_ANSWER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(docker_answer_of_kill(cases[i].status, cases[i].message), cases[i].answer);
    }
}

static void signals_have_one_spelling(void **state)
{
    (void)state;
    assert_string_equal(signal_name_normalize(span_of("TERM")), "SIGTERM");
    assert_string_equal(signal_name_normalize(span_of("sigterm")), "SIGTERM");
    assert_string_equal(signal_name_normalize(span_of("15")), "SIGTERM");
    assert_string_equal(signal_name_normalize(span_of("SIGRTMIN+3")), "SIGRTMIN+3");
    assert_string_equal(signal_name_normalize(span_of("rtmin+3")), "SIGRTMIN+3");
    assert_string_equal(signal_name_normalize(span_of("37")), "SIGRTMIN+3");
    assert_string_equal(signal_name_normalize(span_of("RTMAX-2")), "SIGRTMAX-2");
    assert_string_equal(signal_name_normalize(span_of("SIGPOLL")), "SIGIO");
    static const char *const bad[] = {"",       "0",   "65",    "-1",         "32",       "SIG",
                                      "SIGFOO", "15x", "TERM ", "SIGSIGTERM", "RTMIN+16", "RTMIN+"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(signal_name_normalize(span_of(bad[i])));
    }
    assert_null(signal_name_normalize((struct span){0}));
}

static void every_signal_goes_there_and_back(void **state)
{
    int known = 0;
    (void)state;
    for (int number = -1; number <= 66; number++) {
        const char *name = signal_name_of(number);
        if (name == NULL) {
            continue;
        }
        known++;
        assert_int_equal(signal_name_number(span_of(name)), number);
        assert_int_equal(signal_name_number(span_of(name + 3)), number);
    }
    assert_int_equal(known, 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_older_of_both_versions_is_spoken),
        cmocka_unit_test(real_engines_are_known),
        cmocka_unit_test(engines_without_a_common_version_are_refused),
        cmocka_unit_test(paths_are_versioned_and_escaped),
        cmocka_unit_test(answers_to_a_kill_mean_what_they_prove),
        cmocka_unit_test(signals_have_one_spelling),
        cmocka_unit_test(every_signal_goes_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
