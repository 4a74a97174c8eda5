#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/memory.h"
#include "worker/host/stopper_internal.h"

static bool all_ended(const struct stop_task *task)
{
    for (size_t i = 0; i < task->own.plan.count; i++) {
        if (task_exit(&task->own, run_of_planned(&task->own.plan.items[i])) == NULL) {
            return false;
        }
    }
    return true;
}

/** The latest planned run of a container. */
static const struct planned_run *planned_of(const struct task *own, const char *container_id)
{
    const struct planned_run *latest = NULL;
    for (size_t i = 0; i < own->plan.count; i++) {
        const struct planned_run *planned = &own->plan.items[i];
        if (strcmp(planned->container_id, container_id) == 0 &&
            (latest == NULL || planned->started_at > latest->started_at)) {
            latest = planned;
        }
    }
    return latest;
}

/* ---- runs that were started again ---- */

/** Whose run it is can be said only when the log is read and folded to its end; a task that is over has no more runs. */
static bool may_add_runs(const struct stop_task *task)
{
    const struct stopper *stopper = task->stopper;
    int64_t pos = -1;
    const struct task *base = stopper_base(task, &pos);
    return stopper->caught_up && task->requests != NULL && base != NULL &&
           !task_is_terminal(base) &&
           (stopper->env.ready == NULL || stopper->env.ready(stopper->env.context));
}

/** True if a container of the plan runs in a run that the plan does not name and that is no other task's, nor
 *  somebody else's. */
static bool started_again(const struct stop_task *task, const struct stop_probe_item *item)
{
    const struct stopper_environment *env = &task->stopper->env;
    struct run run = {item->container_id, item->started_at};
    return stopper_probe_running(item) && item->left == NULL &&
           task_planned(&task->own, run) == NULL &&
           !env->claimed(env->context, task->entry.key, run);
}

/** Writes a StopAccepted with those runs. @return -1 on failure, else how many there are */
static int add_runs(struct stop_task *task, const struct stop_probe *probe)
{
    struct event event;
    char id[37];
    struct error err = {0};
    size_t planned = task->own.plan.count;
    struct planned_run *plan = memory_calloc(planned + probe->count, sizeof *plan);
    if (plan == NULL || stopper_event(task, EVENT_STOP_ACCEPTED, id, &event, &err) != 0) {
        memory_free(plan);
        return -1;
    }
    memcpy(plan, task->own.plan.items, planned * sizeof *plan);
    size_t count = planned;
    for (size_t i = 0; i < probe->count; i++) {
        const struct stop_probe_item *item = &probe->items[i];
        if (started_again(task, item)) {
            plan[count++] = stopper_accept_restarted(
                task, planned_of(&task->own, item->container_id), item->started_at);
        }
    }
    int added = (int)(count - planned);
    event.stop_accepted.requests = task->own.named;
    event.stop_accepted.plan.items = plan;
    event.stop_accepted.plan.count = count;
    if (added > 0 && !stopper_record_or_complain(task, &event, false)) {
        added = -1;
    }
    memory_free(plan);
    return added;
}

static bool any_started_again(const struct stop_task *task, const struct stop_probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        if (started_again(task, &probe->items[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the end ---- */

/** True if a run whose exit is recorded looks alive: then nothing is said until it does not. */
static bool contradicts(const struct stop_task *task, const struct stop_probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        const struct stop_probe_item *item = &probe->items[i];
        struct run run = {item->container_id, item->started_at};
        if (stopper_probe_running(item) && task_planned(&task->own, run) != NULL) {
            return true;
        }
    }
    return false;
}

static void write_stopped(struct stop_task *task)
{
    struct event event;
    char id[37];
    struct error err = {0};
    size_t count = task->own.plan.count;
    struct run_result *results = memory_calloc(count + 1, sizeof *results);
    if (results == NULL || stopper_event(task, EVENT_TASK_STOPPED, id, &event, &err) != 0) {
        memory_free(results);
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        results[i] = *task_exit(&task->own, run_of_planned(&task->own.plan.items[i]));
    }
    event.task_ended.results.items = results;
    event.task_ended.results.count = count;
    bool recorded = stopper_record_or_complain(task, &event, false);
    memory_free(results);
    if (recorded) {
        FAULT_POINT(STOP_ENDED);
        stopper_task_end(task);
    } else {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
    }
}

static void on_looked(struct stop_task *task, const struct stop_probe *probe)
{
    if (!stopper_task_under_way(task) || task->stopper->superseded) {
        return;
    }
    if (probe->failed || contradicts(task, probe)) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
        return;
    }
    int added = 0;
    if (any_started_again(task, probe)) {
        added = may_add_runs(task) ? add_runs(task, probe) : -1;
    }
    if (added < 0) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
    } else if (added > 0 || !all_ended(task)) {
        stopper_run_sync(task, true);
    } else {
        FAULT_POINT(ALL_ENDED);
        write_stopped(task);
    }
}

void stopper_finish(struct stop_task *task)
{
    if (!task->stopper->acting || !stopper_task_under_way(task) || task->probe != NULL ||
        !all_ended(task)) {
        return;
    }
    size_t count = 0;
    const char **ids = memory_calloc(task->own.plan.count, sizeof(const char *));
    for (size_t i = 0; ids != NULL && i < task->own.plan.count; i++) {
        const struct planned_run *planned = &task->own.plan.items[i];
        if (planned_of(&task->own, planned->container_id) == planned) {
            ids[count++] = planned->container_id;
        }
    }
    struct error err = {0};
    if (ids == NULL || stopper_probe_start(task, ids, count, on_looked, &err) != 0) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
    }
    memory_free(ids);
}
