#include "worker/host/stopper.h"

#include <string.h>
#include <unistd.h>

#include "common/base/fault_point.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/state_lock.h"
#include "worker/host/stopper_internal.h"

/* ---- life ---- */

static int send_by_writer(void *context, struct span key, struct span value,
                          kafka_delivered_fn *delivered, void *delivered_context, struct error *err)
{
    struct stopper *stopper = context;
    return kafka_writer_send(stopper->env.writer, KAFKA_EVENTS_TOPIC,
                             stopper->env.identity->partition, key, value, NULL, delivered,
                             delivered_context, err);
}

static void on_delivered(void *context, int64_t count)
{
    struct stopper *stopper = context;
    journal_delivered(&stopper->journal, count);
}

static bool journal_needs(void *context, struct span task_id)
{
    const struct stopper *stopper = context;
    if (!stopper->acting) {
        return true; /* what it was written for may still be unread */
    }
    const struct stop_task *task = stopper_task_find(stopper, task_id.data, task_id.length);
    return task != NULL && !task->terminal_read;
}

static int queue_found(struct stopper *stopper, struct error *err)
{
    const struct journal_found *found = &stopper->found;
    int64_t number = 0;
    for (size_t i = 0; i < found->items.count; i++) {
        const struct journal_item *item = &found->items.items[i];
        if (item->kind != JOURNAL_EVENT) {
            continue;
        }
        bool in_file = number++ < stopper->journal.events;
        struct event event;
        if (event_decode(item->event, &event, NULL) == 0 && event.type == EVENT_WORKER_STARTED &&
            event.actor.incarnation != NULL) {
            (void)stopper_recovery_know(stopper, event.actor.incarnation);
        }
        event_release(&event);
        if (!item->delivered &&
            outbox_push(&stopper->outbox, item->event, in_file, NULL, NULL, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int open_all(struct stopper *stopper, struct error *err)
{
    const struct stopper_environment *env = &stopper->env;
    struct journal_config journal = {.directory = env->state_directory,
                                     .incarnation = env->identity->incarnation,
                                     .max_bytes = env->journal_max_bytes,
                                     .is_open = journal_needs,
                                     .context = stopper};
    struct outbox_config outbox = {.key = env->identity->host,
                                   .timers = &stopper->timers,
                                   .send = env->send == NULL ? send_by_writer : env->send,
                                   .send_context = env->send == NULL ? stopper : env->send_context,
                                   .on_delivered = on_delivered,
                                   .context = stopper};
    stopper->lock_fd = state_lock_take(env->state_directory, err);
    if (stopper->lock_fd < 0 || timers_init(&stopper->timers, env->loop, env->clock, err) != 0) {
        return -1;
    }
    FAULT_POINT(START_LOCKED);
    stopper->timer_count = 1; /* the outbox's */
    outbox_init(&stopper->outbox, &outbox);
    if (timers_reserve(&stopper->timers, stopper->timer_count, err) != 0 ||
        journal_open(&stopper->journal, &journal, &stopper->found, err) != 0) {
        return -1;
    }
    stopper->journal_found = stopper->found.any && !stopper->found.partial;
    if (stopper->found.any && !stopper->journal_found) {
        log_warn("journal.partial",
                 stopper->found.copied
                     ? "an older journal is a copy, and may lack what its writer did since: "
                       "nothing is done before the log was read"
                     : "an older journal may lack signals that only the log shows: nothing is "
                       "done before the log was read");
    }
    return queue_found(stopper, err);
}

struct stopper *stopper_new(const struct stopper_environment *environment, bool *ret_journal_found,
                            struct error *err)
{
    struct stopper *stopper = memory_calloc(1, sizeof *stopper);
    if (stopper == NULL) {
        (void)error_no_memory(err, "making the stopper");
        return NULL;
    }
    stopper->env = *environment;
    stopper->lock_fd = -1;
    stopper->missed_offset = -1;
    stopper->outbox.config.timers = &stopper->timers;
    if (open_all(stopper, err) != 0) {
        stopper_free(stopper);
        return NULL;
    }
    *ret_journal_found = stopper->journal_found;
    return stopper;
}

static void free_task(void *context, void *owner)
{
    (void)context;
    stopper_task_free(owner);
}

void stopper_free(struct stopper *stopper)
{
    if (stopper == NULL) {
        return;
    }
    id_table_each(&stopper->tasks, free_task, NULL);
    stopper_call_free_dropped(stopper);
    stopper_probe_free_dropped(stopper);
    id_table_release(&stopper->tasks);
    id_table_release(&stopper->slots);
    exit_watch_release(&stopper->exits);
    outbox_release(&stopper->outbox);
    journal_close(&stopper->journal);
    journal_found_release(&stopper->found);
    arena_release(&stopper->known_arena);
    timers_release(&stopper->timers);
    if (stopper->lock_fd >= 0) {
        close(stopper->lock_fd);
    }
    memory_free(stopper);
}

/* ---- small helpers ---- */

int64_t stopper_now_boot(const struct stopper *stopper)
{
    return clock_boot_ms(stopper->env.clock);
}

int64_t stopper_now_unix(const struct stopper *stopper)
{
    return clock_wall_ms(stopper->env.clock);
}

const struct task *stopper_base(const struct stop_task *task, int64_t *ret_pos)
{
    const struct stopper_environment *env = &task->stopper->env;
    return env->base(env->context, task->cluster, task->entry.key, ret_pos);
}

void stopper_look_later(struct stop_task *task, int64_t delay_ms)
{
    struct stopper *stopper = task->stopper;
    int64_t at = stopper_now_boot(stopper) + delay_ms;
    if (!timer_armed(&task->look) || task->look.at_boot_ms > at) {
        timers_arm(&stopper->timers, &task->look, at);
    }
}

void stopper_tick(struct stopper *stopper)
{
    timers_tick(&stopper->timers);
}

/* ---- what comes in ---- */

void stopper_act(struct stopper *stopper, bool log_read)
{
    /* without its log and without an older journal a worker knows nothing of what it did */
    if (!stopper->acting && (log_read || stopper->journal_found)) {
        stopper_recovery_act(stopper, log_read);
    }
}

void stopper_caught_up(struct stopper *stopper)
{
    if (!stopper->acting) {
        stopper_recovery_act(stopper, true);
    } else if (!stopper->caught_up) {
        stopper_recovery_caught_up(stopper);
    }
}

void stopper_on_kafka(struct stopper *stopper, bool away)
{
    stopper->kafka_away = away;
}

void stopper_on_base(struct stopper *stopper, const char *cluster, const char *task_id)
{
    struct stop_task *task = stopper_task_find(stopper, task_id, strlen(task_id));
    if (task != NULL && strcmp(task->cluster, cluster) == 0) {
        stopper_accept(task);
    }
}

void stopper_on_runtime_event(struct stopper *stopper, const struct runtime_event *event)
{
    if (event->kind == RUNTIME_EVENT_CHANGED) {
        return;
    }
    exit_watch_event(&stopper->exits, event);
    struct id_entry *entry =
        id_table_find(&stopper->slots, event->container_id, strlen(event->container_id));
    while (entry != NULL) {
        struct stop_slot *slot = entry->owner;
        entry = id_table_same(entry);
        slot->looked_again = false; /* the answer that is still out may be older than this */
        stopper_run_hint(slot);
    }
}

static void look_now(void *context, void *owner)
{
    (void)context;
    struct stop_task *task = owner;
    for (struct stop_slot *slot = task->slots; slot != NULL; slot = slot->next) {
        stopper_run_hint(slot);
    }
    if (timer_armed(&task->look)) {
        stopper_look_later(task, 0);
    }
}

void stopper_on_runtime_back(struct stopper *stopper)
{
    exit_watch_gap(&stopper->exits);
    id_table_each(&stopper->tasks, look_now, NULL);
}

uint64_t stopper_watch_mark(const struct stopper *stopper)
{
    return exit_watch_mark(&stopper->exits);
}

void stopper_saw_alive(struct stopper *stopper, struct run run, uint64_t mark)
{
    exit_watch_seen(&stopper->exits, run, mark);
}

/* ---- questions ---- */

struct optional_integer stopper_told_code(const struct stopper *stopper, struct run run)
{
    return exit_watch_code(&stopper->exits, run);
}

static bool settled_by_base(const struct stop_task *task, struct stop_request *request)
{
    int64_t pos = -1;
    const struct task *base = request->settled ? NULL : stopper_base(task, &pos);
    if (base != NULL && pos >= request->offset && task_is_terminal(base)) {
        request->settled = true;
    }
    return request->settled;
}

struct floor {
    int64_t offset;
};

static void lower_floor(void *context, void *owner)
{
    struct floor *floor = context;
    struct stop_task *task = owner;
    for (struct stop_request *request = task->requests;
         request != NULL && request->offset < floor->offset; request = request->next) {
        if (!settled_by_base(task, request)) {
            floor->offset = request->offset;
        }
    }
}

int64_t stopper_commit_floor(struct stopper *stopper, int64_t next_offset, int64_t projected)
{
    struct floor floor = {.offset = next_offset < projected ? next_offset : projected};
    id_table_each(&stopper->tasks, lower_floor, &floor);
    stopper_facts_complete(stopper);
    stopper_task_forget(stopper, projected);
    if (stopper->missed_offset >= 0 && floor.offset > stopper->missed_offset) {
        floor.offset = stopper->missed_offset;
    }
    return floor.offset;
}

const struct task *stopper_own(const struct stopper *stopper, const char *task_id)
{
    const struct stop_task *task = stopper_task_find(stopper, task_id, strlen(task_id));
    return task == NULL || task->own.id == NULL ? NULL : &task->own;
}

static bool concerned(const struct stop_task *task)
{
    return stopper_accept_pending(task) || stopper_task_under_way(task);
}

bool stopper_concerned(const struct stopper *stopper, const char *task_id)
{
    const struct stop_task *task = stopper_task_find(stopper, task_id, strlen(task_id));
    return task != NULL && concerned(task);
}

static void clear_if_concerned(void *context, void *owner)
{
    bool *idle = context;
    *idle = *idle && !concerned(owner);
}

bool stopper_idle(const struct stopper *stopper)
{
    bool idle = true;
    id_table_each(&stopper->tasks, clear_if_concerned, &idle);
    return idle;
}

/* ---- events of others ---- */

int stopper_write(struct stopper *stopper, const struct event *event, struct error *err)
{
    return stopper_record(stopper, event, true, err);
}

int stopper_write_told(struct stopper *stopper, const struct event *event,
                       kafka_delivered_fn *delivered, void *context, struct error *err)
{
    int rc = stopper_record(stopper, event, true, err);
    if (rc == 0) {
        outbox_tell_of_newest(&stopper->outbox, delivered, context);
    }
    return rc;
}

int stopper_write_volatile(struct stopper *stopper, const struct event *event,
                           kafka_delivered_fn *delivered, void *context, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, EVENT_MAX_BYTES);
    int rc = event_encode(event, &bytes, err);
    if (rc == 0) {
        rc = outbox_push(&stopper->outbox, buffer_span(&bytes), false, delivered, context, err);
    }
    buffer_release(&bytes);
    return rc;
}
