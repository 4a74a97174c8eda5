#include <string.h>

#include "common/base/fault_point.h"
#include "common/domain/reduce.h"
#include "worker/host/stopper_internal.h"

bool stopper_recovery_know(struct stopper *stopper, const char *incarnation)
{
    for (size_t i = 0; i < stopper->known.count; i++) {
        if (strcmp(stopper->known.items[i], incarnation) == 0) {
            return true;
        }
    }
    const char **grown = arena_grow(&stopper->known_arena, stopper->known.items,
                                    stopper->known.count, sizeof(const char *));
    const char *kept = arena_strdup(&stopper->known_arena, incarnation);
    if (grown != NULL && kept != NULL) {
        stopper->known.items = grown;
        stopper->known.items[stopper->known.count++] = kept;
    }
    return false;
}

/* ---- own state from the journal ---- */

static void fold_item(struct stopper *stopper, const struct journal_item *item)
{
    struct event event;
    struct error err = {0};
    bool ok = event_decode(item->event, &event, &err) == 0;
    if (ok && event.task != NULL && event_is_workers_own(event.type)) {
        struct stop_task *task = stopper_task_need(stopper, event.task, event.cluster);
        if (task == NULL) {
            ok = error_no_memory(&err, "remembering a task") == 0;
        } else if (!task->terminal_read) {
            stopper_recovery_suspect(task);
            stopper_facts_held(task, item->event);
            ok = reduce(&task->own, &event, NULL, &err) == 0;
        }
    }
    if (!ok && err.code == ERROR_NO_MEMORY) {
        stopper_fail(stopper, "an event of an older journal", event.task);
    } else if (!ok) {
        log_error("journal.event", "an event of an older journal could not be taken over",
                  LOG_STR("error", err.message));
    }
    event_release(&event);
}

/** An intent of a run that is to be signalled, or was. */
static void apply_intent(struct stopper *stopper, const struct journal_intent *intent)
{
    struct stop_task *task = stopper_task_find(stopper, intent->task, strlen(intent->task));
    struct stop_slot *slot = task == NULL ? NULL : stopper_task_slot(task, intent->run);
    if (task != NULL && strcmp(intent->signal, JOURNAL_INTENT_SUSPECT) == 0) {
        bool this_boot = strcmp(intent->boot_id, stopper->env.identity->boot_id) == 0;
        task->suspect_unix_ms = intent->unix_ms;
        task->suspect_boot_ms = this_boot ? intent->boot_ms : -1;
    }
    if (slot == NULL) {
        return;
    }
    struct stop_run *machine = &slot->machine;
    const struct planned_run *planned = task_planned(&task->own, intent->run);
    bool is_stop_signal =
        planned != NULL && planned->signal != NULL && strcmp(planned->signal, intent->signal) == 0;
    bool kill = strcmp(intent->signal, "SIGKILL") == 0;
    if (strcmp(intent->signal, JOURNAL_INTENT_PRE_STOP) == 0) {
        stopper_pre_stop_suspect(slot, "PreStopUnsettled: the worker ended while it started the "
                                       "command, which may have run");
        return;
    }
    if (kill && (!is_stop_signal || machine->signalled || machine->intents > 0)) {
        machine->kill_intents++;
        return;
    }
    machine->intents++;
    machine->intended = !machine->signalled;
    if (slot->intent_unix_ms == 0 || intent->unix_ms < slot->intent_unix_ms) {
        bool this_boot = strcmp(intent->boot_id, stopper->env.identity->boot_id) == 0;
        slot->intent_unix_ms = intent->unix_ms;
        slot->intent_boot_ms = this_boot ? intent->boot_ms : -1;
    }
}

void stopper_recovery_suspect(struct stop_task *task)
{
    struct stopper *stopper = task->stopper;
    const struct journal_intent intent = {.task = task->entry.key,
                                          .run = {.container_id = "any"},
                                          .signal = JOURNAL_INTENT_SUSPECT,
                                          .unix_ms = stopper_now_unix(stopper),
                                          .boot_ms = stopper_now_boot(stopper),
                                          .boot_id = stopper->env.identity->boot_id};
    if (task->suspect_unix_ms == 0 && !stopper->journal_found) {
        task->suspect_unix_ms = intent.unix_ms;
        task->suspect_boot_ms = intent.boot_ms;
        (void)journal_append_intent(&stopper->journal, &intent, NULL);
    }
}

/* A start is known on the wall clock alone, which may have been set since: it is later if no clock says otherwise. */
static bool began_later(const struct stop_slot *slot)
{
    const struct stop_task *task = slot->task;
    int64_t age_ms = stopper_now_unix(task->stopper) - slot->run.started_at;
    return slot->run.started_at > task->suspect_unix_ms && age_ms >= 0 &&
           (task->suspect_boot_ms < 0 ||
            stopper_now_boot(task->stopper) - age_ms > task->suspect_boot_ms);
}

void stopper_recovery_suspect_run(struct stop_slot *slot, bool any)
{
    if (slot->task->suspect_unix_ms == 0 || (began_later(slot) && !any)) {
        return;
    }
    if (!slot->machine.signalled) {
        slot->machine.intended = true;
        slot->machine.maybe_repeated = true;
    }
    stopper_pre_stop_suspect(slot,
                             "PreStopUnsettled: the journal was lost, the command may have run");
}

/* ---- beginning to act ---- */

static void make_slots(void *context, void *owner)
{
    (void)context;
    struct stop_task *task = owner;
    stopper_run_sync(task, false);
}

static void suspect_each(void *context, void *owner)
{
    const struct stopper *stopper = context;
    const struct stop_task *task = owner;
    for (struct stop_slot *slot = task->slots; slot != NULL; slot = slot->next) {
        stopper_recovery_suspect_run(slot, !stopper->journal_found);
    }
}

/** Whether a StopRequested that shaped the plan was read: else it lies below the commit. */
static bool request_was_read(const struct stop_task *task)
{
    for (const struct stop_request *request = task->requests; request != NULL;
         request = request->next) {
        if (task_names(&task->own, request->id)) {
            return true;
        }
    }
    return false;
}

void stopper_recovery_end_if_over(struct stop_task *task)
{
    if (stopper_task_under_way(task) && !request_was_read(task)) {
        log_info("stop.over", "a stop whose StopRequested lies below the commit is over",
                 LOG_STR("task", task->entry.key));
        stopper_task_end(task);
    }
}

static void end_if_over(void *context, void *owner)
{
    (void)context;
    stopper_recovery_end_if_over(owner);
}

static void accept_each(void *context, void *owner)
{
    (void)context;
    stopper_accept(owner);
}

static void start_each(void *context, void *owner)
{
    (void)context;
    struct stop_task *task = owner;
    if (stopper_task_under_way(task)) {
        stopper_run_sync(task, true);
    }
}

static void take_journal(struct stopper *stopper)
{
    const struct journal_found *found = &stopper->found;
    for (size_t i = 0; i < found->items.count; i++) {
        if (found->items.items[i].kind != JOURNAL_INTENT) {
            fold_item(stopper, &found->items.items[i]);
        }
    }
    id_table_each(&stopper->tasks, make_slots, NULL);
    for (size_t i = 0; i < found->items.count; i++) {
        if (found->items.items[i].kind == JOURNAL_INTENT) {
            apply_intent(stopper, &found->items.items[i].intent);
        }
    }
    journal_found_release(&stopper->found);
}

void stopper_recovery_act(struct stopper *stopper, bool log_read)
{
    FAULT_POINT(LOG_READ);
    take_journal(stopper);
    FAULT_POINT(RECOVERY_FOLDED);
    if (stopper->superseded) {
        return; /* what is left out must not be acted without */
    }
    id_table_each(&stopper->tasks, suspect_each, stopper);
    stopper_facts_journal(stopper);
    stopper->acting = true;
    stopper->caught_up = log_read;
    stopper_facts_complete(stopper);
    if (log_read) {
        id_table_each(&stopper->tasks, end_if_over, NULL);
        id_table_each(&stopper->tasks, accept_each, NULL);
    }
    id_table_each(&stopper->tasks, start_each, NULL);
    FAULT_POINT(RECOVERY_ACTED);
}

void stopper_recovery_caught_up(struct stopper *stopper)
{
    stopper->caught_up = true;
    stopper->catching = false;
    id_table_each(&stopper->tasks, end_if_over, NULL);
    id_table_each(&stopper->tasks, accept_each, NULL);
    id_table_each(&stopper->tasks, start_each, NULL);
}
