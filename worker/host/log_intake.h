#ifndef WORKER_HOST_LOG_INTAKE_H
#define WORKER_HOST_LOG_INTAKE_H

/** Reads this host's events for the stops: from the committed offset to the log's end, and then on; commits what is settled
 * . The view has a reader of its own. */

#include "common/base/clock.h"
#include "common/io/kafka.h"
#include "worker/host/identity.h"

struct log_intake;

struct log_intake_environment {
    struct loop *loop;
    const struct clock *clock;
    const struct kafka_config *kafka;
    const struct identity *identity;
    /** Whether the topics are fit to be relied on; asked until there is an answer, once: when Kafka answers, or, after log_intake_hurry, once the
     *  log's end is reached and may_block. ERROR_INVALID: they are not. May block for timeout_ms. */
    int (*check)(void *context, int64_t timeout_ms, struct error *err);
    /** True while no stop is under way. */
    bool (*may_block)(void *context);
    void (*on_refused)(void *context, const struct error *error);
    /** Reading begins; committed -1 = nothing was ever committed. */
    bool was_here; /**< this host was registered before this start */
    void (*on_begin)(void *context, int64_t committed, int64_t end);
    /** An event of this host, in order. */
    void (*on_event)(void *context, int64_t offset, const struct event *event);
    /** What was in the log at the start is read. Once. */
    void (*on_caught_up)(void *context);
    /** The offset that may be committed when all before next was read; -1 = not now. */
    int64_t (*commit_floor)(void *context, int64_t next_offset);
    void *context;
};

/** @return NULL with ERROR_INVALID (Kafka options), ERROR_NO_MEMORY */
struct log_intake *log_intake_new(const struct log_intake_environment *environment,
                                  struct error *err);
void log_intake_free(struct log_intake *intake);
/** Begins; tries until Kafka answers. */
void log_intake_start(struct log_intake *intake);
/** Stops are under way: while they are, the loop is never blocked for more than a moment. */
void log_intake_hurry(struct log_intake *intake);
/** Kafka went away, or is back, as the writer found: while it is away it is not asked. */
void log_intake_on_kafka(struct log_intake *intake, bool away);
/** Offset of the next record to read; -1 = not begun. */
int64_t log_intake_next(const struct log_intake *intake);
/** Commits now if something changed. */
void log_intake_commit(struct log_intake *intake);

#endif
