#include "common/domain/fold.h"

/* The entry of a run, new or changed. */
static int put(struct task *task, const struct pre_stop_run *entry, struct error *err)
{
    const struct pre_stop_run *known =
        task_pre_stop(task, (struct run){entry->container_id, entry->started_at});
    if (known == NULL) {
        if (FOLD_GROW(task, &task->pre_stops, err) < 0) {
            return -1;
        }
        task->pre_stops.items[task->pre_stops.count++] = *entry;
        return 0;
    }
    struct pre_stop_run *items = NULL;
    if (fold_copy_items(task, task->pre_stops.items, task->pre_stops.count, sizeof *items, &items,
                        err) < 0) {
        return -1;
    }
    items[known - task->pre_stops.items] = *entry;
    task->pre_stops.items = items;
    return 0;
}

/* What is known of the run's command, or a new entry. */
static int take(struct task *task, struct run run, struct pre_stop_run *ret_entry,
                struct error *err)
{
    const struct pre_stop_run *known = task_pre_stop(task, run);
    *ret_entry = known != NULL ? *known : (struct pre_stop_run){.started_at = run.started_at};
    return known != NULL ? 0
                         : fold_keep_text(task, run.container_id, &ret_entry->container_id, err);
}

int fold_pre_stop_started(struct task *task, const struct event *event, bool *changed,
                          struct error *err)
{
    const struct event_pre_stop_started *started = &event->pre_stop_started;
    struct pre_stop_run entry;
    if (take(task, started->run, &entry, err) < 0) {
        return -1;
    }
    if (entry.begun_boot_ms != 0) {
        return 0;
    }
    entry.begun_unix_ms = started->begun_unix_ms;
    entry.begun_boot_ms = started->begun_boot_ms;
    if (fold_keep_text(task, started->exec_id, &entry.exec_id, err) < 0 ||
        fold_keep_text(task, started->boot_id, &entry.boot_id, err) < 0 ||
        put(task, &entry, err) < 0) {
        return -1;
    }
    *changed = true;
    return 0;
}

int fold_pre_stop_ended(struct task *task, const struct event *event, bool *changed,
                        struct error *err)
{
    const struct event_pre_stop_ended *ended = &event->pre_stop_ended;
    struct pre_stop_run entry;
    if (take(task, ended->run, &entry, err) < 0) {
        return -1;
    }
    if (entry.ended) {
        return 0;
    }
    entry.ended = true;
    entry.exit_code = ended->exit_code;
    if (fold_keep_text(task, ended->reason, &entry.reason, err) < 0 || put(task, &entry, err) < 0) {
        return -1;
    }
    *changed = true;
    return 0;
}
