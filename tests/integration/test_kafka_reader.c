/** The reader, against librdkafka's mock cluster. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/kafka_fixture.h"
#include "tests/integration/loop_wait.h"

enum { ASK_MS = 5000 };

static void assign(struct kafka_fixture *f, int32_t partition, int64_t offset)
{
    struct error error = {0};

    if (kafka_reader_assign(f->reader, partition, offset, ASK_MS, &error) < 0) {
        fail_msg("could not assign: %s", error.message);
    }
}

static void open_filled(struct kafka_fixture *f, int count)
{
    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    kafka_fixture_reader(f, "t", NULL);
    kafka_fixture_fill(f, 1, count);
}

/* Every note from `first` on counts up by one from `offset`. */
static void assert_run(const struct kafka_fixture *f, int first, int64_t offset, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(f->offsets[first + i], offset + i);
    }
}

static void ignore_delivery(void *context, const struct error *error, int64_t offset)
{
    (void)context;
    (void)error;
    (void)offset;
}

static void test_records_come_as_they_were_written(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};

    open_filled(f, 2);
    assert_int_equal(kafka_writer_send(f->writer, "t", 1, span_of("host"), span_of("value"),
                                       "00-abc-def-01", ignore_delivery, NULL, &error),
                     0);
    assign(f, 1, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_records(f, 3);
    assert_run(f, 0, 0, 3);
    assert_int_equal(f->partitions[2], 1);
    assert_string_equal(f->key, "host");
    assert_string_equal(f->value, "value");
    assert_string_equal(f->traceparent, "00-abc-def-01");
}

static void test_the_end_is_told_again_after_more(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 5);
    assign(f, 1, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_ends(f, 1);
    assert_int_equal(f->records, 5);
    assert_int_equal(f->end_offset, 5);
    kafka_fixture_fill(f, 1, 1);
    kafka_fixture_wait_ends(f, 2);
    assert_int_equal(f->end_offset, 6);
    assert_string_equal(f->traceparent, "");
}

static void test_an_empty_partition_ends_at_once(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_reader(f, "t", NULL);
    assign(f, 0, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_ends(f, 1);
    assert_int_equal(f->end_offset, 0);
    assert_int_equal(f->records, 0);
}

static void test_from_an_offset_and_from_the_end(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 10);
    assign(f, 1, 7);
    kafka_fixture_wait_ends(f, 1);
    assert_int_equal(f->records, 3);
    assert_run(f, 0, 7, 3);
    assign(f, 1, KAFKA_OFFSET_END);
    kafka_fixture_wait_ends(f, 2);
    assert_int_equal(f->records, 3);
    assert_int_equal(f->end_offset, 10);
    assign(f, 1, 10);
    kafka_fixture_wait_ends(f, 3);
    assert_int_equal(f->records, 3);
    kafka_fixture_fill(f, 1, 1);
    kafka_fixture_wait_records(f, 4);
    assert_int_equal(f->offsets[3], 10);
}

static void test_all_partitions(void **state)
{
    struct kafka_fixture *f = *state;
    int seen[KAFKA_FIXTURE_PARTITIONS] = {0};

    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    kafka_fixture_reader(f, "t", NULL);
    for (int32_t i = 0; i < KAFKA_FIXTURE_PARTITIONS; i++) {
        kafka_fixture_fill(f, i, 10);
    }
    assign(f, KAFKA_PARTITION_ALL, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_ends(f, KAFKA_FIXTURE_PARTITIONS);
    assert_int_equal(f->records, 10 * KAFKA_FIXTURE_PARTITIONS);
    for (int i = 0; i < f->records; i++) {
        assert_int_equal(f->offsets[i], seen[f->partitions[i]]);
        seen[f->partitions[i]]++;
    }
}

static void jump(struct kafka_fixture *f, const struct kafka_record *record)
{
    (void)record;
    if (f->records == 100) {
        assign(f, 1, 4000);
    } else if (f->records == 200) {
        assign(f, 1, 0);
    } else if (f->records == 300) {
        assign(f, 1, 50);
    } else if (f->records == 400) {
        assign(f, 2, 0);
    }
}

/* Thousands of records are queued when the assignment changes under them. */
static void test_nothing_of_an_earlier_assignment_comes(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 5000);
    kafka_fixture_fill(f, 2, 10);
    f->on_record = jump;
    assign(f, 1, 10);
    kafka_fixture_wait_records(f, 410);
    assert_run(f, 0, 10, 100);
    assert_run(f, 100, 4000, 100);
    assert_run(f, 200, 0, 100);
    assert_run(f, 300, 50, 100);
    assert_run(f, 400, 0, 10);
    assert_int_equal(f->partitions[399], 1);
    assert_int_equal(f->partitions[400], 2);
}

/* From outside a callback, at any time of the fetching. */
static void test_assignments_in_quick_order(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 3000);
    for (int round = 0; round < 50; round++) {
        const int64_t offset = (round * 977) % 2900;

        f->records = 0;
        assign(f, 1, offset);
        kafka_fixture_wait_records(f, 1 + round);
        assert_run(f, 0, offset, 1 + round);
    }
}

static void resume(void *context)
{
    struct kafka_fixture *f = context;

    kafka_reader_resume(f->reader);
}

static struct loop_timer *resume_timer;

static void pause_now_and_then(struct kafka_fixture *f, const struct kafka_record *record)
{
    if (record->offset % 500 == 499) {
        kafka_reader_pause(f->reader);
        loop_timer_arm(resume_timer, 5);
    }
}

static void test_pauses_lose_and_repeat_nothing(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 10000);
    resume_timer = loop_timer_new(f->loop, resume, f);
    f->on_record = pause_now_and_then;
    assign(f, 1, 0);
    kafka_fixture_wait_records(f, 10000);
    assert_run(f, 0, 0, 10000);
    loop_timer_free(resume_timer);
}

static void test_a_paused_reader_is_silent(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 10);
    assign(f, 1, 0);
    kafka_reader_pause(f->reader);
    assert_false(loop_wait_for(f->loop, 300));
    assert_int_equal(f->records + f->ends, 0);
    kafka_reader_resume(f->reader);
    kafka_fixture_wait_ends(f, 1);
    assert_run(f, 0, 0, 10);
}

static void test_out_of_range_stands_still_until_assigned_anew(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 10);
    assign(f, 1, 5000);
    assert_true(loop_wait(f->loop));
    assert_int_equal(f->out_of_range, 1);
    assert_non_null(strstr(f->detail, "out of range"));
    assert_false(loop_wait_for(f->loop, 300));
    assert_int_equal(f->out_of_range, 1);
    assert_int_equal(f->records + f->away, 0);
    assign(f, 1, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_records(f, 10);
    assert_run(f, 0, 0, 10);
}

static void test_bounds(void **state)
{
    struct kafka_fixture *f = *state;
    int64_t first = -7, next = -7;
    struct error error = {0};

    open_filled(f, 10);
    assert_int_equal(kafka_reader_bounds(f->reader, 1, ASK_MS, &first, &next, &error), 0);
    assert_int_equal(first, 0);
    assert_int_equal(next, 10);
    assert_int_equal(kafka_reader_bounds(f->reader, 77, 1000, &first, &next, &error), -1);
    assert_true(error.code == ERROR_NOT_FOUND || error.code == ERROR_TIMEOUT);
}

static void test_what_is_committed_outlives_the_reader(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int64_t offset = -7;

    kafka_fixture_reader(f, "t", "stopfleet-worker.h1");
    assert_int_equal(kafka_reader_committed(f->reader, 1, ASK_MS, &offset, &error), 0);
    assert_int_equal(offset, -1);
    assign(f, 1, KAFKA_OFFSET_BEGINNING);
    assert_int_equal(kafka_reader_commit(f->reader, 1, 42, &error), 0);
    do {
        assert_int_equal(kafka_reader_committed(f->reader, 1, ASK_MS, &offset, &error), 0);
    } while (offset != 42);
    kafka_reader_free(f->reader);
    kafka_fixture_reader(f, "t", "stopfleet-worker.h1");
    assert_int_equal(kafka_reader_committed(f->reader, 1, ASK_MS, &offset, &error), 0);
    assert_int_equal(offset, 42);
    assert_int_equal(kafka_reader_committed(f->reader, 2, ASK_MS, &offset, &error), 0);
    assert_int_equal(offset, -1);
}

static void test_a_reader_without_a_group_does_not_commit(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};

    kafka_fixture_reader(f, "t", NULL);
    assert_int_equal(kafka_reader_commit(f->reader, 1, 42, &error), -1);
    assert_int_equal(error.code, ERROR_BUG);
}

static void test_an_unknown_partition(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_reader(f, "t", NULL);
    assign(f, 77, 0);
    kafka_fixture_wait_away(f, 1);
    assign(f, 0, 0);
    kafka_fixture_wait_back(f, 1);
    assert_int_equal(f->away, 1);
}

static void test_the_broker_goes_away_and_comes_back(void **state)
{
    struct kafka_fixture *f = *state;

    open_filled(f, 10);
    assign(f, 1, KAFKA_OFFSET_BEGINNING);
    kafka_fixture_wait_ends(f, 1);
    kafka_writer_free(f->writer, 0);
    f->writer = NULL;
    (void)rd_kafka_mock_broker_set_down(f->cluster, 1);
    kafka_fixture_wait_away(f, 1);
    assert_non_null(strstr(f->detail, "127.0.0.1"));
    assert_false(loop_wait_for(f->loop, 1500));
    assert_int_equal(f->away, 1);
    (void)rd_kafka_mock_broker_set_up(f->cluster, 1);
    kafka_fixture_wait_back(f, 1);
    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    kafka_fixture_fill(f, 1, 5);
    kafka_fixture_wait_records(f, 15);
    assert_run(f, 0, 0, 15);
    assert_int_equal(f->away, 1);
    assert_int_equal(f->back, 1);
    assert_int_equal(f->out_of_range, 0);
}

static void test_nobody_at_the_address(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int64_t first, next;

    f->config.brokers = "127.0.0.1:1";
    kafka_fixture_reader(f, "t", "g");
    assert_int_equal(kafka_reader_bounds(f->reader, 0, 300, &first, &next, &error), -1);
    assert_true(error.code == ERROR_TIMEOUT || error.code == ERROR_UNAVAILABLE);
    assert_int_equal(kafka_reader_committed(f->reader, 0, 300, &first, &error), -1);
    assert_true(error.code == ERROR_TIMEOUT || error.code == ERROR_UNAVAILABLE);
    assert_int_equal(kafka_reader_assign(f->reader, KAFKA_PARTITION_ALL, 0, 300, &error), -1);
    assert_true(error.code == ERROR_TIMEOUT || error.code == ERROR_UNAVAILABLE);
    assign(f, 0, 0);
    kafka_fixture_wait_away(f, 1);
    assert_non_null(strstr(f->detail, "refused"));
}

int main(void)
{
#define READER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, kafka_fixture_set_up, kafka_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        READER_TEST(test_records_come_as_they_were_written),
        READER_TEST(test_the_end_is_told_again_after_more),
        READER_TEST(test_an_empty_partition_ends_at_once),
        READER_TEST(test_from_an_offset_and_from_the_end),
        READER_TEST(test_all_partitions),
        READER_TEST(test_nothing_of_an_earlier_assignment_comes),
        READER_TEST(test_assignments_in_quick_order),
        READER_TEST(test_pauses_lose_and_repeat_nothing),
        READER_TEST(test_a_paused_reader_is_silent),
        READER_TEST(test_out_of_range_stands_still_until_assigned_anew),
        READER_TEST(test_bounds),
        READER_TEST(test_what_is_committed_outlives_the_reader),
        READER_TEST(test_a_reader_without_a_group_does_not_commit),
        READER_TEST(test_an_unknown_partition),
        READER_TEST(test_the_broker_goes_away_and_comes_back),
        READER_TEST(test_nobody_at_the_address),
    };

    return cmocka_run_group_tests_name("kafka_reader", tests, NULL, NULL);
}
