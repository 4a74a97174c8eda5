/** The view's scripts that put bases, each against a real Redis. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/redis_fixture.h"

static void test_put_moves_seen_from_what_is_known(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put puts[] = {redis_fixture_base("t1", 3, 1, "one"),
                                     redis_fixture_base("t2", 4, 1, "two")};

    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 4, puts, 2), "ok seen=4");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=4 c/t1@3/1=one c/t2@4/1=two");
    assert_string_equal(redis_fixture_get(f, "h1", "c", "t2"), "seen=4 c/t2@4/1=two");
    assert_string_equal(redis_fixture_get(f, "h1", "c", "t9"), "seen=4");
    assert_string_equal(redis_fixture_get(f, "h2", "c", "t2"), "seen=-1 of h1");
    assert_string_equal(redis_fixture_put(f, "h1", 4, 9, NULL, 0), "ok seen=9");
    redis_view_seen(f->view, "h1", redis_fixture_on_seen, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(f->text, "seen=9");
}

static void test_put_writes_nothing_where_seen_differs(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = redis_fixture_base("t1", 3, 1, "one");

    assert_string_equal(redis_fixture_put(f, "h1", 7, 8, &put, 1), "differs seen=-1");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 8, &put, 1), "ok seen=8");
    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 9, &put, 1),
                        "differs seen=8");
}

static void test_put_never_lowers_seen(void **state)
{
    struct redis_fixture *f = *state;

    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 8, NULL, 0), "ok seen=8");
    assert_string_equal(redis_fixture_put(f, "h1", 8, 5, NULL, 0), "ok seen=8");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=8");
}

static void test_a_rebuilds_put_neither_compares_nor_moves_seen(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = redis_fixture_base("t1", 3, 1, "one");

    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 8, NULL, 0), "ok seen=8");
    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1),
                        "ok seen=8");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=8 c/t1@3/1=one");
}

static void test_put_applies_unless_pos_or_reducer_is_lower(void **state)
{
    struct redis_fixture *f = *state;
    static const struct {
        int64_t pos, reducer;
        const char *bytes, *after;
    } STEPS[] = {
        {10, 2, "first", "seen=-1 c/t1@10/2=first"},
        {9, 9, "older", "seen=-1 c/t1@10/2=first"},
        {10, 1, "less", "seen=-1 c/t1@10/2=first"},
        {10, 2, "same", "seen=-1 c/t1@10/2=same"},
        {10, 3, "more", "seen=-1 c/t1@10/3=more"},
        {11, 1, "newer", "seen=-1 c/t1@11/1=newer"},
        {9007199254740991, 1, "far", "seen=-1 c/t1@9007199254740991/1=far"},
    };

    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        const struct redis_put put =
            redis_fixture_base("t1", STEPS[i].pos, STEPS[i].reducer, STEPS[i].bytes);

        assert_string_equal(
            redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1),
            "ok seen=-1");
        assert_string_equal(redis_fixture_load(f, "h1"), STEPS[i].after);
    }
}

static void test_bytes_are_kept_as_they_are(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = redis_fixture_base("t1", 1, 1, NULL);

    put.bytes = (struct span){"a\0\r\n\xff$", 6};
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("HSTRLEN test:t:c/t1 base"), "6");
    assert_memory_equal(redis_fixture_raw("HGET test:t:c/t1 base"), "a", 2);
}

static void test_a_terminal_base_is_no_longer_open_and_expires(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = redis_fixture_base("t1", 5, 1, "end");
    char expected[32];

    redis_fixture_put_running(f, "t1", 4);
    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) + 3600000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_string_equal(redis_fixture_get(f, "h1", "c", "t1"), "seen=-1 c/t1@5/1=end");
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0 t1");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 10), "complete=0 known=0 more=0");
    (void)snprintf(expected, sizeof expected, "%lld", (long long)put.expire_unix_ms);
    assert_string_equal(redis_fixture_raw("PEXPIRETIME test:t:c/t1"), expected);
}

static void test_a_base_that_has_expired_is_not_written_and_what_is_there_goes(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = redis_fixture_base("t1", 5, 1, "end");

    redis_fixture_put_running(f, "t1", 4);
    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) - 1000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("KEYS *"), "");
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("KEYS *"), "");
}

static void test_expired_tasks_leave_the_lists_with_later_puts(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = redis_fixture_base("t1", 5, 1, "end");

    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) + 20;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("ZRANGE test:c:c:stopped 0 -1"), "t1");
    while (clock_wall_ms(clock_system()) <= put.expire_unix_ms + 1) {
    }
    put.task = "t2";
    put.expire_unix_ms += 3600000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("ZRANGE test:c:c:stopped 0 -1"), "t2");
    assert_string_equal(redis_fixture_raw("ZRANGE test:c:c:expiry 0 -1"), "t2");
}

static void test_an_emptied_redis_shows_at_the_next_put_and_read(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = redis_fixture_base("t1", 3, 1, "one");

    assert_string_equal(redis_fixture_put(f, "h1", REDIS_SEEN_ABSENT, 3, &put, 1), "ok seen=3");
    (void)redis_fixture_raw("FLUSHALL");
    assert_string_equal(redis_fixture_put(f, "h1", 3, 4, &put, 1), "differs seen=-1");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1");
    assert_string_equal(redis_fixture_get(f, "h1", "c", "t1"), "seen=-1");
}

static void assert_corrupt(struct redis_fixture *f, const char *text, const char *named)
{
    assert_string_equal(text, "error: corrupt");
    if (strstr(f->error_message, named) == NULL) {
        fail_msg("\"%s\" does not name %s", f->error_message, named);
    }
}

/* What an API reads is refused and named; what the host's worker reads, it heals. */
static void test_garbage_is_corrupt_and_named(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = redis_fixture_base("t1", 20, 1, "new");

    redis_fixture_put_running(f, "t1", 10);
    (void)redis_fixture_raw("HSET test:t:c/t1 pos zehn");
    assert_corrupt(f, redis_fixture_read(f, "c", "t1", NULL), "test:t:c/t1");
    assert_corrupt(f, redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_STOP, "x"), "test:t:c/t1");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1 c/t1@0/0=");
    assert_string_equal(redis_fixture_put(f, "h1", -1, 5, &put, 1), "ok seen=5");
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 pos"), "20");
    (void)redis_fixture_raw("HDEL test:t:c/t1 base");
    assert_corrupt(f, redis_fixture_read(f, "c", "t1", NULL), "test:t:c/t1");
    (void)redis_fixture_raw("SET test:t:c/t1 text");
    assert_corrupt(f, redis_fixture_read(f, "c", "t1", NULL), "another type");
    (void)redis_fixture_raw("HSET test:h:h1 seen -3");
    assert_string_equal(redis_fixture_put(f, "h1", -1, 5, NULL, 0), "ok seen=5");
    (void)redis_fixture_raw("HSET test:h:h1 seen 99999999999999999999");
    assert_memory_equal(redis_fixture_load(f, "h1"), "seen=-1", 7);
    (void)redis_fixture_raw("HSET test:h:h1 seen 0 connected_at soon");
    redis_fixture_put_running(f, "t2", 10);
    (void)redis_fixture_raw("HSET test:t:c/t2 host h1");
    assert_corrupt(f, redis_fixture_read(f, "c", "t2", NULL), "soon");
}

static void test_a_put_replaces_what_is_no_base(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put puts[] = {redis_fixture_base("t1", 3, 1, "one"),
                                     redis_fixture_base("t2", 4, 1, "two")};

    (void)redis_fixture_raw("SET test:t:c/t2 text");
    assert_string_equal(redis_fixture_put(f, "h1", -1, 4, puts, 2), "ok seen=4");
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t2 base"), "two");
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_put_moves_seen_from_what_is_known),
        TEST(test_put_writes_nothing_where_seen_differs),
        TEST(test_put_never_lowers_seen),
        TEST(test_a_rebuilds_put_neither_compares_nor_moves_seen),
        TEST(test_put_applies_unless_pos_or_reducer_is_lower),
        TEST(test_bytes_are_kept_as_they_are),
        TEST(test_a_terminal_base_is_no_longer_open_and_expires),
        TEST(test_a_base_that_has_expired_is_not_written_and_what_is_there_goes),
        TEST(test_expired_tasks_leave_the_lists_with_later_puts),
        TEST(test_an_emptied_redis_shows_at_the_next_put_and_read),
        TEST(test_garbage_is_corrupt_and_named),
        TEST(test_a_put_replaces_what_is_no_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
