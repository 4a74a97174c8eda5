#ifndef COMMON_DOMAIN_TASK_H
#define COMMON_DOMAIN_TASK_H

/** A task as the fold of its events: the only state there is of a task. Encoded with TASK_SPEC
 *  it is the base in Redis; equal folds have equal bytes. */

#include "common/domain/event.h"

enum { TASK_TAGGED_IDS_MAX = 64 /**< ids of folded TaskTagged kept against repeats */ };

/** A signal that the engine said was sent. */
struct sent_signal {
    const char *container_id;
    int64_t started_at;
    const char *signal;
    int64_t sent_unix_ms, sent_boot_ms;
    const char *boot_id;
    bool maybe_repeated;
};

/** The pre-stop command of a run. */
struct pre_stop_run {
    const char *container_id;
    int64_t started_at;
    const char *exec_id; /**< the engine's id of it; absent = its start is not known */
    int64_t begun_unix_ms, begun_boot_ms;
    const char *boot_id;
    bool ended; /**< or was not started */
    struct optional_integer exit_code;
    const char *reason; /**< why there is no exit code */
};

struct stuck_run {
    const char *container_id;
    int64_t started_at;
    const char *reason;
    int64_t since_unix_ms;
};

/** The folded task. Texts live in arena. */
struct task {
    const char *account, *region, *cluster, *id, *host;
    int64_t observed_at; /**< ts of the first TaskObserved folded */
    int64_t revision;
    struct description description;
    /* the first StopRequested in log order */
    const char *request_event_id; /**< absent = none */
    int64_t requested_at;
    const char *requested_reason;
    const char *requested_by; /**< principal */
    /* the plan: union of all StopAccepted */
    struct text_list named; /**< StopRequested ids that shaped it */
    int64_t accepted_at;
    RECORD_LIST_OF(struct planned_run) plan;
    RECORD_LIST_OF(struct pre_stop_run)
    pre_stops; /**< first PreStopStarted and PreStopEnded per run */
    RECORD_LIST_OF(struct sent_signal) signals; /**< first SignalSent per run */
    RECORD_LIST_OF(struct sent_signal) kills;   /**< first KillSent per run */
    RECORD_LIST_OF(struct run_result)
    exits; /**< first ContainerExited per run; terminal results fill in */
    RECORD_LIST_OF(struct stuck_run) stuck; /**< latest reason per run; gone once the run ended */
    /* the end */
    const char *terminal; /**< "TaskStopped" or "TaskGone"; absent = not over */
    int64_t terminal_at;
    const char *stop_code; /**< set at the first StopRequested or at the end: "UserInitiated" or
                            *   "EssentialContainerExited" */
    RECORD_LIST_OF(struct tag)
    tags;                        /**< description's tags + TaskTagged; emptied by StopRequested */
    struct text_list tagged_ids; /**< ids of the last TASK_TAGGED_IDS_MAX TaskTagged folded */
    struct arena arena;          /**< not encoded */
    size_t compact_bytes; /**< not encoded: what the arena held when task_compact last looked */
};

extern const struct record_spec TASK_SPEC;

/** {0} is the valid empty task. Frees everything; the task is empty again. NULL-safe. */
void task_release(struct task *task);
/** Reads a base into a task that holds nothing (it is not released first). Release in every case.
 *  @return 0 or -1 with ERROR_CORRUPT, ERROR_NO_MEMORY */
int task_decode(struct span bytes, struct task *ret_task, struct error *err);
/** Appends the base to buf. @return 0 or -1 with ERROR_FULL, ERROR_NO_MEMORY */
int task_encode(const struct task *task, struct buffer *buf, struct error *err);
/** Deep copy into a task that holds nothing. @return 0 or -1 with ERROR_NO_MEMORY */
int task_copy(const struct task *task, struct task *ret_copy, struct error *err);
/** Copies the task into a fresh arena when the old one holds far more than the task needs (old
 *  revisions); reduce() does that by itself. @return 0, or -1 with ERROR_NO_MEMORY and the task
 *  as it was */
int task_compact(struct task *task, struct error *err);

bool task_is_terminal(const struct task *task);
bool task_stop_requested(const struct task *task);
/** ECS lastStatus: PENDING, RUNNING, DEACTIVATING, STOPPING, STOPPED. */
const char *task_last_status(const struct task *task);
/** "RUNNING" or "STOPPED". */
const char *task_desired_status(const struct task *task);
/** description's revision + stop requested + runs ended + terminal; at least 1. */
int64_t task_version(const struct task *task);
/** Lookups; NULL if there is none. Pointers valid until the next fold. */
const struct planned_run *task_planned(const struct task *task, struct run run);
const struct pre_stop_run *task_pre_stop(const struct task *task, struct run run);
const struct sent_signal *task_signal(const struct task *task, struct run run);
const struct sent_signal *task_kill(const struct task *task, struct run run);
const struct run_result *task_exit(const struct task *task, struct run run);
const struct described_container *task_described(const struct task *task, struct run run);
/** What became of the run of a described container: of its ContainerExited and of what the description says of its end, the
 *  one that knows the exit code. Texts are borrowed. @return false if it has not ended as far as is known */
bool task_described_end(const struct task *task, const struct described_container *container,
                        struct run_result *ret_result);
bool task_names(const struct task *task, const char *request_event_id);

#endif
