#include "worker/audit/topic_scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop.h"

/* What a running scan keeps. */
struct scan_state {
    const struct topic_scan *what;
    struct loop *loop;
    struct kafka_reader *reader;
    struct loop_timer *begin, *silence;
    int32_t partitions;
    int64_t *ends; /**< each partition's next offset as the scan began; -1: it was reached */
    int32_t ended; /**< partitions whose end was reached */
    bool interrupted;
    char away[200];
    struct error *err;
};

enum { SCAN_DONE = 1, SCAN_FAILED };

static void still_alive(struct scan_state *scan)
{
    if (scan->ended < scan->partitions || !scan->what->follow) {
        loop_timer_arm(scan->silence, scan->what->options->timeout_ms);
    } else {
        loop_timer_disarm(scan->silence);
    }
}

/* The end is where it was as the scan began: a log that is written to all the time would have no other. */
static void on_position(struct scan_state *scan, int32_t partition, int64_t next_offset)
{
    if (partition >= 0 && partition < scan->partitions && scan->ends[partition] >= 0 &&
        next_offset >= scan->ends[partition]) {
        scan->ends[partition] = -1;
        scan->ended++;
    }
    still_alive(scan);
    if (scan->ended == scan->partitions && !scan->what->follow) {
        loop_stop(scan->loop, SCAN_DONE);
    }
}

static void on_record(void *context, const struct kafka_record *record)
{
    struct scan_state *scan = context;
    if (scan->what->on_record(scan->what->context, record, scan->err) != 0) {
        kafka_reader_pause(scan->reader);
        loop_stop(scan->loop, SCAN_FAILED);
        return;
    }
    on_position(scan, record->partition, record->offset + 1);
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    on_position(context, partition, next_offset);
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct scan_state *scan = context;
    error_set(scan->err, ERROR_CORRUPT, "partition %d cannot be read from its beginning: %s",
              (int)partition, detail);
    loop_stop(scan->loop, SCAN_FAILED);
}

static void on_state(void *context, enum kafka_state state, const char *detail)
{
    struct scan_state *scan = context;
    if (state == KAFKA_AWAY) {
        snprintf(scan->away, sizeof scan->away, "%s",
                 detail == NULL ? "no broker answers" : detail);
    } else {
        scan->away[0] = '\0';
    }
}

static void on_silence(void *context)
{
    struct scan_state *scan = context;
    error_set(scan->err, ERROR_UNAVAILABLE,
              "Kafka at \"%s\" was silent for %lld ms before the end of the log was reached%s%s",
              scan->what->options->kafka_brokers, (long long)scan->what->options->timeout_ms,
              scan->away[0] == '\0' ? "" : ": ", scan->away);
    loop_stop(scan->loop, SCAN_FAILED);
}

static void on_signal(int signal_number, void *context)
{
    struct scan_state *scan = context;
    (void)signal_number;
    scan->interrupted = true;
    error_set(scan->err, ERROR_UNAVAILABLE,
              "interrupted before the end of the log was reached; nothing was marked");
    loop_stop(scan->loop, SCAN_FAILED);
}

/* What came while Kafka was asked, and a signal first of all, has been told by now. */
static void on_begin(void *context)
{
    struct scan_state *scan = context;
    if (!scan->interrupted) {
        kafka_reader_resume(scan->reader);
    }
}

static const struct kafka_reader_callbacks READER_CALLBACKS = {.on_record = on_record,
                                                               .on_end = on_end,
                                                               .on_out_of_range = on_out_of_range,
                                                               .on_state = on_state};

static int find_ends(struct scan_state *scan, struct error *err)
{
    scan->partitions = kafka_reader_partition_count(scan->reader);
    scan->ends = calloc((size_t)scan->partitions, sizeof *scan->ends);
    if (scan->ends == NULL) {
        return error_no_memory(err, "starting to read the log");
    }
    for (int32_t i = 0; i < scan->partitions; i++) {
        int64_t first = 0;
        if (kafka_reader_bounds(scan->reader, i, scan->what->options->timeout_ms, &first,
                                &scan->ends[i], err) != 0) {
            return error_wrap(err, "partition %d of \"%s\"", (int)i, scan->what->topic);
        }
    }
    return 0;
}

static int scan_open(struct scan_state *scan, struct error *err)
{
    struct kafka_config kafka = audit_options_kafka(scan->what->options);
    scan->loop = loop_new(err);
    if (scan->loop == NULL) {
        return -1;
    }
    scan->begin = loop_timer_new(scan->loop, on_begin, scan);
    scan->silence = loop_timer_new(scan->loop, on_silence, scan);
    if (scan->begin == NULL || scan->silence == NULL) {
        return error_no_memory(err, "starting to read the log");
    }
    if (loop_on_termination(scan->loop, on_signal, scan, err) != 0) {
        return -1;
    }
    scan->reader =
        kafka_reader_new(scan->loop, &kafka, scan->what->topic, NULL, &READER_CALLBACKS, scan, err);
    if (scan->reader == NULL) {
        return -1;
    }
    if (kafka_reader_assign(scan->reader, KAFKA_PARTITION_ALL, KAFKA_OFFSET_BEGINNING,
                            scan->what->options->timeout_ms, err) != 0) {
        return kafka_config_blame(&kafka, err);
    }
    kafka_reader_pause(scan->reader);
    loop_timer_arm(scan->begin, 0);
    return find_ends(scan, err);
}

int topic_scan_run(const struct topic_scan *what, bool *ret_interrupted, struct error *err)
{
    struct scan_state scan = {.what = what, .err = err};
    int status = scan_open(&scan, err);
    if (status == 0) {
        still_alive(&scan);
        status = loop_run(scan.loop) == SCAN_DONE ? 0 : -1;
    }
    kafka_reader_free(scan.reader);
    loop_timer_free(scan.begin);
    loop_timer_free(scan.silence);
    loop_free(scan.loop);
    free(scan.ends);
    *ret_interrupted = scan.interrupted;
    return status;
}
