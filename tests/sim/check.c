/** The promises, at each record of the log and at each thing that the worker says. */

#include "tests/sim/check.h"

#include <stdlib.h>
#include <string.h>

void *sim_grown(void *items, int count, int *room, size_t size)
{
    if (count == *room) {
        *room = *room == 0 ? 8 : 2 * *room;
        items = realloc(items, (size_t)*room * size);
        if (items == NULL) {
            abort();
        }
    }
    return items;
}

struct sim_task *sim_task_find(const char *id)
{
    for (int i = 0; i < sim.task_count; i++) {
        if (strcmp(sim.tasks[i]->id, id) == 0) {
            return sim.tasks[i];
        }
    }
    return NULL;
}

static struct sim_task *need_task(const char *id)
{
    struct sim_task *task = sim_task_find(id);
    if (task == NULL && sim.task_count < 64) {
        task = calloc(1, sizeof *task);
        if (task == NULL) {
            abort();
        }
        memcpy(task->id, id, strnlen(id, sizeof task->id - 1));
        sim.tasks[sim.task_count++] = task;
    }
    return task;
}

struct sim_request *sim_request_find(const struct sim_task *task, const char *id)
{
    for (int i = 0; i < task->request_count; i++) {
        if (strcmp(task->requests[i].id, id) == 0) {
            return &task->requests[i];
        }
    }
    return NULL;
}

static void keep_request(struct sim_task *task, int64_t offset, const struct event *event)
{
    bool repeated = sim_request_find(task, event->id) != NULL;
    task->suspect = task->suspect || sim.start_unlogged;
    task->requests =
        sim_grown(task->requests, task->request_count, &task->request_room, sizeof *task->requests);
    task->requests[task->request_count++] =
        (struct sim_request){.id = strdup(event->id),
                             .offset = offset,
                             .timeout_ms = event->stop_requested.stop_timeout_ms,
                             .repeated = repeated};
}

static void keep_snapshot(struct sim_task *task, int64_t offset)
{
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, (size_t)1 << 24);
    if (task_encode(&task->fold, &bytes, &err) != 0) {
        sim_broken("a fold cannot be encoded", "%s", err.message);
    }
    char *copy = malloc(bytes.length + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes.data, bytes.length);
    task->snapshots = sim_grown(task->snapshots, task->count, &task->room, sizeof *task->snapshots);
    task->snapshots[task->count++] =
        (struct sim_snapshot){.offset = offset, .bytes = copy, .length = bytes.length};
    buffer_release(&bytes);
}

static bool is_end(const struct event *event)
{
    return event->type == EVENT_TASK_STOPPED || event->type == EVENT_TASK_GONE;
}

static bool names(const struct event *event, struct run run)
{
    for (size_t i = 0; i < event->task_ended.results.count; i++) {
        if (run_equal(run_of_result(&event->task_ended.results.items[i]), run)) {
            return true;
        }
    }
    return false;
}

static void check_end_event(const struct sim_task *task, const struct event *event)
{
    for (size_t i = 0; i < task->fold.plan.count; i++) {
        struct run planned = run_of_planned(&task->fold.plan.items[i]);
        const struct sim_run *run = sim_run_find(planned);
        if (!names(event, planned)) {
            sim_broken("I1 the end names every run of the plan", "%s",
                       task->fold.plan.items[i].name);
        }
        if (run != NULL && run->on) {
            sim_broken("I7 nothing is said to have stopped while a run of its plan runs", "%s",
                       task->fold.plan.items[i].name);
        }
    }
    for (size_t i = 0; i < event->task_ended.results.count; i++) {
        const struct run_result *result = &event->task_ended.results.items[i];
        const struct run_result *folded = task_exit(&task->fold, run_of_result(result));
        if (folded == NULL ||
            (result->exit_code.known &&
             (!folded->exit_code.known || folded->exit_code.value != result->exit_code.value))) {
            sim_broken("I6 the end's results are the reducer's", "%s", result->name);
        }
    }
}

/** Tells of a record in the story. */
static void narrate(int64_t offset, const struct event *event)
{
    const char *what = "";
    const struct run run = event->type == EVENT_CONTAINER_EXITED
                               ? run_of_result(&event->container_exited.result)
                           : event->type == EVENT_SIGNAL_SENT || event->type == EVENT_KILL_SENT
                               ? event->signal_sent.run
                           : event->type == EVENT_STOP_STUCK ? event->stop_stuck.run
                                                             : (struct run){0};
    const struct sim_container *container =
        run.container_id == NULL ? NULL : sim_container_find(run.container_id);
    if (container != NULL) {
        what = container->name;
    } else if (event->type == EVENT_STOP_REQUESTED) {
        what = event->id;
    }
    sim_say("log %lld: %s %.6s %s run %lld", (long long)offset, event->type_name,
            event->task == NULL ? "" : event->task, what, (long long)run.started_at);
}

/** Notes it. */
static bool folded_before(struct sim_task *task, const char *id)
{
    for (int i = 0; i < task->folded_count; i++) {
        if (strcmp(task->folded[i], id) == 0) {
            return true;
        }
    }
    task->folded =
        sim_grown(task->folded, task->folded_count, &task->folded_room, sizeof *task->folded);
    task->folded[task->folded_count++] = strdup(id);
    return false;
}

static void fold(struct sim_task *task, int64_t offset, const struct event *event)
{
    struct error err = {0};
    bool was_over = task_is_terminal(&task->fold);
    bool changed = false;
    struct task before;
    if (task_copy(&task->fold, &before, &err) != 0 ||
        reduce(&task->fold, event, &changed, &err) != 0) {
        sim_broken("the log cannot be folded", "%s", err.message);
    }
    if (changed && event->type == EVENT_TASK_OBSERVED) {
        sim_check_described(&task->fold, &before.description);
    }
    task_release(&before);
    if (folded_before(task, event->id) && changed) {
        sim_broken("a repeated record changes nothing", "%s, record %lld", event->type_name,
                   (long long)offset);
    }
    if (was_over && changed) {
        sim_broken("I1 nothing after the end changes a task", "record %lld", (long long)offset);
    }
    if (is_end(event) && !was_over && task_is_terminal(&task->fold)) {
        check_end_event(task, event);
    }
    keep_snapshot(task, offset);
}

void sim_check_appended(int64_t offset, struct span bytes)
{
    struct event event;
    struct error err = {0};
    if (event_decode(bytes, &event, &err) != 0) {
        sim_broken("what is in the log can be read", "%s", err.message);
    }
    narrate(offset, &event);
    sim_check_said(&event);
    if (event.type == EVENT_WORKER_STARTED) {
        sim_check_started(&event);
        sim.start_unlogged = false;
    }
    struct sim_task *task = event.task == NULL ? NULL : need_task(event.task);
    if (task != NULL) {
        if (event.type == EVENT_STOP_REQUESTED) {
            keep_request(task, offset, &event);
        } else if (event.type == EVENT_PRE_STOP_STARTED) {
            sim_run_find(event.pre_stop_started.run)->pre_stop_said = true;
        } else if (event.type == EVENT_SIGNAL_SENT) {
            struct sim_run *run = sim_run_find(event.signal_sent.run);
            run->told = true;
            run->told_repeated = run->told_repeated || event.signal_sent.maybe_repeated;
        }
        fold(task, offset, &event);
    }
    event_release(&event);
}
