#include "tests/integration/kafka_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/loop_wait.h"

static void on_state(void *context, enum kafka_state state, const char *detail)
{
    struct kafka_fixture *f = context;

    f->away += state == KAFKA_AWAY;
    f->back += state == KAFKA_BACK;
    (void)snprintf(f->detail, sizeof f->detail, "%s", detail);
    if ((f->stop_at_away > 0 && f->away >= f->stop_at_away) ||
        (f->stop_at_back > 0 && f->back >= f->stop_at_back)) {
        loop_stop(f->loop, 0);
    }
}

static void copy(char target[64], struct span text)
{
    (void)snprintf(target, 64, "%.*s", (int)text.length, text.data != NULL ? text.data : "");
}

static void on_record(void *context, const struct kafka_record *record)
{
    struct kafka_fixture *f = context;

    assert_true(f->records < KAFKA_FIXTURE_NOTES);
    f->offsets[f->records] = record->offset;
    f->partitions[f->records] = record->partition;
    f->records++;
    copy(f->key, record->key);
    copy(f->value, record->value);
    copy(f->traceparent, record->traceparent);
    assert_true(record->timestamp_unix_ms > 1600000000000);
    if (f->on_record != NULL) {
        f->on_record(f, record);
    }
    if (f->stop_at_records > 0 && f->records >= f->stop_at_records) {
        loop_stop(f->loop, 0);
    }
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    struct kafka_fixture *f = context;

    assert_true(partition >= 0);
    f->ends++;
    f->end_offset = next_offset;
    if (f->stop_at_ends > 0 && f->ends >= f->stop_at_ends) {
        loop_stop(f->loop, 0);
    }
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct kafka_fixture *f = context;

    assert_true(partition >= 0);
    f->out_of_range++;
    (void)snprintf(f->detail, sizeof f->detail, "%s", detail);
    loop_stop(f->loop, 0);
}

void kafka_fixture_on_delivered(void *context, const struct error *error, int64_t offset)
{
    struct kafka_fixture *f = context;

    if (error == NULL) {
        f->delivered++;
        f->last_offset = offset;
    } else {
        f->failed++;
        f->last_error = *error;
    }
    if (f->stop_at_reports > 0 && f->delivered + f->failed >= f->stop_at_reports) {
        loop_stop(f->loop, 0);
    }
}

void kafka_fixture_begin(struct kafka_fixture *f, const char *address)
{
    f->loop = loop_new(NULL);
    assert_non_null(f->loop);
    f->config =
        (struct kafka_config){.brokers = address, .client_id = "test", .options = &f->options};
}

void kafka_fixture_end(struct kafka_fixture *f)
{
    kafka_writer_free(f->writer, 0);
    kafka_reader_free(f->reader);
    loop_free(f->loop);
}

int kafka_fixture_set_up(void **state)
{
    /* The mock cluster wakes a waiting fetch only at the end of its time. */
    static char fast_fetch[] = "fetch.wait.max.ms=5";
    static char *options[] = {fast_fetch};
    static struct kafka_fixture fixture;
    struct kafka_fixture *f = &fixture;
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    *f = (struct kafka_fixture){.options = {.items = options, .count = 1}};
    *state = f;
    (void)rd_kafka_conf_set(conf, "log_level", "3", reason, sizeof reason);
    f->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(f->rk);
    f->cluster = rd_kafka_mock_cluster_new(f->rk, 1);
    assert_non_null(f->cluster);
    (void)rd_kafka_mock_topic_create(f->cluster, "t", KAFKA_FIXTURE_PARTITIONS, 1);
    kafka_fixture_begin(f, rd_kafka_mock_cluster_bootstraps(f->cluster));
    return 0;
}

int kafka_fixture_tear_down(void **state)
{
    struct kafka_fixture *f = *state;

    kafka_fixture_end(f);
    rd_kafka_mock_cluster_destroy(f->cluster);
    rd_kafka_destroy(f->rk);
    return 0;
}

void kafka_fixture_writer(struct kafka_fixture *f, enum kafka_writer_kind kind, int64_t timeout_ms)
{
    struct error error = {0};

    f->writer = kafka_writer_new(f->loop, &f->config, kind, timeout_ms, on_state, f, &error);
    if (f->writer == NULL) {
        fail_msg("no writer: %s", error.message);
    }
}

void kafka_fixture_reader(struct kafka_fixture *f, const char *topic, const char *group)
{
    static const struct kafka_reader_callbacks CALLBACKS = {on_record, on_end, on_out_of_range,
                                                            on_state};
    struct error error = {0};

    f->reader = kafka_reader_new(f->loop, &f->config, topic, group, &CALLBACKS, f, &error);
    if (f->reader == NULL) {
        fail_msg("no reader: %s", error.message);
    }
}

void kafka_fixture_send(struct kafka_fixture *f, const char *topic, int32_t partition,
                        const char *value)
{
    struct error error = {0};

    if (kafka_writer_send(f->writer, topic, partition, span_of("k"), span_of(value), NULL,
                          kafka_fixture_on_delivered, f, &error) < 0) {
        fail_msg("could not send: %s", error.message);
    }
}

/* Runs the loop until *count reaches its aim. */
static void wait_for(struct kafka_fixture *f, const int *count, int *stop_at, int aim)
{
    *stop_at = aim;
    while (*count < aim) {
        if (!loop_wait(f->loop)) {
            fail_msg("%d of %d came in time", *count, aim);
        }
    }
    *stop_at = 0;
}

void kafka_fixture_wait_reports(struct kafka_fixture *f, int count)
{
    f->stop_at_reports = count;
    while (f->delivered + f->failed < count) {
        if (!loop_wait(f->loop)) {
            fail_msg("%d of %d reports came in time", f->delivered + f->failed, count);
        }
    }
    f->stop_at_reports = 0;
}

void kafka_fixture_fill(struct kafka_fixture *f, int32_t partition, int count)
{
    const int before = f->delivered + f->failed;
    char value[16];

    for (int i = 0; i < count; i++) {
        (void)snprintf(value, sizeof value, "%d", i);
        kafka_fixture_send(f, "t", partition, value);
    }
    kafka_fixture_wait_reports(f, before + count);
    assert_int_equal(f->failed, 0);
}

void kafka_fixture_wait_records(struct kafka_fixture *f, int count)
{
    wait_for(f, &f->records, &f->stop_at_records, count);
}

void kafka_fixture_wait_ends(struct kafka_fixture *f, int count)
{
    wait_for(f, &f->ends, &f->stop_at_ends, count);
}

void kafka_fixture_wait_away(struct kafka_fixture *f, int count)
{
    wait_for(f, &f->away, &f->stop_at_away, count);
}

void kafka_fixture_wait_back(struct kafka_fixture *f, int count)
{
    wait_for(f, &f->back, &f->stop_at_back, count);
}
