#include "common/domain/reduce.h"

#include <string.h>

#include "common/domain/fold.h"

static int fold(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    switch (event->type) {
    case EVENT_TASK_OBSERVED:
        return fold_task_observed(task, event, changed, err);
    case EVENT_STOP_REQUESTED:
        return fold_stop_requested(task, event, changed, err);
    case EVENT_STOP_ACCEPTED:
        return fold_stop_accepted(task, event, changed, err);
    case EVENT_PRE_STOP_STARTED:
        return fold_pre_stop_started(task, event, changed, err);
    case EVENT_PRE_STOP_ENDED:
        return fold_pre_stop_ended(task, event, changed, err);
    case EVENT_SIGNAL_SENT:
        return fold_signal(task, event, changed, err);
    case EVENT_KILL_SENT:
        return fold_kill(task, event, changed, err);
    case EVENT_CONTAINER_EXITED:
        return fold_container_exited(task, event, changed, err);
    case EVENT_TASK_STOPPED:
    case EVENT_TASK_GONE:
        return fold_task_ended(task, event, changed, err);
    case EVENT_STOP_STUCK:
        return fold_stop_stuck(task, event, changed, err);
    case EVENT_TASK_TAGGED:
        return fold_task_tagged(task, event, changed, err);
    case EVENT_UNKNOWN_TYPE:
    case EVENT_WORKER_STARTED:
    case EVENT_HOST_DEREGISTERED:
    case EVENT_HOST_STATE_CHANGED:
    case EVENT_TYPE_COUNT:
        return 0;
    }
    return 0;
}

static bool is_about_a_task(enum event_type type)
{
    return type == EVENT_TASK_OBSERVED || type == EVENT_STOP_REQUESTED ||
           type == EVENT_TASK_TAGGED || event_is_workers_own(type);
}

static int take_identity(struct task *task, const struct event *event, struct error *err)
{
    if (fold_keep_text(task, event->task, &task->id, err) < 0 ||
        fold_keep_text(task, event->account, &task->account, err) < 0 ||
        fold_keep_text(task, event->region, &task->region, err) < 0 ||
        fold_keep_text(task, event->cluster, &task->cluster, err) < 0 ||
        fold_keep_text(task, event->host, &task->host, err) < 0) {
        return -1;
    }
    return 0;
}

static int check_identity(const struct task *task, const struct event *event, struct error *err)
{
    if (event->id == NULL) {
        return error_set(err, ERROR_INVALID, "a %s without id", event_type_name(event->type));
    }
    if (event->task == NULL || (task->id != NULL && strcmp(task->id, event->task) != 0)) {
        return error_set(err, ERROR_INVALID, "a %s of task %s does not fold into task %s",
                         event_type_name(event->type), event->task == NULL ? "(none)" : event->task,
                         task->id == NULL ? "(none)" : task->id);
    }
    return 0;
}

/* Folds; what failed or changed nothing leaves the task as it was. */
static int fold_or_undo(struct task *task, const struct event *event, bool *changed,
                        struct error *err)
{
    struct task before = *task;
    int rc = task->id == NULL ? take_identity(task, event, err) : 0;
    if (rc == 0) {
        rc = fold(task, event, changed, err);
    }
    if (rc < 0 || !*changed) {
        before.arena = task->arena;
        *task = before;
    }
    return rc;
}

int reduce(struct task *task, const struct event *event, bool *ret_changed, struct error *err)
{
    bool changed = false;
    if (is_about_a_task(event->type)) {
        if (check_identity(task, event, err) < 0) {
            return -1;
        }
        if (!task_is_terminal(task)) {
            if (fold_or_undo(task, event, &changed, err) < 0) {
                return -1;
            }
            (void)task_compact(task, NULL); /* without memory for it the task stays as it is */
        }
    }
    if (ret_changed != NULL) {
        *ret_changed = changed;
    }
    return 0;
}

int reduce_bytes(struct task *task, struct span event_bytes, bool *ret_changed, struct error *err)
{
    struct event event;
    int rc = event_decode(event_bytes, &event, err);
    if (rc == 0) {
        rc = reduce(task, &event, ret_changed, err);
    }
    event_release(&event);
    return rc;
}
