#ifndef COMMON_IO_KAFKA_CLIENT_H
#define COMMON_IO_KAFKA_CLIENT_H

/** What writer and reader have in common: a librdkafka handle whose events arrive on the loop, and
 *  the knowledge whether a broker can be reached. Private to common/io/kafka_*.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "common/base/error.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"

/** A setting of librdkafka; name NULL ends a list. */
struct kafka_setting {
    const char *name, *value;
};

struct kafka_client {
    struct loop *loop;
    rd_kafka_t *rk;
    rd_kafka_queue_t *main_queue;
    rd_kafka_queue_t *record_queue; /**< a reader's; NULL for a writer */
    bool records_held;              /**< the record queue is not polled for now */
    int wake_fd;
    struct loop_watch *wake_watch;
    struct loop_timer *probe_timer;
    bool probing; /**< looking for a broker since */
    int64_t probing_since_boot_ms;
    bool away; /**< told through on_state */
    char last_error[256];
    kafka_state_fn *on_state;
    /** Gets each event that is not the client's own; does not keep it. */
    void (*on_event)(void *context, rd_kafka_event_t *event);
    void *context;       /**< of on_event */
    void *state_context; /**< of on_state */
};

/** librdkafka's configuration: ours, then `settings`, then the options of config.
 *  @return NULL with ERROR_INVALID (names the option and librdkafka's reason) */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_config *config,
                                const struct kafka_setting *settings, struct error *err);
/** Takes conf in every case. on_event, context, on_state and state_context are set by the caller
 *  before; the rest of the client is zeroed. @return 0 or -1; then nothing is left to release */
int kafka_client_init(struct kafka_client *client, struct loop *loop, rd_kafka_type_t type,
                      rd_kafka_conf_t *conf, struct error *err);
/** Destroys the handle without waiting for anybody. */
void kafka_client_release(struct kafka_client *client);
/** Polls what was held back. */
void kafka_client_wake(struct kafka_client *client);
/** A broker answered: says BACK if AWAY was said. */
void kafka_client_reached(struct kafka_client *client);
/** Says AWAY once, without looking for a broker: its way back is not a broker's. */
void kafka_client_say_away(struct kafka_client *client, const char *detail);

/** The kind of failure that a librdkafka code is; ERROR_UNAVAILABLE where nothing else fits. */
enum error_code kafka_error_code(rd_kafka_resp_err_t code);
/** Fills err with "WHAT: TEXT". text NULL = librdkafka's own. @return -1 */
int kafka_error_set(struct error *err, rd_kafka_resp_err_t code, const char *what,
                    const char *text);

/** How many partitions a topic has and the least replicas that one of them has (ret_replicas may be
 *  NULL). Asks a broker; blocks at most timeout_ms.
 *  @return 0, or -1 with ERROR_NOT_FOUND, ERROR_TIMEOUT, ERROR_UNAVAILABLE */
int kafka_topic_size(rd_kafka_t *rk, const char *topic, int64_t timeout_ms, int32_t *ret_partitions,
                     int32_t *ret_replicas, struct error *err);

#endif
