/* The projector over a view that is away, emptied, falls back or is damaged, and over a log that changed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "common/domain/reduce.h"
#include "tests/unit/worker/projection.h"

static void test_a_restart_goes_on_at_seen(void **state)
{
    (void)state;
    append_observed(0, 1);
    append_observed(1, 1);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    append_requested(0);
    unsigned puts = fake_redis_puts;
    projection_start();
    projection_settle();
    assert_true(fake_redis_puts - puts <= 2);
    int64_t pos = 0;
    assert_non_null(projector_base(projection.projector, "prod", task_id(1), &pos));
    assert_int_equal(pos, 1);
}

/** What an older reducer made of a task, which no reducer of today would. */
static void make_older(struct fake_base *base)
{
    struct task task = {0};
    struct error err = {0};
    struct buffer bytes;
    struct span held = {.data = base->bytes, .length = base->length};
    assert_int_equal(task_decode(held, &task, &err), 0);
    task.requested_at = 12345;
    buffer_init(&bytes, sizeof base->bytes);
    assert_int_equal(task_encode(&task, &bytes, &err), 0);
    base->length = bytes.length;
    memcpy(base->bytes, bytes.data, bytes.length);
    base->reducer = REDUCER_NUMBER - 1;
    buffer_release(&bytes);
    task_release(&task);
}

/* Also those of tasks that have ended, and one that has records after its base. */
static void test_bases_of_an_older_reducer_are_folded_again(void **state)
{
    (void)state;
    append_observed(0, 1);
    append_observed(1, 1);
    append_observed(2, 1);
    append_requested(0);
    append_ended(2, EVENT_TASK_STOPPED);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    for (size_t i = 0; i < fake_redis.count; i++) {
        make_older(&fake_redis.bases[i]);
    }
    append_requested(1);
    projection_start();
    projection_settle();
    for (size_t i = 0; i < fake_redis.count; i++) {
        assert_int_equal(fake_redis.bases[i].reducer, REDUCER_NUMBER);
    }
}

/* Where the log has lost a task's first record, its base stays as it was, and is not said to be of the new reducer. */
static void test_an_older_base_whose_records_are_gone_stays(void **state)
{
    (void)state;
    append_observed(0, 1);
    append_observed(1, 1);
    append_observed(0, 2);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    make_older(&fake_redis.bases[0]);
    struct fake_base older = fake_redis.bases[0];
    fake_log_first = 1;
    projection_start();
    fake_loop_run(20000);
    const struct fake_base *base = fake_view_find(older.task);
    assert_int_equal(base->reducer, REDUCER_NUMBER - 1);
    assert_int_equal(base->length, older.length);
    assert_memory_equal(base->bytes, older.bytes, older.length);
}

static void test_a_lost_answer(void **state)
{
    (void)state;
    projection_start();
    projection_settle();
    fake_redis_lose_answer = true;
    append_observed(0, 1);
    projection_settle();
    append_requested(0);
    fake_redis_lose_answer = true;
    append_ended(0, EVENT_TASK_STOPPED);
    projection_settle();
}

static void test_redis_is_away_for_long(void **state)
{
    (void)state;
    fake_redis_away = true;
    projection_start();
    append_observed(0, 1);
    fake_loop_run(10000);
    assert_int_equal(projector_position(projection.projector), -1);
    fake_redis_away = false;
    projection_settle();
    fake_redis_away = true;
    for (int64_t i = 2; i < 300; i++) {
        append_observed(0, i);
    }
    fake_loop_run(10000);
    assert_int_equal(fake_view_find(task_id(0))->pos, 0);
    fake_redis_away = false;
    projection_settle();
}

static void test_redis_is_emptied(void **state)
{
    (void)state;
    projection_start();
    append_observed(0, 1);
    append_observed(1, 1);
    append_requested(1);
    append_ended(1, EVENT_TASK_STOPPED);
    append_of_other_hosts(3);
    projection_settle();
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    projector_on_view_back(projection.projector);
    projection_settle();
    assert_int_equal(fake_redis.count, 2);
    /* Nobody says that it is back: the next put finds out. */
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    append_requested(0);
    projection_settle();
    assert_int_equal(fake_redis.count, 2);
}

/* Settles after Redis was put back to what it held; what the log says of it goes to ret_log. */
static void settle_logged(const struct fake_redis *held, char *ret_log, size_t size)
{
    FILE *file = tmpfile();
    const int real = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
    fake_redis = *held;
    projector_on_view_back(projection.projector);
    projection_settle();
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    rewind(file);
    ret_log[fread(ret_log, 1, size - 1, file)] = '\0';
    (void)fclose(file);
}

static void test_an_empty_redis_is_not_said_to_be_older(void **state)
{
    char log[4096];
    (void)state;
    projection_start();
    append_observed(0, 1);
    projection_settle();
    const struct fake_redis older = fake_redis, empty = {.seen = -1};
    append_observed(1, 1);
    projection_settle();
    settle_logged(&older, log, sizeof log);
    assert_non_null(strstr(log, "Redis holds an older state"));
    settle_logged(&empty, log, sizeof log);
    assert_non_null(strstr(log, "Redis is empty"));
    assert_null(strstr(log, "older"));
}

static void test_redis_falls_back(void **state)
{
    (void)state;
    projection_start();
    append_observed(0, 1);
    projection_settle();
    struct fake_redis older = fake_redis;
    append_observed(1, 1);
    append_requested(0);
    append_ended(0, EVENT_TASK_STOPPED);
    projection_settle();
    fake_redis = older;
    append_observed(2, 1);
    projection_settle();
    assert_int_equal(fake_redis.count, 3);
    /* Every minute it is compared, too. */
    fake_redis = older;
    projection.losses = 0;
    fake_loop_run(70 * 1000);
    assert_int_equal(projection.losses, 1);
    projection_check(true);
    assert_int_equal(fake_redis.count, 3);
}

static void test_a_base_is_lost(void **state)
{
    (void)state;
    append_observed(0, 1);
    append_observed(1, 1);
    projection_start();
    projection_settle();
    projection_stop();
    projection.committed = fake_log_end();
    fake_redis.bases[0] = fake_redis.bases[--fake_redis.count];
    append_requested(0);
    projection_start();
    projection_settle();
    assert_int_equal(fake_redis.count, 2);
}

static void test_out_of_range(void **state)
{
    (void)state;
    append_observed(0, 1);
    projection_start();
    projection_settle();
    projection_stop();
    for (int i = 0; i < 5; i++) {
        append_observed(0, 2 + i);
    }
    projection.committed = 1;
    fake_log_first = 3;
    projection_start();
    fake_loop_run(20000);
    assert_int_equal(projector_position(projection.projector), fake_log_end());
}

static void random_event(void)
{
    int task = rand() % TASKS;
    switch (rand() % 6) {
    case 0:
    case 1:
        append_observed(task, 1 + rand() % 4);
        break;
    case 2:
        append_requested(task);
        break;
    case 3:
        append_of_other_hosts(1 + rand() % 3);
        break;
    case 4:
        if (rand() % 4 == 0) {
            append_ended(task, rand() % 2 ? EVENT_TASK_GONE : EVENT_TASK_STOPPED);
        }
        break;
    default:
        fake_loop_run(rand() % 40);
        break;
    }
}

/* As void_base of redis_prelude.lua leaves a base that was found to be none. */
static void spoil_a_base(void)
{
    struct fake_base *base = &fake_redis.bases[rand() % TASKS];
    if (!base->terminal) {
        base->pos = base->reducer = 0;
        base->length = 0;
    }
}

static void random_fault(struct fake_redis *kept)
{
    switch (rand() % 8) {
    case 0:
        *kept = fake_redis;
        break;
    case 1:
        fake_redis = *kept;
        break;
    case 2:
        fake_redis_lose_answer = true;
        break;
    case 3:
        fake_redis_away = !fake_redis_away;
        break;
    case 4:
        memset(&fake_redis, 0, sizeof fake_redis);
        fake_redis.seen = -1;
        break;
    case 5:
        fake_redis_away = false;
        projection_stop();
        /* What is committed is folded and put, as far as the worker knew. */
        projection.committed = rand() % 2
                                   ? projection.committed
                                   : (fake_redis.seen < 0 ? projection.committed : fake_redis.seen);
        projection_start();
        break;
    case 6:
        spoil_a_base();
        break;
    default:
        projector_on_view_back(projection.projector);
        break;
    }
}

static void test_random_histories(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        static struct fake_redis kept;
        srand(seed);
        projection_begin(NULL);
        kept = fake_redis;
        projection.put_bytes = seed % 2 == 0 ? ROOM_BYTES : 0;
        append_observed(0, 1);
        projection_start();
        for (int i = 0; i < 60; i++) {
            random_event();
            if (rand() % 6 == 0) {
                random_fault(&kept);
            }
            if (i % 6 == 0) {
                projection_check(false);
            }
        }
        fake_redis_away = fake_redis_lose_answer = false;
        projector_on_view_back(projection.projector);
        fake_loop_run(20000);
        projection_check(true);
        projection_stop();
    }
}

static void test_the_log_was_begun_anew(void **state)
{
    (void)state;
    append_observed(0, 1);
    fake_redis.seen = 500;
    projection_start();
    fake_loop_run(5000);
    assert_int_equal(projection.changes, 1);
    assert_int_equal(fake_redis_puts, 0);
    assert_int_equal(fake_redis.seen, 500);
}

/* At a position that no record will ever reach, so that no put would be taken. */
static void test_a_base_that_cannot_be_read(void **state)
{
    struct fake_base *base = &fake_redis.bases[0];
    (void)state;
    append_observed(0, 1);
    append_observed(1, 1);
    projection_start();
    fake_loop_run(5000);
    projection_stop();
    base->pos = 999999;
    base->bytes[0] = '\xc1';
    projection_start();
    fake_loop_run(5000);
    projection_check(true);
    assert_int_not_equal(base->pos, 999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_restart_goes_on_at_seen),
        TEST(test_bases_of_an_older_reducer_are_folded_again),
        TEST(test_an_older_base_whose_records_are_gone_stays),
        TEST(test_a_lost_answer),
        TEST(test_redis_is_away_for_long),
        TEST(test_redis_is_emptied),
        TEST(test_an_empty_redis_is_not_said_to_be_older),
        TEST(test_redis_falls_back),
        TEST(test_a_base_is_lost),
        TEST(test_out_of_range),
        TEST(test_the_log_was_begun_anew),
        TEST(test_a_base_that_cannot_be_read),
        TEST(test_random_histories),
    };
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
