#ifndef TESTS_INTEGRATION_KAFKA_FIXTURE_H
#define TESTS_INTEGRATION_KAFKA_FIXTURE_H

/** librdkafka's mock cluster in this process, one broker, topic "t" with 3 partitions; and notes of
 *  what writer and reader told. */

#include <librdkafka/rdkafka.h>
/* After rdkafka.h, which it needs. */
#include <librdkafka/rdkafka_mock.h>

#include "common/io/kafka.h"

enum { KAFKA_FIXTURE_PARTITIONS = 3, KAFKA_FIXTURE_NOTES = 30000 };

struct kafka_fixture;
typedef void kafka_fixture_record_fn(struct kafka_fixture *f, const struct kafka_record *record);

struct kafka_fixture {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct loop *loop;
    struct kafka_config config;
    struct option_list options;
    struct kafka_writer *writer;
    struct kafka_reader *reader;
    /* What the writer told. */
    int delivered, failed;
    int64_t last_offset;
    struct error last_error;
    int stop_at_reports; /**< delivered + failed at which the loop stops; 0 = never */
    /* What the reader told. */
    int64_t offsets[KAFKA_FIXTURE_NOTES];
    int32_t partitions[KAFKA_FIXTURE_NOTES];
    int records;
    char key[64], value[64], traceparent[64]; /**< of the last */
    int ends, out_of_range;
    int64_t end_offset;
    int stop_at_records, stop_at_ends;
    kafka_fixture_record_fn *on_record; /**< called after the note; may be NULL */
    /* State of either. */
    int away, back;
    int stop_at_away, stop_at_back;
    char detail[256];
};

/** cmocka's set-up and tear-down: with the mock cluster. */
int kafka_fixture_set_up(void **state);
int kafka_fixture_tear_down(void **state);
/** For another broker than the mock cluster: address is borrowed. */
void kafka_fixture_begin(struct kafka_fixture *f, const char *address);
void kafka_fixture_end(struct kafka_fixture *f);

void kafka_fixture_writer(struct kafka_fixture *f, enum kafka_writer_kind kind, int64_t timeout_ms);
void kafka_fixture_reader(struct kafka_fixture *f, const char *topic, const char *group);
/** Sends a value with key "k"; a refusal is a failure. */
void kafka_fixture_send(struct kafka_fixture *f, const char *topic, int32_t partition,
                        const char *value);
/** Notes a report: what kafka_fixture_send passes. context is the fixture. */
void kafka_fixture_on_delivered(void *context, const struct error *error, int64_t offset);
/** Runs the loop until so many reports have come since the fixture began. */
void kafka_fixture_wait_reports(struct kafka_fixture *f, int count);
/** Writes "0", "1", ... and waits for the acknowledgements. */
void kafka_fixture_fill(struct kafka_fixture *f, int32_t partition, int count);
/** Runs the loop until a note has reached a count. */
void kafka_fixture_wait_records(struct kafka_fixture *f, int count);
void kafka_fixture_wait_ends(struct kafka_fixture *f, int count);
void kafka_fixture_wait_away(struct kafka_fixture *f, int count);
void kafka_fixture_wait_back(struct kafka_fixture *f, int count);

#endif
