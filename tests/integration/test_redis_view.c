/** The scripts of the view, each against a real Redis. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/redis_fixture.h"

static struct redis_put running(const char *task, int64_t pos, int64_t reducer, const char *bytes)
{
    return (struct redis_put){
        .cluster = "c", .task = task, .pos = pos, .reducer = reducer, .bytes = span_of(bytes)};
}

/* ---- put ---- */

static void test_put_moves_seen_from_what_is_known(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put puts[] = {running("t1", 3, 1, "one"), running("t2", 4, 1, "two")};

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
    const struct redis_put put = running("t1", 3, 1, "one");

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
    const struct redis_put put = running("t1", 3, 1, "one");

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
        const struct redis_put put = running("t1", STEPS[i].pos, STEPS[i].reducer, STEPS[i].bytes);

        assert_string_equal(
            redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1),
            "ok seen=-1");
        assert_string_equal(redis_fixture_load(f, "h1"), STEPS[i].after);
    }
}

static void test_bytes_are_kept_as_they_are(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = running("t1", 1, 1, NULL);

    put.bytes = (struct span){"a\0\r\n\xff$", 6};
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("HSTRLEN test:t:c/t1 base"), "6");
    assert_memory_equal(redis_fixture_raw("HGET test:t:c/t1 base"), "a", 2);
}

static void test_a_terminal_base_is_no_longer_open_and_expires(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = running("t1", 5, 1, "end");
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
    struct redis_put put = running("t1", 5, 1, "end");

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
    struct redis_put put = running("t1", 5, 1, "end");

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

/* ---- pend ---- */

#define T1_AT_10 "complete=0 known=0 [t1 host=h1 pos=10 base=B10 live= record= beat=0@0 pending="

static void test_pend_applies_above_pos_only(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "old"), T1_AT_10 "]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 10, REDIS_PEND_STOP, "same"),
                        T1_AT_10 "]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 12, REDIS_PEND_TAG, "tag"),
                        T1_AT_10 "12:tag]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_STOP, "stop"),
                        T1_AT_10 "11:stop,12:tag]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_STOP, "stop"),
                        T1_AT_10 "11:stop,12:tag]");
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), T1_AT_10 "11:stop,12:tag]");
}

static void test_pend_keeps_the_first_stop_in_log_order_only(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    (void)redis_fixture_pend(f, "c", "t1", 20, REDIS_PEND_STOP, "second");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 30, REDIS_PEND_STOP, "third"),
                        T1_AT_10 "20:second]");
    /* Another API's record that lies before it in the log decides: it is kept. */
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 15, REDIS_PEND_STOP, "first"),
                        T1_AT_10 "15:first,20:second]");
    assert_string_equal(redis_fixture_pend(f, "c", "t1", 17, REDIS_PEND_STOP, "late"),
                        T1_AT_10 "15:first,20:second]");
    /* Once a base was put that holds none of them, the lowest that is left counts. */
    redis_fixture_put_running(f, "t1", 15);
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "20");
    /* A base that holds the stop needs no other. */
    struct redis_put put = running("t1", 25, 1, "stopped");
    put.stopped = true;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "0");
    (void)redis_fixture_pend(f, "c", "t1", 40, REDIS_PEND_STOP, "fourth");
    assert_string_equal(redis_fixture_raw("HEXISTS test:t:c/t1 p:40"), "0");
}

static void test_pend_of_an_unknown_task_writes_nothing(void **state)
{
    struct redis_fixture *f = *state;

    assert_string_equal(redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "x"),
                        "complete=0 known=0 [t1 absent]");
    assert_string_equal(redis_fixture_raw("KEYS *"), "");
}

static void test_a_pending_stop_lists_the_task_as_stopped(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    redis_fixture_put_running(f, "t2", 10);
    (void)redis_fixture_pend(f, "c", "t1", 12, REDIS_PEND_TAG, "tag");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 10),
                        "complete=0 known=0 more=0 t1 t2");
    (void)redis_fixture_pend(f, "c", "t1", 13, REDIS_PEND_STOP, "stop");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 10),
                        "complete=0 known=0 more=0 t2");
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0 t1");
    /* A base that does not hold the stop yet does not bring the task back. */
    redis_fixture_put_running(f, "t1", 12);
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0 t1");
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t1 stop"), "13");
    /* One that read it and says that it is not stopped does: the fold alone decides. */
    redis_fixture_put_running(f, "t1", 13);
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 10), "complete=0 known=0 more=0");
}

static void test_put_drops_pending_up_to_its_pos(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 8);
    (void)redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_TAG, "a");
    (void)redis_fixture_pend(f, "c", "t1", 10, REDIS_PEND_STOP, "b");
    (void)redis_fixture_pend(f, "c", "t1", 11, REDIS_PEND_TAG, "c");
    redis_fixture_put_running(f, "t1", 10);
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), T1_AT_10 "11:c]");
}

static void test_pend_keeps_the_expiry(void **state)
{
    struct redis_fixture *f = *state;
    struct redis_put put = running("t1", 5, 1, "end");

    put.stopped = put.terminal = true;
    put.expire_unix_ms = clock_wall_ms(clock_system()) + 3600000;
    (void)redis_fixture_put(f, "h1", REDIS_SEEN_IGNORE, REDIS_SEEN_IGNORE, &put, 1);
    (void)redis_fixture_pend(f, "c", "t1", 9, REDIS_PEND_STOP, "x");
    assert_string_not_equal(redis_fixture_raw("PEXPIRETIME test:t:c/t1"), "-1");
}

/* ---- read ---- */

static void beat(struct redis_fixture *f, const char *holder, int64_t now_unix_ms)
{
    const struct redis_beat sent = {.host = "h1",
                                    .holder = holder,
                                    .runtime = "OK",
                                    .ttl_ms = 60000,
                                    .steady_ms = 15000,
                                    .now_unix_ms = now_unix_ms};
    redis_view_heartbeat(f->view, &sent, redis_fixture_on_heartbeat, f);
    redis_fixture_wait(f, 1);
}

static void test_read_tells_the_host_and_its_beat(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    redis_view_put_host(f->view, "h1", "c", span_of("REC"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    beat(f, "w1", 1234);
    redis_view_put_live(f->view, "c", "t1", span_of("x=HEALTHY"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(redis_fixture_read(f, "c", "t0", "t1"),
                        "complete=0 known=1 [t0 absent] [t1 host=h1 pos=10 base=B10 "
                        "live=x=HEALTHY record=REC beat=1@1234 pending=]");
    redis_view_put_live(f->view, "c", "t1", span_of(""), redis_fixture_on_done, f);
    redis_view_put_live(f->view, "c", "t0", span_of("y"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 2);
    assert_string_equal(redis_fixture_raw("HEXISTS test:t:c/t1 live"), "0");
    assert_string_equal(redis_fixture_raw("EXISTS test:t:c/t0"), "0");
}

static void test_a_hundred_tasks_in_one_read(void **state)
{
    struct redis_fixture *f = *state;
    static char names[100][8];
    const char *ids[100];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%02d", i);
        ids[i] = names[i];
    }
    redis_fixture_put_running(f, "t99", 1);
    redis_view_read(f->view, "c", ids, 100, redis_fixture_on_read, f);
    redis_fixture_wait(f, 1);
    assert_non_null(strstr(f->text, "[t98 absent] [t99 host=h1 pos=1 base=B1 "));
}

/* ---- hosts, clusters, lists ---- */

static void test_heartbeat_leaves_another_holder_alone(void **state)
{
    struct redis_fixture *f = *state;

    beat(f, "w1", 100);
    assert_string_equal(f->text, "other=none");
    beat(f, "w1", 200);
    assert_string_equal(f->text, "other=none");
    assert_string_equal(redis_fixture_raw("HGET test:h:h1 connected_at"), "100");
    beat(f, "w2", 300);
    assert_string_equal(f->text, "other=w1");
    assert_string_equal(redis_fixture_raw("GET test:hb:h1"), "w1");
    (void)redis_fixture_raw("DEL test:hb:h1");
    beat(f, "w2", 400);
    assert_string_equal(redis_fixture_raw("GET test:hb:h1"), "w2");
    assert_true(atoi(redis_fixture_raw("PTTL test:hb:h1")) > 50000);
}

/* Each row is one moment after the other; what only time does is done by hand. */
static void test_a_host_is_connected_again_when_it_beats_steadily(void **state)
{
    static const struct {
        const char *passes; /* a key whose time runs out before the beat */
        int64_t beat_at;
        const char *wanted; /* as read after it */
    } moments[] = {
        {"hb:h1", 100, "beat=1@100"},        /* never seen before: at once */
        {"hb:h1", 0, "beat=0@100"},          /* three beats missed */
        {"none", 200, "beat=0@100"},         /* the first one back */
        {"none", 300, "beat=0@100"},         /* not steady yet */
        {"hb:h1", 400, "beat=0@100"},        /* a gap: it begins anew */
        {"hb:h1:steady", 500, "beat=1@500"}, /* steady */
        {"hb:h1:steady", 600, "beat=1@500"}, /* and stays so */
        {"h:h1", 700, "beat=1@700"},         /* a view that forgot the host */
    };
    struct redis_fixture *f = *state;
    char command[64];

    redis_fixture_put_running(f, "t1", 10);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        (void)snprintf(command, sizeof command, "DEL test:%s", moments[i].passes);
        (void)redis_fixture_raw(command);
        if (moments[i].beat_at > 0) {
            beat(f, "w1", moments[i].beat_at);
        }
        const char *read = redis_fixture_read(f, "c", "t1", NULL);
        if (strstr(read, moments[i].wanted) == NULL) {
            fail_msg("moment %zu: %s, wanted %s", i, read, moments[i].wanted);
        }
    }
    assert_true(atoi(redis_fixture_raw("EXISTS test:hb:h1:steady")) == 0);
}

static void put_host(struct redis_fixture *f, const char *host, const char *cluster)
{
    redis_view_put_host(f->view, host, cluster, span_of("R"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(f->text, "done");
}

static void test_clusters_are_those_of_the_hosts(void **state)
{
    struct redis_fixture *f = *state;
    const char *const names[] = {"b", "x", "a"};

    put_host(f, "h1", "b");
    put_host(f, "h2", "b");
    put_host(f, "h3", "a");
    put_host(f, "h2", "a");
    redis_fixture_put_running(f, "t1", 1);
    put_host(f, "h9", "c");
    assert_string_equal(redis_fixture_list_clusters(f, NULL, 10),
                        "complete=0 known=1 more=0 a b c");
    assert_string_equal(redis_fixture_list_clusters(f, NULL, 2), "complete=0 known=1 more=1 a b");
    assert_string_equal(redis_fixture_list_clusters(f, "b", 2), "complete=0 known=1 more=0 c");
    redis_view_describe_clusters(f->view, names, 3, redis_fixture_on_clusters, f);
    redis_fixture_wait(f, 1);
    assert_string_equal(f->text, "complete=0 [known=1 hosts=1 running=0] "
                                 "[known=0 hosts=0 running=0] [known=1 hosts=2 running=0]");
}

static void test_lists_are_in_byte_order_and_paged(void **state)
{
    struct redis_fixture *f = *state;

    put_host(f, "h1", "c");
    redis_fixture_put_running(f, "t3", 1);
    redis_fixture_put_running(f, "t1", 1);
    redis_fixture_put_running(f, "t2", 1);
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 2),
                        "complete=0 known=1 more=1 t1 t2");
    assert_string_equal(redis_fixture_list(f, "c", false, "t2", 2), "complete=0 known=1 more=0 t3");
    assert_string_equal(redis_fixture_list(f, "c", false, "t3", 2), "complete=0 known=1 more=0");
    assert_string_equal(redis_fixture_list(f, "x", false, NULL, 2), "complete=0 known=0 more=0");
}

static void test_ids_without_a_task_leave_the_lists(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 1);
    redis_fixture_put_running(f, "t2", 1);
    redis_fixture_put_running(f, "t3", 1);
    (void)redis_fixture_raw("DEL test:t:c/t1 test:t:c/t2");
    assert_string_equal(redis_fixture_list(f, "c", false, NULL, 1), "complete=0 known=0 more=0 t3");
    assert_string_equal(redis_fixture_raw("ZRANGE test:c:c:running 0 -1"), "t3");
    assert_string_equal(redis_fixture_load(f, "h1"), "seen=-1 c/t3@1/1=B1");
    assert_string_equal(redis_fixture_raw("SMEMBERS test:h:h1:open"), "c/t3");
}

/* ---- the view is emptied; foreign bytes ---- */

static void test_an_emptied_redis_shows_at_the_next_put_and_read(void **state)
{
    struct redis_fixture *f = *state;
    const struct redis_put put = running("t1", 3, 1, "one");

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
    const struct redis_put put = running("t1", 20, 1, "new");

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
    const struct redis_put puts[] = {running("t1", 3, 1, "one"), running("t2", 4, 1, "two")};

    (void)redis_fixture_raw("SET test:t:c/t2 text");
    assert_string_equal(redis_fixture_put(f, "h1", -1, 4, puts, 2), "ok seen=4");
    assert_string_equal(redis_fixture_raw("HGET test:t:c/t2 base"), "two");
}

/* ---- hosts ---- */

static void fact(struct redis_fixture *f, const char *kind, int64_t offset, const char *value)
{
    redis_view_host_fact(f->view, "h1", kind, offset, value, redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
}

/** The host that was read last, as text. */
static char host_text[600];

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    if (error != NULL) {
        (void)snprintf(host_text, sizeof host_text, "error: %s", error->message);
    } else {
        const struct redis_host *host = &hosts->hosts[0];
        (void)snprintf(host_text, sizeof host_text, "%.*s open=%lld pending=%lld version=%lld",
                       (int)host->status.length, host->found ? host->status.data : "",
                       (long long)host->open_tasks, (long long)host->pending_tasks,
                       (long long)host->version);
    }
    redis_fixture_on_done(context, NULL);
}

static const char *read_host(struct redis_fixture *f)
{
    const char *id = "h1";
    redis_view_read_hosts(f->view, "c", &id, 1, on_hosts, f);
    redis_fixture_wait(f, 1);
    return host_text;
}

static void test_facts_of_a_host_in_any_order(void **state)
{
    struct redis_fixture *f = *state;

    redis_view_put_host(f->view, "h1", "c", span_of("record"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    redis_fixture_put_running(f, "t1", 10);
    assert_string_equal(read_host(f), "ACTIVE open=1 pending=0 version=1");
    fact(f, "status", 20, "DRAINING");
    fact(f, "started", 5, "");
    assert_string_equal(read_host(f), "DRAINING open=1 pending=0 version=22");
    fact(f, "deregistered", 30, "1700000000000");
    fact(f, "status", 19, "ACTIVE");
    assert_string_equal(read_host(f), "INACTIVE open=1 pending=0 version=32");
    assert_string_equal(redis_fixture_raw("ZCARD test:c:c:running"), "0");
    assert_string_equal(redis_fixture_raw("ZCARD test:c:c:stopped"), "1");
    /* Its tasks' ids are free for other hosts. */
    assert_string_equal(redis_fixture_get(f, "h2", "c", "t1"), "seen=-1");
    /* A put of a host that was given up does not bring its task back. */
    redis_fixture_put_running(f, "t1", 31);
    assert_string_equal(redis_fixture_raw("ZCARD test:c:c:running"), "0");
    fact(f, "started", 40, "");
    assert_string_equal(read_host(f), "ACTIVE open=1 pending=0 version=42");
    assert_string_equal(redis_fixture_raw("ZCARD test:c:c:running"), "1");
    assert_string_equal(redis_fixture_raw("ZCARD test:c:c:stopped"), "0");
    /* The late repeat of an older fact changes nothing. */
    fact(f, "deregistered", 30, "1700000000000");
    assert_string_equal(read_host(f), "ACTIVE open=1 pending=0 version=42");
    assert_string_equal(redis_fixture_get(f, "h2", "c", "t1"), "seen=-1 of h1");
    (void)redis_fixture_raw("HSET test:t:c/t1 host nobody");
    assert_string_equal(redis_fixture_get(f, "h2", "c", "t1"), "seen=-1");
    (void)redis_fixture_raw("HSET test:t:c/t1 host h1");
    (void)redis_fixture_raw("HSET test:h:h1 started_offset soon");
    if (strstr(read_host(f), "test:h:h1") == NULL) {
        fail_msg("\"%s\" does not name the key", host_text);
    }
    /* Whoever writes the host's keys next drops what is no offset, and the worker puts all again. */
    (void)redis_fixture_raw("HSET test:h:h1 seen 50");
    fact(f, "started", 41, "");
    assert_string_equal(redis_fixture_raw("HGET test:h:h1 seen"), "(nil)");
    assert_string_equal(read_host(f), "ACTIVE open=1 pending=0 version=43");
}

/* ---- completeness ---- */

static void complete(struct redis_fixture *f, const char *token, const char *run_id)
{
    redis_view_rebuild_complete(f->view, token, run_id, redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
}

static void test_a_rebuild_makes_the_view_complete(void **state)
{
    struct redis_fixture *f = *state;
    char run_id[64];

    redis_view_rebuild_begin(f->view, "token1", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    (void)snprintf(run_id, sizeof run_id, "%.63s", f->text);
    assert_int_equal(strlen(run_id), 40);
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=0 known=0 [t1 absent]");
    complete(f, "token1", run_id);
    assert_string_equal(f->text, "done");
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=1 known=0 [t1 absent]");
    assert_string_equal(redis_fixture_list(f, "c", true, NULL, 1), "complete=1 known=0 more=0");
    assert_string_equal(redis_fixture_list_clusters(f, NULL, 1), "complete=1 known=1 more=0");
}

static void test_a_rebuild_conflicts_with_another_and_with_an_emptied_redis(void **state)
{
    struct redis_fixture *f = *state;
    char run_id[64];

    redis_view_rebuild_begin(f->view, "token1", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    (void)snprintf(run_id, sizeof run_id, "%.63s", f->text);
    complete(f, "token1", "anotherrun");
    assert_string_equal(f->text, "error: conflict");
    redis_view_rebuild_begin(f->view, "token2", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    complete(f, "token1", run_id);
    assert_string_equal(f->text, "error: conflict");
    (void)redis_fixture_raw("FLUSHALL");
    complete(f, "token2", run_id);
    assert_string_equal(f->text, "error: conflict");
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=0 known=0 [t1 absent]");
}

int main(void)
{
#define VIEW_TEST(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        VIEW_TEST(test_put_moves_seen_from_what_is_known),
        VIEW_TEST(test_put_writes_nothing_where_seen_differs),
        VIEW_TEST(test_put_never_lowers_seen),
        VIEW_TEST(test_a_rebuilds_put_neither_compares_nor_moves_seen),
        VIEW_TEST(test_put_applies_unless_pos_or_reducer_is_lower),
        VIEW_TEST(test_bytes_are_kept_as_they_are),
        VIEW_TEST(test_a_terminal_base_is_no_longer_open_and_expires),
        VIEW_TEST(test_a_base_that_has_expired_is_not_written_and_what_is_there_goes),
        VIEW_TEST(test_expired_tasks_leave_the_lists_with_later_puts),
        VIEW_TEST(test_pend_applies_above_pos_only),
        VIEW_TEST(test_pend_keeps_the_first_stop_in_log_order_only),
        VIEW_TEST(test_pend_of_an_unknown_task_writes_nothing),
        VIEW_TEST(test_a_pending_stop_lists_the_task_as_stopped),
        VIEW_TEST(test_put_drops_pending_up_to_its_pos),
        VIEW_TEST(test_pend_keeps_the_expiry),
        VIEW_TEST(test_read_tells_the_host_and_its_beat),
        VIEW_TEST(test_a_hundred_tasks_in_one_read),
        VIEW_TEST(test_heartbeat_leaves_another_holder_alone),
        VIEW_TEST(test_a_host_is_connected_again_when_it_beats_steadily),
        VIEW_TEST(test_clusters_are_those_of_the_hosts),
        VIEW_TEST(test_lists_are_in_byte_order_and_paged),
        VIEW_TEST(test_ids_without_a_task_leave_the_lists),
        VIEW_TEST(test_an_emptied_redis_shows_at_the_next_put_and_read),
        VIEW_TEST(test_garbage_is_corrupt_and_named),
        VIEW_TEST(test_a_put_replaces_what_is_no_base),
        VIEW_TEST(test_facts_of_a_host_in_any_order),
        VIEW_TEST(test_a_rebuild_makes_the_view_complete),
        VIEW_TEST(test_a_rebuild_conflicts_with_another_and_with_an_emptied_redis),
    };

    return cmocka_run_group_tests_name("redis_view", tests, NULL, NULL);
}
