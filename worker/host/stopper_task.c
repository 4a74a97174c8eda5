#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/memory.h"
#include "worker/host/stopper_internal.h"

static void on_look(void *context)
{
    struct stop_task *task = context;
    if (task->stopper->superseded) {
        return;
    }
    stopper_accept(task);
    stopper_run_release(task);
    stopper_finish(task);
}

static int reserve_timer(struct stopper *stopper)
{
    if (timers_reserve(&stopper->timers, stopper->timer_count + 1, NULL) != 0) {
        return -1;
    }
    stopper->timer_count++;
    return 0;
}

struct stop_task *stopper_task_find(const struct stopper *stopper, const char *id, size_t length)
{
    const struct id_entry *entry = id_table_find(&stopper->tasks, id, length);
    return entry == NULL ? NULL : entry->owner;
}

static struct stop_task *make(struct stopper *stopper, const char *id, const char *cluster)
{
    struct stop_task *task = memory_calloc(1, sizeof *task);
    if (task == NULL) {
        return NULL;
    }
    task->stopper = stopper;
    task->look = (struct timer_entry){.fn = on_look, .context = task};
    task->cluster = memory_strdup(cluster);
    task->id = memory_strdup(id);
    task->entry = (struct id_entry){.key = task->id, .owner = task};
    if (task->id == NULL || task->cluster == NULL || reserve_timer(stopper) != 0 ||
        id_table_add(&stopper->tasks, &task->entry) != 0) {
        memory_free(task->id);
        memory_free(task->cluster);
        memory_free(task);
        return NULL;
    }
    return task;
}

struct stop_task *stopper_task_need(struct stopper *stopper, const char *id, const char *cluster)
{
    struct stop_task *task = stopper_task_find(stopper, id, strlen(id));
    return task != NULL ? task : make(stopper, id, cluster);
}

static void free_requests(struct stop_task *task)
{
    while (task->requests != NULL) {
        struct stop_request *request = task->requests;
        task->requests = request->next;
        memory_free(request->id);
        memory_free(request);
    }
}

void stopper_task_free(struct stop_task *task)
{
    struct stopper *stopper = task->stopper;
    stopper_task_end(task);
    free_requests(task);
    stopper_facts_free(task);
    id_table_remove(&stopper->tasks, &task->entry);
    stopper->timer_count--;
    task_release(&task->own);
    memory_free(task->id);
    memory_free(task->cluster);
    memory_free(task);
}

void stopper_fail(struct stopper *stopper, const char *what, const char *task_id)
{
    struct error err = {0};
    if (stopper->superseded) {
        return;
    }
    stopper->superseded = true;
    (void)error_set(&err, ERROR_NO_MEMORY,
                    "out of memory for %s%s%s: this worker ends, its next start carries on "
                    "from the log and the journal; give it more memory",
                    what, task_id == NULL ? "" : " of task ", task_id == NULL ? "" : task_id);
    stopper->env.failed(stopper->env.context, &err);
}

void stopper_task_fail(const struct stop_task *task, const char *what)
{
    stopper_fail(task->stopper, what, task->entry.key);
}

bool stopper_task_under_way(const struct stop_task *task)
{
    return task->own.plan.count > 0 && !task->over && !task_is_terminal(&task->own);
}

void stopper_task_end(struct stop_task *task)
{
    task->over = true;
    timers_disarm(&task->stopper->timers, &task->look);
    stopper_probe_drop(task);
    while (task->slots != NULL) {
        stopper_slot_free(task->slots);
    }
}

void stopper_task_ended_in_log(struct stop_task *task, int64_t offset)
{
    struct stopper *stopper = task->stopper;
    stopper_task_end(task);
    free_requests(task);
    stopper_facts_free(task);
    if (task->terminal_read) {
        return;
    }
    task->terminal_read = true;
    task->terminal_offset = offset;
    task->next_ended = NULL;
    if (stopper->ended_last == NULL) {
        stopper->ended_first = task;
    } else {
        stopper->ended_last->next_ended = task;
    }
    stopper->ended_last = task;
    stopper->ended_count++;
}

void stopper_task_forget(struct stopper *stopper, int64_t projected)
{
    while (stopper->ended_first != NULL && stopper->ended_count > STOPPER_ENDED_TASKS_MAX &&
           stopper->ended_first->terminal_offset < projected) {
        struct stop_task *oldest = stopper->ended_first;
        stopper->ended_first = oldest->next_ended;
        stopper->ended_last = stopper->ended_first == NULL ? NULL : stopper->ended_last;
        stopper->ended_count--;
        stopper_task_free(oldest);
    }
    for (struct stop_task *task = stopper->ended_first;
         task != NULL && task->terminal_offset < projected; task = task->next_ended) {
        if (task->own.id != NULL) {
            task_release(&task->own);
        }
    }
}

int stopper_task_add_request(struct stop_task *task, int64_t offset, const struct event *event,
                             bool before_us)
{
    if (task->terminal_read) {
        return 0;
    }
    struct stop_request **link = &task->requests;
    bool repeated = false;
    while (*link != NULL && (*link)->offset < offset) {
        repeated = repeated || strcmp((*link)->id, event->id) == 0;
        link = &(*link)->next;
    }
    if (*link != NULL && (*link)->offset == offset) {
        return 0;
    }
    struct stop_request *request = memory_calloc(1, sizeof *request);
    char *id = memory_strdup(event->id);
    if (request == NULL || id == NULL) {
        memory_free(request);
        memory_free(id);
        return -1;
    }
    *request = (struct stop_request){.next = *link,
                                     .offset = offset,
                                     .id = id,
                                     .stop_timeout_ms = event->stop_requested.stop_timeout_ms,
                                     .repeated = repeated,
                                     .before_us = before_us};
    *link = request;
    return 0;
}

/* ---- runs ---- */

struct stop_slot *stopper_task_slot(const struct stop_task *task, struct run run)
{
    struct stop_slot *slot = task->slots;
    while (slot != NULL && !run_equal(slot->run, run)) {
        slot = slot->next;
    }
    return slot;
}

static void on_timer(void *context)
{
    struct stop_slot *slot = context;
    FAULT_POINT(DEADLINE);
    stopper_run_on(slot, STOP_ON_TIMER);
}

static void append_slot(struct stop_task *task, struct stop_slot *slot)
{
    struct stop_slot **link = &task->slots;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = slot;
}

struct stop_slot *stopper_task_add_slot(struct stop_task *task, const struct planned_run *planned)
{
    struct stopper *stopper = task->stopper;
    struct stop_slot *slot = memory_calloc(1, sizeof *slot);
    char *container_id = memory_strdup(planned->container_id);
    if (slot == NULL || container_id == NULL || reserve_timer(stopper) != 0) {
        memory_free(slot);
        memory_free(container_id);
        return NULL;
    }
    slot->task = task;
    slot->stopper = stopper;
    slot->container_id = container_id;
    slot->entry = (struct id_entry){.key = container_id, .owner = slot};
    slot->run = (struct run){.container_id = container_id, .started_at = planned->started_at};
    slot->timer = (struct timer_entry){.fn = on_timer, .context = slot};
    slot->intent_boot_ms = -1;
    slot->seen_running_boot_ms = -1;
    if (id_table_add(&stopper->slots, &slot->entry) != 0) {
        stopper->timer_count--;
        memory_free(slot);
        memory_free(container_id);
        return NULL;
    }
    append_slot(task, slot);
    return slot;
}

static void unlink_slot(struct stop_slot *slot)
{
    struct stop_slot **link = &slot->task->slots;
    while (*link != slot) {
        link = &(*link)->next;
    }
    *link = slot->next;
}

void stopper_slot_free(struct stop_slot *slot)
{
    if (slot->task != NULL) {
        timers_disarm(&slot->stopper->timers, &slot->timer);
        slot->stopper->timer_count--;
        id_table_remove(&slot->stopper->slots, &slot->entry);
        stopper_call_cancel(slot);
        unlink_slot(slot);
        slot->task->calls_out -= slot->call == STOP_CALL_NONE ? 0 : 1;
        slot->task = NULL;
        if (slot->call != STOP_CALL_NONE) {
            stopper_call_drop(slot);
            return;
        }
    }
    memory_free(slot->container_id);
    memory_free(slot);
}
