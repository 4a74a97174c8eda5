#include <stdio.h>
#include <string.h>

#include "common/base/fault_point.h"
#include "worker/host/stopper_internal.h"

static bool this_boot(const struct stop_slot *slot, const char *boot_id)
{
    return boot_id != NULL && strcmp(boot_id, slot->stopper->env.identity->boot_id) == 0;
}

static int64_t begun_boot_ms(const struct stop_slot *slot, const struct pre_stop_run *known)
{
    return this_boot(slot, known->boot_id) ? known->begun_boot_ms : stopper_now_boot(slot->stopper);
}

static void keep_exec_id(struct stop_slot *slot, const char *exec_id)
{
    (void)snprintf(slot->exec_id, sizeof slot->exec_id, "%s", exec_id == NULL ? "" : exec_id);
}

void stopper_pre_stop_fill(struct stop_slot *slot, const struct planned_run *planned)
{
    struct stop_run *machine = &slot->machine;
    const struct pre_stop_run *known = task_pre_stop(&slot->task->own, slot->run);
    machine->pre_stop_left = planned->pre_stop != NULL && known == NULL;
    if (known != NULL && known->begun_boot_ms != 0) {
        machine->pre_stopped = true;
        machine->pre_stop_boot_ms = begun_boot_ms(slot, known);
        keep_exec_id(slot, known->exec_id);
    }
    machine->pre_stop_ended = known != NULL && known->ended;
    if (machine->pre_stop_left && slot->stopper->env.runtime->ops->run_command == NULL) {
        stopper_pre_stop_suspect(slot, "PreStopUnsupported: this runtime runs no commands");
    }
}

void stopper_pre_stop_suspect(struct stop_slot *slot, const char *why)
{
    if (slot->machine.pre_stop_left && !slot->machine.pre_stopped) {
        slot->machine.pre_stop_left = false;
        slot->machine.pre_stop_intended = true;
        stopper_call_keep_detail(slot, why);
    }
}

void stopper_pre_stop_sync(struct stop_slot *slot)
{
    const struct pre_stop_run *known = task_pre_stop(&slot->task->own, slot->run);
    if (known == NULL || known->begun_boot_ms == 0 || slot->machine.pre_stopped) {
        return;
    }
    keep_exec_id(slot, known->exec_id);
    const struct stop_input input = {.event = STOP_ON_LOG_PRE_STOPPED,
                                     .at_boot_ms = begun_boot_ms(slot, known)};
    stopper_run_feed(slot, &input, NULL);
}

static bool make(struct stop_slot *slot, enum event_type type, char id[37], struct event *ret_event)
{
    struct error err = {0};
    if (stopper_event(slot->task, type, id, ret_event, &err) == 0) {
        return true;
    }
    log_error("stop.unrecorded", "an event of a stop could not be made",
              LOG_STR("error", err.message));
    return false;
}

void stopper_pre_stop_record_start(struct stop_slot *slot, int64_t at_boot_ms)
{
    struct event event;
    char id[37];
    if (!make(slot, EVENT_PRE_STOP_STARTED, id, &event)) {
        return;
    }
    int64_t unix_ms = event.ts - (stopper_now_boot(slot->stopper) - at_boot_ms);
    event.pre_stop_started = (struct event_pre_stop_started){
        .run = slot->run,
        .exec_id = slot->exec_id,
        .begun_unix_ms = unix_ms,
        .begun_boot_ms = at_boot_ms,
        .boot_id = slot->stopper->env.identity->boot_id,
        .deadline_unix_ms = unix_ms + slot->machine.grace_ms,
    };
    (void)stopper_record_or_complain(slot->task, &event, false);
    FAULT_POINT(PRE_STOP_RECORDED);
}

void stopper_pre_stop_record_end(struct stop_slot *slot)
{
    struct event event;
    char id[37];
    if (!make(slot, EVENT_PRE_STOP_ENDED, id, &event)) {
        return;
    }
    event.pre_stop_ended = (struct event_pre_stop_ended){
        .run = slot->run,
        .exit_code = slot->pre_stop_code,
        .reason = slot->pre_stop_code.known ? NULL : slot->detail,
    };
    if (!slot->pre_stop_code.known || slot->pre_stop_code.value != 0) {
        log_warn("stop.pre_stop", "a pre-stop command failed; the stop goes on",
                 LOG_STR("task", slot->task->entry.key),
                 LOG_STR("container", slot->run.container_id),
                 slot->pre_stop_code.known ? LOG_INT("exit_code", slot->pre_stop_code.value)
                                           : LOG_STR("reason", slot->detail));
    }
    (void)stopper_record_or_complain(slot->task, &event, false);
    FAULT_POINT(PRE_STOP_ENDED);
}
