#include "worker/host/worker_options.h"

#include <stddef.h>
#include <string.h>

#include "common/domain/scope_options.h"
#include "worker/host/host_id.h"

#define AT(member) offsetof(struct worker_options, member)

enum { REDIS_TIMEOUT_MS = 5000 };

static const char *const RUNTIMES[] = {"docker", "process", NULL};
static const char *const TERMINATIONS[] = {"leave", "finish", NULL};
static const char *const GROUPINGS[] = {"project", "service", NULL};

static const struct option_text_rule HOST_ID = {host_id_is_fit,
                                                "up to 255 letters, digits, -, _ and ."};
static const struct option_text_rule DIRECTORY = {.wanted = "the path of a directory"};
static const struct option_text_rule ENDPOINT = {.wanted = "unix:///PATH or tcp://HOST:PORT"};

static const struct option_spec SPECS[] = {
    {.name = "account",
     .type = OPTION_TEXT,
     .offset = AT(account),
     .default_text = "000000000000",
     .text_rule = &SCOPE_ACCOUNT,
     .group = "Host",
     .help = "Account number in ARNs. The same for all programs of a Stopfleet."},
    {.name = "region",
     .type = OPTION_TEXT,
     .offset = AT(region),
     .default_text = "us-east-1",
     .text_rule = &SCOPE_REGION,
     .group = "Host",
     .help = "Region in ARNs. The same for all programs of a Stopfleet."},
    {.name = "cluster",
     .type = OPTION_TEXT,
     .offset = AT(cluster),
     .default_text = "default",
     .text_rule = &SCOPE_CLUSTER,
     .group = "Host",
     .help = "Cluster that this host belongs to."},
    {.name = "host-id",
     .type = OPTION_TEXT,
     .offset = AT(host_id),
     .text_rule = &HOST_ID,
     .group = "Host",
     .help = "Identity of this host in the log, for ever. Default: made from /etc/machine-id. "
             "Needed on a machine that was cloned."},
    {.name = "availability-zone",
     .type = OPTION_TEXT,
     .offset = AT(availability_zone),
     .group = "Host",
     .help = "The tasks' availabilityZone."},
    {.name = "attribute",
     .type = OPTION_TEXT_LIST,
     .offset = AT(attributes),
     .group = "Host",
     .help = "NAME=VALUE, an attribute of this host and of its tasks; may be given several times."},
    {.name = "state-directory",
     .type = OPTION_TEXT,
     .offset = AT(state_directory),
     .default_text = "/var/lib/stopfleet",
     .text_rule = &DIRECTORY,
     .group = "Host",
     .help = "Directory of the journal: on a disk that outlives the process, one for each worker."},
    {.name = "journal-max",
     .type = OPTION_BYTES,
     .offset = AT(journal_max_bytes),
     .default_text = "64MiB",
     .min = 1048576,
     .max = INT64_C(1) << 40,
     .group = "Host",
     .help = "Largest size of the journal."},
    {.name = "runtime",
     .type = OPTION_CHOICE,
     .offset = AT(runtime),
     .default_text = "docker",
     .choices = RUNTIMES,
     .group = "Tasks",
     .help = "What runs the containers: a Docker or Podman engine, or plain processes described by "
             "task files."},
    {.name = "docker-endpoint",
     .type = OPTION_TEXT,
     .offset = AT(docker_endpoint),
     .default_text = "unix:///var/run/docker.sock",
     .text_rule = &ENDPOINT,
     .env_alias = "DOCKER_HOST",
     .group = "Tasks",
     .help = "Engine to talk to."},
    {.name = "process-directory",
     .type = OPTION_TEXT,
     .offset = AT(process_directory),
     .default_text = "/run/stopfleet/tasks",
     .text_rule = &DIRECTORY,
     .group = "Tasks",
     .help = "Directory of the task files of the process runtime (stopfleet-run writes them)."},
    {.name = "engine-calls",
     .type = OPTION_INTEGER,
     .offset = AT(engine_calls),
     .default_text = "16",
     .min = 1,
     .max = 1000,
     .group = "Tasks",
     .help = "Calls to the engine that may be open at a time. A task takes no more of them than it "
             "leaves "
             "free."},
    {.name = "engine-timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(engine_timeout_ms),
     .default_text = "30s",
     .min = 1000,
     .max = 3600000,
     .group = "Tasks",
     .help = "How long a call to the engine may take. An engine needs up to 14s for a SIGKILL."},
    {.name = "stop-timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(stop_timeout_ms),
     .default_text = "30s",
     .min = 1000,
     .max = INT64_C(604800000),
     .env_alias = "ECS_CONTAINER_STOP_TIMEOUT",
     .group = "Tasks",
     .help = "Grace between stop signal and SIGKILL of a container that has none of its own."},
    {.name = "on-termination",
     .type = OPTION_CHOICE,
     .offset = AT(on_termination),
     .default_text = "leave",
     .choices = TERMINATIONS,
     .group = "Tasks",
     .help = "What SIGTERM does with stops under way: leave them to the next start, their grace "
             "runs on; "
             "or finish them first. A second SIGTERM leaves them."},
    {.name = "group-by",
     .type = OPTION_CHOICE,
     .offset = AT(group_by),
     .default_text = "project",
     .choices = GROUPINGS,
     .group = "Tasks",
     .help = "Whether a Compose project is one task, or each of its services."},
    {.name = "allowed-label",
     .type = OPTION_TEXT_LIST,
     .offset = AT(allowed_labels),
     .group = "Tasks",
     .help = "Label whose value is recorded as a tag of the task; may be given several times. "
             "Other labels are never recorded."},
    {.name = "adopt",
     .type = OPTION_TEXT_LIST,
     .offset = AT(adopt),
     .group = "Tasks",
     .help = "Also take containers that kubelet, swarm, nomad, systemd or ecs (a live ECS agent) "
             "manages: they may start what is stopped again; or own-project: those that belong "
             "together with the worker's own container. May be given several times."},
    {.name = "discovery-interval",
     .type = OPTION_DURATION_MS,
     .offset = AT(discovery_interval_ms),
     .default_text = "1m",
     .min = 1000,
     .max = 86400000,
     .group = "Tasks",
     .help = "How often all containers are listed in case an event was lost."},
    CONNECTION_OPTIONS_KAFKA(struct worker_options),
    {.name = "unsafe-topics",
     .type = OPTION_BOOLEAN,
     .offset = AT(unsafe_topics),
     .group = "Log",
     .help = "Work even if the topics' settings can lose records (too few replicas, limited "
             "retention), or cannot be checked."},
    {.name = "replication",
     .type = OPTION_INTEGER,
     .offset = AT(replication),
     .default_text = "3",
     .min = 1,
     .max = 100,
     .group = "Log",
     .help = "Least replicas of the topics that are safe."},
    {.name = "min-insync-replicas",
     .type = OPTION_INTEGER,
     .offset = AT(min_insync_replicas),
     .default_text = "2",
     .min = 1,
     .max = 100,
     .group = "Log",
     .help = "Least replicas that must hold a record before it counts."},
    CONNECTION_OPTIONS_REDIS(struct worker_options),
    {.name = "heartbeat-interval",
     .type = OPTION_DURATION_MS,
     .offset = AT(heartbeat_interval_ms),
     .default_text = "10s",
     .min = 100,
     .max = 3600000,
     .group = "View",
     .help = "How often the host says that it is connected; three times missed, it counts as "
             "disconnected until it has said so three times in a row."},
    {.name = "retention",
     .type = OPTION_DURATION_MS,
     .offset = AT(retention_ms),
     .default_text = "24h",
     .min = 1000,
     .max = 0,
     .group = "View",
     .help = "How long a stopped task stays in the view after its end. The log keeps it for ever."},
    {.name = "json",
     .type = OPTION_BOOLEAN,
     .offset = AT(json),
     .group = "Tasks",
     .help = "Of `tasks`: one JSON object instead of tables."},
    CONNECTION_OPTIONS_LOG(struct worker_options, "info"),
};

const struct option_program WORKER_OPTIONS_PROGRAM = {
    .name = "stopfleet-worker",
    .version = STOPFLEET_VERSION,
    .synopsis = "[tasks] [OPTION]...",
    .summary =
        "Finds the tasks of this host, stops those that a StopTask names, and tells what happened. "
        "One on each host; needs Kafka, Redis and what runs the containers. `tasks` lists what "
        "runs on this host as tasks, what is not discovered and why, and labels of no use; it "
        "needs only what runs the containers.\n\n"
        "Exit status: 0 ended by a signal, 1 a failure that a restart may cure, 2 wrong options or "
        "another worker has this state directory, or one on another "
        "machine this identity. On one machine the newest worker of an identity acts and the older "
        "one ends.",
    .specs = SPECS,
    .spec_count = sizeof SPECS / sizeof SPECS[0],
};

static int read_attributes(const struct worker_options *options, struct arena *arena,
                           struct host_record *record, struct error *err)
{
    size_t count = options->attributes.count;
    record->attributes.count = 0;
    record->attributes.items = arena_alloc(arena, (count + 1) * sizeof *record->attributes.items);
    if (record->attributes.items == NULL) {
        return error_no_memory(err, "reading options");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = options->attributes.items[i];
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text) {
            return error_set(err, ERROR_INVALID, "--attribute \"%s\" has no %s: give NAME=VALUE",
                             text, equals == NULL ? "=" : "name");
        }
        struct host_attribute *attribute = &record->attributes.items[record->attributes.count++];
        attribute->name = arena_strndup(arena, text, (size_t)(equals - text));
        attribute->value = equals + 1;
        if (attribute->name == NULL) {
            return error_no_memory(err, "reading options");
        }
    }
    return 0;
}

int worker_options_check(struct worker_options *options, struct error *err)
{
    for (size_t i = 0; i < options->adopt.count; i++) {
        if (group_exclusion_from_name(options->adopt.items[i]) == GROUP_INCLUDED) {
            return error_set(err, ERROR_INVALID,
                             "--adopt \"%s\": give kubelet, swarm, nomad, systemd, ecs or "
                             "own-project",
                             options->adopt.items[i]);
        }
    }
    if (!own_container_find("/proc/self/mountinfo", "/proc/self/cgroup", options->own_container)) {
        options->own_container[0] = '\0';
    }
    return 0;
}

int worker_options_finish(const struct worker_options *options, struct arena *arena,
                          struct host_record *record, struct error *err)
{
    if (connection_options_check(options->kafka_brokers, err) != 0) {
        return -1;
    }
    return read_attributes(options, arena, record, err);
}

struct kafka_config worker_options_kafka(const struct worker_options *options)
{
    return CONNECTION_KAFKA_CONFIG(options, "stopfleet-worker");
}

struct redis_config worker_options_redis(const struct worker_options *options)
{
    return CONNECTION_REDIS_CONFIG(options, REDIS_TIMEOUT_MS);
}

struct grouping_options worker_options_grouping(const struct worker_options *options)
{
    struct grouping_options grouping = {.by_service = options->group_by == WORKER_GROUP_BY_SERVICE,
                                        .account = options->account,
                                        .region = options->region,
                                        .cluster = options->cluster,
                                        .own_container = options->own_container,
                                        .allowed_labels = &options->allowed_labels,
                                        .created_settle_ms = 5000};
    for (size_t i = 0; i < options->adopt.count; i++) {
        grouping.adopted |= 1U << group_exclusion_from_name(options->adopt.items[i]);
    }
    return grouping;
}

struct runtime *worker_options_runtime(const struct worker_options *options, struct loop *loop,
                                       bool read_only, const struct runtime_callbacks *callbacks,
                                       void *context, struct error *err)
{
    if (options->runtime == WORKER_RUNTIME_PROCESS) {
        struct runtime_process_config config = {.directory = options->process_directory,
                                                .read_only = read_only};
        return runtime_process_new(loop, &config, callbacks, context, err);
    }
    struct runtime_docker_config config = {.endpoint = options->docker_endpoint,
                                           .call_timeout_ms = options->engine_timeout_ms,
                                           .calls_at_once = options->engine_calls};
    return runtime_docker_new(loop, &config, callbacks, context, err);
}
