#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/memory.h"
#include "worker/host/stopper_internal.h"

static bool may_accept(const struct stop_task *task)
{
    const struct stopper *stopper = task->stopper;
    return stopper->acting && stopper->caught_up && !stopper->superseded;
}

bool stopper_accept_pending(const struct stop_task *task)
{
    const struct stop_request *request = task->requests;
    while (request != NULL && request->handled) {
        request = request->next;
    }
    return request != NULL;
}

/* ---- StopAccepted ---- */

/** Names of the plan's requests and one more (NULL = none), and room for the plan. */
struct accepted {
    struct event event;
    char id[37];
    struct arena arena;
};

static int begin_accepted(struct stop_task *task, const char *request_id, size_t room,
                          struct accepted *ret_accepted, struct error *err)
{
    *ret_accepted = (struct accepted){0};
    if (stopper_event(task, EVENT_STOP_ACCEPTED, ret_accepted->id, &ret_accepted->event, err) !=
        0) {
        return -1;
    }
    size_t named = task->own.named.count;
    const char **names = arena_alloc(&ret_accepted->arena, (named + 1) * sizeof(const char *));
    struct planned_run *plan =
        arena_alloc(&ret_accepted->arena, (room + 1) * sizeof(struct planned_run));
    if (names == NULL || plan == NULL) {
        arena_release(&ret_accepted->arena);
        return error_no_memory(err, "accepting a stop");
    }
    for (size_t i = 0; i < named; i++) {
        names[i] = task->own.named.items[i];
    }
    if (request_id != NULL && !task_names(&task->own, request_id)) {
        names[named++] = request_id;
    }
    ret_accepted->event.cause = named > 0 ? names[0] : NULL;
    ret_accepted->event.stop_accepted.requests = (struct text_list){names, named};
    ret_accepted->event.stop_accepted.plan.items = plan;
    return 0;
}

static void add_step(struct accepted *accepted, const struct planned_run *step)
{
    struct event_stop_accepted *body = &accepted->event.stop_accepted;
    body->plan.items[body->plan.count++] = *step;
}

static bool end_accepted(struct stop_task *task, struct accepted *accepted, bool begins)
{
    bool recorded = stopper_record_or_complain(task, &accepted->event, begins);
    arena_release(&accepted->arena);
    return recorded;
}

/* ---- a further request of a stop under way ---- */

static bool grace_is_fixed(const struct stop_task *task, const struct planned_run *planned)
{
    struct run run = run_of_planned(planned);
    const struct stop_slot *slot = stopper_task_slot(task, run);
    return task_exit(&task->own, run) != NULL || task_kill(&task->own, run) != NULL ||
           (slot != NULL && stop_run_kill_decided(&slot->machine));
}

static bool change_grace(struct stop_task *task, const struct stop_request *request)
{
    struct accepted accepted;
    struct error err = {0};
    struct optional_integer none = {0};
    if (begin_accepted(task, request->id, task->own.plan.count, &accepted, &err) != 0) {
        return false;
    }
    int64_t grace_ms = plan_grace_ms(request->stop_timeout_ms, none, 0);
    for (size_t i = 0; i < task->own.plan.count; i++) {
        struct planned_run step = task->own.plan.items[i];
        step.grace_ms = grace_is_fixed(task, &step) ? step.grace_ms : grace_ms;
        add_step(&accepted, &step);
    }
    return end_accepted(task, &accepted, false);
}

struct planned_run stopper_accept_restarted(const struct stop_task *task,
                                            const struct planned_run *before, int64_t started_at)
{
    struct planned_run step = *before;
    struct optional_integer none = {0};
    step.started_at = started_at;
    for (const struct stop_request *request = task->requests; request != NULL;
         request = request->next) {
        if (request->stop_timeout_ms.known && !request->repeated &&
            task_names(&task->own, request->id)) {
            step.grace_ms = plan_grace_ms(request->stop_timeout_ms, none, 0);
        }
    }
    return step;
}

/* ---- new work ---- */

static struct stop_request *first_waiting(struct stop_task *task)
{
    struct stop_request *request = task->requests;
    while (request != NULL && request->handled) {
        request = request->next;
    }
    return request;
}

/** Whether the probe looked at just the containers that the base describes by now. */
static bool still_describes(const struct description *description, const struct stop_probe *probe)
{
    for (size_t i = 0; i < description->containers.count; i++) {
        if (stopper_probe_item(probe, description->containers.items[i].container_id) == NULL) {
            return false;
        }
    }
    return true;
}

static bool runs_again(const struct described_container *described,
                       const struct stop_probe_item *item)
{
    return stopper_probe_running(item) && item->started_at != described->started_at;
}

/** Whose a run is that was started again shows only once all that was read is folded: another task may describe it. */
static bool must_wait_for_claims(const struct stop_task *task, const struct task *base,
                                 const struct stop_probe *probe)
{
    const struct stopper_environment *env = &task->stopper->env;
    const struct description *description = &base->description;
    bool again = false;
    for (size_t i = 0; i < description->containers.count; i++) {
        const struct described_container *described = &description->containers.items[i];
        again = again || runs_again(described, stopper_probe_item(probe, described->container_id));
    }
    return again && env->ready != NULL && !env->ready(env->context);
}

static int make_plan(struct stop_task *task, const struct task *base,
                     const struct stop_probe *probe, struct optional_integer call_timeout_ms,
                     struct plan *ret_plan, struct error *err)
{
    const struct stopper_environment *env = &task->stopper->env;
    size_t count = base->description.containers.count;
    struct plan_present *present = memory_calloc(count + 1, sizeof *present);
    if (present == NULL) {
        *ret_plan = (struct plan){0};
        return error_no_memory(err, "making a plan");
    }
    for (size_t i = 0; i < count; i++) {
        const struct described_container *described = &base->description.containers.items[i];
        const struct stop_probe_item *item = stopper_probe_item(probe, described->container_id);
        present[i].container_id = described->container_id;
        present[i].run = (struct run){described->container_id, item->started_at};
        present[i].running = stopper_probe_running(item);
        bool again = runs_again(described, item);
        present[i].left = item->left != NULL;
        present[i].claimed = again && env->claimed(env->context, task->entry.key, present[i].run);
    }
    struct plan_request request = {.description = &base->description,
                                   .present = present,
                                   .call_timeout_ms = call_timeout_ms,
                                   .default_grace_ms = env->default_grace_ms};
    int rc = plan_make(&request, ret_plan, err);
    memory_free(present);
    return rc;
}

static bool write_plan(struct stop_task *task, const struct stop_request *request,
                       const struct plan *plan)
{
    struct accepted accepted;
    struct error err = {0};
    for (size_t i = 0; i < plan->warnings.count; i++) {
        log_warn("plan.circle", "a dependency between containers is not heeded by a stop",
                 LOG_STR("task", task->entry.key), LOG_STR("why", plan->warnings.items[i]));
    }
    if (begin_accepted(task, request->id, plan->runs.count, &accepted, &err) != 0) {
        return false;
    }
    for (size_t i = 0; i < plan->runs.count; i++) {
        add_step(&accepted, &plan->runs.items[i]);
    }
    return end_accepted(task, &accepted, true);
}

/** What the probe saw running just now need not be looked at again before the signal. */
static void prepare_slots(struct stop_task *task, const struct stop_probe *probe)
{
    for (struct stop_slot *slot = task->slots; slot != NULL; slot = slot->next) {
        const struct stop_probe_item *item = stopper_probe_item(probe, slot->run.container_id);
        bool same = item != NULL && item->exists && item->started_at == slot->run.started_at;
        if (same && runtime_is_running(item->status)) {
            slot->seen_running_boot_ms = probe->asked_boot_ms;
            exit_watch_seen(&task->stopper->exits, slot->run, probe->watch_mark);
        }
    }
}

/** True if containers of the task that run are somebody else's by now, and nothing is left to plan: discovery ends the task. */
static bool only_left(struct stop_task *task, const struct description *description,
                      const struct stop_probe *probe)
{
    bool left = false, other = false;
    for (size_t i = 0; i < description->containers.count; i++) {
        const struct described_container *described = &description->containers.items[i];
        const struct stop_probe_item *item = stopper_probe_item(probe, described->container_id);
        left = left || item->left != NULL;
        other = other || (item->left == NULL && stopper_probe_running(item));
        if (item->left != NULL && item->left != task->said_left) {
            task->said_left = item->left;
            log_warn("stop.left_alone",
                     "a container of a task that is to be stopped is somebody else's by now: it "
                     "gets no signal of this stop",
                     LOG_STR("task", task->entry.key), LOG_STR("container", described->name),
                     LOG_STR("id", described->container_id), LOG_STR("why", item->left));
        }
    }
    return left && !other;
}

static void on_looked(struct stop_task *task, const struct stop_probe *probe)
{
    struct stop_request *request = first_waiting(task);
    int64_t pos = -1;
    const struct task *base = stopper_base(task, &pos);
    if (request == NULL || !may_accept(task) || task->own.plan.count > 0 || base == NULL ||
        task_is_terminal(base) || !still_describes(&base->description, probe)) {
        stopper_accept(task);
        if (stopper_task_under_way(task)) {
            stopper_look_later(task, 0); /* the last look may have waited for this one */
        }
        return;
    }
    if (probe->failed || must_wait_for_claims(task, base, probe)) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
        return;
    }
    if (only_left(task, &base->description, probe)) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
        return;
    }
    FAULT_POINT(PLAN_LOOKED);
    struct plan plan;
    struct error err = {0};
    bool written = make_plan(task, base, probe, request->stop_timeout_ms, &plan, &err) == 0 &&
                   write_plan(task, request, &plan);
    plan_release(&plan);
    if (!written) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
        return;
    }
    request->handled = true;
    stopper_run_sync(task, false);
    prepare_slots(task, probe);
    stopper_accept(task);
    stopper_run_start(task);
}

static void look_at_containers(struct stop_task *task, const struct task *base)
{
    size_t count = base->description.containers.count;
    struct error err = {0};
    int rc = -1;
    const char **ids = memory_calloc(count, sizeof(const char *));
    if (ids != NULL) {
        for (size_t i = 0; i < count; i++) {
            ids[i] = base->description.containers.items[i].container_id;
        }
        rc = stopper_probe_start(task, ids, count, on_looked, &err);
    }
    memory_free(ids);
    if (rc != 0) {
        stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
    }
}

/** @return true if the request is of no effect by now, or its plan is being made: the next one may be looked at only in the first case */
static bool is_void(struct stop_task *task, struct stop_request *request)
{
    int64_t pos = -1;
    const struct task *base = stopper_base(task, &pos);
    if (base == NULL || pos < request->offset) {
        return false;
    }
    if (task_is_terminal(base)) {
        request->settled = true;
        return true;
    }
    if (task->probe == NULL && !timer_armed(&task->look) &&
        base->description.containers.count > 0) {
        look_at_containers(task, base);
    }
    return false;
}

/** @return true if the request is taken up or void */
static bool take_up(struct stop_task *task, struct stop_request *request)
{
    int64_t pos = -1;
    if (task->over || task_is_terminal(&task->own)) {
        return task->terminal_read || stopper_base(task, &pos) != NULL;
    }
    if (task_names(&task->own, request->id)) {
        return true;
    }
    if (task->own.plan.count == 0) {
        return is_void(task, request);
    }
    return !request->stop_timeout_ms.known || change_grace(task, request);
}

void stopper_accept(struct stop_task *task)
{
    if (!may_accept(task)) {
        return;
    }
    bool changed = false;
    for (struct stop_request *request = task->requests; request != NULL; request = request->next) {
        if (request->handled) {
            continue;
        }
        size_t named = task->own.named.count;
        if (!take_up(task, request)) {
            if (stopper_task_under_way(task)) {
                stopper_look_later(task, STOPPER_LOOK_AGAIN_MS);
            }
            break;
        }
        request->handled = true;
        changed = changed || task->own.named.count != named;
    }
    if (changed) {
        stopper_run_sync(task, false);
    }
}
