/** The lists of a cluster's tasks by what is true of them, on a real Redis. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/redis_fixture.h"

static struct redis_put base_of(const char *task)
{
    return (struct redis_put){
        .cluster = "c", .task = task, .pos = 1, .reducer = 1, .bytes = {"B1", 2}};
}

/** The ids of a list that is answered whole. */
static const char *ids_of(struct redis_fixture *f, struct redis_task_list list)
{
    static const char before[] = "complete=0 known=0 more=0";

    list.cluster = list.cluster != NULL ? list.cluster : "c";
    const char *text = redis_fixture_list_of(f, &list, NULL, 10);
    assert_memory_equal(text, before, sizeof before - 1);
    return text + sizeof before - 1;
}

static void put_filtered(struct redis_fixture *f)
{
    struct redis_put first[] = {base_of("t3"), base_of("t1")};
    struct redis_put second[] = {base_of("o1"), base_of("o2")};

    first[0].family = first[1].family = second[0].family = second[1].family = "web";
    first[0].started_by = second[0].started_by = "me";
    first[0].service = "shop";
    second[0].cluster = "other";
    second[1].stopped = true; /* and still open */
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, first, 2);
    (void)redis_fixture_put(f, "h2", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, second, 2);
    redis_fixture_put_running(f, "t2", 1);
}

static void test_lists_by_what_is_true_of_the_tasks(void **state)
{
    struct redis_fixture *f = *state;

    put_filtered(f);
    const struct redis_task_list of_host = {.cluster = "c", .host = "h1"};
    assert_string_equal(redis_fixture_list_of(f, &of_host, NULL, 2),
                        "complete=0 known=0 more=1 t1 t2");
    assert_string_equal(redis_fixture_list_of(f, &of_host, "t2", 2),
                        "complete=0 known=0 more=0 t3");
    static const struct {
        struct redis_task_list list;
        const char *ids;
    } cases[] = {
        {{.host = "h1"}, " t1 t2 t3"},
        {{.host = "h2"}, ""},
        {{.host = "h2", .stopped = true}, " o2"},
        {{.host = "h2", .cluster = "other"}, " o1"},
        {{.host = "h3"}, ""},
        {{.family = "web"}, " t1 t3"},
        {{.family = "web", .stopped = true}, " o2"},
        {{.family = "web", .host = "h1"}, " t1 t3"},
        {{.family = "web", .host = "h2"}, ""},
        {{.family = "we"}, ""},
        {{.started_by = "me"}, " t3"},
        {{.started_by = "me", .cluster = "other"}, " o1"},
        {{.service = "shop"}, " t3"},
        {{.service = "shop", .host = "h1"}, " t3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(ids_of(f, cases[i].list), cases[i].ids);
    }
}

/* A page is filled also where most of the walked list is filtered out. */
static void test_a_filtered_page_is_full(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = base_of("");
    const struct redis_task_list list = {.cluster = "c", .family = "web", .started_by = "me"};
    char id[3] = "";

    put.family = "web";
    put.task = id;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(id, sizeof id, "%02d", i);
        put.started_by = i % 10 == 9 ? "me" : NULL;
        put.family = i % 2 == 1 ? "web" : NULL;
        (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    }
    assert_string_equal(redis_fixture_list_of(f, &list, NULL, 3),
                        "complete=0 known=0 more=1 09 19 29");
    assert_string_equal(redis_fixture_list_of(f, &list, "29", 3), "complete=0 known=0 more=0 39");
}

static void test_lists_follow_what_changes(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = base_of("t1");

    put_filtered(f);
    put.pos = 2;
    put.family = "db";
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(ids_of(f, (struct redis_task_list){.family = "web"}), " t3");
    assert_string_equal(ids_of(f, (struct redis_task_list){.family = "db"}), " t1");
    (void)redis_fixture_pend(f, "c", "t1", 3, REDIS_PEND_STOP, "stop");
    assert_string_equal(ids_of(f, (struct redis_task_list){.family = "db"}), "");
    assert_string_equal(ids_of(f, (struct redis_task_list){.family = "db", .stopped = true}),
                        " t1");
    put.pos = 4;
    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) - 1000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("KEYS test:c:c:*:family:db"), "");
    assert_string_equal(redis_fixture_raw("HEXISTS test:c:c:filters t1"), "0");
}

/* Whatever the bytes or the position became: the base is void, so that the next put replaces it. */
static void test_a_base_that_was_not_put_is_found_and_void(void **state)
{
    static const char *const GARBAGE[] = {
        "HSET test:t:c/t1 base other",
        "HSET test:t:c/t1 pos 999999",
        "HDEL test:t:c/t1 sum",
    };
    struct redis_fixture *f = *state;

    for (size_t i = 0; i < sizeof GARBAGE / sizeof GARBAGE[0]; i++) {
        put_filtered(f);
        (void)redis_fixture_raw(GARBAGE[i]);
        redis_view_verify(f->view, "h1", redis_fixture_on_verify, f);
        redis_fixture_wait(f, 1);
        assert_string_equal(f->text, "wrong=test:t:c/t1");
        assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 pos"), "0");
        put_filtered(f);
        assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 base"), "B1");
    }
}

/* A list that is gone, or of another type, is found by the host's worker; its puts make it anew. */
static void test_garbage_in_the_lists_is_found_and_made_anew(void **state)
{
    static const char *const GARBAGE[] = {
        "DEL test:c:c:running:family:web",  "SET test:c:c:running:family:web text",
        "SET test:c:c:filters text",        "HDEL test:c:c:filters t3",
        "ZREM test:c:c:running:host:h1 t3",
    };
    struct redis_fixture *f = *state;

    for (size_t i = 0; i < sizeof GARBAGE / sizeof GARBAGE[0]; i++) {
        put_filtered(f);
        redis_view_verify(f->view, "h1", redis_fixture_on_verify, f);
        redis_fixture_wait(f, 1);
        assert_string_equal(f->text, "wrong=");
        (void)redis_fixture_raw(GARBAGE[i]);
        redis_view_verify(f->view, "h1", redis_fixture_on_verify, f);
        redis_fixture_wait(f, 1);
        assert_memory_equal(f->text, "wrong=test:c:c:", 15);
        (void)redis_fixture_raw("SET test:c:c:stopped:host:h1 text");
        put_filtered(f);
        assert_string_equal(ids_of(f, (struct redis_task_list){.family = "web"}), " t1 t3");
    }
}

static void assert_verified(struct redis_fixture *f, const char *host, const char *wrong)
{
    redis_view_verify(f->view, host, redis_fixture_on_verify, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(f->text, wrong);
}

/* A member of a host's open tasks that names none of its own is found once, and is then no cause of anything. */
static void test_a_stray_open_task_is_taken_out_once(void **state)
{
    struct redis_fixture *f = *state;

    put_filtered(f);
    (void)redis_fixture_raw("HSET test:h:h1 seen 5");
    (void)redis_fixture_raw("SADD test:h:h1:open notask");
    assert_verified(f, "h1", "wrong=");
    assert_string_equal(redis_fixture_raw("SISMEMBER test:h:h1:open notask"), "0");
    assert_string_equal(redis_fixture_raw("HGET test:h:h1 seen"), "5");

    (void)redis_fixture_raw("HSET test:complete run_id run");
    (void)redis_fixture_raw("SADD test:h:h1:open c/t9");
    assert_verified(f, "h1", "wrong=test:t:c/t9");
    assert_string_equal(redis_fixture_raw("HEXISTS test:complete run_id"), "0");
    (void)redis_fixture_raw("HSET test:h:h1 seen 5");
    (void)redis_fixture_raw("HSET test:complete run_id run");
    assert_verified(f, "h1", "wrong=");
    assert_string_equal(redis_fixture_raw("HGET test:complete run_id"), "run");
}

/* One id on two hosts: what another host has open is its own, and nothing here is to be put again for it. */
static void test_an_open_task_of_another_host_is_taken_out(void **state)
{
    struct redis_fixture *f = *state;

    put_filtered(f);
    (void)redis_fixture_raw("HSET test:h:h1 seen 5");
    (void)redis_fixture_raw("HSET test:t:c/t1 host h2");
    (void)redis_fixture_raw("SADD test:h:h2:open c/t1");
    assert_verified(f, "h1", "wrong=");
    assert_string_equal(redis_fixture_raw("SISMEMBER test:h:h1:open c/t1"), "0");
    assert_string_equal(redis_fixture_raw("HGET test:h:h1 seen"), "5");

    /* No host has it open: its name is garbage in what may be the only trace of a task. */
    put_filtered(f);
    (void)redis_fixture_raw("HSET test:t:c/t3 host h3");
    assert_verified(f, "h1", "wrong=test:t:c/t3");
    put_filtered(f);
    assert_verified(f, "h1", "wrong=");
    assert_string_equal(redis_fixture_raw("SISMEMBER test:h:h1:open c/t3"), "1");
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lists_by_what_is_true_of_the_tasks),
        TEST(test_a_filtered_page_is_full),
        TEST(test_lists_follow_what_changes),
        TEST(test_a_base_that_was_not_put_is_found_and_void),
        TEST(test_garbage_in_the_lists_is_found_and_made_anew),
        TEST(test_a_stray_open_task_is_taken_out_once),
        TEST(test_an_open_task_of_another_host_is_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
