#ifndef WORKER_HOST_WORKER_OPTIONS_H
#define WORKER_HOST_WORKER_OPTIONS_H

/** What a worker is told at its start. */

#include "common/base/option.h"
#include "common/domain/host_record.h"
#include "common/io/connection_options.h"
#include "common/io/kafka.h"
#include "worker/host/grouping.h"
#include "worker/host/own_container.h"

enum worker_runtime { WORKER_RUNTIME_DOCKER = 1, WORKER_RUNTIME_PROCESS };
enum worker_on_termination { WORKER_LEAVES_STOPS = 1, WORKER_FINISHES_STOPS };
enum worker_group_by { WORKER_GROUP_BY_PROJECT = 1, WORKER_GROUP_BY_SERVICE };

struct worker_options {
    char *account, *region, *cluster, *host_id, *availability_zone;
    struct option_list attributes;
    char *state_directory;
    int64_t journal_max_bytes;
    int runtime; /**< enum worker_runtime */
    char *docker_endpoint, *process_directory;
    int64_t engine_calls, engine_timeout_ms;
    int64_t stop_timeout_ms;
    int on_termination; /**< enum worker_on_termination */
    int group_by;       /**< enum worker_group_by */
    struct option_list allowed_labels, adopt;
    int64_t discovery_interval_ms;
    CONNECTION_OPTION_MEMBERS;
    bool unsafe_topics;
    int64_t replication, min_insync_replicas;
    int64_t heartbeat_interval_ms, retention_ms;
    bool json;                              /**< of `tasks` */
    char own_container[OWN_CONTAINER_SIZE]; /**< found by worker_options_check; "" = none */
};

extern const struct option_program WORKER_OPTIONS_PROGRAM;

/** Checks what the table cannot and every command needs, and finds the own container.
 *  @return 0, or -1 with ERROR_INVALID (names the option and says what to give) */
int worker_options_check(struct worker_options *options, struct error *err);
/** Checks what only a worker needs, and reads the attributes into arena.
 *  @return 0, or -1 with ERROR_INVALID (names the option and says what to give), ERROR_NO_MEMORY */
int worker_options_finish(const struct worker_options *options, struct arena *arena,
                          struct host_record *record, struct error *err);
/** client_id: "stopfleet-worker". The options must live on. */
struct kafka_config worker_options_kafka(const struct worker_options *options);
struct redis_config worker_options_redis(const struct worker_options *options);
struct grouping_options worker_options_grouping(const struct worker_options *options);
/** What --runtime asks for; nothing is connected yet. read_only: nothing is made in the directory of task files.
 *  @return NULL as runtime_docker_new, runtime_process_new */
struct runtime *worker_options_runtime(const struct worker_options *options, struct loop *loop,
                                       bool read_only, const struct runtime_callbacks *callbacks,
                                       void *context, struct error *err);

#endif
