#ifndef COMMON_DOMAIN_EVENT_H
#define COMMON_DOMAIN_EVENT_H

/** The facts of the log (docs/events.md). An event is a msgpack map with string keys of at most
 *  EVENT_MAX_BYTES; readers ignore unknown keys and carry unknown types through. */

#include "common/domain/description.h"
#include "common/domain/record.h"

enum { EVENT_MAX_BYTES = 64 * 1024, EVENT_MAJOR_VERSION = 1 };

enum event_type {
    EVENT_UNKNOWN_TYPE = 0, /**< a type that this version does not know: type_name tells */
#define EVENT(constant, ...) EVENT_##constant,
#include "common/domain/event.def"
#undef EVENT
    EVENT_TYPE_COUNT
};

/** Who wrote the event. */
struct event_actor {
    const char *program;     /**< "stopfleet-worker" */
    const char *instance;    /**< host name or configured instance id */
    const char *incarnation; /**< 32 hex, new at each start */
    const char *boot_id;     /**< of the machine it runs on */
};

/** A container run: what facts speak of. Equal when both members are. */
struct run {
    const char *container_id;
    int64_t started_at; /**< unix ms as the runtime says */
};

struct event_worker_started {
    bool journal_found; /**< an older incarnation's journal was found and taken over */
    const char *version;
};

struct event_task_observed {
    int64_t revision; /**< 1, 2, …: not higher than the folded one = ignored */
    struct description description;
};

struct event_stop_requested {
    const char *principal;
    const char *access_key_id;
    const char *source_address;
    const char *user_agent;
    const char *request_id;
    const char *invocation_id;
    const char *reason;                      /**< absent = ECS's "Task stopped by user" */
    struct optional_integer stop_timeout_ms; /**< 0 = SIGKILL now */
};

/** One step of a plan. */
struct planned_run {
    const char *container_id;
    int64_t started_at;
    const char *name;
    const char *signal; /**< "SIGTERM" … */
    int64_t grace_ms;   /**< 0 = SIGKILL at once */
    int64_t drain_delay_ms;
    const char *pre_stop;
    struct text_list after; /**< container ids that must have ended before this one is signalled */
};

struct event_stop_accepted {
    struct text_list requests; /**< ids of every StopRequested that shaped the plan */
    RECORD_LIST_OF(struct planned_run) plan;
};

/** SignalSent and KillSent. */
struct event_signal_sent {
    struct run run;
    const char *signal;
    const char *answer;   /**< the engine's, e.g. "204" */
    int64_t sent_unix_ms; /**< wall clock at sent_boot_ms, for people */
    int64_t
        sent_boot_ms; /**< boot-time clock. SignalSent: when the engine had answered, from which the deadline counts; KillSent: when it was asked. So the log alone shows that no SIGKILL came before the grace had run out */
    const char *boot_id;      /**< boot that sent_boot_ms belongs to */
    int64_t deadline_unix_ms; /**< SignalSent: when the grace runs out, for people */
    bool maybe_repeated;      /**< the run has more than one intent of this signal */
};

struct event_pre_stop_started {
    struct run run;
    const char *exec_id;   /**< the engine's id of the command */
    int64_t begun_unix_ms; /**< wall clock at begun_boot_ms, for people */
    int64_t
        begun_boot_ms; /**< boot-time clock when the engine had answered: the grace counts from it */
    const char *boot_id;      /**< boot that begun_boot_ms belongs to */
    int64_t deadline_unix_ms; /**< when the grace runs out, for people */
};

struct event_pre_stop_ended {
    struct run run;
    struct optional_integer exit_code; /**< unknown, or not started = absent */
    const char *reason;                /**< why there is no exit code */
};

/** What became of one run. */
struct run_result {
    const char *container_id;
    int64_t started_at;
    const char *name;
    struct optional_integer exit_code; /**< unknown = absent */
    bool oom_killed;
    int64_t finished_at; /**< unix ms as the runtime says; 0 = unknown */
    const char *reason;  /**< as ECS words it: "OutOfMemoryError: …", at most 1024 */
};

struct event_container_exited {
    struct run_result result;
};

/** TaskStopped and TaskGone. */
struct event_task_ended {
    RECORD_LIST_OF(struct run_result) results;
    const char *reason; /**< TaskGone: why, e.g. vanished while nobody watched */
};

struct event_stop_stuck {
    struct run run;
    const char *reason;
};

struct event_task_tagged {
    RECORD_LIST_OF(struct tag) added;
    struct text_list removed; /**< keys */
    const char *principal;
    const char *request_id;
};

/** Who asked an API for a change of a host. */
struct event_caller {
    const char *principal; /**< ARN */
    const char *source_address;
    const char *user_agent;
    const char *request_id;
};

struct event_host_state_changed {
    const char *status; /**< "ACTIVE" or "DRAINING" */
    struct event_caller caller;
};

struct event_host_deregistered {
    bool force;
    struct event_caller caller;
};

/** One event. Texts belong to `arena` when decoded, else to whoever filled it in. */
struct event {
    enum event_type type;
    const char *type_name; /**< wire name; kept for unknown types too */
    int64_t version;       /**< major */
    const char *id;        /**< unique per fact; a retry of the same fact has the same id */
    int64_t ts;            /**< unix ms when it was made */
    const char *account, *region, *cluster, *task, *host; /**< task absent in host events */
    struct event_actor actor;
    const char *cause; /**< id of the StopRequested that led here */
    bool truncated;    /**< something did not fit and was cut */
    union {
#define EVENT_BODY(type) struct event_##type type
        EVENT_BODY(worker_started);
        EVENT_BODY(task_observed);
        EVENT_BODY(stop_requested);
        EVENT_BODY(stop_accepted);
        EVENT_BODY(signal_sent);
        EVENT_BODY(pre_stop_started);
        EVENT_BODY(pre_stop_ended);
        EVENT_BODY(container_exited);
        EVENT_BODY(task_ended);
        EVENT_BODY(stop_stuck);
        EVENT_BODY(task_tagged);
        EVENT_BODY(host_deregistered);
        EVENT_BODY(host_state_changed);
#undef EVENT_BODY
    };
    struct arena arena; /**< holds what event_decode copied */
};

extern const struct record_spec RUN_RESULT_SPEC;
extern const struct record_spec PLANNED_RUN_SPEC;

/** The fields of an event of this type, those that all have first: for record_to_json,
 *  record_equal; of an unknown type only the common ones. */
const struct record_spec *event_spec(enum event_type type);

/** "StopRequested" for EVENT_STOP_REQUESTED; NULL outside the enum. */
const char *event_type_name(enum event_type type);
/** EVENT_UNKNOWN_TYPE if there is no such name. */
enum event_type event_type_from_name(struct span name);
/** True for the types that only the host's worker writes about a task's stop (StopAccepted …
 *  TaskGone). */
bool event_is_workers_own(enum event_type type);

/** Appends the event to buf in at most EVENT_MAX_BYTES: what is too long is cut (reasons, names,
 *  label-derived sets), what then does not fit is cut shorter and at last left out (images, limits,
 *  ports), and `truncated` written. What identifies, containers, a plan and results are never cut:
 *  an event whose ids are over their limits, or whose plan or results exceed EVENT_MAX_BYTES alone,
 *  is ERROR_FULL. type_name and version need not be set.
 *  @return 0 or -1 with ERROR_FULL, ERROR_NO_MEMORY, ERROR_BUG (unknown type, required field not
 *  set) */
int event_encode(const struct event *event, struct buffer *buf, struct error *err);
/** Reads an event; release with event_release in every case. Unknown type: common fields only, type
 *  EVENT_UNKNOWN_TYPE, success.
 *  @return 0, or -1: ERROR_UNSUPPORTED (major version), ERROR_CORRUPT (bytes, more than
 *  EVENT_MAX_BYTES of them, missing fields), ERROR_NO_MEMORY */
int event_decode(struct span bytes, struct event *ret_event, struct error *err);
/** Frees what event_decode made; the event is empty then. NULL-safe. */
void event_release(struct event *event);
/** All that the bytes hold, unknown keys included, as JSON in wire order; new reference or NULL. */
json_t *event_to_json(struct span bytes, struct error *err);

/** Equality of runs. */
bool run_equal(struct run a, struct run b);
/** The run of a planned step or a result. */
struct run run_of_planned(const struct planned_run *planned);
struct run run_of_result(const struct run_result *result);
/** What the end of a task says of that run; NULL = nothing. */
const struct run_result *event_ended_result(const struct event_task_ended *ended, struct run run);

/** A StopRequested's id from (principal, invocation id, body, stop timeout): SHA-256, in the
 *  form of a UUID version 8, so that a client's retry is the same fact. */
void event_id_of_invocation(const char *principal, const char *invocation_id, struct span body,
                            struct optional_integer stop_timeout_ms, char ret_id[37]);
/** A task id minted from host, name, and the earliest container's id and start: SHA-256, first
 *  32 hex. */
void event_mint_task_id(const char *host, const char *name, const char *container_id,
                        int64_t started_at, char ret_id[33]);

/** docs/events.md from the tables. */
void event_write_markdown(FILE *out);

#endif
