/** What only a real Kafka does: topics and their settings; and once the whole way of a record. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/kafka_fixture.h"
#include "tests/integration/loop_wait.h"
#include "tests/support/server_control.h"

enum { ASK_MS = 10000 };

static struct kafka_fixture fixture;

static int set_up(void **state)
{
    fixture = (struct kafka_fixture){0};
    kafka_fixture_begin(&fixture, server_control_address("STOPFLEET_TEST_KAFKA"));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    kafka_fixture_end(*state);
    return 0;
}

static const struct kafka_topic_wish EVENTS = {
    .name = "events",
    .partitions = 3,
    .replication = 1,
    .min_insync_replicas = 1,
    .kept_for_ever = true,
};

static void create(struct kafka_fixture *f, const struct kafka_topic_wish *wish, bool expected)
{
    struct error error = {0};
    bool created = !expected;

    if (kafka_topic_create(&f->config, wish, ASK_MS, &created, &error) < 0) {
        fail_msg("could not create %s: %s", wish->name, error.message);
    }
    assert_int_equal(created, expected);
}

/* The problems of a topic, as text. */
static const char *check(struct kafka_fixture *f, const struct kafka_topic_wish *wish)
{
    static char text[2048];
    struct error error = {0};
    struct buffer problems;
    int32_t partitions = 0;

    buffer_init(&problems, sizeof text - 1);
    if (kafka_topic_check(&f->config, wish, ASK_MS, &partitions, &problems, &error) < 0) {
        fail_msg("could not check %s: %s", wish->name, error.message);
    }
    assert_true(partitions > 0);
    (void)snprintf(text, sizeof text, "%s", problems.data != NULL ? problems.data : "");
    buffer_release(&problems);
    return text;
}

static void test_topics_are_made_once_and_as_wished(void **state)
{
    static const struct kafka_topic_wish HOSTS = {
        .name = "hosts",
        .partitions = 1,
        .replication = 1,
        .min_insync_replicas = 1,
        .compacted = true,
    };
    struct kafka_fixture *f = *state;

    create(f, &EVENTS, true);
    create(f, &EVENTS, false);
    create(f, &HOSTS, true);
    assert_string_equal(check(f, &EVENTS), "");
    assert_string_equal(check(f, &HOSTS), "");
}

static void test_settings_that_lose_records_are_named(void **state)
{
    static const struct kafka_topic_wish MADE = {
        .name = "loose", .partitions = 1, .replication = 1, .min_insync_replicas = 1};
    static const struct kafka_topic_wish WANTED = {.name = "loose",
                                                   .partitions = 2,
                                                   .replication = 3,
                                                   .min_insync_replicas = 2,
                                                   .kept_for_ever = true};
    static const struct kafka_topic_wish COMPACT = {.name = "loose",
                                                    .partitions = 1,
                                                    .replication = 1,
                                                    .min_insync_replicas = 1,
                                                    .compacted = true};
    struct kafka_fixture *f = *state;

    create(f, &MADE, true);
    assert_non_null(
        strstr(check(f, &WANTED), "loose: partition count is 1, should be at least 2\n"));
    assert_non_null(
        strstr(check(f, &WANTED), "loose: replication factor is 1, should be at least 3"));
    assert_non_null(strstr(check(f, &WANTED), "loose: min.insync.replicas is 1, should be"));
    assert_non_null(strstr(check(f, &WANTED), "loose: retention.ms is 604800000, should be -1"));
    assert_string_equal(check(f, &COMPACT), "loose: cleanup.policy is delete, should be compact\n");
}

static void test_a_wish_that_the_broker_refuses(void **state)
{
    static const struct kafka_topic_wish WISH = {
        .name = "many", .partitions = 1, .replication = 3, .min_insync_replicas = 1};
    struct kafka_fixture *f = *state;
    struct error error = {0};
    bool created;

    assert_int_equal(kafka_topic_create(&f->config, &WISH, ASK_MS, &created, &error), -1);
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.message, "many"));
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    rd_kafka_resp_err_t *result = opaque;
    (void)rk;
    *result = message->err;
}

/* Kafka 4.0 refuses a client's time that is more than an hour ahead. */
static void test_a_host_whose_clock_is_a_day_ahead(void **state)
{
    static const struct kafka_topic_wish WISH = {
        .name = "ahead", .partitions = 1, .replication = 1, .min_insync_replicas = 1};
    static const int64_t DAY_MS = INT64_C(86400000);
    struct kafka_fixture *f = *state;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR__IN_PROGRESS;
    char reason[256];

    create(f, &WISH, true);
    rd_kafka_conf_set_opaque(conf, &result);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers",
                                       server_control_address("STOPFLEET_TEST_KAFKA"), reason,
                                       sizeof reason),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(rk);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = WISH.name},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = 0},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = clock_wall_ms(clock_system()) + DAY_MS},
    };
    assert_null(rd_kafka_produceva(rk, parts, sizeof parts / sizeof *parts));
    assert_int_equal(rd_kafka_flush(rk, ASK_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
    assert_int_equal(result, RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void test_a_topic_that_is_not_there(void **state)
{
    static const struct kafka_topic_wish WISH = {
        .name = "absent", .partitions = 1, .replication = 1, .min_insync_replicas = 1};
    struct kafka_fixture *f = *state;
    struct error error = {0};
    struct buffer problems;
    int32_t partitions;

    buffer_init(&problems, 1000);
    for (int i = 0; i < 2; i++) {
        /* Asking twice: the question does not make it. */
        assert_int_equal(
            kafka_topic_check(&f->config, &WISH, ASK_MS, &partitions, &problems, &error), -1);
        assert_int_equal(error.code, ERROR_NOT_FOUND);
    }
    buffer_release(&problems);
    kafka_fixture_reader(f, "absent", NULL);
    assert_int_equal(
        kafka_reader_assign(f->reader, KAFKA_PARTITION_ALL, KAFKA_OFFSET_BEGINNING, ASK_MS, &error),
        -1);
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_equal(kafka_reader_assign(f->reader, 0, 0, ASK_MS, &error), 0);
    kafka_fixture_wait_away(f, 1);
}

static void test_written_read_committed(void **state)
{
    static const struct kafka_topic_wish WAY = {
        .name = "way", .partitions = 2, .replication = 1, .min_insync_replicas = 1};
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int64_t offset = -7, first = -7, next = -7;

    create(f, &WAY, true);
    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    for (int i = 0; i < 1000; i++) {
        kafka_fixture_send(f, "way", 1, "value");
    }
    kafka_fixture_wait_reports(f, 1000);
    assert_int_equal(f->delivered, 1000);
    assert_int_equal(f->last_offset, 999);
    kafka_fixture_reader(f, "way", "stopfleet-worker.h1");
    assert_int_equal(kafka_reader_committed(f->reader, 1, ASK_MS, &offset, &error), 0);
    assert_int_equal(offset, -1);
    assert_int_equal(kafka_reader_assign(f->reader, 1, 0, ASK_MS, &error), 0);
    kafka_fixture_wait_ends(f, 1);
    assert_int_equal(f->records, 1000);
    assert_int_equal(f->end_offset, 1000);
    assert_int_equal(kafka_reader_commit(f->reader, 1, 600, &error), 0);
    do {
        assert_int_equal(kafka_reader_committed(f->reader, 1, ASK_MS, &offset, &error), 0);
    } while (offset != 600);
    assert_int_equal(kafka_reader_bounds(f->reader, 1, ASK_MS, &first, &next, &error), 0);
    assert_int_equal(first, 0);
    assert_int_equal(next, 1000);
    assert_int_equal(kafka_reader_assign(f->reader, 1, 5000, ASK_MS, &error), 0);
    assert_true(loop_wait(f->loop));
    assert_int_equal(f->out_of_range, 1);
}

static void test_killed_and_started_again(void **state)
{
    static const struct kafka_topic_wish KEPT = {
        .name = "kept", .partitions = 1, .replication = 1, .min_insync_replicas = 1};
    struct kafka_fixture *f = *state;
    struct error error = {0};

    create(f, &KEPT, true);
    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_send(f, "kept", 0, "before");
    kafka_fixture_wait_reports(f, 1);
    server_control("kafka kill");
    kafka_fixture_wait_away(f, 1);
    kafka_fixture_send(f, "kept", 0, "meanwhile");
    server_control("kafka start");
    kafka_fixture_wait_back(f, 1);
    kafka_fixture_wait_reports(f, 2);
    assert_int_equal(f->delivered, 2);
    kafka_fixture_reader(f, "kept", NULL);
    assert_int_equal(kafka_reader_assign(f->reader, 0, KAFKA_OFFSET_BEGINNING, ASK_MS, &error), 0);
    kafka_fixture_wait_records(f, 2);
    assert_string_equal(f->value, "meanwhile");
}

int main(void)
{
#define REAL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        REAL_TEST(test_topics_are_made_once_and_as_wished),
        REAL_TEST(test_settings_that_lose_records_are_named),
        REAL_TEST(test_a_wish_that_the_broker_refuses),
        REAL_TEST(test_a_host_whose_clock_is_a_day_ahead),
        REAL_TEST(test_a_topic_that_is_not_there),
        REAL_TEST(test_written_read_committed),
        REAL_TEST(test_killed_and_started_again),
    };

    return cmocka_run_group_tests_name("kafka_real", tests, NULL, NULL);
}
