/* The docker runtime's inspects and lists, against an engine that misbehaves as told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/engine_fixture.h"
#include "worker/runtime/docker.h"

enum { BIG_BYTES = (8 << 20) + 10 };

static void what_inspect_does_not_say_is_asked_once(void **state)
{
    (void)state;
    engine_fixture_start();
    engine_fixture_inspect();
    assert_true(got.exists);
    assert_string_equal(got.digest, "sha256:2");
    assert_string_equal(got.address, "10.0.0.9");
    engine_fixture_inspect();
    assert_string_equal(got.digest, "sha256:2");
    assert_int_equal(fixture.routes[IMAGE].requests, 1);
    assert_int_equal(fixture.routes[NETWORK].requests, 1);
    assert_int_equal(fixture.routes[CONTAINER].requests, 2);
}

static void a_container_is_described_without_facts_that_do_not_come(void **state)
{
    (void)state;
    fixture.routes[IMAGE].manner = FAKE_HANG;
    fixture.routes[NETWORK].status = 500;
    engine_fixture_start();
    engine_fixture_inspect();
    assert_true(got.exists);
    assert_string_equal(got.digest, "");
    fixture.routes[IMAGE].manner = FAKE_ANSWER;
    fixture.routes[NETWORK].status = 200;
    engine_fixture_inspect();
    assert_string_equal(got.digest, "sha256:2");
    assert_string_equal(got.address, "10.0.0.9");
}

static void an_error_does_not_hide_a_fact(void **state)
{
    (void)state;
    fixture.routes[IMAGE].errors = fixture.routes[NETWORK].errors = 2;
    engine_fixture_start();
    engine_fixture_inspect();
    assert_string_equal(got.digest, "sha256:2");
    assert_string_equal(got.address, "10.0.0.9");
    assert_int_equal(fixture.routes[IMAGE].requests, 3);
    assert_int_equal(fixture.routes[CONTAINER].requests, 1);
}

/* The digests were asked for so long ago. */
static void age_digests(int64_t ms)
{
    struct docker *docker = (struct docker *)fixture.runtime;
    int64_t asked = clock_boot_ms(clock_system()) - ms;
    assert_int_equal(json_object_set_new(docker->digests_asked, "sha256:1", json_integer(asked)),
                     0);
}

static void a_digest_that_comes_later_is_found(void **state)
{
    (void)state;
    const char *pushed = fixture.routes[IMAGE].body;
    fixture.routes[IMAGE].body = "{\"RepoDigests\":[\"other@sha256:3\"]}";
    engine_fixture_start();
    engine_fixture_inspect();
    assert_string_equal(got.digest, "");
    fixture.routes[IMAGE].body = pushed;
    engine_fixture_inspect();
    assert_string_equal(got.digest, "");
    assert_int_equal(fixture.routes[IMAGE].requests, 1);
    age_digests(DOCKER_INSPECT_OLD_MS);
    engine_fixture_inspect();
    assert_string_equal(got.digest, "sha256:2");
    assert_int_equal(fixture.routes[IMAGE].requests, 2);
    /* One that is known is not asked for again. */
    age_digests(DOCKER_INSPECT_OLD_MS);
    engine_fixture_inspect();
    assert_string_equal(got.digest, "sha256:2");
    assert_int_equal(fixture.routes[IMAGE].requests, 2);
}

static void an_image_that_is_gone_is_asked_for_once(void **state)
{
    (void)state;
    fixture.routes[IMAGE].status = 404;
    engine_fixture_start();
    engine_fixture_inspect();
    engine_fixture_inspect();
    assert_true(got.exists);
    assert_string_equal(got.digest, "");
    assert_int_equal(fixture.routes[IMAGE].requests, 1);
}

static void errors_of_an_inspect_are_told_apart(void **state)
{
    (void)state;
    engine_fixture_start();
    fixture.routes[CONTAINER].status = 404;
    fixture.routes[CONTAINER].body = "{\"message\":\"No such container: " ID "\"}";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_NONE);
    assert_false(got.exists);
    fixture.routes[CONTAINER].body = "<html>Not Found</html>";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    fixture.routes[CONTAINER].body = "{\"message\":\"page not found\"}";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    fixture.routes[CONTAINER].status = 200;
    fixture.routes[CONTAINER].body = "[]";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_CORRUPT);
    fixture.routes[CONTAINER].status = 500;
    fixture.routes[CONTAINER].body = "{\"message\":\"disk on fire\"}";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    assert_non_null(strstr(got.detail, "disk on fire"));
    fixture.routes[CONTAINER].status = 200;
    fixture.routes[CONTAINER].body = "{\"Id\":";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_CORRUPT);
    fixture.routes[CONTAINER].body = INSPECT("melted");
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_CORRUPT);
    fixture.routes[CONTAINER].body = "{\"Id\":\"another\"}";
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_NONE);
    assert_false(got.exists);
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    engine_fixture_inspect();
    assert_int_equal(got.error, ERROR_TIMEOUT);
    assert_non_null(strstr(got.detail, ID));
}

static void a_list_is_whole_or_an_error(void **state)
{
    (void)state;
    engine_fixture_start();
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_NONE);
    assert_int_equal(got.count, 1);
    fixture.routes[LIST].body = "[{\"Id\":\"" ID "\"},{\"Id\":\"gone\"},{\"Id\":\"" ID "\"}]";
    engine_fixture_list();
    assert_int_equal(got.count, 2);
    fixture.routes[LIST].body = "[]";
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_NONE);
    assert_int_equal(got.count, 0);
    fixture.routes[LIST].body = "{}";
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_CORRUPT);
    fixture.routes[LIST].body = "[7]";
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_CORRUPT);
    fixture.routes[LIST].body = "[{\"Id\":\"" ID "\"},{\"Id\":\"gone\"}]";
    fixture.routes[CONTAINER].manner = FAKE_HANG;
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_TIMEOUT);
}

static void a_list_inspects_what_may_have_changed(void **state)
{
    (void)state;
    engine_fixture_start();
    engine_fixture_list();
    engine_fixture_list();
    assert_int_equal(got.count, 1);
    assert_int_equal(fixture.routes[CONTAINER].requests, 1);
    fake_engine_say(fixture.engine,
                    "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\"}}\n");
    engine_fixture_wait_events(1);
    fixture.routes[CONTAINER].body = INSPECT("exited");
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 2);
    assert_int_equal(got.status, RUNTIME_EXITED);
    /* Nothing is said of it, but the list shows it. */
    fixture.routes[LIST].body = "[{\"Id\":\"" ID "\",\"State\":\"running\"}]";
    fixture.routes[CONTAINER].body = INSPECT("running");
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 3);
    assert_int_equal(got.status, RUNTIME_RUNNING);
    fake_engine_end_stream(fixture.engine);
    engine_fixture_wait_state(RUNTIME_AWAY);
    engine_fixture_list();
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 5);
    engine_fixture_wait_state(RUNTIME_BACK);
    engine_fixture_list();
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 6);
}

static void a_list_asks_again_for_facts_that_did_not_come(void **state)
{
    (void)state;
    fixture.routes[NETWORK].status = 500;
    engine_fixture_start();
    engine_fixture_list();
    fixture.routes[NETWORK].status = 200;
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 2);
    engine_fixture_list();
    assert_int_equal(fixture.routes[CONTAINER].requests, 2);
}

static void an_answer_without_end_is_cut_off(void **state)
{
    char *big = malloc(BIG_BYTES);
    (void)state;
    assert_non_null(big);
    memset(big, ' ', BIG_BYTES);
    big[BIG_BYTES - 1] = '\0';
    /* On a busy machine so many bytes take their time. */
    engine_fixture_make_runtime(20000);
    engine_fixture_start();
    fixture.routes[LIST].body = big;
    engine_fixture_list();
    assert_int_equal(got.error, ERROR_UNAVAILABLE);
    free(big);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, engine_fixture_set_up, engine_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_inspect_does_not_say_is_asked_once),
        TEST(a_container_is_described_without_facts_that_do_not_come),
        TEST(an_error_does_not_hide_a_fact),
        TEST(a_digest_that_comes_later_is_found),
        TEST(an_image_that_is_gone_is_asked_for_once),
        TEST(errors_of_an_inspect_are_told_apart),
        TEST(a_list_is_whole_or_an_error),
        TEST(a_list_inspects_what_may_have_changed),
        TEST(a_list_asks_again_for_facts_that_did_not_come),
        TEST(an_answer_without_end_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
