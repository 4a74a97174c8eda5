#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/io/kafka_client.h"

/* One record that is queued or in flight. */
struct delivery {
    struct delivery *previous, *next;
    kafka_delivered_fn *delivered;
    void *context;
};

struct kafka_writer {
    struct kafka_client client;
    rd_kafka_topic_t *events; /* held so that its leaders are known before the first record */
    struct delivery *first;
};

static void unlink_delivery(struct kafka_writer *writer, struct delivery *delivery)
{
    if (delivery->previous != NULL) {
        delivery->previous->next = delivery->next;
    } else {
        writer->first = delivery->next;
    }
    if (delivery->next != NULL) {
        delivery->next->previous = delivery->previous;
    }
}

/* What never left is surely not recorded; anything else without an acknowledgement may be. */
static enum error_code failure_code(const rd_kafka_message_t *message)
{
    const enum error_code code = kafka_error_code(message->err);
    const bool left = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;

    if (code == ERROR_TIMEOUT || code == ERROR_UNAVAILABLE) {
        return left ? ERROR_TIMEOUT : ERROR_UNAVAILABLE;
    }
    return code;
}

static void report(struct kafka_writer *writer, const rd_kafka_message_t *message)
{
    struct delivery *delivery = message->_private;
    kafka_delivered_fn *delivered = delivery->delivered;
    void *context = delivery->context;
    struct error error = {0};

    unlink_delivery(writer, delivery);
    memory_free(delivery);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_client_reached(&writer->client);
        delivered(context, NULL, message->offset);
        return;
    }
    error_set(&error, failure_code(message), "could not write to partition %" PRId32 " of %s: %s",
              message->partition, rd_kafka_topic_name(message->rkt),
              rd_kafka_err2str(message->err));
    delivered(context, &error, -1);
}

static void writer_event(void *context, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;

    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR) {
        return;
    }
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        report(context, message);
    }
}

static int configure(const struct kafka_config *config, enum kafka_writer_kind kind,
                     int64_t delivery_timeout_ms, rd_kafka_conf_t **ret_conf, struct error *err)
{
    char timeout[32];
    const bool worker = kind == KAFKA_WRITER_WORKER;
    const struct kafka_setting settings[] = {
        /* Else a partition that was added is not known here for five minutes. */
        {"topic.metadata.refresh.interval.ms", "5000"},
        {"acks", "all"},
        {"linger.ms", "0"},
        {"message.timeout.ms", timeout},
        {"request.timeout.ms", worker ? "10000" : timeout},
        /* Few requests, so that records queue up and share one: more a second, and no later alone. */
        {"max.in.flight", worker ? "1" : "4"},
        {"retries", "2147483647"},
        {"retry.backoff.ms", "50"},
        {"queue.buffering.max.messages", "20000"},
        {"queue.buffering.max.kbytes", "65536"},
        /* Before 2.3.0 a timeout of one record can end the idempotent producer for good (librdkafka
         * issue 4438), and the fold needs neither its order nor its deduplication. */
        {"enable.idempotence", "false"},
        {NULL, NULL},
    };

    (void)snprintf(timeout, sizeof timeout, "%" PRId64, worker ? 0 : delivery_timeout_ms);
    *ret_conf = kafka_conf_new(config, settings, err);
    return *ret_conf == NULL ? -1 : 0;
}

struct kafka_writer *kafka_writer_new(struct loop *loop, const struct kafka_config *config,
                                      enum kafka_writer_kind kind, int64_t delivery_timeout_ms,
                                      kafka_state_fn *on_state, void *context, struct error *err)
{
    struct kafka_writer *writer = memory_calloc(1, sizeof *writer);
    rd_kafka_conf_t *conf;

    if (writer == NULL) {
        error_no_memory(err, "making a Kafka writer");
        return NULL;
    }
    writer->client.on_event = writer_event;
    writer->client.context = writer;
    writer->client.on_state = on_state;
    writer->client.state_context = context;
    if (configure(config, kind, delivery_timeout_ms, &conf, err) < 0 ||
        kafka_client_init(&writer->client, loop, RD_KAFKA_PRODUCER, conf, err) < 0) {
        memory_free(writer);
        return NULL;
    }
    /* Else librdkafka would ask for the leaders up to a second after the first record. */
    writer->events = rd_kafka_topic_new(writer->client.rk, KAFKA_EVENTS_TOPIC, NULL);
    return writer;
}

/* The reports of a writer that is being freed only free what they held. */
static void discard_reports(struct kafka_writer *writer, int timeout_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(writer->client.main_queue, timeout_ms);
    const rd_kafka_message_t *message;

    if (event == NULL) {
        return;
    }
    while (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR &&
           (message = rd_kafka_event_message_next(event)) != NULL) {
        struct delivery *delivery = message->_private;

        unlink_delivery(writer, delivery);
        memory_free(delivery);
    }
    rd_kafka_event_destroy(event);
}

void kafka_writer_free(struct kafka_writer *writer, int64_t flush_ms)
{
    const struct clock *clock = clock_system();
    int64_t until_boot_ms, left_ms;

    if (writer == NULL) {
        return;
    }
    until_boot_ms = clock_boot_ms(clock) + flush_ms;
    while (writer->first != NULL && (left_ms = until_boot_ms - clock_boot_ms(clock)) > 0) {
        discard_reports(writer, (int)(left_ms < 100 ? left_ms : 100));
    }
    (void)rd_kafka_purge(writer->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (writer->events != NULL) {
        rd_kafka_topic_destroy(writer->events);
    }
    kafka_client_release(&writer->client);
    while (writer->first != NULL) {
        struct delivery *delivery = writer->first;

        unlink_delivery(writer, delivery);
        memory_free(delivery);
    }
    memory_free(writer);
}

/* librdkafka copies what it is given, but its type says that it might not. */
static void *copied(const void *bytes)
{
    return (void *)(uintptr_t)bytes;
}

static rd_kafka_resp_err_t produce(struct kafka_writer *writer, const char *topic,
                                   int32_t partition, struct span key, struct span value,
                                   const char *traceparent, struct delivery *delivery)
{
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {copied(key.data), key.length}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {copied(value.data), value.length}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = delivery},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {"traceparent", traceparent, -1}},
    };
    const size_t count = sizeof parts / sizeof parts[0];
    rd_kafka_error_t *error =
        rd_kafka_produceva(writer->client.rk, parts, traceparent != NULL ? count : count - 1);
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);

    rd_kafka_error_destroy(error);
    return code;
}

int kafka_writer_send(struct kafka_writer *writer, const char *topic, int32_t partition,
                      struct span key, struct span value, const char *traceparent,
                      kafka_delivered_fn *delivered, void *context, struct error *err)
{
    struct delivery *delivery = memory_calloc(1, sizeof *delivery);
    rd_kafka_resp_err_t code;

    if (delivery == NULL) {
        return error_no_memory(err, "queueing a record for Kafka");
    }
    delivery->delivered = delivered;
    delivery->context = context;
    code = produce(writer, topic, partition, key, value, traceparent, delivery);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        memory_free(delivery);
        return kafka_error_set(err, code, "could not queue a record for Kafka", NULL);
    }
    delivery->next = writer->first;
    if (writer->first != NULL) {
        writer->first->previous = delivery;
    }
    writer->first = delivery;
    return 0;
}
