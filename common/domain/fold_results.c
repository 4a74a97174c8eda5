#include "common/domain/fold.h"

static struct stuck_run *find_stuck(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->stuck.count; i++) {
        struct stuck_run *stuck = &task->stuck.items[i];
        if (run_equal((struct run){stuck->container_id, stuck->started_at}, run)) {
            return stuck;
        }
    }
    return NULL;
}

/* Latest by its own time: the same fact read again must not take a later one back. */
int fold_stop_stuck(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    struct run run = event->stop_stuck.run;
    struct stuck_run *known = find_stuck(task, run);
    if (task_exit(task, run) != NULL || (known != NULL && event->ts <= known->since_unix_ms)) {
        return 0;
    }
    struct stuck_run stuck = {.started_at = run.started_at, .since_unix_ms = event->ts};
    if (fold_keep_text(task, event->stop_stuck.reason, &stuck.reason, err) < 0) {
        return -1;
    }
    if (known != NULL) {
        stuck.container_id = known->container_id;
        *known = stuck;
    } else {
        if (fold_keep_text(task, run.container_id, &stuck.container_id, err) < 0 ||
            FOLD_GROW(task, &task->stuck, err) < 0) {
            return -1;
        }
        task->stuck.items[task->stuck.count++] = stuck;
    }
    *changed = true;
    return 0;
}

static int replace_exit(struct task *task, size_t at, struct run_result result, struct error *err)
{
    struct run_result *items = NULL;
    if (fold_copy_items(task, task->exits.items, task->exits.count, sizeof *items, &items, err) <
        0) {
        return -1;
    }
    items[at] = result;
    task->exits.items = items;
    return 0;
}

/* The first result of a run wins, but a known exit code beats an absent one. */
static int put_result(struct task *task, const struct run_result *result, bool *changed,
                      struct error *err)
{
    const struct run_result *known = task_exit(task, run_of_result(result));
    if (known != NULL && (known->exit_code.known || !result->exit_code.known)) {
        return 0;
    }
    struct run_result copy;
    if (record_copy(&RUN_RESULT_SPEC, result, &task->arena, &copy, err) < 0) {
        return -1;
    }
    *changed = true;
    if (known != NULL) {
        copy.name = copy.name == NULL ? known->name : copy.name;
        copy.finished_at = copy.finished_at == 0 ? known->finished_at : copy.finished_at;
        return replace_exit(task, (size_t)(known - task->exits.items), copy, err);
    }
    if (FOLD_GROW(task, &task->exits, err) < 0) {
        return -1;
    }
    task->exits.items[task->exits.count++] = copy;
    return 0;
}

static void drop_ended_stuck(struct task *task)
{
    size_t kept = 0;
    for (size_t i = 0; i < task->stuck.count; i++) {
        struct stuck_run stuck = task->stuck.items[i];
        if (task_exit(task, (struct run){stuck.container_id, stuck.started_at}) == NULL) {
            task->stuck.items[kept++] = stuck;
        }
    }
    task->stuck.count = kept;
}

int fold_container_exited(struct task *task, const struct event *event, bool *changed,
                          struct error *err)
{
    if (put_result(task, &event->container_exited.result, changed, err) < 0) {
        return -1;
    }
    drop_ended_stuck(task);
    return 0;
}

bool terminal_event_covers(const struct task *task, const struct event_task_ended *ended)
{
    for (size_t i = 0; i < task->plan.count; i++) {
        if (event_ended_result(ended, run_of_planned(&task->plan.items[i])) == NULL) {
            return false;
        }
    }
    return true;
}

int fold_task_ended(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    const struct event_task_ended *ended = &event->task_ended;
    if (!terminal_event_covers(task, ended)) {
        return 0;
    }
    for (size_t i = 0; i < ended->results.count; i++) {
        if (put_result(task, &ended->results.items[i], changed, err) < 0) {
            return -1;
        }
    }
    bool by_user = event->type == EVENT_TASK_STOPPED || task_stop_requested(task);
    task->terminal = event_type_name(event->type);
    task->terminal_at = event->ts;
    task->stop_code = by_user ? "UserInitiated" : "EssentialContainerExited";
    task->stuck.count = 0;
    *changed = true;
    return 0;
}
