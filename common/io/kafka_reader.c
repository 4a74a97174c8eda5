#include <inttypes.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/kafka_client.h"

enum { LEARN_TOPIC_MS = 200 };

/* librdkafka wants a group even where nobody joins or commits. */
static const char NO_GROUP[] = "stopfleet-none";

struct kafka_reader {
    struct kafka_client client;
    struct kafka_reader_callbacks callbacks;
    void *context;
    char *topic;
    rd_kafka_topic_t *handle; /**< so that librdkafka looks the topic up from the beginning on */
    bool topic_known;         /**< librdkafka has the topic's metadata */
    bool has_group;
    int32_t partition_count; /**< of the last assignment */
};

static void deliver(struct kafka_reader *reader, const rd_kafka_message_t *message)
{
    struct kafka_record record = {
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_unix_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
    rd_kafka_headers_t *headers = NULL;
    const void *traceparent = NULL;

    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, "traceparent", &traceparent,
                                 &record.traceparent.length) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        record.traceparent.data = traceparent;
    }
    kafka_client_reached(&reader->client);
    reader->callbacks.on_record(reader->context, &record);
}

static void partition_error(struct kafka_reader *reader, rd_kafka_event_t *event)
{
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    rd_kafka_topic_partition_t *where = rd_kafka_event_topic_partition(event);
    const int32_t partition = where != NULL ? where->partition : -1;
    const int64_t offset = where != NULL ? where->offset : -1;

    if (where != NULL) {
        rd_kafka_topic_partition_destroy(where);
    }
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        kafka_client_reached(&reader->client);
        if (reader->callbacks.on_end != NULL) {
            reader->callbacks.on_end(reader->context, partition, offset);
        }
    } else if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        kafka_client_reached(&reader->client);
        if (reader->callbacks.on_out_of_range != NULL) {
            reader->callbacks.on_out_of_range(reader->context, partition,
                                              rd_kafka_event_error_string(event));
        }
    } else {
        /* No such topic or partition, not allowed to read: librdkafka goes on trying. */
        kafka_client_say_away(&reader->client, rd_kafka_event_error_string(event));
    }
}

static void reader_event(void *context, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
        while ((message = rd_kafka_event_message_next(event)) != NULL) {
            deliver(context, message);
        }
        break;
    case RD_KAFKA_EVENT_ERROR:
        partition_error(context, event);
        break;
    default:
        break;
    }
}

static int start(struct kafka_reader *reader, struct loop *loop, const struct kafka_config *config,
                 const char *group, struct error *err)
{
    const struct kafka_setting settings[] = {
        {"group.id", group != NULL ? group : NO_GROUP},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
        /* Nobody joins a group: it is how long a commit waits for a coordinator that is away, and with it
         * rd_kafka_destroy(), of 2.0.2 in a busy loop. The next commit makes up for one that was given up. */
        {"session.timeout.ms", "2000"},
        {"check.crcs", "true"},
        {"fetch.error.backoff.ms", "100"},
        {"queued.max.messages.kbytes", "4096"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(config, settings, err);

    if (conf == NULL) {
        return -1;
    }
    return kafka_client_init(&reader->client, loop, RD_KAFKA_CONSUMER, conf, err);
}

struct kafka_reader *kafka_reader_new(struct loop *loop, const struct kafka_config *config,
                                      const char *topic, const char *group,
                                      const struct kafka_reader_callbacks *callbacks, void *context,
                                      struct error *err)
{
    struct kafka_reader *reader = memory_calloc(1, sizeof *reader);

    if (reader == NULL || (reader->topic = memory_strdup(topic)) == NULL) {
        memory_free(reader);
        error_no_memory(err, "making a Kafka reader");
        return NULL;
    }
    reader->callbacks = *callbacks;
    reader->context = context;
    reader->has_group = group != NULL;
    reader->client.on_event = reader_event;
    reader->client.context = reader;
    reader->client.on_state = callbacks->on_state;
    reader->client.state_context = context;
    if (start(reader, loop, config, group, err) < 0) {
        memory_free(reader->topic);
        memory_free(reader);
        return NULL;
    }
    reader->handle = rd_kafka_topic_new(reader->client.rk, topic, NULL);
    return reader;
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->handle != NULL) {
        rd_kafka_topic_destroy(reader->handle);
    }
    kafka_client_release(&reader->client);
    memory_free(reader->topic);
    memory_free(reader);
}

/* librdkafka waits half a second if a partition's leader is unknown when BEGINNING or END is looked
 * up. Asking first takes a moment where a broker answers; where none does nothing is lost. */
static void learn_topic(struct kafka_reader *reader, int64_t offset, int64_t timeout_ms)
{
    const int64_t wait_ms = timeout_ms < LEARN_TOPIC_MS ? timeout_ms : LEARN_TOPIC_MS;
    int32_t count = 0;

    if (offset < 0 && !reader->topic_known) {
        reader->topic_known =
            kafka_topic_size(reader->client.rk, reader->topic, wait_ms, &count, NULL, NULL) == 0;
    }
}

/* Every partition that the topic has now. */
static int list_all(struct kafka_reader *reader, int64_t offset, int64_t timeout_ms,
                    rd_kafka_topic_partition_list_t *list, struct error *err)
{
    int32_t count = 0;

    if (kafka_topic_size(reader->client.rk, reader->topic, timeout_ms, &count, NULL, err) < 0) {
        return -1;
    }
    for (int32_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, reader->topic, i)->offset = offset;
    }
    return 0;
}

int kafka_reader_assign(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        int64_t timeout_ms, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    if (partition == KAFKA_PARTITION_ALL) {
        if (list_all(reader, offset, timeout_ms, list, err) < 0) {
            rd_kafka_topic_partition_list_destroy(list);
            return -1;
        }
    } else {
        learn_topic(reader, offset, timeout_ms);
        rd_kafka_topic_partition_list_add(list, reader->topic, partition)->offset = offset;
    }
    code = rd_kafka_assign(reader->client.rk, list);
    reader->partition_count = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_error_set(err, code, "could not assign a partition", NULL);
    }
    return 0;
}

int32_t kafka_reader_partition_count(const struct kafka_reader *reader)
{
    return reader->partition_count;
}

void kafka_reader_pause(struct kafka_reader *reader)
{
    reader->client.records_held = true;
}

void kafka_reader_resume(struct kafka_reader *reader)
{
    reader->client.records_held = false;
    kafka_client_wake(&reader->client);
}

int kafka_reader_commit(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        struct error *err)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (!reader->has_group) {
        return error_set(err, ERROR_BUG, "a Kafka reader without a group cannot commit");
    }
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, reader->topic, partition)->offset = offset;
    code = rd_kafka_commit(reader->client.rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : kafka_error_set(err, code, "could not commit an offset", NULL);
}

int kafka_reader_committed(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                           int64_t *ret_offset, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry =
        rd_kafka_topic_partition_list_add(list, reader->topic, partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(reader->client.rk, list, (int)timeout_ms);
    const int64_t offset = entry->offset;

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = entry->err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_error_set(err, code, "could not read the committed offset", NULL);
    }
    *ret_offset = offset >= 0 ? offset : -1;
    return 0;
}

int kafka_reader_bounds(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                        int64_t *ret_first, int64_t *ret_next, struct error *err)
{
    int64_t first = 0, next = 0;
    const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        reader->client.rk, reader->topic, partition, &first, &next, (int)timeout_ms);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_error_set(err, code, "could not read the bounds of a partition", NULL);
    }
    *ret_first = first;
    *ret_next = next;
    return 0;
}
