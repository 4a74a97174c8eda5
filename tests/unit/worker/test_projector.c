/* The projector: what comes from the log into the view, and what stays there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "tests/unit/worker/projection.h"

static void test_an_empty_log(void **state)
{
    (void)state;
    projection_start();
    assert_int_equal(projector_position(projection.projector), -1);
    assert_false(projector_ready(projection.projector));
    projection_settle();
}

static void test_what_is_there_and_what_comes(void **state)
{
    (void)state;
    append_of_other_hosts(3);
    append_observed(0, 1);
    append_of_other_hosts(20);
    append_observed(1, 1);
    append_requested(0);
    projection_start();
    projection_settle();
    assert_true(projection.told >= 2);
    assert_int_equal(fake_redis.count, 2);
    append_ended(0, EVENT_TASK_STOPPED);
    append_of_other_hosts(5);
    projection_settle();
    assert_true(fake_view_find(task_id(0))->terminal);
    assert_int_equal(fake_view_find(task_id(0))->expire_unix_ms / 100000,
                     (fake_now_ms() + DAY_MS) / 100000);
}

static void test_unreadable_and_foreign_records(void **state)
{
    (void)state;
    struct event event = {0};
    projection_start();
    append_observed(0, 1);
    fake_log_append(HOST, span_of("garbage"));
    event.worker_started.journal_found = true;
    append_event(HOST, &event, EVENT_WORKER_STARTED, -1);
    append_requested(0);
    projection_settle();
    assert_string_equal(task_desired_status(&(struct task){.request_event_id = "x"}), "STOPPED");
    assert_int_equal(fake_view_find(task_id(0))->pos, 3);
}

/* `seen` does not move past a fact of the host that the view does not have. */
static void test_facts_of_the_host_come_first(void **state)
{
    (void)state;
    struct event event = {0};
    projection_start();
    projection_settle();
    int64_t before = fake_redis.seen;
    fake_redis_fact_fails = true;
    event.worker_started.journal_found = true;
    append_event(HOST, &event, EVENT_WORKER_STARTED, -1);
    append_observed(0, 1);
    fake_loop_run(2000);
    assert_int_equal(fake_redis.facts, 0);
    assert_int_equal(fake_redis.seen, before);
    assert_null(fake_view_find(task_id(0)));
    fake_redis_fact_fails = false;
    projection_settle();
    assert_int_equal(fake_redis.facts, 1);
    assert_int_equal(fake_redis.seen, 2);
    assert_non_null(fake_view_find(task_id(0)));
}

static void test_retention(void **state)
{
    (void)state;
    projection_start();
    append_observed(0, 1);
    append_ended(0, EVENT_TASK_GONE);
    projection_settle();
    assert_non_null(fake_view_find(task_id(0)));
    fake_loop_run(DAY_MS);
    assert_null(fake_view_find(task_id(0)));
    /* It does not come back: not by a late record, not by folding it all again. */
    append_requested(0);
    projection_settle();
    assert_null(fake_view_find(task_id(0)));
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    projector_on_view_back(projection.projector);
    projection_settle();
    append_requested(0);
    append_observed(1, 1);
    projection_settle();
    assert_null(fake_view_find(task_id(0)));
    int64_t pos = 0;
    const struct task *base = projector_base(projection.projector, "prod", task_id(0), &pos);
    assert_non_null(base);
    assert_true(task_is_terminal(base));
    assert_int_equal(projector_knows(projection.projector, "prod", task_id(0)), PROJECTOR_KNOWN);
}

/* The worker was away for longer than the retention: the open base leaves the view. */
static void test_an_old_end_leaves_the_view(void **state)
{
    (void)state;
    append_observed(0, 1);
    projection_start();
    projection_settle();
    projection_stop();
    append_ended(0, EVENT_TASK_STOPPED);
    fake_loop_run(DAY_MS + 1);
    assert_non_null(fake_view_find(task_id(0)));
    projection_start();
    projection_settle();
    assert_int_equal(fake_redis.count, 0);
}

/* That a task has ended leaves the view with its retention; the log knows it for ever, also after a restart. */
static void test_a_given_id_that_left_the_view_is_known_by_the_log(void **state)
{
    (void)state;
    append_observed(0, 1);
    append_ended(0, EVENT_TASK_STOPPED);
    append_observed(1, 1);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    fake_loop_run(DAY_MS + 1);
    projection_start();
    projection_settle();
    assert_int_equal(projector_knows(projection.projector, "prod", task_id(0)), PROJECTOR_UNKNOWN);
    fake_loop_run(10);
    assert_int_equal(projector_knows(projection.projector, "prod", task_id(0)), PROJECTOR_ABSENT);
    assert_int_equal(projector_knows_by_log(projection.projector, "prod", task_id(0)),
                     PROJECTOR_UNKNOWN);
    projection_settle();
    assert_int_equal(projector_knows_by_log(projection.projector, "prod", task_id(0)),
                     PROJECTOR_KNOWN);
    uint64_t pass = projection.projector->pass;
    (void)projector_knows_by_log(projection.projector, "prod", task_id(2));
    fake_loop_run(10);
    assert_int_equal(projector_knows_by_log(projection.projector, "prod", task_id(2)),
                     PROJECTOR_ABSENT);
    assert_int_equal(projection.projector->pass, pass);
}

/* Of more ended tasks than the table keeps, each is still known to have ended, and none asks for another pass. */
static void test_very_many_have_ended(void **state)
{
    (void)state;
    projection_start();
    for (int task = 0; task < 3; task++) {
        append_observed(task, 1);
        append_ended(task, EVENT_TASK_STOPPED);
    }
    fake_loop_run(DAY_MS + 1);
    projection.projector->ended += PROJECTOR_ENDED_MAX;
    fake_loop_run(20000);
    assert_int_equal(projection.projector->table.ids.count, 0);
    uint64_t pass = projection.projector->pass;
    append_requested(0);
    fake_loop_run(2000);
    assert_null(fake_view_find(task_id(0)));
    (void)projector_knows_by_log(projection.projector, "prod", task_id(1));
    fake_loop_run(10);
    assert_int_equal(projector_knows_by_log(projection.projector, "prod", task_id(1)),
                     PROJECTOR_KNOWN);
    assert_int_equal(projection.projector->pass, pass);
}

static void test_asking_for_a_base(void **state)
{
    (void)state;
    int64_t pos = 0;
    append_observed(0, 1);
    append_ended(0, EVENT_TASK_GONE);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    projection_start();
    projection_settle();
    projection.told = 0;
    assert_null(projector_base(projection.projector, "prod", task_id(0), &pos));
    assert_int_equal(projector_knows(projection.projector, "prod", task_id(1)), PROJECTOR_UNKNOWN);
    fake_loop_run(10);
    assert_int_equal(projection.told, 1);
    assert_non_null(projector_base(projection.projector, "prod", task_id(0), &pos));
    assert_int_equal(pos, 1);
    assert_int_equal(projector_knows(projection.projector, "prod", task_id(1)), PROJECTOR_ABSENT);
    unsigned gets = fake_redis_gets;
    assert_null(projector_base(projection.projector, "prod", task_id(1), &pos));
    assert_int_equal(fake_redis_gets, gets);
}

/* A request for a task that ended long ago: who waits for the base to be folded up to it is told. */
static void test_a_record_of_what_has_ended(void **state)
{
    (void)state;
    int64_t pos = 0;
    append_observed(0, 1);
    append_ended(0, EVENT_TASK_STOPPED);
    projection_start();
    projection_settle();
    append_requested(0);
    projection_settle();
    fake_loop_run(2 * PROJECTOR_LINGER_MS);
    assert_int_equal(base_table_find(&projection.projector->table, "prod", task_id(0))->state,
                     BASE_ENDED);
    projection.told = 0;
    int64_t offset = append_requested(0);
    fake_loop_run(1000);
    assert_int_equal(projection.told, 1);
    assert_non_null(projector_base(projection.projector, "prod", task_id(0), &pos));
    assert_int_equal(pos, offset);
    assert_int_equal(projector_position(projection.projector), fake_log_end());
}

static void count_open(void *context, const struct task *base)
{
    int *count = context;
    assert_false(task_is_terminal(base));
    (*count)++;
}

static void test_open_tasks(void **state)
{
    (void)state;
    int count = 0;
    projection_start();
    append_observed(0, 1);
    append_observed(1, 1);
    append_ended(1, EVENT_TASK_GONE);
    projection_settle();
    projector_each_open(projection.projector, count_open, &count);
    assert_int_equal(count, 1);
}

/* A base becomes garbage, twice, while the host's partition never rests: each time it is found and made anew. */
static void test_garbage_under_steady_traffic(void **state)
{
    (void)state;
    fake_log_end_after_ms = 500;
    append_observed(0, 1);
    append_observed(1, 1);
    projection_start();
    projection_settle();
    for (int64_t revision = 2, round = 0; round < 2; round++) {
        fake_redis.bases[0].pos = 0;
        fake_redis.bases[0].length = 0;
        for (int tick = 0; tick < 120; tick++) {
            append_observed(1, revision++);
            fake_loop_run(200);
        }
        assert_true(fake_view_find(task_id(0))->length > 0);
    }
    projection_settle();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_log),
        TEST(test_what_is_there_and_what_comes),
        TEST(test_unreadable_and_foreign_records),
        TEST(test_facts_of_the_host_come_first),
        TEST(test_retention),
        TEST(test_an_old_end_leaves_the_view),
        TEST(test_a_given_id_that_left_the_view_is_known_by_the_log),
        TEST(test_very_many_have_ended),
        TEST(test_asking_for_a_base),
        TEST(test_a_record_of_what_has_ended),
        TEST(test_garbage_under_steady_traffic),
        TEST(test_open_tasks),
    };
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
