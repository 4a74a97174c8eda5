/* The projector's puts: batches that do not fit into one, and bases that fit into none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "tests/unit/worker/projection.h"

static void observe_all(void)
{
    for (int round = 1; round <= 3; round++) {
        for (int task = 0; task < TASKS; task++) {
            append_observed(task, round);
        }
    }
}

static void test_a_batch_that_needs_several_puts(void **state)
{
    (void)state;
    projection.put_bytes = ROOM_BYTES;
    fake_log_burst = 100;
    observe_all();
    append_of_other_hosts(3);
    projection_start();
    projection_settle();
    assert_true(fake_redis_puts > 1);
    assert_int_equal(fake_redis.count, TASKS);
    assert_int_equal(projection.projector->unwritable, 0);
}

/* Redis falls back, before what it was given last, while the rest of the batch is still to be put. */
static void test_redis_falls_back_within_a_batch(void **state)
{
    static struct fake_redis kept;
    (void)state;
    projection.put_bytes = ROOM_BYTES;
    fake_log_burst = 100;
    projection_start();
    projection_settle();
    kept = fake_redis;
    observe_all();
    while (fake_redis.count == 0) {
        assert_true(fake_loop_step(1000));
    }
    assert_true(fake_redis.count < TASKS);
    fake_redis = kept;
    projection_settle();
    assert_int_equal(fake_redis.count, TASKS);
}

static void test_a_worker_ends_within_a_batch(void **state)
{
    (void)state;
    projection.put_bytes = ROOM_BYTES;
    fake_log_burst = 100;
    projection_start();
    projection_settle();
    observe_all();
    while (fake_redis.count == 0) {
        assert_true(fake_loop_step(1000));
    }
    fake_redis_away = true;
    projection_stop();
    fake_redis_away = false;
    assert_true(fake_redis.count < TASKS);
    projection.committed = fake_log_end();
    projection_start();
    projection_settle();
    assert_int_equal(fake_redis.count, TASKS);
}

static void test_a_base_that_cannot_be_written(void **state)
{
    (void)state;
    projection.put_bytes = ROOM_BYTES;
    projection_start();
    append_observed(0, 1);
    projection_settle();
    append_observed(1, 1);
    append_observed_many(0, 2, MANY);
    append_observed(2, 1);
    fake_loop_run(20000);
    assert_int_equal(projection.projector->unwritable, 1);
    assert_int_equal(fake_view_find(task_id(0))->pos, 0);
    assert_non_null(fake_view_find(task_id(1)));
    assert_non_null(fake_view_find(task_id(2)));
    assert_int_equal(fake_redis.seen, fake_log_end());
    assert_int_equal(projector_position(projection.projector), fake_log_end());
    append_observed_many(0, 3, MANY);
    fake_loop_run(20000);
    assert_int_equal(projection.projector->unwritable, 1);
    append_observed(0, 4);
    projection_settle(); /* and it is in the view again, with all its records */
}

/* Thousands of records wait: reading pauses, and goes on. */
static void test_many_records(void **state)
{
    (void)state;
    for (int i = 0; i < 4000; i++) {
        append_observed(i % TASKS, 1 + i / TASKS);
    }
    fake_log_burst = 1000;
    projection_start();
    projection_settle();
    assert_true(fake_redis_puts <= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_batch_that_needs_several_puts),
        TEST(test_redis_falls_back_within_a_batch),
        TEST(test_a_worker_ends_within_a_batch),
        TEST(test_a_base_that_cannot_be_written),
        TEST(test_many_records),
    };
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
