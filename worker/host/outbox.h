#ifndef WORKER_HOST_OUTBOX_H
#define WORKER_HOST_OUTBOX_H

/** The worker's events on their way to the log, in order, for as long as it takes. Several are under way at once. The writer keeps their
 *  order, but where a partition gets another leader: one that the old leader has not acknowledged may come to the log after those that
 *  went to the new one at once. After a failure, and where the log has another order, everything from the first one concerned on is
 *  sent again, since twice folds once. */

#include "common/base/log.h"
#include "common/io/kafka.h"
#include "worker/host/timers.h"

/** How a record is handed to Kafka: as kafka_writer_send. */
typedef int outbox_send_fn(void *context, struct span key, struct span value,
                           kafka_delivered_fn *delivered, void *delivered_context,
                           struct error *err);

struct outbox_config {
    const char *key; /**< host id */
    struct timers *timers;
    outbox_send_fn *send;
    void *send_context;
    /** The next `count` journalled events, in order, are delivered. */
    void (*on_delivered)(void *context, int64_t count);
    void *context;
};

struct outbox_item;

struct outbox {
    struct outbox_config config;
    struct outbox_item *first, *last; /**< oldest and newest that are not out of the queue */
    struct outbox_item *next;         /**< first that was not handed to the writer */
    size_t count, in_flight;
    int64_t
        last_offset; /**< of the newest one that has left the queue in its order; 0 = not known */
    /** One in flight failed, or was misplaced: wait for the rest, then again from the first undelivered on. */
    struct error failure;
    struct timer_entry retry;
    struct log_limit complaints;
};

void outbox_init(struct outbox *outbox, const struct outbox_config *config);
/** What is queued is dropped without a word; nothing must be in flight in a writer that still lives. */
void outbox_release(struct outbox *outbox);
/** Queues an event (copied). delivered (may be NULL) is called once, as kafka_delivered_fn says; with it the event is volatile: after a failure
 *  it is dropped, not sent again. journalled: counts for on_delivered.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int outbox_push(struct outbox *outbox, struct span event, bool journalled,
                kafka_delivered_fn *delivered, void *context, struct error *err);

/** The newest event queued is not volatile, and tells all the same where it was delivered: each time, if it is sent again. */
void outbox_tell_of_newest(struct outbox *outbox, kafka_delivered_fn *delivered, void *context);

#endif
