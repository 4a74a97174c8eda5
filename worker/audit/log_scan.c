#include "worker/audit/log_scan.h"

#include <stdio.h>
#include <string.h>

struct log_scan {
    struct loop *loop;
    const struct audit_options *options;
    const struct log_scan_callbacks *callbacks;
    void *context;
    struct kafka_reader *reader;
    struct loop_timer *silence;
    struct log_scan_result result;
    int32_t partitions;
    int32_t ended;
    char away[200];
    struct error *err;
};

enum { SCAN_DONE = 1, SCAN_FAILED };

static bool names_task(const struct option_list *tasks, const char *task)
{
    if (tasks->count == 0) {
        return true;
    }
    if (task == NULL) {
        return false;
    }
    for (size_t i = 0; i < tasks->count; i++) {
        const char *slash = strrchr(tasks->items[i], '/');
        if (strcmp(slash == NULL ? tasks->items[i] : slash + 1, task) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_type(const struct option_list *types, const char *name)
{
    if (types->count == 0) {
        return true;
    }
    for (size_t i = 0; i < types->count; i++) {
        if (strcmp(types->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_if_given(const char *wanted, const char *value)
{
    return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

bool log_scan_matches(const struct audit_options *options, const struct event *event)
{
    return names_task(&options->tasks, event->task) &&
           names_type(&options->types, event->type_name) &&
           same_if_given(options->host, event->host) &&
           same_if_given(options->cluster, event->cluster) && event->ts >= options->since_unix_ms &&
           (options->until_unix_ms == 0 || event->ts < options->until_unix_ms);
}

static void still_alive(struct log_scan *scan)
{
    if (scan->ended < scan->partitions || !scan->options->follow) {
        loop_timer_arm(scan->silence, scan->options->timeout_ms);
    } else {
        loop_timer_disarm(scan->silence);
    }
}

static void on_record(void *context, const struct kafka_record *record)
{
    struct log_scan *scan = context;
    struct event event = {0};
    struct error why = {0};
    still_alive(scan);
    scan->result.records++;
    if (event_decode(record->value, &event, &why) != 0) {
        scan->result.unreadable++;
        if (scan->callbacks->on_unreadable != NULL) {
            scan->callbacks->on_unreadable(scan->context, record, &why);
        }
    } else if (log_scan_matches(scan->options, &event)) {
        struct log_scan_item item = {.record = record, .event = &event};
        if (scan->callbacks->on_event(scan->context, &item, scan->err) != 0) {
            kafka_reader_pause(scan->reader);
            loop_stop(scan->loop, SCAN_FAILED);
        }
    }
    event_release(&event);
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    struct log_scan *scan = context;
    (void)partition;
    (void)next_offset;
    if (scan->ended < scan->partitions) {
        scan->ended++;
    }
    still_alive(scan);
    if (scan->ended == scan->partitions && !scan->options->follow) {
        loop_stop(scan->loop, SCAN_DONE);
    }
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct log_scan *scan = context;
    error_set(scan->err, ERROR_CORRUPT, "partition %d cannot be read from its beginning: %s",
              (int)partition, detail);
    loop_stop(scan->loop, SCAN_FAILED);
}

static void on_state(void *context, enum kafka_state state, const char *detail)
{
    struct log_scan *scan = context;
    if (state == KAFKA_AWAY) {
        snprintf(scan->away, sizeof scan->away, "%s",
                 detail == NULL ? "no broker answers" : detail);
    } else {
        scan->away[0] = '\0';
    }
}

static void on_silence(void *context)
{
    struct log_scan *scan = context;
    error_set(scan->err, ERROR_UNAVAILABLE,
              "Kafka at \"%s\" was silent for %lld ms before the end of the log was reached%s%s",
              scan->options->kafka_brokers, (long long)scan->options->timeout_ms,
              scan->away[0] == '\0' ? "" : ": ", scan->away);
    loop_stop(scan->loop, SCAN_FAILED);
}

static void on_signal(int signal_number, void *context)
{
    struct log_scan *scan = context;
    (void)signal_number;
    scan->result.interrupted = true;
    loop_stop(scan->loop, SCAN_DONE);
}

static const struct kafka_reader_callbacks READER_CALLBACKS = {.on_record = on_record,
                                                               .on_end = on_end,
                                                               .on_out_of_range = on_out_of_range,
                                                               .on_state = on_state};

static int scan_open(struct log_scan *scan, const struct kafka_config *kafka, struct error *err)
{
    scan->silence = loop_timer_new(scan->loop, on_silence, scan);
    if (scan->silence == NULL) {
        return error_no_memory(err, "starting to read the log");
    }
    if (loop_on_termination(scan->loop, on_signal, scan, err) != 0) {
        return -1;
    }
    scan->reader =
        kafka_reader_new(scan->loop, kafka, KAFKA_EVENTS_TOPIC, NULL, &READER_CALLBACKS, scan, err);
    if (scan->reader == NULL) {
        return -1;
    }
    if (kafka_reader_assign(scan->reader, KAFKA_PARTITION_ALL, KAFKA_OFFSET_BEGINNING,
                            scan->options->timeout_ms, err) != 0) {
        return -1;
    }
    scan->partitions = kafka_reader_partition_count(scan->reader);
    return 0;
}

int log_scan_run(struct loop *loop, const struct audit_options *options,
                 const struct log_scan_callbacks *callbacks, void *context,
                 struct log_scan_result *ret_result, struct error *err)
{
    struct kafka_config kafka = audit_options_kafka(options);
    struct log_scan scan = {
        .loop = loop, .options = options, .callbacks = callbacks, .context = context, .err = err};
    int status = scan_open(&scan, &kafka, err);
    if (status == 0) {
        still_alive(&scan);
        status = loop_run(loop) == SCAN_DONE ? 0 : -1;
        *ret_result = scan.result;
    }
    kafka_reader_free(scan.reader);
    loop_timer_free(scan.silence);
    return status;
}
