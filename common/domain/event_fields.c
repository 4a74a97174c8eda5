#include <stddef.h>

#include "common/domain/event.h"

/* The tables of all events. Keys are never reused or retyped: tests/corpus/events/v1 is read for
 * ever. Each table begins with the fields that all events have, then those of its body, all in one
 * flat map. */

enum {
    NEEDED = RECORD_REQUIRED,
    CUT = RECORD_CUTTABLE,
    COMMON_FIELD_COUNT = 12,
    ID_BYTES = 64,
    CONTAINER_ID_BYTES = 80
};

#define TEXT(type, member, flags, max, doc)                                                        \
    RECORD_FIELD_TEXT(struct type, member, #member, flags, max, doc)
#define INTEGER(type, member, flags, doc)                                                          \
    RECORD_FIELD_INTEGER(struct type, member, #member, flags, doc)
#define BOOLEAN(type, member, flags, doc)                                                          \
    RECORD_FIELD_BOOLEAN(struct type, member, #member, flags, doc)

static const struct record_field actor_fields[] = {
    TEXT(event_actor, program, CUT, 64, "`stopfleet-worker`"),
    TEXT(event_actor, instance, CUT, 255, "host name or configured instance id"),
    TEXT(event_actor, incarnation, 0, ID_BYTES, "32 hex digits, new at each start"),
    TEXT(event_actor, boot_id, 0, ID_BYTES, "boot id of the machine that it runs on"),
};
static const struct record_spec actor_spec =
    RECORD_SPEC(struct event_actor, actor_fields, "Actor", "Who wrote the event.");

/* What every event has; only events of hosts have no task. */
#define COMMON(task_flags)                                                                         \
    RECORD_FIELD_INTEGER(struct event, version, "v", NEEDED, "major version: 1"),                  \
        RECORD_FIELD_TEXT(struct event, type_name, "type", NEEDED, 64,                             \
                          "which of the types below"),                                             \
        TEXT(event, id, NEEDED, ID_BYTES, "one per fact: a retry of the fact has the same"),       \
        INTEGER(event, ts, NEEDED, "when it was made, unix ms"),                                   \
        TEXT(event, account, NEEDED, 64, "account that the task belongs to"),                      \
        TEXT(event, region, NEEDED, 64, "region that it belongs to"),                              \
        TEXT(event, cluster, NEEDED, 255, "cluster that it belongs to"),                           \
        TEXT(event, task, task_flags, 64, "task id; absent in events of a host"),                  \
        TEXT(event, host, NEEDED, 255, "host id; key of the record"),                              \
        RECORD_FIELD_OBJECT(struct event, actor, "actor", &actor_spec, 0, "who wrote it"),         \
        TEXT(event, cause, 0, ID_BYTES, "id of the StopRequested that led here"),                  \
        BOOLEAN(event, truncated, 0, "true: something did not fit and was cut")

/* Rows for members of a body, by the body's name. */
#define BODY_TEXT(body, member, key, flags, max, doc)                                              \
    RECORD_FIELD_TEXT(struct event, body.member, key, flags, max, doc)
#define BODY_INTEGER(body, member, key, flags, doc)                                                \
    RECORD_FIELD_INTEGER(struct event, body.member, key, flags, doc)
#define BODY_BOOLEAN(body, member, key, flags, doc)                                                \
    RECORD_FIELD_BOOLEAN(struct event, body.member, key, flags, doc)
#define BODY_RUN(body, member)                                                                     \
    BODY_TEXT(body, member.container_id, "container_id", NEEDED, CONTAINER_ID_BYTES,               \
              "the run's container"),                                                              \
        BODY_INTEGER(body, member.started_at, "started_at", 0,                                     \
                     "when the run started as the runtime says, unix ms")

#define BODY_CALLER(body, member)                                                                  \
    BODY_TEXT(body, member.principal, "principal", CUT, 512, "who asked, as ARN"),                 \
        BODY_TEXT(body, member.source_address, "source_address", CUT, 128,                         \
                  "where the call came from"),                                                     \
        BODY_TEXT(body, member.user_agent, "user_agent", CUT, 512, "the caller's User-Agent"),     \
        BODY_TEXT(body, member.request_id, "request_id", CUT, 64, "id of the call, as answered")

static const struct record_field planned_fields[] = {
    TEXT(planned_run, container_id, NEEDED, CONTAINER_ID_BYTES, "the run's container"),
    INTEGER(planned_run, started_at, 0, "when the run started as the runtime says, unix ms"),
    TEXT(planned_run, name, CUT, 255, "the container's name within the task"),
    TEXT(planned_run, signal, 0, 24, "`SIGTERM`"),
    INTEGER(planned_run, grace_ms, NEEDED, "grace; 0 = SIGKILL at once"),
    INTEGER(planned_run, drain_delay_ms, 0, "wait before the signal"),
    TEXT(planned_run, pre_stop, 0, 1024, "command of the label `io.stopfleet.pre-stop`"),
    RECORD_FIELD_TEXT_LIST(struct planned_run, after, "after", 0, RECORD_UNBOUNDED,
                           "ids of containers that must have ended before this one is signalled"),
};
const struct record_spec PLANNED_RUN_SPEC =
    RECORD_SPEC(struct planned_run, planned_fields, "PlannedRun", "One step of a plan.");

static const struct record_field result_fields[] = {
    TEXT(run_result, container_id, NEEDED, CONTAINER_ID_BYTES, "the run's container"),
    INTEGER(run_result, started_at, 0, "when the run started as the runtime says, unix ms"),
    TEXT(run_result, name, CUT, 255, "the container's name within the task"),
    RECORD_FIELD_OPTIONAL(struct run_result, exit_code, "exit_code", 0,
                          "as the runtime says; absent = unknown"),
    BOOLEAN(run_result, oom_killed, 0, "true: the kernel ended it for lack of memory"),
    INTEGER(run_result, finished_at, 0, "as the runtime says, unix ms; absent = unknown"),
    TEXT(run_result, reason, CUT | RECORD_DROPPABLE, 1024, "as ECS words it"),
};
const struct record_spec RUN_RESULT_SPEC =
    RECORD_SPEC(struct run_result, result_fields, "RunResult", "What became of a run.");

static const struct record_field unknown_fields[] = {COMMON(0)};
_Static_assert(sizeof unknown_fields / sizeof unknown_fields[0] == COMMON_FIELD_COUNT,
               "docs/events.md shows the common fields once");

static const struct record_field worker_started_fields[] = {
    COMMON(0),
    BODY_BOOLEAN(worker_started, journal_found, "journal_found", 0,
                 "true: an older incarnation's journal was found and taken over"),
    BODY_TEXT(worker_started, version, "worker_version", CUT, 64, "the worker's version"),
};

static const struct record_field task_observed_fields[] = {
    COMMON(NEEDED),
    BODY_INTEGER(task_observed, revision, "revision", NEEDED,
                 "1, 2, …: one that is not higher than the folded one is ignored"),
    RECORD_FIELD_OBJECT(struct event, task_observed.description, "description", &DESCRIPTION_SPEC,
                        NEEDED, "the whole task"),
};

static const struct record_field stop_requested_fields[] = {
    COMMON(NEEDED),
    BODY_TEXT(stop_requested, principal, "principal", CUT, 512, "who asked, as ARN"),
    BODY_TEXT(stop_requested, access_key_id, "access_key_id", CUT, 128, "the key that signed"),
    BODY_TEXT(stop_requested, source_address, "source_address", CUT, 128,
              "where the call came from"),
    BODY_TEXT(stop_requested, user_agent, "user_agent", CUT, 512, "the caller's User-Agent"),
    BODY_TEXT(stop_requested, request_id, "request_id", CUT, 64, "id of the call, as answered"),
    BODY_TEXT(stop_requested, invocation_id, "invocation_id", CUT, 128,
              "the SDK's id of the invocation, the same in its retries"),
    BODY_TEXT(stop_requested, reason, "reason", CUT, 4096, "absent = `Task stopped by user`"),
    RECORD_FIELD_OPTIONAL(struct event, stop_requested.stop_timeout_ms, "stop_timeout_ms", 0,
                          "grace that the caller wants; 0 = SIGKILL now"),
};

static const struct record_field stop_accepted_fields[] = {
    COMMON(NEEDED),
    RECORD_FIELD_TEXT_LIST(struct event, stop_accepted.requests, "requests", 0, RECORD_UNBOUNDED,
                           "ids of every StopRequested that shaped the plan"),
    RECORD_FIELD_LIST(struct event, stop_accepted.plan, "plan", &PLANNED_RUN_SPEC, 0,
                      RECORD_UNBOUNDED, "the runs in order; never cut"),
};

static const struct record_field signal_sent_fields[] = {
    COMMON(NEEDED),
    BODY_RUN(signal_sent, run),
    BODY_TEXT(signal_sent, signal, "signal", 0, 24, "its name, `SIGTERM`"),
    BODY_TEXT(signal_sent, answer, "answer", CUT, 256, "the engine's answer"),
    BODY_INTEGER(signal_sent, sent_unix_ms, "sent_unix_ms", 0, "wall clock at `sent_boot_ms`"),
    BODY_INTEGER(signal_sent, sent_boot_ms, "sent_boot_ms", 0,
                 "boot-time clock. SignalSent: when the engine had answered, from which "
                 "the deadline counts; KillSent: when it was asked"),
    BODY_TEXT(signal_sent, boot_id, "boot_id", 0, ID_BYTES, "the boot that `sent_boot_ms` is of"),
    BODY_INTEGER(signal_sent, deadline_unix_ms, "deadline_unix_ms", 0,
                 "SignalSent: when the grace runs out, for people"),
    BODY_BOOLEAN(signal_sent, maybe_repeated, "maybe_repeated", 0,
                 "true: this signal may have reached the run more than once"),
};

static const struct record_field pre_stop_started_fields[] = {
    COMMON(NEEDED),
    BODY_RUN(pre_stop_started, run),
    BODY_TEXT(pre_stop_started, exec_id, "exec_id", 0, CONTAINER_ID_BYTES,
              "the engine's id of the command"),
    BODY_INTEGER(pre_stop_started, begun_unix_ms, "begun_unix_ms", 0,
                 "wall clock at `begun_boot_ms`"),
    BODY_INTEGER(pre_stop_started, begun_boot_ms, "begun_boot_ms", 0,
                 "boot-time clock when the engine had answered, from which the deadline counts"),
    BODY_TEXT(pre_stop_started, boot_id, "boot_id", 0, ID_BYTES,
              "the boot that `begun_boot_ms` is of"),
    BODY_INTEGER(pre_stop_started, deadline_unix_ms, "deadline_unix_ms", 0,
                 "when the grace runs out, for people"),
};

static const struct record_field pre_stop_ended_fields[] = {
    COMMON(NEEDED),
    BODY_RUN(pre_stop_ended, run),
    RECORD_FIELD_OPTIONAL(struct event, pre_stop_ended.exit_code, "exit_code", 0,
                          "as the runtime says; absent = unknown, or it was not started"),
    BODY_TEXT(pre_stop_ended, reason, "reason", CUT, 1024, "why there is no exit code"),
};

static const struct record_field container_exited_fields[] = {
    COMMON(NEEDED),
    BODY_RUN(container_exited, result),
    BODY_TEXT(container_exited, result.name, "name", CUT, 255, "the container's name in the task"),
    RECORD_FIELD_OPTIONAL(struct event, container_exited.result.exit_code, "exit_code", 0,
                          "as the runtime says; absent = unknown"),
    BODY_BOOLEAN(container_exited, result.oom_killed, "oom_killed", 0,
                 "true: the kernel ended it for lack of memory"),
    BODY_INTEGER(container_exited, result.finished_at, "finished_at", 0,
                 "as the runtime says, unix ms; absent = unknown"),
    BODY_TEXT(container_exited, result.reason, "reason", CUT, 1024, "as ECS words it"),
};

static const struct record_field task_ended_fields[] = {
    COMMON(NEEDED),
    RECORD_FIELD_LIST(struct event, task_ended.results, "results", &RUN_RESULT_SPEC, 0,
                      RECORD_UNBOUNDED, "every run of the task that is known; never cut"),
    BODY_TEXT(task_ended, reason, "reason", CUT, 1024, "TaskGone: why"),
};

static const struct record_field stop_stuck_fields[] = {
    COMMON(NEEDED),
    BODY_RUN(stop_stuck, run),
    BODY_TEXT(stop_stuck, reason, "reason", CUT, 1024, "what could not be done, and why"),
};

static const struct record_field task_tagged_fields[] = {
    COMMON(NEEDED),
    RECORD_FIELD_LIST(struct event, task_tagged.added, "added", &TAG_SPEC, 0, 64,
                      "tags that are set, after the removal"),
    RECORD_FIELD_TEXT_LIST(struct event, task_tagged.removed, "removed", 0, 64,
                           "keys of tags that are removed"),
    BODY_TEXT(task_tagged, principal, "principal", CUT, 512, "who asked, as ARN"),
    BODY_TEXT(task_tagged, request_id, "request_id", CUT, 64, "id of the call, as answered"),
};

static const struct record_field host_deregistered_fields[] = {
    COMMON(0),
    BODY_BOOLEAN(host_deregistered, force, "force", 0, "true: although tasks were running"),
    BODY_CALLER(host_deregistered, caller),
};

static const struct record_field host_state_changed_fields[] = {
    COMMON(0),
    BODY_TEXT(host_state_changed, status, "status", 0, 32, "`ACTIVE` or `DRAINING`"),
    BODY_CALLER(host_state_changed, caller),
};

const struct record_spec *event_spec(enum event_type type)
{
    static const struct record_spec specs[EVENT_TYPE_COUNT] = {
        [EVENT_UNKNOWN_TYPE] = RECORD_SPEC(struct event, unknown_fields, "Event", "Any event."),
#define EVENT(constant, name, body, writer, says)                                                  \
    [EVENT_##constant] = RECORD_SPEC(struct event, body##_fields, name, says),
#include "common/domain/event.def"
#undef EVENT
    };
    return &specs[type < EVENT_TYPE_COUNT ? type : EVENT_UNKNOWN_TYPE];
}

void event_write_markdown(FILE *out)
{
    static const char *const writers[EVENT_TYPE_COUNT] = {
#define EVENT(constant, name, body, writer, says) [EVENT_##constant] = writer,
#include "common/domain/event.def"
#undef EVENT
    };
    struct record_document document = {0};
    fputs("# Events\n\n"
          "<!-- Made from the tables in common/domain/event.def and event_fields.c: "
          "`print_docs events`. -->\n\n"
          "The facts that `stopfleet.events` holds. Key of a record: the host id. Value: one "
          "msgpack map with text\nkeys, at most 64 KiB. Header: `traceparent`. Readers ignore "
          "unknown keys and carry unknown types through;\nkeys are never reused or retyped; a "
          "higher major version is refused. A key that is absent means: not\nset, 0, false or "
          "empty; keys with * are always there. \"cut\" under *limit*: what is longer loses its "
          "end\nand the event says `truncated`; anything else is refused beyond its limit.\n\n"
          "## All events\n\n",
          out);
    record_write_markdown(event_spec(EVENT_UNKNOWN_TYPE), 0, &document, out);
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        const struct record_spec *spec = event_spec((enum event_type)type);
        fprintf(out, "\n## %s\n\nWritten by %s: %s.\n\n", spec->name, writers[type], spec->doc);
        record_write_markdown(spec, COMMON_FIELD_COUNT, &document, out);
    }
    fputs("\n## Parts of events\n", out);
    record_write_markdown_rest(&document, out);
}
