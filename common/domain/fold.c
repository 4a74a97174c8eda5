#include "common/domain/fold.h"

#include <string.h>

static int fold_no_memory(struct error *err)
{
    return error_no_memory(err, "folding an event");
}

int fold_keep_text(struct task *task, const char *text, const char **ret_copy, struct error *err)
{
    const char *copy = arena_strdup(&task->arena, text);
    if (text != NULL && copy == NULL) {
        return fold_no_memory(err);
    }
    *ret_copy = copy;
    return 0;
}

int fold_grow(struct task *task, void *items, size_t count, size_t size, void *ret_items,
              struct error *err)
{
    void *grown = arena_grow(&task->arena, items, count, size);
    if (grown == NULL) {
        return fold_no_memory(err);
    }
    memcpy(ret_items, &grown, sizeof grown);
    return 0;
}

int fold_copy_items(struct task *task, const void *items, size_t count, size_t size,
                    void *ret_items, struct error *err)
{
    size_t room = 1;
    while (room < count) {
        room *= 2; /* as arena_grow expects it */
    }
    void *copy = NULL;
    if (fold_allocate(task, room * size, &copy, err) < 0) {
        return -1;
    }
    memcpy(copy, items, count * size);
    memcpy(ret_items, &copy, sizeof copy);
    return 0;
}

int fold_append_text(struct task *task, struct text_list *list, const char *text, struct error *err)
{
    if (FOLD_GROW(task, list, err) < 0 ||
        fold_keep_text(task, text, &list->items[list->count], err) < 0) {
        return -1;
    }
    list->count++;
    return 0;
}

int fold_allocate(struct task *task, size_t size, void *ret_memory, struct error *err)
{
    void *memory = arena_alloc(&task->arena, size);
    if (memory == NULL) {
        return fold_no_memory(err);
    }
    memcpy(ret_memory, &memory, sizeof memory);
    return 0;
}

int fold_task_observed(struct task *task, const struct event *event, bool *changed,
                       struct error *err)
{
    const struct event_task_observed *observed = &event->task_observed;
    if (observed->revision <= task->revision) {
        return 0;
    }
    struct description description;
    if (record_copy(&DESCRIPTION_SPEC, &observed->description, &task->arena, &description, err) <
        0) {
        return -1;
    }
    if (!task_stop_requested(task) && fold_description_tags(task, &description, err) < 0) {
        return -1;
    }
    task->revision = observed->revision;
    task->description = description;
    if (task->observed_at == 0) {
        task->observed_at = event->ts;
    }
    *changed = true;
    return 0;
}

int fold_stop_requested(struct task *task, const struct event *event, bool *changed,
                        struct error *err)
{
    if (task_stop_requested(task)) {
        return 0;
    }
    const struct event_stop_requested *requested = &event->stop_requested;
    if (fold_keep_text(task, event->id, &task->request_event_id, err) < 0 ||
        fold_keep_text(task, requested->reason, &task->requested_reason, err) < 0 ||
        fold_keep_text(task, requested->principal, &task->requested_by, err) < 0) {
        return -1;
    }
    task->requested_at = event->ts;
    task->stop_code = "UserInitiated";
    task->tags.items = NULL;
    task->tags.count = 0;
    *changed = true;
    return 0;
}

static int plan_run(struct task *task, const struct planned_run *planned, struct error *err)
{
    if (FOLD_GROW(task, &task->plan, err) < 0 ||
        record_copy(&PLANNED_RUN_SPEC, planned, &task->arena, &task->plan.items[task->plan.count],
                    err) < 0) {
        return -1;
    }
    task->plan.count++;
    return 0;
}

/* The newest graces hold: those of a plan that names a request for the first time, and as many as
 * are known. Without the first condition an older plan that comes again could take them back. */
static void renew_graces(struct task *task, size_t planned_before,
                         const struct event_stop_accepted *accepted, bool *changed)
{
    for (size_t i = 0; i < accepted->plan.count; i++) {
        struct run run = run_of_planned(&accepted->plan.items[i]);
        for (size_t at = 0; at < planned_before; at++) {
            struct planned_run *known = &task->plan.items[at];
            if (run_equal(run_of_planned(known), run) &&
                known->grace_ms != accepted->plan.items[i].grace_ms) {
                known->grace_ms = accepted->plan.items[i].grace_ms;
                *changed = true;
            }
        }
    }
}

int fold_stop_accepted(struct task *task, const struct event *event, bool *changed,
                       struct error *err)
{
    const struct event_stop_accepted *accepted = &event->stop_accepted;
    size_t planned_before = task->plan.count;
    size_t named_before = task->named.count;
    for (size_t i = 0; i < accepted->requests.count; i++) {
        if (!text_list_holds(&task->named, accepted->requests.items[i]) &&
            fold_append_text(task, &task->named, accepted->requests.items[i], err) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < accepted->plan.count; i++) {
        const struct planned_run *planned = &accepted->plan.items[i];
        if (task_planned(task, run_of_planned(planned)) == NULL &&
            plan_run(task, planned, err) < 0) {
            return -1;
        }
    }
    bool names_more = task->named.count > named_before;
    *changed = names_more || task->plan.count > planned_before;
    if (task->accepted_at == 0 && event->ts != 0) {
        task->accepted_at = event->ts;
        *changed = true;
    }
    if (names_more && accepted->requests.count >= named_before) {
        renew_graces(task, planned_before, accepted, changed);
    }
    return 0;
}

static int keep_signal(struct task *task, const struct event_signal_sent *sent,
                       struct sent_signal *ret_signal, struct error *err)
{
    struct sent_signal signal = {.started_at = sent->run.started_at,
                                 .sent_unix_ms = sent->sent_unix_ms,
                                 .sent_boot_ms = sent->sent_boot_ms,
                                 .maybe_repeated = sent->maybe_repeated};
    if (fold_keep_text(task, sent->run.container_id, &signal.container_id, err) < 0 ||
        fold_keep_text(task, sent->signal, &signal.signal, err) < 0 ||
        fold_keep_text(task, sent->boot_id, &signal.boot_id, err) < 0) {
        return -1;
    }
    *ret_signal = signal;
    return 0;
}

int fold_signal(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    if (task_signal(task, event->signal_sent.run) != NULL) {
        return 0;
    }
    if (FOLD_GROW(task, &task->signals, err) < 0 ||
        keep_signal(task, &event->signal_sent, &task->signals.items[task->signals.count], err) <
            0) {
        return -1;
    }
    task->signals.count++;
    *changed = true;
    return 0;
}

int fold_kill(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    if (task_kill(task, event->signal_sent.run) != NULL) {
        return 0;
    }
    if (FOLD_GROW(task, &task->kills, err) < 0 ||
        keep_signal(task, &event->signal_sent, &task->kills.items[task->kills.count], err) < 0) {
        return -1;
    }
    task->kills.count++;
    *changed = true;
    return 0;
}
