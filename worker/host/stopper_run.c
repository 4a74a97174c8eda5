#include <stdio.h>
#include <string.h>

#include "worker/host/stopper_internal.h"
#include "worker/runtime/main_process.h"

enum { REASON_BYTES = 512 };

#define UNSETTLED_SIGNALS                                                                          \
    "StopSignalUnsettled: The engine did not confirm the stop signal, which may have been sent "   \
    "more than once"

/* ---- records ---- */

/* The wall clock at a SIGKILL, counted from that at the stop signal where the two agree but for rounding: a
 * reader of the log must not see a SIGKILL a millisecond before a deadline that it was not sent before. */
static int64_t as_after_signal(const struct stop_slot *slot, int64_t boot_ms, int64_t unix_ms)
{
    enum { ROUNDING_MS = 5 };
    const struct sent_signal *sent = task_signal(&slot->task->own, slot->run);
    if (sent == NULL || sent->boot_id == NULL ||
        strcmp(sent->boot_id, slot->stopper->env.identity->boot_id) != 0) {
        return unix_ms;
    }
    int64_t counted = sent->sent_unix_ms + (boot_ms - sent->sent_boot_ms);
    return counted - unix_ms <= ROUNDING_MS && unix_ms - counted <= ROUNDING_MS ? counted : unix_ms;
}

static void record_signal(struct stop_slot *slot, const struct stop_action *action, bool kill)
{
    struct stopper *stopper = slot->stopper;
    const struct planned_run *planned = task_planned(&slot->task->own, slot->run);
    struct event event;
    char id[37];
    enum event_type type = kill ? EVENT_KILL_SENT : EVENT_SIGNAL_SENT;
    struct error err = {0};
    if (stopper_event(slot->task, type, id, &event, &err) != 0) {
        log_error("stop.unrecorded", "an event of a stop could not be made",
                  LOG_STR("error", err.message));
        return;
    }
    /* The grace counts from when the engine had answered, SIGKILL from when it was asked: so the log alone shows that
     * SIGKILL did not come too early. */
    int64_t boot_ms = kill ? slot->asked_boot_ms : action->at_boot_ms;
    int64_t unix_ms = event.ts - (stopper_now_boot(stopper) - boot_ms);
    if (kill) {
        unix_ms = as_after_signal(slot, boot_ms, unix_ms);
    }
    event.signal_sent = (struct event_signal_sent){
        .run = slot->run,
        .signal = kill              ? "SIGKILL"
                  : planned == NULL ? "SIGTERM"
                                    : planned->signal,
        .answer = slot->detail[0] == '\0' ? "sent" : slot->detail,
        .sent_unix_ms = unix_ms,
        .sent_boot_ms = boot_ms,
        .boot_id = stopper->env.identity->boot_id,
        .deadline_unix_ms = kill ? 0 : unix_ms + stop_run_deadline(&slot->machine) - boot_ms,
        .maybe_repeated = action->maybe_repeated,
    };
    (void)stopper_record_or_complain(slot->task, &event, false);
}

/* Why the run was not over before SIGKILL, as far as its end does not say more; NULL = nothing to say. */
static const char *unhandled(const struct stop_slot *slot, char storage[REASON_BYTES])
{
    struct span note = main_process_find_note(slot->detail);
    if (!slot->machine.kill_recorded || note.length == 0) {
        return NULL;
    }
    (void)snprintf(storage, REASON_BYTES, "StopSignalUnhandled: %.*s", (int)note.length, note.data);
    return storage;
}

static void record_exit(struct stop_slot *slot, const struct run_result *result)
{
    char reason[REASON_BYTES];
    struct event event;
    char id[37];
    struct error err = {0};
    if (stopper_event(slot->task, EVENT_CONTAINER_EXITED, id, &event, &err) != 0) {
        log_error("stop.unrecorded", "an event of a stop could not be made",
                  LOG_STR("error", err.message));
        return;
    }
    event.container_exited.result = *result;
    /* it ended before any signal was known to be sent: no SignalSent can say it */
    if (!slot->machine.signalled && slot->machine.intents > 1 && result->reason == NULL) {
        event.container_exited.result.reason = UNSETTLED_SIGNALS;
    } else if (result->reason == NULL) {
        event.container_exited.result.reason = unhandled(slot, reason);
    }
    (void)stopper_record_or_complain(slot->task, &event, false);
}

static const char *recorded_reason(const struct stop_slot *slot)
{
    const struct task *own = &slot->task->own;
    for (size_t i = 0; i < own->stuck.count; i++) {
        struct run run = {own->stuck.items[i].container_id, own->stuck.items[i].started_at};
        if (run_equal(run, slot->run)) {
            return own->stuck.items[i].reason;
        }
    }
    return NULL;
}

static void record_stuck(struct stop_slot *slot, enum stop_problem problem)
{
    char reason[REASON_BYTES];
    /* "204" says no more than that SIGKILL was sent */
    bool has_detail = problem == STOP_PROBLEM_KILL_SURVIVED ? strchr(slot->detail, ' ') != NULL
                                                            : slot->detail[0] != '\0';
    snprintf(reason, sizeof reason, "%s%s%s", stop_problem_text(problem), has_detail ? ": " : "",
             has_detail ? slot->detail : "");
    const char *recorded = recorded_reason(slot);
    if (recorded != NULL && strcmp(recorded, reason) == 0) {
        return;
    }
    log_warn("stop.stuck", "a container does not stop; tried on",
             LOG_STR("task", slot->task->entry.key), LOG_STR("container", slot->run.container_id),
             LOG_STR("reason", reason));
    struct event event;
    char id[37];
    if (stopper_event(slot->task, EVENT_STOP_STUCK, id, &event, NULL) == 0) {
        event.stop_stuck = (struct event_stop_stuck){.run = slot->run, .reason = reason};
        (void)stopper_record_or_complain(slot->task, &event, false);
    }
}

/* ---- the machine ---- */

static bool take_fresh_look(struct stop_slot *slot)
{
    int64_t seen = slot->seen_running_boot_ms;
    slot->seen_running_boot_ms = -1;
    return slot->call == STOP_CALL_NONE && seen >= 0 &&
           stopper_now_boot(slot->stopper) - seen <= STOPPER_SEEN_FRESH_MS;
}

/** @return true if INSPECTED_RUNNING is to be fed at once */
static bool perform(struct stop_slot *slot, const struct stop_action *action,
                    const struct run_result *result)
{
    struct timers *timers = &slot->stopper->timers;
    switch (action->kind) {
    case STOP_ACTION_RECORD_SIGNAL:
        record_signal(slot, action, false);
        break;
    case STOP_ACTION_RECORD_KILL:
        record_signal(slot, action, true);
        break;
    case STOP_ACTION_RECORD_PRE_STOP:
        stopper_pre_stop_record_start(slot, action->at_boot_ms);
        break;
    case STOP_ACTION_RECORD_PRE_STOP_END:
        stopper_pre_stop_record_end(slot);
        break;
    case STOP_ACTION_RECORD_STUCK:
        record_stuck(slot, action->problem);
        break;
    case STOP_ACTION_RECORD_EXIT:
        if (result != NULL) { /* as it is with the only event that leads here */
            record_exit(slot, result);
        }
        stopper_look_later(slot->task, 0);
        break;
    case STOP_ACTION_ARM:
        timers_arm(timers, &slot->timer, action->at_boot_ms);
        break;
    case STOP_ACTION_DISARM:
        timers_disarm(timers, &slot->timer);
        break;
    case STOP_ACTION_INSPECT:
        if (take_fresh_look(slot)) {
            return true;
        }
        stopper_call_want(slot, STOP_CALL_INSPECT);
        break;
    case STOP_ACTION_ASK_HISTORY:
        stopper_call_want(slot, STOP_CALL_HISTORY);
        break;
    case STOP_ACTION_SIGNAL:
        stopper_call_want(slot, STOP_CALL_SIGNAL);
        break;
    case STOP_ACTION_KILL:
        stopper_call_want(slot, STOP_CALL_KILL);
        break;
    case STOP_ACTION_PRE_STOP:
        stopper_call_want(slot, STOP_CALL_PRE_STOP);
        break;
    case STOP_ACTION_LOOK:
        stopper_call_want(slot, STOP_CALL_LOOK);
        break;
    }
    return false;
}

/** Signals wait for requests that are still to be taken up: they may change the grace. Before the log's end is reached none can be taken up, so
 *  they wait for the log while it can come, and not for what was read of it. */
static bool must_wait(const struct stop_slot *slot)
{
    const struct stopper *stopper = slot->stopper;
    if (stopper->caught_up) {
        return stopper_accept_pending(slot->task);
    }
    return stopper->catching && !stopper->kafka_away;
}

static enum stop_event hold(const struct stop_slot *slot, enum stop_event event)
{
    bool decides = event == STOP_ON_TIMER || event == STOP_ON_INSPECTED_RUNNING;
    bool held = decides && must_wait(slot) && !stop_run_kill_decided(&slot->machine);
    return held ? STOP_ON_HELD : event;
}

/** One step of the machine. @return true if INSPECTED_RUNNING follows at once */
static bool step(struct stop_slot *slot, const struct stop_input *input,
                 const struct run_result *result)
{
    struct stop_actions actions;
    struct error err = {0};
    struct stop_input held = *input;
    held.event = hold(slot, input->event);
    if (stop_engine_step(&slot->machine, &held, stopper_now_boot(slot->stopper), &actions, &err) !=
        0) {
        log_error("stop.bug", "the stop engine was given what it holds to be impossible",
                  LOG_STR("task", slot->task->entry.key), LOG_STR("error", err.message));
        return false;
    }
    bool seen = false;
    for (size_t i = 0; i < actions.count; i++) {
        seen = perform(slot, &actions.items[i], result) || seen;
    }
    return seen;
}

void stopper_run_feed(struct stop_slot *slot, const struct stop_input *input,
                      const struct run_result *result)
{
    const struct stop_input seen = {.event = STOP_ON_INSPECTED_RUNNING};
    if (slot->stopper->superseded || slot->task == NULL) {
        return;
    }
    const struct stop_input *next = input;
    while (step(slot, next, result)) {
        next = &seen;
    }
}

void stopper_run_on(struct stop_slot *slot, enum stop_event event)
{
    struct stop_input input = {.event = event};
    stopper_run_feed(slot, &input, NULL);
}

void stopper_run_release(struct stop_task *task)
{
    for (struct stop_slot *slot = task->slots; slot != NULL; slot = slot->next) {
        const struct planned_run *planned = task_planned(&task->own, slot->run);
        if (slot->machine.state == STOP_WAITING && planned != NULL &&
            plan_released(&task->own, planned)) {
            stopper_run_on(slot, STOP_ON_RELEASED);
        }
    }
}

void stopper_run_hint(struct stop_slot *slot)
{
    slot->seen_running_boot_ms = -1;
    if (slot->machine.state != STOP_NEW) {
        stopper_run_on(slot, STOP_ON_EXIT_HINT);
    }
}

/* ---- plan -> machines ---- */

/** What is left of the drain delay, by the wall clock, when nothing had to end before the run. */
static int64_t drain_left(const struct stop_task *task, const struct planned_run *planned)
{
    int64_t passed = stopper_now_unix(task->stopper) - task->own.accepted_at;
    if (planned->after.count > 0 || passed < 0) {
        return planned->drain_delay_ms;
    }
    return passed < planned->drain_delay_ms ? planned->drain_delay_ms - passed : 0;
}

static bool this_boot(const struct stop_task *task, const struct sent_signal *signal)
{
    const char *boot_id = task->stopper->env.identity->boot_id;
    return signal->boot_id != NULL && strcmp(signal->boot_id, boot_id) == 0;
}

static void fill_machine(struct stop_slot *slot, const struct planned_run *planned)
{
    struct stop_task *task = slot->task;
    const struct sent_signal *signal = task_signal(&task->own, slot->run);
    bool killed = task_kill(&task->own, slot->run) != NULL;
    int64_t now = stopper_now_boot(slot->stopper);
    slot->machine = (struct stop_run){
        .grace_ms = planned->grace_ms,
        .drain_delay_ms = drain_left(task, planned),
        .signalled = signal != NULL,
        .signalled_boot_ms = signal != NULL && this_boot(task, signal) ? signal->sent_boot_ms : now,
        .kill_recorded = killed,
        .kill_intents = killed ? 1 : 0,
    };
    stop_run_init(&slot->machine);
    stopper_pre_stop_fill(slot, planned);
}

/** Tells a machine that runs what the log shows and it does not know. */
static void sync_begun(struct stop_slot *slot, const struct planned_run *planned)
{
    const struct stop_task *task = slot->task;
    const struct sent_signal *signal = task_signal(&task->own, slot->run);
    stopper_pre_stop_sync(slot);
    if (signal != NULL && !slot->machine.signalled) {
        struct stop_input input = {.event = STOP_ON_LOG_SIGNALLED,
                                   .at_boot_ms = this_boot(task, signal)
                                                     ? signal->sent_boot_ms
                                                     : stopper_now_boot(task->stopper)};
        stopper_run_feed(slot, &input, NULL);
    } else if (slot->machine.grace_ms != planned->grace_ms) {
        struct stop_input input = {.event = STOP_ON_GRACE_CHANGED, .grace_ms = planned->grace_ms};
        stopper_run_feed(slot, &input, NULL);
    }
}

/** Brings one run up to the plan and the facts. */
static void sync_run(struct stop_task *task, const struct planned_run *planned)
{
    struct run run = run_of_planned(planned);
    struct stop_slot *slot = stopper_task_slot(task, run);
    if (task_exit(&task->own, run) != NULL) {
        if (slot != NULL && slot->machine.state != STOP_ENDED && slot->machine.state != STOP_NEW) {
            stopper_run_on(slot, STOP_ON_LOG_ENDED);
        }
        return;
    }
    if (slot == NULL) {
        slot = stopper_task_add_slot(task, planned);
        if (slot == NULL) {
            stopper_task_fail(task, "a run of its plan");
            return;
        }
        fill_machine(slot, planned);
        if (task->stopper->acting) {
            stopper_recovery_suspect_run(slot, false);
        }
    } else if (slot->machine.state == STOP_NEW) {
        slot->machine.grace_ms = planned->grace_ms;
    } else {
        sync_begun(slot, planned);
    }
}

void stopper_run_sync(struct stop_task *task, bool begin)
{
    if (!stopper_task_under_way(task)) {
        return;
    }
    for (size_t i = 0; i < task->own.plan.count; i++) {
        sync_run(task, &task->own.plan.items[i]);
    }
    if (begin) {
        stopper_run_start(task);
    }
}

void stopper_run_start(struct stop_task *task)
{
    for (struct stop_slot *slot = task->slots; slot != NULL; slot = slot->next) {
        if (slot->machine.state == STOP_NEW) {
            stopper_run_on(slot, STOP_ON_START);
        }
    }
    stopper_run_release(task);
    stopper_look_later(task, 0);
}
