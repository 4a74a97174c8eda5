/** The writer, against librdkafka's mock cluster, which errs on demand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/kafka_fixture.h"
#include "tests/integration/loop_wait.h"

enum { PRODUCE_REQUEST = 0, BROKER = 1 };

static int64_t now_ms(void)
{
    return clock_boot_ms(clock_system());
}

static void test_acknowledged_with_its_offset(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    kafka_fixture_send(f, "t", 2, "a");
    kafka_fixture_send(f, "t", 2, "b");
    assert_int_equal(f->delivered, 0);
    kafka_fixture_wait_reports(f, 2);
    assert_int_equal(f->delivered, 2);
    assert_int_equal(f->last_offset, 1);
    kafka_fixture_send(f, "t", 0, "c");
    kafka_fixture_wait_reports(f, 3);
    assert_int_equal(f->last_offset, 0);
}

static void assert_fails(struct kafka_fixture *f, enum error_code code)
{
    const int before = f->delivered + f->failed;

    kafka_fixture_wait_reports(f, before + 1);
    assert_int_equal(f->failed, 1);
    assert_int_equal(f->last_error.code, code);
    f->failed = f->delivered = 0;
}

static void test_an_unknown_partition_is_told_so(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_send(f, "t", 77, "a");
    assert_fails(f, ERROR_NOT_FOUND);
    assert_non_null(strstr(f->last_error.message, "77"));
    /* Known by now, and refused at once. */
    if (kafka_writer_send(f->writer, "t", 77, span_of("k"), span_of("v"), NULL, NULL, NULL,
                          &error) == 0) {
        fail_msg("partition 77 was accepted");
    }
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void test_too_large(void **state)
{
    struct kafka_fixture *f = *state;
    const size_t size = 2 * 1024 * 1024;
    char *large = calloc(1, size);
    struct error error = {0};

    assert_non_null(large);
    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    assert_int_equal(kafka_writer_send(f->writer, "t", 0, span_of("k"), (struct span){large, size},
                                       NULL, kafka_fixture_on_delivered, f, &error),
                     -1);
    assert_int_equal(error.code, ERROR_INVALID);
    /* What was refused is not reported, too. */
    kafka_fixture_send(f, "t", 0, "a");
    kafka_fixture_wait_reports(f, 1);
    assert_int_equal(f->delivered, 1);
    free(large);
}

static void test_a_permanent_refusal_ends_even_the_workers_tries(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    rd_kafka_mock_push_request_errors(f->cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    kafka_fixture_send(f, "t", 0, "a");
    assert_fails(f, ERROR_INVALID);
    rd_kafka_mock_push_request_errors(f->cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    kafka_fixture_send(f, "t", 0, "a");
    assert_fails(f, ERROR_UNAVAILABLE);
}

static void test_too_few_replicas_is_tried_again(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    rd_kafka_mock_push_request_errors(
        f->cluster, PRODUCE_REQUEST, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    kafka_fixture_send(f, "t", 0, "a");
    kafka_fixture_wait_reports(f, 1);
    assert_int_equal(f->delivered, 1);
}

static void test_an_api_writer_gives_up_in_time(void **state)
{
    struct kafka_fixture *f = *state;
    int64_t began_ms;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 1000);
    kafka_fixture_fill(f, 0, 1);
    (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
    began_ms = now_ms();
    for (int i = 0; i < 10; i++) {
        kafka_fixture_send(f, "t", 0, "a");
    }
    kafka_fixture_wait_reports(f, 11);
    assert_int_equal(f->failed, 10);
    assert_true(f->last_error.code == ERROR_UNAVAILABLE || f->last_error.code == ERROR_TIMEOUT);
    assert_true(now_ms() - began_ms >= 999);
    assert_true(now_ms() - began_ms < 4000);
}

/* An idle writer hears of both: nothing is sent between. */
static void test_away_and_back_are_told_once_each(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 1000);
    kafka_fixture_fill(f, 0, 1);
    for (int round = 1; round <= 2; round++) {
        (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
        kafka_fixture_wait_away(f, round);
        assert_non_null(strstr(f->detail, "127.0.0.1"));
        assert_false(loop_wait_for(f->loop, 1500));
        (void)rd_kafka_mock_broker_set_up(f->cluster, BROKER);
        kafka_fixture_wait_back(f, round);
        assert_int_equal(f->away, round);
    }
    kafka_fixture_fill(f, 0, 1);
    assert_int_equal(f->back, 2);
}

static void test_a_broker_back_within_the_second_is_no_news(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 5000);
    kafka_fixture_fill(f, 0, 1);
    (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
    assert_false(loop_wait_for(f->loop, 100));
    (void)rd_kafka_mock_broker_set_up(f->cluster, BROKER);
    kafka_fixture_fill(f, 0, 1);
    assert_false(loop_wait_for(f->loop, 1500));
    assert_int_equal(f->away + f->back, 0);
}

static void test_nobody_at_the_address_is_away(void **state)
{
    struct kafka_fixture *f = *state;

    f->config.brokers = "127.0.0.1:1";
    kafka_fixture_writer(f, KAFKA_WRITER_API, 1000);
    kafka_fixture_wait_away(f, 1);
    assert_non_null(strstr(f->detail, "refused"));
    kafka_fixture_send(f, "t", 0, "a");
    assert_fails(f, ERROR_UNAVAILABLE);
}

static void test_a_workers_records_wait_and_keep_their_order(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    char value[16];

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_fill(f, 0, 1);
    (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
    for (int i = 1; i <= 200; i++) {
        (void)snprintf(value, sizeof value, "%d", i);
        kafka_fixture_send(f, "t", 0, value);
    }
    kafka_fixture_wait_away(f, 1);
    assert_false(loop_wait_for(f->loop, 1500));
    assert_int_equal(f->delivered, 1);
    (void)rd_kafka_mock_broker_set_up(f->cluster, BROKER);
    kafka_fixture_wait_reports(f, 201);
    assert_int_equal(f->delivered, 201);
    assert_int_equal(f->last_offset, 200);
    kafka_fixture_reader(f, "t", NULL);
    assert_int_equal(kafka_reader_assign(f->reader, 0, 0, 1000, &error), 0);
    kafka_fixture_wait_records(f, 201);
    assert_string_equal(f->value, "200");
}

static void test_the_queue_is_bounded(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int accepted = 0;

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_fill(f, 0, 1);
    (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
    while (kafka_writer_send(f->writer, "t", 0, span_of("k"), span_of("v"), NULL,
                             kafka_fixture_on_delivered, f, &error) == 0) {
        accepted++;
    }
    assert_int_equal(error.code, ERROR_FULL);
    assert_true(accepted >= 19000 && accepted <= 20001);
    /* None of those is lost. */
    (void)rd_kafka_mock_broker_set_up(f->cluster, BROKER);
    kafka_fixture_wait_reports(f, 1 + accepted);
    assert_int_equal(f->delivered, 1 + accepted);
    assert_int_equal(f->last_offset, accepted);
}

static void test_freeing_does_not_wait_for_ever_and_calls_nobody(void **state)
{
    struct kafka_fixture *f = *state;
    int64_t began_ms;

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_fill(f, 0, 1);
    (void)rd_kafka_mock_broker_set_down(f->cluster, BROKER);
    for (int i = 0; i < 100; i++) {
        kafka_fixture_send(f, "t", 0, "a");
    }
    began_ms = now_ms();
    kafka_writer_free(f->writer, 300);
    f->writer = NULL;
    assert_true(now_ms() - began_ms >= 299);
    assert_true(now_ms() - began_ms < 5000);
    assert_int_equal(f->delivered, 1);
    assert_int_equal(f->failed, 0);
}

static void test_freeing_flushes(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int64_t first, next = 0;

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    for (int i = 0; i < 100; i++) {
        kafka_fixture_send(f, "t", 0, "a");
    }
    kafka_writer_free(f->writer, 10000);
    f->writer = NULL;
    assert_int_equal(f->delivered + f->failed, 0);
    kafka_fixture_reader(f, "t", NULL);
    assert_int_equal(kafka_reader_bounds(f->reader, 0, 5000, &first, &next, &error), 0);
    assert_int_equal(next, 100);
}

static void assert_refused(struct kafka_fixture *f, const char *option, const char *word)
{
    char text[128];
    char *items[] = {text};
    struct option_list options = {items, 1};
    struct kafka_config config = f->config;
    struct error error = {0};

    (void)snprintf(text, sizeof text, "%s", option);
    config.options = &options;
    assert_null(kafka_writer_new(f->loop, &config, KAFKA_WRITER_API, 1000, NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    if (strstr(error.message, word) == NULL) {
        fail_msg("\"%s\" does not say %s", error.message, word);
    }
}

static void test_options_that_are_refused(void **state)
{
    struct kafka_fixture *f = *state;

    assert_refused(f, "acks=1", "acks");
    assert_refused(f, "request.required.acks=0", "request.required.acks");
    assert_refused(f, "no.such.thing=1", "no.such.thing");
    assert_refused(f, "socket.timeout.ms=soon", "socket.timeout.ms");
    assert_refused(f, "nothing", "name=value");
    assert_refused(f, "=1", "name=value");
    f->config.brokers = "";
    assert_refused(f, "socket.timeout.ms=1000", "no Kafka brokers");
}

int main(void)
{
#define WRITER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, kafka_fixture_set_up, kafka_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WRITER_TEST(test_acknowledged_with_its_offset),
        WRITER_TEST(test_an_unknown_partition_is_told_so),
        WRITER_TEST(test_too_large),
        WRITER_TEST(test_a_permanent_refusal_ends_even_the_workers_tries),
        WRITER_TEST(test_too_few_replicas_is_tried_again),
        WRITER_TEST(test_an_api_writer_gives_up_in_time),
        WRITER_TEST(test_away_and_back_are_told_once_each),
        WRITER_TEST(test_a_broker_back_within_the_second_is_no_news),
        WRITER_TEST(test_nobody_at_the_address_is_away),
        WRITER_TEST(test_a_workers_records_wait_and_keep_their_order),
        WRITER_TEST(test_the_queue_is_bounded),
        WRITER_TEST(test_freeing_does_not_wait_for_ever_and_calls_nobody),
        WRITER_TEST(test_freeing_flushes),
        WRITER_TEST(test_options_that_are_refused),
    };

    return cmocka_run_group_tests_name("kafka_writer", tests, NULL, NULL);
}
