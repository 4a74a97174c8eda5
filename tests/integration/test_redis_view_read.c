/** The view's scripts that read, list, and keep hosts, each against a real Redis; and when the view is complete. */

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

static void test_read_tells_the_host_and_its_beat(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_put_running(f, "t1", 10);
    redis_view_put_host(f->view, "h1", "c", span_of("REC"), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    redis_fixture_beat(f, "w1", 1234);
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

static void test_heartbeat_leaves_another_holder_alone(void **state)
{
    struct redis_fixture *f = *state;

    redis_fixture_beat(f, "w1", 100);
    assert_string_equal(f->text, "other=none");
    redis_fixture_beat(f, "w1", 200);
    assert_string_equal(f->text, "other=none");
    assert_string_equal(redis_fixture_raw("HGET test:h:h1 connected_at"), "100");
    redis_fixture_beat(f, "w2", 300);
    assert_string_equal(f->text, "other=w1");
    assert_string_equal(redis_fixture_raw("GET test:hb:h1"), "w1");
    (void)redis_fixture_raw("DEL test:hb:h1");
    redis_fixture_beat(f, "w2", 400);
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
            redis_fixture_beat(f, "w1", moments[i].beat_at);
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

static void test_a_rebuild_makes_the_view_complete(void **state)
{
    struct redis_fixture *f = *state;
    char run_id[64];

    redis_view_rebuild_begin(f->view, "token1", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    (void)snprintf(run_id, sizeof run_id, "%.63s", f->text);
    assert_int_equal(strlen(run_id), 40);
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=0 known=0 [t1 absent]");
    redis_fixture_complete(f, "token1", run_id);
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
    redis_fixture_complete(f, "token1", "anotherrun");
    assert_string_equal(f->text, "error: conflict");
    redis_view_rebuild_begin(f->view, "token2", redis_fixture_on_run, f);
    redis_fixture_wait(f, 1);
    redis_fixture_complete(f, "token1", run_id);
    assert_string_equal(f->text, "error: conflict");
    (void)redis_fixture_raw("FLUSHALL");
    redis_fixture_complete(f, "token2", run_id);
    assert_string_equal(f->text, "error: conflict");
    assert_string_equal(redis_fixture_read(f, "c", "t1", NULL), "complete=0 known=0 [t1 absent]");
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, redis_fixture_set_up, redis_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_read_tells_the_host_and_its_beat),
        TEST(test_a_hundred_tasks_in_one_read),
        TEST(test_heartbeat_leaves_another_holder_alone),
        TEST(test_a_host_is_connected_again_when_it_beats_steadily),
        TEST(test_clusters_are_those_of_the_hosts),
        TEST(test_lists_are_in_byte_order_and_paged),
        TEST(test_ids_without_a_task_leave_the_lists),
        TEST(test_facts_of_a_host_in_any_order),
        TEST(test_a_rebuild_makes_the_view_complete),
        TEST(test_a_rebuild_conflicts_with_another_and_with_an_emptied_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
