#include "common/io/kafka_client.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

enum {
    EVENTS_A_TURN = 500, /* then the rest of the loop has its turn */
    PROBE_EVERY_MS = 200,
    PROBE_BLOCKS_MS = 1,
    AWAY_AFTER_MS = 800,
    LIBRDKAFKA_SCRAM_FIXED = 0x020601ff
};

/* True if a broker has answered on its present connection. librdkafka tells when it loses brokers,
 * but not when it has found one, and it looks for one only when it has something to send. So this
 * asks for what it knows, and waits hardly at all: that there is somebody to ask is answer enough.
 * (Its asynchronous questions, the Admin API, end the process by an assertion in 2.0.2 when they
 * time out.) */
static bool has_broker(struct kafka_client *client)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(client->rk, 0, NULL, &metadata, PROBE_BLOCKS_MS);

    if (metadata != NULL) {
        rd_kafka_metadata_destroy(metadata);
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* Single connections come and go (brokers close idle ones): only what lasts is told. */
static void probe_due(void *context)
{
    struct kafka_client *client = context;

    if (has_broker(client)) {
        client->probing = false;
        kafka_client_reached(client);
        return;
    }
    if (clock_boot_ms(clock_system()) - client->probing_since_boot_ms >= AWAY_AFTER_MS) {
        kafka_client_say_away(client, client->last_error);
    }
    loop_timer_arm(client->probe_timer, PROBE_EVERY_MS);
}

static void start_probing(struct kafka_client *client)
{
    if (!client->probing) {
        client->probing = true;
        client->probing_since_boot_ms = clock_boot_ms(clock_system());
        loop_timer_arm(client->probe_timer, PROBE_EVERY_MS);
    }
}

void kafka_client_say_away(struct kafka_client *client, const char *detail)
{
    if (!client->away) {
        client->away = true;
        if (client->on_state != NULL) {
            client->on_state(client->state_context, KAFKA_AWAY, detail);
        }
    }
}

void kafka_client_reached(struct kafka_client *client)
{
    if (client->away) {
        client->away = false;
        if (client->on_state != NULL) {
            client->on_state(client->state_context, KAFKA_BACK, "a broker answers again");
        }
    }
}

static bool is_client_error(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
           code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE;
}

/* SCRAM of older librdkafka breaks with Kafka 4: "invalid credentials" would send people the wrong
 * way (librdkafka pull request 4895). */
static const char *scram_hint(rd_kafka_resp_err_t code, const char *text)
{
    const bool suspect = code == RD_KAFKA_RESP_ERR__AUTHENTICATION &&
                         (strstr(text, "SCRAM") != NULL || strstr(text, "redential") != NULL) &&
                         rd_kafka_version() < LIBRDKAFKA_SCRAM_FIXED;

    return suspect ? "; librdkafka before 2.6.1 cannot do SCRAM with Kafka 4: take a newer one, "
                     "PLAIN over TLS or client certificates"
                   : "";
}

static bool client_error(struct kafka_client *client, rd_kafka_event_t *event)
{
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);

    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (client->last_error[0] == '\0') {
            (void)snprintf(client->last_error, sizeof client->last_error, "%s", text);
        }
        start_probing(client);
        return true;
    }
    if (!is_client_error(code)) {
        return false;
    }
    (void)snprintf(client->last_error, sizeof client->last_error, "%s%s", text,
                   scram_hint(code, text));
    log_debug("kafka.connection", "a Kafka connection failed", LOG_STR("error", text));
    return true;
}

static void handle_event(struct kafka_client *client, rd_kafka_event_t *event)
{
    const char *facility = "", *text = "";
    int level = 0;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_LOG:
        (void)rd_kafka_event_log(event, &facility, &text, &level);
        log_debug("kafka.library", "librdkafka says", LOG_STR("facility", facility),
                  LOG_STR("text", text), LOG_INT("level", level));
        break;
    case RD_KAFKA_EVENT_ERROR:
        if (!client_error(client, event)) {
            client->on_event(client->context, event);
        }
        break;
    default:
        client->on_event(client->context, event);
        break;
    }
}

static rd_kafka_event_t *next_event(struct kafka_client *client)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(client->main_queue, 0);

    if (event == NULL && client->record_queue != NULL && !client->records_held) {
        event = rd_kafka_queue_poll(client->record_queue, 0);
    }
    return event;
}

void kafka_client_wake(struct kafka_client *client)
{
    const uint64_t one = 1;

    /* Fails only when the counter is full, and then it wakes anyway. */
    if (write(client->wake_fd, &one, sizeof one) < 0) {
        return;
    }
}

/* librdkafka writes to the descriptor only when a queue stops being empty: what is not drained has
 * to wake the loop itself. */
static void woken(int fd, unsigned what, void *context)
{
    struct kafka_client *client = context;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) < 0) {
        return;
    }
    for (int i = 0; i < EVENTS_A_TURN; i++) {
        rd_kafka_event_t *event = next_event(client);

        if (event == NULL) {
            return;
        }
        handle_event(client, event);
        rd_kafka_event_destroy(event);
    }
    kafka_client_wake(client);
}

static int attach(struct kafka_client *client, rd_kafka_type_t type, struct error *err)
{
    static const uint64_t ONE = 1;

    client->main_queue = rd_kafka_queue_get_main(client->rk);
    (void)rd_kafka_set_log_queue(client->rk, client->main_queue);
    if (type == RD_KAFKA_CONSUMER) {
        client->record_queue = rd_kafka_queue_get_consumer(client->rk);
    }
    /* Not empty at first: events may be there before the queues are told of the descriptor. */
    client->wake_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    if (client->wake_fd < 0) {
        return error_set_errno(err, errno, "could not make an eventfd");
    }
    client->wake_watch = loop_watch_new(client->loop, client->wake_fd, LOOP_READ, woken, client);
    client->probe_timer = loop_timer_new(client->loop, probe_due, client);
    if (client->wake_watch == NULL || client->probe_timer == NULL) {
        return error_no_memory(err, "connecting librdkafka to the loop");
    }
    rd_kafka_queue_io_event_enable(client->main_queue, client->wake_fd, &ONE, sizeof ONE);
    if (client->record_queue != NULL) {
        rd_kafka_queue_io_event_enable(client->record_queue, client->wake_fd, &ONE, sizeof ONE);
    }
    return 0;
}

int kafka_client_init(struct kafka_client *client, struct loop *loop, rd_kafka_type_t type,
                      rd_kafka_conf_t *conf, struct error *err)
{
    char reason[512] = "";

    client->loop = loop;
    client->wake_fd = -1;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_LOG |
                                       RD_KAFKA_EVENT_ERROR);
    client->rk = rd_kafka_new(type, conf, reason, sizeof reason);
    if (client->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, ERROR_INVALID, "librdkafka refuses its configuration: %s", reason);
    }
    if (attach(client, type, err) < 0) {
        kafka_client_release(client);
        return -1;
    }
    return 0;
}

void kafka_client_release(struct kafka_client *client)
{
    rd_kafka_queue_t *queues[] = {client->main_queue, client->record_queue};

    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
        if (queues[i] != NULL) {
            rd_kafka_queue_io_event_enable(queues[i], -1, NULL, 0);
            rd_kafka_queue_destroy(queues[i]);
        }
    }
    loop_watch_free(client->wake_watch);
    loop_timer_free(client->probe_timer);
    if (client->rk != NULL) {
        rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    if (client->wake_fd >= 0) {
        (void)close(client->wake_fd);
    }
    *client = (struct kafka_client){.wake_fd = -1};
}
