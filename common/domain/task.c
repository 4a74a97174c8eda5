#include "common/domain/task.h"

#include <string.h>

enum {
    ID_BYTES = 64,
    CONTAINER_ID_BYTES = 80,
    COMPACT_FROM_BYTES = 8 * 1024, /* an arena that is smaller is not worth it */
    ALL = RECORD_UNBOUNDED
};

#define TEXT(type, member, max, doc) RECORD_FIELD_TEXT(struct type, member, #member, 0, max, doc)
#define INTEGER(type, member, doc)   RECORD_FIELD_INTEGER(struct type, member, #member, 0, doc)
/* Lists of the task are as long as they are. */
#define LIST(member, spec, doc) RECORD_FIELD_LIST(struct task, member, #member, spec, 0, ALL, doc)
#define TEXT_LIST(member, doc)  RECORD_FIELD_TEXT_LIST(struct task, member, #member, 0, ALL, doc)

static const struct record_field signal_fields[] = {
    RECORD_FIELD_TEXT(struct sent_signal, container_id, "container_id", RECORD_REQUIRED,
                      CONTAINER_ID_BYTES, "the run's container"),
    INTEGER(sent_signal, started_at, "when the run started, unix ms"),
    TEXT(sent_signal, signal, 24, "name"),
    INTEGER(sent_signal, sent_unix_ms, "wall clock when it was sent"),
    INTEGER(sent_signal, sent_boot_ms, "boot-time clock then"),
    TEXT(sent_signal, boot_id, ID_BYTES, "the boot that `sent_boot_ms` is of"),
    RECORD_FIELD_BOOLEAN(struct sent_signal, maybe_repeated, "maybe_repeated", 0,
                         "true: it may have reached the run more than once"),
};
static const struct record_spec signal_spec =
    RECORD_SPEC(struct sent_signal, signal_fields, "SentSignal", "A signal that was sent.");

static const struct record_field pre_stop_fields[] = {
    RECORD_FIELD_TEXT(struct pre_stop_run, container_id, "container_id", RECORD_REQUIRED,
                      CONTAINER_ID_BYTES, "the run's container"),
    INTEGER(pre_stop_run, started_at, "when the run started, unix ms"),
    TEXT(pre_stop_run, exec_id, CONTAINER_ID_BYTES, "the engine's id of the command"),
    INTEGER(pre_stop_run, begun_unix_ms, "wall clock when it was started"),
    INTEGER(pre_stop_run, begun_boot_ms, "boot-time clock then"),
    TEXT(pre_stop_run, boot_id, ID_BYTES, "the boot that `begun_boot_ms` is of"),
    RECORD_FIELD_BOOLEAN(struct pre_stop_run, ended, "ended", 0,
                         "true: it ended, or was not started"),
    RECORD_FIELD_OPTIONAL(struct pre_stop_run, exit_code, "exit_code", 0, "as the runtime says"),
    RECORD_FIELD_TEXT(struct pre_stop_run, reason, "reason", RECORD_CUTTABLE, 1024,
                      "why there is no exit code"),
};
static const struct record_spec pre_stop_spec = RECORD_SPEC(
    struct pre_stop_run, pre_stop_fields, "PreStopRun", "The pre-stop command of a run.");

static const struct record_field stuck_fields[] = {
    RECORD_FIELD_TEXT(struct stuck_run, container_id, "container_id", RECORD_REQUIRED,
                      CONTAINER_ID_BYTES, "the run's container"),
    INTEGER(stuck_run, started_at, "when the run started, unix ms"),
    RECORD_FIELD_TEXT(struct stuck_run, reason, "reason", RECORD_CUTTABLE, 1024,
                      "what could not be done, and why"),
    INTEGER(stuck_run, since_unix_ms, "when that was said"),
};
static const struct record_spec stuck_spec =
    RECORD_SPEC(struct stuck_run, stuck_fields, "StuckRun", "A run that cannot be stopped.");

/* Limits are those of the events that the members come from: what was folded is written whole. */
static const struct record_field task_fields[] = {
    TEXT(task, account, 64, "account"),
    TEXT(task, region, 64, "region"),
    TEXT(task, cluster, 255, "cluster"),
    TEXT(task, id, 64, "task id"),
    TEXT(task, host, 255, "host id"),
    INTEGER(task, observed_at, "time of the first TaskObserved"),
    INTEGER(task, revision, "of the description"),
    RECORD_FIELD_OBJECT(struct task, description, "description", &DESCRIPTION_SPEC, 0,
                        "as observed last"),
    TEXT(task, request_event_id, ID_BYTES, "the first StopRequested"),
    INTEGER(task, requested_at, "its time"),
    RECORD_FIELD_TEXT(struct task, requested_reason, "requested_reason", RECORD_CUTTABLE, 4096,
                      "its reason"),
    RECORD_FIELD_TEXT(struct task, requested_by, "requested_by", RECORD_CUTTABLE, 512,
                      "its principal"),
    TEXT_LIST(named, "ids of the StopRequested that shaped the plan"),
    INTEGER(task, accepted_at, "time of the first StopAccepted"),
    LIST(plan, &PLANNED_RUN_SPEC, "union of all plans"),
    LIST(pre_stops, &pre_stop_spec, "the pre-stop command of each run that has one"),
    LIST(signals, &signal_spec, "the first SignalSent of each run"),
    LIST(kills, &signal_spec, "the first KillSent of each run"),
    LIST(exits, &RUN_RESULT_SPEC, "what became of each run that ended"),
    LIST(stuck, &stuck_spec, "the latest reason of each run that has not ended"),
    TEXT(task, terminal, 64, "the event that ended the task"),
    INTEGER(task, terminal_at, "its time"),
    TEXT(task, stop_code, 64, "ECS stop code"),
    LIST(tags, &TAG_SPEC, "tags, sorted by key"),
    TEXT_LIST(tagged_ids, "ids of the last TaskTagged folded"),
};
const struct record_spec TASK_SPEC =
    RECORD_SPEC(struct task, task_fields, "Task", "A task as the fold of its events.");

void task_release(struct task *task)
{
    if (task != NULL) {
        arena_release(&task->arena);
        memset(task, 0, sizeof *task);
    }
}

int task_decode(struct span bytes, struct task *ret_task, struct error *err)
{
    struct arena arena = {0};
    if (record_decode(&TASK_SPEC, bytes, &arena, ret_task, err) < 0) {
        arena_release(&arena);
        memset(ret_task, 0, sizeof *ret_task);
        return error_wrap(err, "base of a task");
    }
    ret_task->arena = arena;
    ret_task->compact_bytes = arena.used_bytes;
    return 0;
}

int task_encode(const struct task *task, struct buffer *buf, struct error *err)
{
    return record_encode(&TASK_SPEC, task, buf, NULL, err);
}

int task_copy(const struct task *task, struct task *ret_copy, struct error *err)
{
    struct arena arena = {0};
    if (record_copy(&TASK_SPEC, task, &arena, ret_copy, err) < 0) {
        arena_release(&arena);
        memset(ret_copy, 0, sizeof *ret_copy);
        return -1;
    }
    ret_copy->arena = arena;
    ret_copy->compact_bytes = arena.used_bytes;
    return 0;
}

int task_compact(struct task *task, struct error *err)
{
    if (task->arena.used_bytes < COMPACT_FROM_BYTES ||
        task->arena.used_bytes / 2 < task->compact_bytes) {
        return 0;
    }
    struct task copy;
    if (task_copy(task, &copy, err) < 0) {
        return -1;
    }
    task_release(task);
    *task = copy;
    return 0;
}

bool task_is_terminal(const struct task *task)
{
    return task->terminal != NULL;
}

bool task_stop_requested(const struct task *task)
{
    return task->request_event_id != NULL;
}

static bool any_container_started(const struct task *task)
{
    for (size_t i = 0; i < task->description.containers.count; i++) {
        if (task->description.containers.items[i].started_at != 0) {
            return true;
        }
    }
    return false;
}

static bool anything_before_signals(const struct task *task)
{
    for (size_t i = 0; i < task->plan.count; i++) {
        if (task->plan.items[i].drain_delay_ms > 0 || task->plan.items[i].pre_stop != NULL) {
            return true;
        }
    }
    return false;
}

const char *task_last_status(const struct task *task)
{
    if (task_is_terminal(task)) {
        return "STOPPED";
    }
    if (task->signals.count > 0 || task->kills.count > 0) {
        return "STOPPING";
    }
    if (anything_before_signals(task)) {
        return "DEACTIVATING";
    }
    return any_container_started(task) ? "RUNNING" : "PENDING";
}

const char *task_desired_status(const struct task *task)
{
    return task_is_terminal(task) || task_stop_requested(task) ? "STOPPED" : "RUNNING";
}

int64_t task_version(const struct task *task)
{
    int64_t since_then = (task_stop_requested(task) ? 1 : 0) + (int64_t)task->exits.count +
                         (task_is_terminal(task) ? 1 : 0);
    int64_t version = 0;
    if (__builtin_add_overflow(task->revision, since_then, &version)) {
        return INT64_MAX;
    }
    return version < 1 ? 1 : version;
}

const struct planned_run *task_planned(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->plan.count; i++) {
        if (run_equal(run_of_planned(&task->plan.items[i]), run)) {
            return &task->plan.items[i];
        }
    }
    return NULL;
}

const struct pre_stop_run *task_pre_stop(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->pre_stops.count; i++) {
        const struct pre_stop_run *item = &task->pre_stops.items[i];
        if (run_equal((struct run){item->container_id, item->started_at}, run)) {
            return item;
        }
    }
    return NULL;
}

static const struct sent_signal *find_signal(const struct sent_signal *items, size_t count,
                                             struct run run)
{
    for (size_t i = 0; i < count; i++) {
        if (run_equal((struct run){items[i].container_id, items[i].started_at}, run)) {
            return &items[i];
        }
    }
    return NULL;
}

const struct sent_signal *task_signal(const struct task *task, struct run run)
{
    return find_signal(task->signals.items, task->signals.count, run);
}

const struct sent_signal *task_kill(const struct task *task, struct run run)
{
    return find_signal(task->kills.items, task->kills.count, run);
}

const struct run_result *task_exit(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->exits.count; i++) {
        if (run_equal(run_of_result(&task->exits.items[i]), run)) {
            return &task->exits.items[i];
        }
    }
    return NULL;
}

const struct described_container *task_described(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->description.containers.count; i++) {
        const struct described_container *container = &task->description.containers.items[i];
        if (run_equal((struct run){container->container_id, container->started_at}, run)) {
            return container;
        }
    }
    return NULL;
}

bool task_described_end(const struct task *task, const struct described_container *container,
                        struct run_result *ret_result)
{
    struct run run = {container->container_id, container->started_at};
    const struct run_result *exited = task_exit(task, run);
    if (exited != NULL && (exited->exit_code.known || !container->exit_code.known)) {
        *ret_result = *exited;
        return true;
    }
    *ret_result = (struct run_result){.container_id = container->container_id,
                                      .started_at = container->started_at,
                                      .name = container->name,
                                      .exit_code = container->exit_code,
                                      .oom_killed = container->oom_killed,
                                      .finished_at = container->finished_at,
                                      .reason = container->end_reason};
    return container->ended;
}

bool task_names(const struct task *task, const char *request_event_id)
{
    for (size_t i = 0; i < task->named.count; i++) {
        if (strcmp(task->named.items[i], request_event_id) == 0) {
            return true;
        }
    }
    return false;
}
