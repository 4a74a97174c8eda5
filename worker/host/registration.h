#ifndef WORKER_HOST_REGISTRATION_H
#define WORKER_HOST_REGISTRATION_H

/** The host's registration: its partition is kept for ever; the log has it, the state directory
 *  and Redis repeat it. */

#include "common/base/clock.h"
#include "common/domain/host_record.h"
#include "common/io/kafka.h"
#include "common/io/redis_view.h"
#include "worker/runtime/runtime.h"

struct registration;

struct registration_environment {
    struct loop *loop;
    const struct clock *clock;
    const struct kafka_config *kafka;
    struct kafka_writer *writer;
    struct redis_view *view;
    const char *state_directory;
    struct host_record
        record; /**< what this worker says of its host; partition and registered_at are found here */
    bool
        partition_known; /**< by the state directory: then on_partition follows for the log's word only if it differs */
    /** Whether the log can be relied on; asked before the first registration of all, NULL = it is not asked.
     *  @return 0, or -1: ERROR_INVALID makes on_refused follow, any other that it is asked again */
    int (*check)(void *context, int64_t timeout_ms, struct error *err);
    /** Nothing was registered, and nothing will be. */
    void (*on_refused)(void *context, const struct error *error);
    /** The host's partition, acknowledged by the log; once. */
    void (*on_partition)(void *context, int32_t partition);
    /** The log has another partition than the state directory's copy, which was corrected: start anew. */
    void (*on_conflict)(void *context, int32_t partition);
    void *context;
};

/** @return NULL with ERROR_NO_MEMORY */
struct registration *registration_new(const struct registration_environment *environment,
                                      struct error *err);
void registration_free(struct registration *registration);
/** Reads stopfleet.hosts to its end and writes the record there if it differs; tries until Kafka answers. */
void registration_start(struct registration *registration);
/** The runtime is there: what it says of itself may change the record. */
void registration_on_runtime(struct registration *registration, const struct runtime_info *info);
/** Redis is back: the record is put there. */
void registration_on_view_back(struct registration *registration);
/** Kafka went away, or is back, as the writer found: while it is away it is not asked. */
void registration_on_kafka(struct registration *registration, bool away);
/** Writes the state directory's copy. */
int registration_save(const struct registration *registration, struct error *err);

#endif
