#ifndef WORKER_HOST_FLIGHTS_H
#define WORKER_HOST_FLIGHTS_H

/** The TaskObserved that were written and not read back yet: while one is under way, no other is written for its task, and no other
 *  task is minted for its containers. */

#include "common/io/kafka.h"
#include "worker/host/observation.h"

struct flight_entry;
struct flights {
    struct flight **items; /**< sorted by task id */
    size_t count, room;
    struct flight_entry *late; /**< landed, but their delivery report has not come */
};

/** {0} is a valid empty list. Frees also what is still to be reported: only after the writer was freed. */
void flights_release(struct flights *flights);
/** NULL = none. */
const struct flight *flights_find(const struct flights *flights, const char *task);
/** A new one of this finding; *ret_context goes to kafka_writer_send with flights_delivered. @return 0 or -1 with ERROR_NO_MEMORY */
int flights_add(struct flights *flights, const struct finding *finding, const char *cluster,
                void **ret_context, struct error *err);
/** kafka_delivered_fn: an undelivered one is given up; the comparison makes it anew. */
void flights_delivered(void *context, const struct error *error, int64_t offset);
/** It could not be sent at all. */
void flights_give_up(void *context);
/** The base as it was read back: ends the flight if this is it, or is beyond it. @return true if it ended */
bool flights_land(struct flights *flights, const struct task *base);

#endif
