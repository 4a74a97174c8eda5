#include <stdio.h>
#include <string.h>

#include "common/base/fault_point.h"
#include "worker/host/stopper_internal.h"

enum {
    INTENTS_JOURNALLED =
        2, /**< what counts is the first one's time, and whether there was another */
    HISTORY_MARGIN_MS = 2000,
    CLOCKS_APART_MS =
        1000,       /**< between wall and boot clock: more is not slewing, the wall clock was set */
    ROUNDING_MS = 2 /**< three times cut to milliseconds */
};

static void begin(struct stop_slot *slot, enum stop_call call);

/* ---- the queue ---- */

static void enqueue(struct stop_slot **first, struct stop_slot **last, struct stop_slot *slot)
{
    slot->next_queued = NULL;
    if (*last == NULL) {
        *first = slot;
    } else {
        (*last)->next_queued = slot;
    }
    *last = slot;
}

static void take_out(struct stop_slot **first, struct stop_slot **last,
                     const struct stop_slot *slot)
{
    struct stop_slot *before = NULL;
    for (struct stop_slot *at = *first; at != NULL; before = at, at = at->next_queued) {
        if (at != slot) {
            continue;
        }
        if (before == NULL) {
            *first = at->next_queued;
        } else {
            before->next_queued = at->next_queued;
        }
        *last = *last == at ? before : *last;
        return;
    }
}

static bool any_room(const struct stopper *stopper)
{
    return stopper->env.engine_call_limit <= 0 ||
           stopper->calls_out < stopper->env.engine_call_limit;
}

/** A task never has more calls out than it leaves free: one whose calls all hang gets half of them, two a third each, and what begins next
 *  still finds one. */
static bool room(const struct stop_slot *slot)
{
    const struct stopper *stopper = slot->stopper;
    int64_t free_calls = stopper->env.engine_call_limit - stopper->calls_out;
    if (stopper->env.engine_call_limit <= 0) {
        return true;
    }
    return any_room(stopper) && (slot->task->calls_out == 0 || slot->task->calls_out < free_calls);
}

/** The first that may go; NULL = none. */
static struct stop_slot *dequeue(struct stop_slot **first, struct stop_slot **last)
{
    struct stop_slot *slot = *first;
    while (slot != NULL && !room(slot)) {
        slot = slot->next_queued;
    }
    if (slot != NULL) {
        take_out(first, last, slot);
    }
    return slot;
}

static void serve_queue(struct stopper *stopper)
{
    while (any_room(stopper)) {
        struct stop_slot *slot = dequeue(&stopper->urgent_first, &stopper->urgent_last);
        if (slot == NULL) {
            slot = dequeue(&stopper->queue_first, &stopper->queue_last);
        }
        if (slot == NULL) {
            return;
        }
        enum stop_call call = slot->queued;
        slot->queued = STOP_CALL_NONE;
        begin(slot, call);
    }
}

void stopper_call_cancel(struct stop_slot *slot)
{
    if (slot->queued != STOP_CALL_NONE) {
        take_out(&slot->stopper->urgent_first, &slot->stopper->urgent_last, slot);
        take_out(&slot->stopper->queue_first, &slot->stopper->queue_last, slot);
        slot->queued = STOP_CALL_NONE;
    }
}

void stopper_call_want(struct stop_slot *slot, enum stop_call call)
{
    struct stopper *stopper = slot->stopper;
    if (slot->call == STOP_CALL_INSPECT && call == STOP_CALL_INSPECT) {
        slot->look_again = true;
        return;
    }
    if (slot->queued == call) {
        return; /* keeps its place */
    }
    stopper_call_cancel(slot);
    if (room(slot)) {
        begin(slot, call);
        return;
    }
    slot->queued = call;
    if (call == STOP_CALL_KILL) {
        enqueue(&stopper->urgent_first, &stopper->urgent_last, slot);
    } else {
        enqueue(&stopper->queue_first, &stopper->queue_last, slot);
    }
}

/* ---- answers ---- */

void stopper_call_drop(struct stop_slot *slot)
{
    slot->next = slot->stopper->dropped;
    slot->stopper->dropped = slot;
}

static void undrop(struct stop_slot *slot)
{
    struct stop_slot **link = &slot->stopper->dropped;
    while (*link != slot) {
        link = &(*link)->next;
    }
    *link = slot->next;
}

void stopper_call_free_dropped(struct stopper *stopper)
{
    while (stopper->dropped != NULL) {
        struct stop_slot *slot = stopper->dropped;
        stopper->dropped = slot->next;
        slot->call = STOP_CALL_NONE;
        stopper_slot_free(slot);
    }
}

/** The call is over. @return false if nobody waits for it any more */
static bool over(struct stop_slot *slot)
{
    struct stopper *stopper = slot->stopper;
    bool dropped = slot->task == NULL;
    slot->call = STOP_CALL_NONE;
    stopper->calls_out--;
    if (!dropped) {
        slot->task->calls_out--;
    }
    if (dropped) {
        undrop(slot);
        stopper_slot_free(slot);
    }
    serve_queue(stopper);
    return !dropped;
}

void stopper_call_keep_detail(struct stop_slot *slot, const char *detail)
{
    struct span text = span_cut_utf8(span_of(detail), STOPPER_DETAIL_BYTES - 1);
    snprintf(slot->detail, sizeof slot->detail, "%.*s", (int)text.length,
             text.data == NULL ? "" : text.data);
}

static bool has_ended(const struct stop_slot *slot, const struct runtime_container *container,
                      char storage[EXIT_REASON_MAX_BYTES], struct run_result *ret_result)
{
    const struct planned_run *planned = task_planned(&slot->task->own, slot->run);
    const char *name = planned == NULL ? NULL : planned->name;
    if (container != NULL && container->status == RUNTIME_CREATED &&
        container->described.started_at == slot->run.started_at) {
        *ret_result = (struct run_result){.container_id = slot->run.container_id,
                                          .started_at = slot->run.started_at,
                                          .name = name};
        return true;
    }
    return exit_result_of(slot->run, name, container,
                          exit_watch_code(&slot->stopper->exits, slot->run), storage, ret_result);
}

/** What was asked for since the question may tell of an end that the answer does not show: looked at once more. That second answer counts if
 *  no event of the container came since, and what did come is looked into after it: an engine that comes back again and
 *  again would hold the signals back else. */
static void on_seen_running(struct stop_slot *slot, bool again, bool looked_again)
{
    if (again && !looked_again) {
        slot->looked_again = true;
        stopper_call_want(slot, STOP_CALL_INSPECT);
        return;
    }
    stopper_run_on(slot, STOP_ON_INSPECTED_RUNNING);
    if (again) {
        stopper_run_hint(slot);
    }
}

static void on_inspected(void *context, const struct error *error,
                         const struct runtime_container *container)
{
    struct stop_slot *slot = context;
    bool again = slot->look_again;
    bool looked_again = slot->looked_again;
    slot->look_again = false;
    slot->looked_again = false;
    if (!over(slot)) {
        return;
    }
    if (error != NULL) {
        stopper_call_keep_detail(slot, error->message);
        stopper_run_on(slot, STOP_ON_INSPECT_FAILED);
        return;
    }
    char storage[EXIT_REASON_MAX_BYTES];
    struct run_result result;
    bool ended = has_ended(slot, container, storage, &result);
    if (!ended && container != NULL && runtime_is_running(container->status)) {
        exit_watch_seen(&slot->stopper->exits, slot->run, slot->watch_mark);
    }
    if (ended) {
        FAULT_POINT(EXIT_SEEN);
        struct stop_input input = {.event = STOP_ON_INSPECTED_ENDED};
        stopper_run_feed(slot, &input, &result);
    } else {
        on_seen_running(slot, again, looked_again);
    }
}

static void on_signalled(void *context, enum runtime_answer answer, const char *detail)
{
    static const enum stop_event events[] = {
        [RUNTIME_SENT] = STOP_ON_SENT,
        [RUNTIME_NOT_RUNNING] = STOP_ON_NOT_RUNNING,
        [RUNTIME_NO_CONTAINER] = STOP_ON_NOT_RUNNING,
        [RUNTIME_REFUSED] = STOP_ON_REFUSED,
        [RUNTIME_NO_ANSWER] = STOP_ON_NO_ANSWER,
    };
    struct stop_slot *slot = context;
    FAULT_POINT(SIGNAL_ANSWERED);
    if (over(slot)) {
        stopper_call_keep_detail(slot, detail);
        stopper_run_on(slot, events[answer]);
    }
}

/** The engine's wall clock time of a signal on our boot-time clock. The grace counts from it, so it is not to be before the signal: of what the
 *  clocks said at the intent and what they say now the later one counts, and now where they contradict each other or the engine. Not to be
 *  seen is only a clock that was set back after the intent, by less than had passed, and set right again. */
static int64_t boot_time_of(const struct stop_slot *slot, int64_t at_unix_ms)
{
    int64_t now_boot = stopper_now_boot(slot->stopper);
    int64_t now_unix = stopper_now_unix(slot->stopper);
    if (slot->intent_boot_ms < 0 || at_unix_ms < slot->intent_unix_ms || at_unix_ms > now_unix) {
        return now_boot; /* the wall clock alone is no ground for an earlier SIGKILL */
    }
    int64_t by_now = now_boot - (now_unix - at_unix_ms);
    int64_t by_intent = slot->intent_boot_ms + (at_unix_ms - slot->intent_unix_ms);
    int64_t later = by_now > by_intent ? by_now : by_intent;
    int64_t earlier = by_now > by_intent ? by_intent : by_now;
    if (later - earlier > CLOCKS_APART_MS || later + ROUNDING_MS > now_boot) {
        return now_boot;
    }
    return later + ROUNDING_MS;
}

static void on_history(void *context, enum runtime_history_answer answer, int64_t at_unix_ms,
                       int64_t times)
{
    struct stop_slot *slot = context;
    if (!over(slot)) {
        return;
    }
    struct stop_input input = {.event = STOP_ON_HISTORY_UNKNOWN};
    if (answer == RUNTIME_HISTORY_SENT) {
        input = (struct stop_input){.event = STOP_ON_HISTORY_SENT,
                                    .at_boot_ms = boot_time_of(slot, at_unix_ms),
                                    .times = times};
        stopper_call_keep_detail(slot, "history");
    } else if (answer == RUNTIME_HISTORY_NOT_SENT) {
        input.event = STOP_ON_HISTORY_NOT_SENT;
    }
    stopper_run_feed(slot, &input, NULL);
}

/* ---- calls ---- */

static void journal_intent(struct stop_slot *slot, const char *signal, int64_t number)
{
    struct stopper *stopper = slot->stopper;
    struct journal_intent intent = {.task = slot->task->entry.key,
                                    .run = slot->run,
                                    .signal = signal,
                                    .boot_ms = slot->asked_boot_ms,
                                    .unix_ms = slot->asked_unix_ms,
                                    .boot_id = stopper->env.identity->boot_id};
    struct error err = {0};
    uint64_t suppressed = 0;
    if (number > INTENTS_JOURNALLED ||
        journal_append_intent(&stopper->journal, &intent, &err) == 0) {
        return;
    }
    if (log_limit_pass(&stopper->journal_complaints, slot->asked_boot_ms, STOPPER_COMPLAIN_EVERY_MS,
                       &suppressed)) {
        log_error("journal.failing",
                  "the journal cannot be written; stops go on, but a crash of the worker may now "
                  "repeat a signal",
                  LOG_STR("error", err.message), LOG_INT("suppressed", suppressed));
    }
}

static void on_command_started(void *context, const char *exec_id, const char *detail)
{
    struct stop_slot *slot = context;
    if (over(slot)) {
        stopper_call_keep_detail(slot, detail);
        (void)snprintf(slot->exec_id, sizeof slot->exec_id, "%s", exec_id == NULL ? "" : exec_id);
        if (exec_id != NULL) {
            FAULT_POINT(PRE_STOP_STARTED);
        }
        stopper_run_on(slot, exec_id == NULL ? STOP_ON_PRE_STOP_FAILED : STOP_ON_PRE_STOP_STARTED);
    }
}

static void on_looked(void *context, const struct error *error,
                      const struct runtime_command *command)
{
    struct stop_slot *slot = context;
    if (!over(slot)) {
        return;
    }
    if (error != NULL) {
        stopper_run_on(slot, STOP_ON_PRE_STOP_UNSEEN);
    } else if (command != NULL && command->running) {
        stopper_run_on(slot, STOP_ON_PRE_STOP_RUNS);
    } else {
        FAULT_POINT(PRE_STOP_OVER);
        slot->pre_stop_code = command == NULL ? (struct optional_integer){0} : command->exit_code;
        stopper_call_keep_detail(slot,
                                 "PreStopUnknown: the engine does not know how the command ended");
        stopper_run_on(slot, STOP_ON_PRE_STOP_OVER);
    }
}

static void start_command(struct stop_slot *slot)
{
    struct runtime *runtime = slot->stopper->env.runtime;
    const struct planned_run *planned = task_planned(&slot->task->own, slot->run);
    FAULT_POINT(PRE_STOP_DECIDED);
    journal_intent(slot, JOURNAL_INTENT_PRE_STOP, 1);
    FAULT_POINT(PRE_STOP_INTENDED);
    runtime->ops->run_command(runtime, slot->run, planned->pre_stop, on_command_started, slot);
}

static const char *stop_signal(const struct stop_slot *slot)
{
    const struct planned_run *planned = task_planned(&slot->task->own, slot->run);
    return planned == NULL || planned->signal == NULL ? "SIGTERM" : planned->signal;
}

/* What a pre-stop command has left of the grace. */
static int64_t grace_left(const struct stop_slot *slot)
{
    int64_t left = stop_run_deadline(&slot->machine) - stopper_now_boot(slot->stopper);
    if (!slot->machine.pre_stopped) {
        return slot->machine.grace_ms;
    }
    return left > 0 ? left : 0;
}

static void send_signal(struct stop_slot *slot, const char *signal, int64_t number)
{
    struct runtime *runtime = slot->stopper->env.runtime;
    const struct runtime_signal sent = {.name = signal,
                                        .stop_signal =
                                            slot->machine.signalled ? stop_signal(slot) : NULL,
                                        .grace_ms = grace_left(slot)};
    FAULT_POINT(SIGNAL_DECIDED);
    journal_intent(slot, signal, number);
    FAULT_POINT(SIGNAL_INTENDED);
    runtime->ops->signal(runtime, slot->run, &sent, on_signalled, slot);
    FAULT_POINT(SIGNAL_CALLED);
}

static void ask_history(struct stop_slot *slot)
{
    struct runtime *runtime = slot->stopper->env.runtime;
    int64_t since = slot->intent_unix_ms - HISTORY_MARGIN_MS;
    runtime->ops->history(runtime, slot->run, stop_signal(slot), since < 0 ? 0 : since, on_history,
                          slot);
}

static void begin(struct stop_slot *slot, enum stop_call call)
{
    struct runtime *runtime = slot->stopper->env.runtime;
    slot->call = call;
    slot->stopper->calls_out++;
    slot->task->calls_out++;
    slot->watch_mark = exit_watch_mark(&slot->stopper->exits);
    slot->asked_boot_ms = stopper_now_boot(slot->stopper);
    slot->asked_unix_ms = stopper_now_unix(slot->stopper);
    switch (call) {
    case STOP_CALL_INSPECT:
        runtime->ops->inspect(runtime, slot->run.container_id, on_inspected, slot);
        break;
    case STOP_CALL_HISTORY:
        ask_history(slot);
        break;
    case STOP_CALL_SIGNAL:
        if (slot->intent_unix_ms == 0) {
            slot->intent_unix_ms = slot->asked_unix_ms;
            slot->intent_boot_ms = slot->asked_boot_ms;
        }
        send_signal(slot, stop_signal(slot), slot->machine.intents);
        break;
    case STOP_CALL_KILL:
        send_signal(slot, "SIGKILL", slot->machine.kill_intents);
        break;
    case STOP_CALL_PRE_STOP:
        start_command(slot);
        break;
    case STOP_CALL_LOOK:
        runtime->ops->look_command(runtime, slot->exec_id, on_looked, slot);
        break;
    case STOP_CALL_NONE:
        break;
    }
}
