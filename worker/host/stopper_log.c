#include <string.h>

#include "common/base/fault_point.h"
#include "common/domain/reduce.h"
#include "worker/host/stopper_internal.h"

static void on_worker_started(struct stopper *stopper, const struct event *event)
{
    const char *incarnation = event->actor.incarnation;
    if (incarnation == NULL) {
        return;
    }
    if (strcmp(incarnation, stopper->env.identity->incarnation) == 0) {
        stopper->saw_own = true;
    } else if (!stopper_recovery_know(stopper, incarnation) && stopper->saw_own) {
        stopper->superseded = true;
        stopper->env.superseded(stopper->env.context, incarnation);
    }
}

static bool names_all(const struct task *own, const struct event_stop_accepted *accepted)
{
    for (size_t i = 0; i < accepted->plan.count; i++) {
        if (task_planned(own, run_of_planned(&accepted->plan.items[i])) == NULL) {
            return false;
        }
    }
    return true;
}

/** An older incarnation's plan that we had not known when we wrote our terminal event: that will not cover it, so the stop goes on. */
static void go_on(struct stop_task *task)
{
    log_info("stop.goes_on", "the log holds a plan that the end of this stop did not cover",
             LOG_STR("task", task->entry.key));
    task->own.terminal = NULL;
    task->own.terminal_at = 0;
    task->own.stop_code = NULL;
    task->over = false;
}

static void on_own(struct stop_task *task, int64_t offset, const struct event *event)
{
    bool changed = false;
    struct error err = {0};
    if (event->type == EVENT_STOP_ACCEPTED && task_is_terminal(&task->own) &&
        !names_all(&task->own, &event->stop_accepted)) {
        go_on(task);
    }
    if (reduce(&task->own, event, &changed, &err) != 0) {
        log_error("stop.fold", "an own event of the log could not be folded",
                  LOG_STR("task", task->entry.key), LOG_STR("error", err.message));
    }
    stopper_facts_read(task, event, changed);
    /* An older worker's terminal event may lack runs of a plan that only we know. */
    bool ends = (event->type == EVENT_TASK_STOPPED || event->type == EVENT_TASK_GONE) &&
                terminal_event_covers(&task->own, &event->task_ended);
    if (ends && task_is_terminal(&task->own)) {
        stopper_task_ended_in_log(task, offset);
    } else if (changed && task->stopper->acting && task->stopper->caught_up) {
        stopper_recovery_end_if_over(task);
        stopper_run_sync(task, true);
    }
}

/* Not lost: the commit stays below it, and the next start reads it again. */
static void miss(struct stopper *stopper, int64_t offset, const struct event *event)
{
    if (stopper->missed_offset < 0) {
        stopper->missed_offset = offset;
    }
    log_error("stop.memory",
              "out of memory: an event is left to the next start of this worker, restart it",
              LOG_STR("type", event->type_name), LOG_STR("task", event->task),
              LOG_INT("offset", offset));
}

static void on_requested(struct stopper *stopper, struct stop_task *task, int64_t offset,
                         const struct event *event)
{
    bool before_us = !stopper->saw_own;
    FAULT_POINT(REQUEST_READ);
    if (before_us) {
        stopper_recovery_suspect(task);
    }
    if (stopper_task_add_request(task, offset, event, before_us) != 0) {
        miss(stopper, offset, event);
        return;
    }
    FAULT_POINT(REQUEST_KEPT);
    stopper_accept(task);
}

void stopper_on_record(struct stopper *stopper, int64_t offset, const struct event *event)
{
    if (stopper->superseded) {
        return;
    }
    stopper->catching = stopper->acting && !stopper->caught_up;
    if (event->type == EVENT_WORKER_STARTED) {
        on_worker_started(stopper, event);
        return;
    }
    bool own = event_is_workers_own(event->type);
    if (event->task == NULL || event->cluster == NULL ||
        (!own && event->type != EVENT_STOP_REQUESTED)) {
        return;
    }
    struct stop_task *task = stopper_task_need(stopper, event->task, event->cluster);
    if (task == NULL) {
        miss(stopper, offset, event);
    } else if (own && !task->terminal_read) {
        on_own(task, offset, event);
    } else if (!own) {
        on_requested(stopper, task, offset, event);
    }
}
