#ifndef COMMON_IO_KAFKA_H
#define COMMON_IO_KAFKA_H

/** The log: librdkafka on the loop, by its event queues and a descriptor; no callback ever runs on
 * a thread of librdkafka's. Reconnects by itself; says so once through on_state. A writer or reader
 * may not be freed from one of its own callbacks. */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/option.h"
#include "common/io/loop.h"

#define KAFKA_EVENTS_TOPIC  "stopfleet.events"
#define KAFKA_HOSTS_TOPIC   "stopfleet.hosts"
#define KAFKA_REFUSED_TOPIC "stopfleet.refused"

/** How to reach Kafka. */
struct kafka_config {
    const char *brokers; /**< bootstrap.servers */
    const char *client_id;
    /** "name=value" pairs passed to librdkafka, over our own; may be NULL. Refused are those that
     * the promises rest on (acks, offsets, commits). */
    const struct option_list *options;
};

/** Puts the brokers' addresses, and what to do, before an error of nobody answering; leaves others as they are.
 *  @return always -1 */
int kafka_config_blame(const struct kafka_config *config, struct error *err);

enum kafka_state { KAFKA_AWAY = 1, KAFKA_BACK };
/** Called on the loop, and alternating: AWAY when no broker could be reached for about a second (or
 * a reader's topic, partition or permission is missing), BACK when one answers again. detail says
 * why, in librdkafka's words. A first connection that succeeds is no event. */
typedef void kafka_state_fn(void *context, enum kafka_state state, const char *detail);

/* ---- writing ---- */
struct kafka_writer;

enum kafka_writer_kind {
    KAFKA_WRITER_API = 1, /**< acks=all, given up after delivery_timeout_ms, many in flight */
    KAFKA_WRITER_WORKER   /**< acks=all, kept in order (max.in.flight=1), tried for as long as it
                             takes */
};

/** Exactly once per accepted kafka_writer_send, unless the writer is freed before; never from
 * within kafka_writer_send. error NULL = acknowledged by all in-sync replicas at `offset`; else
 *  ERROR_TIMEOUT: may or may not have been recorded (librdkafka looks at its timeouts about once a
 *  second, so this can come a second late);
 *  ERROR_UNAVAILABLE: not recorded, may work later;
 *  ERROR_INVALID (too large), ERROR_NOT_FOUND (topic or partition): not recorded, permanent. */
typedef void kafka_delivered_fn(void *context, const struct error *error, int64_t offset);

/** delivery_timeout_ms is for KAFKA_WRITER_API. context is on_state's (which may be NULL).
 *  @return NULL with ERROR_INVALID (a setting), ERROR_IO, ERROR_NO_MEMORY */
struct kafka_writer *kafka_writer_new(struct loop *loop, const struct kafka_config *config,
                                      enum kafka_writer_kind kind, int64_t delivery_timeout_ms,
                                      kafka_state_fn *on_state, void *context, struct error *err);
/** Frees; reports of what is still under way are not called. NULL-safe. Blocks at most flush_ms for
 *  undelivered records, and drops the rest. */
void kafka_writer_free(struct kafka_writer *writer, int64_t flush_ms);
/** Queues one record (key and value are copied) for an explicit partition. traceparent may be NULL.
 *  @return 0, or -1 with ERROR_FULL (local queue), ERROR_INVALID (size), ERROR_NOT_FOUND (known not
 * to be a partition), ERROR_UNAVAILABLE (known that this topic may not be written now: librdkafka
 * looks again every five minutes), ERROR_NO_MEMORY: then delivered is not called */
int kafka_writer_send(struct kafka_writer *writer, const char *topic, int32_t partition,
                      struct span key, struct span value, const char *traceparent,
                      kafka_delivered_fn *delivered, void *context, struct error *err);

/* ---- reading ---- */
struct kafka_reader;

enum { KAFKA_OFFSET_BEGINNING = -2, KAFKA_OFFSET_END = -1, KAFKA_PARTITION_ALL = -1 };

struct kafka_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_unix_ms; /**< of the broker or producer: for people, never for the fold */
    struct span key, value;    /**< valid during the call */
    struct span traceparent;
};

struct kafka_reader_callbacks {
    /** Each record, in offset order within its partition. May call kafka_reader_assign or _pause.
     */
    void (*on_record)(void *context, const struct kafka_record *record);
    /** The end of the partition was reached (again after each time more came): next_offset is where
     * the next record will be. May be NULL. */
    void (*on_end)(void *context, int32_t partition, int64_t next_offset);
    /** The position asked for does not exist (auto.offset.reset=error). That partition stands still
     *  until assigned anew. May be NULL. */
    void (*on_out_of_range)(void *context, int32_t partition, const char *detail);
    kafka_state_fn *on_state; /**< may be NULL */
};

/** group: committed offsets live under this name; NULL = never commits. topic is copied.
 *  @return NULL with ERROR_INVALID (a setting), ERROR_IO, ERROR_NO_MEMORY */
struct kafka_reader *kafka_reader_new(struct loop *loop, const struct kafka_config *config,
                                      const char *topic, const char *group,
                                      const struct kafka_reader_callbacks *callbacks, void *context,
                                      struct error *err);
/** NULL-safe. */
void kafka_reader_free(struct kafka_reader *reader);
/** Reads this partition (manual assignment, no group membership) from offset (or
 *  KAFKA_OFFSET_BEGINNING/END) on, replacing any earlier assignment; records of the earlier
 * assignment are not delivered any more. KAFKA_PARTITION_ALL: every partition that the topic has
 * now (asks for metadata, blocks up to timeout_ms). One partition alone blocks at most a fifth of a
 * second, and only for BEGINNING or END; whether it exists shows later, by on_state.
 *  @return 0, or -1 with ERROR_UNAVAILABLE, ERROR_TIMEOUT, ERROR_NOT_FOUND (no such topic) */
int kafka_reader_assign(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        int64_t timeout_ms, struct error *err);
/** How many partitions the last kafka_reader_assign took; 0 before it. */
int32_t kafka_reader_partition_count(const struct kafka_reader *reader);
/** Stops and continues delivery without losing the position (back-pressure). No callback but
 * on_state comes in between. */
void kafka_reader_pause(struct kafka_reader *reader);
void kafka_reader_resume(struct kafka_reader *reader);
/** Commits asynchronously the offset of the next record to read after a restart; whether that
 * worked shows in kafka_reader_committed. @return 0, or -1 with ERROR_UNAVAILABLE, ERROR_BUG (no
 * group) */
int kafka_reader_commit(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        struct error *err);
/** The committed offset of the reader's group, -1 if none. Blocks at most timeout_ms.
 *  @return 0, or -1 with ERROR_UNAVAILABLE, ERROR_TIMEOUT */
int kafka_reader_committed(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                           int64_t *ret_offset, struct error *err);
/** First and next offset of a partition of the reader's topic. Blocks at most timeout_ms.
 *  @return 0, or -1 with ERROR_NOT_FOUND, ERROR_UNAVAILABLE, ERROR_TIMEOUT */
int kafka_reader_bounds(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                        int64_t *ret_first, int64_t *ret_next, struct error *err);

/* ---- topics (blocking; for the command line and for checks at start) ---- */
struct kafka_topic_wish {
    const char *name;
    int32_t partitions;
    int32_t replication; /**< replicas to create with */
    int32_t min_insync_replicas;
    bool compacted;     /**< cleanup.policy=compact, else delete */
    bool kept_for_ever; /**< if not compacted: retention.ms=-1 and retention.bytes=-1 */
};
/** Creates what is missing; an existing topic is left as it is. *ret_created says whether it was
 * made.
 *  @return 0, or -1 with ERROR_UNAVAILABLE, ERROR_TIMEOUT, ERROR_INVALID (the broker refuses the
 * wish), ERROR_UNSUPPORTED (no controller, as with the dev broker) */
int kafka_topic_create(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                       int64_t timeout_ms, bool *ret_created, struct error *err);
/** Compares an existing topic with the wish. Problems are appended as text lines to ret_problems
 * (none = fine).
 *  @return 0, or -1 with ERROR_NOT_FOUND, ERROR_UNAVAILABLE, ERROR_TIMEOUT, or ERROR_UNSUPPORTED
 * (the broker cannot tell its settings, as the dev broker: then *ret_partitions is written all the
 * same) */
int kafka_topic_check(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                      int64_t timeout_ms, int32_t *ret_partitions, struct buffer *ret_problems,
                      struct error *err);

#endif
