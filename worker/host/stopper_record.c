#include "common/base/fault_point.h"
#include "common/base/memory.h"
#include "common/domain/reduce.h"
#include "worker/host/stopper_internal.h"

int stopper_event(struct stop_task *task, enum event_type type, char id[37],
                  struct event *ret_event, struct error *err)
{
    struct stopper *stopper = task->stopper;
    if (identity_event(stopper->env.identity, type, task->entry.key, stopper_now_unix(stopper), id,
                       ret_event, err) != 0) {
        return -1;
    }
    ret_event->cause = task->own.named.count > 0 ? task->own.named.items[0] : NULL;
    return 0;
}

/** A journal that cannot take it is a loud state, never a stop that stops: the event lives in memory until Kafka has it. */
static bool journal_it(struct stopper *stopper, struct span bytes, bool begins)
{
    struct error err = {0};
    uint64_t suppressed = 0;
    if (journal_append_event(&stopper->journal, bytes, begins, &err) == 0) {
        return true;
    }
    if (log_limit_pass(&stopper->journal_complaints, stopper_now_boot(stopper),
                       STOPPER_COMPLAIN_EVERY_MS, &suppressed)) {
        log_error("journal.failing",
                  "the journal cannot be written; stops go on, but a crash of the worker may now "
                  "repeat a signal",
                  LOG_STR("error", err.message), LOG_INT("suppressed", suppressed));
    }
    return false;
}

static int fold(struct stopper *stopper, const struct event *event, struct error *err)
{
    if (event->task == NULL || !event_is_workers_own(event->type)) {
        return 0;
    }
    struct stop_task *task = stopper_task_need(stopper, event->task, event->cluster);
    if (task == NULL) {
        return error_no_memory(err, "remembering a task");
    }
    return reduce(&task->own, event, NULL, err);
}

int stopper_record(struct stopper *stopper, const struct event *event, bool begins,
                   struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, EVENT_MAX_BYTES);
    if (event_encode(event, &bytes, err) != 0) {
        buffer_release(&bytes);
        return -1;
    }
    FAULT_POINT(EVENT_MADE);
    bool journalled = journal_it(stopper, buffer_span(&bytes), begins);
    FAULT_POINT(EVENT_JOURNALLED);
    int rc = outbox_push(&stopper->outbox, buffer_span(&bytes), journalled, NULL, NULL, err);
    buffer_release(&bytes);
    FAULT_POINT(EVENT_QUEUED);
    int folded = fold(stopper, event, err);
    FAULT_POINT(EVENT_FOLDED);
    return rc != 0 ? rc : folded;
}

/** An ordinary stop in the program's log: its begin, its SIGKILLs, its end. Where a whole host is being stopped that is
 *  for those who ask for it; the audit trail has it anyway. */
static void say(const struct stop_task *task, const struct event *event, bool begins)
{
    bool many = task->stopper->slots.count > STOPPER_SAID_RUNS_MAX;
    enum log_level level = many ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
    if (event->type == EVENT_STOP_ACCEPTED) {
        const struct text_list *requests = &event->stop_accepted.requests;
        LOG_DISPATCH(
            level, begins ? "stop.begins" : "stop.changed",
            begins ? "a stop begins" : "the plan of a stop has changed",
            LOG_STR("task", task->entry.key),
            LOG_STR("request", requests->count == 0 ? NULL : requests->items[requests->count - 1]),
            LOG_INT("runs", event->stop_accepted.plan.count), {0});
    } else if (event->type == EVENT_KILL_SENT) {
        LOG_DISPATCH(level, "stop.kill", "SIGKILL was sent", LOG_STR("task", task->entry.key),
                     LOG_STR("container", event->signal_sent.run.container_id), {0});
    } else if (event->type == EVENT_TASK_STOPPED) {
        LOG_DISPATCH(level, "stop.ends", "a stop is over", LOG_STR("task", task->entry.key),
                     LOG_INT("duration_ms", event->ts - task->own.accepted_at), {0});
    }
}

bool stopper_record_or_complain(struct stop_task *task, const struct event *event, bool begins)
{
    struct error err = {0};
    if (stopper_record(task->stopper, event, begins, &err) == 0) {
        say(task, event, begins);
        return true;
    }
    if (err.code == ERROR_NO_MEMORY) {
        stopper_task_fail(task, event->type_name);
        return false;
    }
    log_error("stop.unrecorded", "an event of a stop could not be recorded",
              LOG_STR("task", task->entry.key), LOG_STR("type", event->type_name),
              LOG_STR("error", err.message));
    return false;
}
