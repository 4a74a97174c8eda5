/** When a kept inspect is used again, and when not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/runtime/docker_inspects.h"
#include "worker/runtime/docker_json.h"

enum { NOW = 1000, SHOWN = 7 };

static struct docker_inspects inspects;

static int forget(void **state)
{
    (void)state;
    docker_inspects_release(&inspects);
    return 0;
}

static void keep(const char *id, uint64_t begun)
{
    struct arena arena = {0};
    struct error err = {0};
    const struct runtime_container container = {
        .described = {.container_id = arena_strdup(&arena, id)}};
    assert_int_equal(docker_inspects_keep(&inspects, &container, &arena, begun, SHOWN, NOW, &err),
                     0);
}

static void inspect(const char *id)
{
    keep(id, docker_inspects_begin(&inspects));
}

static bool holds(const char *id)
{
    return docker_inspects_hold(&inspects, id, SHOWN, NOW);
}

static void an_event_makes_its_own_container_be_looked_at(void **state)
{
    (void)state;
    assert_false(holds("a"));
    inspect("a");
    inspect("b");
    assert_true(holds("a"));
    docker_inspects_doubt(&inspects, "a");
    assert_false(holds("a"));
    assert_true(holds("b"));
    inspect("a");
    assert_true(holds("a"));
}

static void an_event_during_an_inspect_counts(void **state)
{
    (void)state;
    uint64_t begun = docker_inspects_begin(&inspects);
    docker_inspects_doubt(&inspects, "new");
    keep("new", begun);
    assert_false(holds("new"));
    inspect("new");
    assert_true(holds("new"));
    begun = docker_inspects_begin(&inspects);
    docker_inspects_doubt(&inspects, "new");
    keep("new", begun);
    assert_false(holds("new"));
}

static void an_interrupted_stream_makes_all_be_looked_at(void **state)
{
    (void)state;
    inspect("a");
    uint64_t begun = docker_inspects_begin(&inspects);
    docker_inspects_doubt_all(&inspects);
    keep("b", begun);
    assert_false(holds("a"));
    assert_false(holds("b"));
    inspect("a");
    assert_true(holds("a"));
}

static void each_becomes_old_in_its_own_time(void **state)
{
    char id[16];
    int64_t ages[2] = {0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(id, sizeof id, "c%d", i);
        inspect(id);
        while (docker_inspects_hold(&inspects, id, SHOWN, NOW + ages[i])) {
            ages[i] += 100;
        }
        assert_in_range(ages[i], DOCKER_INSPECT_OLD_MS, 2 * DOCKER_INSPECT_OLD_MS);
    }
    assert_int_not_equal(ages[0], ages[1]);
}

static void what_is_known_to_be_incomplete_is_used_once(void **state)
{
    (void)state;
    keep("a", 0);
    assert_false(holds("a"));
    assert_non_null(docker_inspects_take(&inspects, "a"));
}

static void what_no_list_shows_is_forgotten(void **state)
{
    (void)state;
    inspect("a");
    inspect("b");
    docker_inspects_list_begin(&inspects);
    assert_string_equal(docker_inspects_take(&inspects, "a")->described.container_id, "a");
    docker_inspects_list_end(&inspects);
    assert_int_equal(inspects.table.count, 1);
    assert_null(docker_inspects_take(&inspects, "b"));
    docker_inspects_forget(&inspects, "a");
    assert_int_equal(inspects.table.count, 0);
}

static uint64_t shown(const char *entry)
{
    struct error err = {0};
    json_t *json = docker_json_parse(span_of(entry), &err);
    assert_non_null(json);
    uint64_t result = docker_inspects_shown(json);
    json_decref(json);
    return result;
}

static void the_list_shows_what_has_changed(void **state)
{
    static const char *const OTHERS[] = {
        "{\"State\":\"exited\",\"Names\":[\"/web\"],\"Status\":\"Up 5 minutes\"}",
        "{\"State\":\"running\",\"Names\":[\"/db\"],\"Status\":\"Up 5 minutes\"}",
        "{\"State\":\"running\",\"Names\":[\"/web\"],\"Status\":\"Up 5 minutes (healthy)\"}",
        "{\"State\":\"running\",\"Names\":[\"/web\"],\"Labels\":{\"a\":\"b\"}}",
        "{\"State\":\"running\",\"Names\":[\"/web\"],\"Created\":1}",
        "{\"State\":\"running\",\"Names\":[\"/web\"],\"NetworkSettings\":{\"Networks\":{}}}",
        "{\"State\":\"running\",\"Names\":[\"/web\"],\"ImageID\":\"sha256:1\"}",
    };
    (void)state;
    uint64_t first =
        shown("{\"State\":\"running\",\"Names\":[\"/web\"],\"Status\":\"Up 5 minutes\"}");
    assert_int_equal(
        first, shown("{\"Status\":\"Up 6 minutes\",\"Names\":[\"/web\"],\"State\":\"running\"}"));
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        assert_int_not_equal(first, shown(OTHERS[i]));
    }
    assert_int_equal(shown("{\"Status\":\"Exited (1) 2 hours ago\"}"),
                     shown("{\"Status\":\"Exited (1) 3 hours ago\"}"));
    assert_int_not_equal(shown("{\"Status\":\"Exited (1) 2 hours ago\"}"),
                         shown("{\"Status\":\"Exited (0) 2 hours ago\"}"));
}

static void nothing_is_kept_without_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 2; n++) {
        struct arena arena = {0};
        struct error err = {0};
        const struct runtime_container container = {
            .described = {.container_id = arena_strdup(&arena, "a")}};
        memory_fail_nth(n, false);
        assert_int_equal(docker_inspects_keep(&inspects, &container, &arena, 1, SHOWN, NOW, &err),
                         -1);
        memory_fail_nth(0, false);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_int_equal(inspects.table.count, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, forget)
    const struct CMUnitTest tests[] = {
        TEST(an_event_makes_its_own_container_be_looked_at),
        TEST(an_event_during_an_inspect_counts),
        TEST(an_interrupted_stream_makes_all_be_looked_at),
        TEST(each_becomes_old_in_its_own_time),
        TEST(what_is_known_to_be_incomplete_is_used_once),
        TEST(what_no_list_shows_is_forgotten),
        TEST(the_list_shows_what_has_changed),
        TEST(nothing_is_kept_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
